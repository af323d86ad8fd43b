"""The differences of a rejudge, as many as there may be: kept in a file, counted, and written to the undo files."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from ses_feedback_cli.blocks.manual_unblocks import UnblockDecision
from ses_feedback_cli.blocks.undo_file import write_undo_file
from ses_feedback_cli.context import Context
from ses_feedback_cli.rejudgement.judgement import Change, Difference


@dataclass
class ChangeCount:
    """How many addresses change in one way, by the same rules."""

    change: Change
    rule_before: str
    rule_after: str
    addresses: int = 0
    example: str = ""


@dataclass
class Differences:
    """In a file in TMPDIR that only this process can open and that disappears with it: it holds addresses."""

    count: int = 0
    _counts: dict[tuple[Change, str, str], ChangeCount] = field(default_factory=dict)
    _file: IO[str] = field(default_factory=lambda: tempfile.TemporaryFile("w+", encoding="utf-8"))  # noqa: SIM115 - closed by close()

    def add(self, difference: Difference) -> None:
        """Keep one; not after the first read."""
        self.count += 1
        self._file.write(json.dumps(difference.document()) + "\n")
        key = (difference.change, difference.rule_before, difference.rule_after)
        if difference.change is Change.NONE:
            key = (Change.NONE, "", "")
        count = self._counts.setdefault(key, ChangeCount(*key, example=difference.address))
        count.addresses += 1

    def __iter__(self) -> Iterator[Difference]:
        """All of them, in the order in which they were added. One iteration at a time."""
        self._file.seek(0)
        return (Difference.from_document(json.loads(line)) for line in self._file)

    def counts(self) -> list[ChangeCount]:
        """By what changes and by which rules, in the order of ``Change``, the most first."""
        order = list(Change)
        return sorted(self._counts.values(), key=lambda count: (order.index(count.change), -count.addresses))

    def number(self, *changes: Change) -> int:
        """How many addresses change in one of these ways."""
        return sum(count.addresses for count in self._counts.values() if count.change in changes)

    def close(self) -> None:
        """Delete the file."""
        self._file.close()


@dataclass(frozen=True)
class _UndoPart:
    """Which changes are in one undo file, whether as they were or as they are, and the command that undoes them."""

    suffix: str
    changes: tuple[Change, ...]
    has_new_items: bool
    command: str
    does: str


_PARTS = (
    _UndoPart("-new", (Change.BLOCKED, Change.STRONGER), True, "unblock --no-ses", "lifts the new and stronger blocks"),
    _UndoPart("-changed", (Change.WEAKER, Change.STRONGER), False, "block", "puts back the blocks that changed"),
    _UndoPart("", (Change.UNBLOCKED,), False, "block", "puts back the blocks that were lifted"),
)


@dataclass(frozen=True)
class UndoFiles:
    """The undo files of a rejudge, in the order in which they are to be used."""

    paths: dict[_UndoPart, Path]

    @property
    def lifted(self) -> Path | None:
        """The one with the blocks that are lifted; None if none is."""
        return self.paths.get(_PARTS[-1])

    def commands(self) -> list[str]:
        """How to undo it, one line for each file."""
        return [f"`ses-feedback {part.command} --from {path}` {part.does}" for part, path in self.paths.items()]

    def delete(self) -> None:
        """Delete them: nothing was changed."""
        for path in self.paths.values():
            path.unlink()


def write_undo_files(path: Path, context: Context, undo: UnblockDecision, differences: Differences) -> UndoFiles:
    """Write those that are needed, ``path`` with the lifted blocks and others beside it; they are on the disk then.

    ``undo`` is what `unblock --from` will do. Raises: ValueError if one exists or cannot be written.
    """
    files = UndoFiles({})
    try:
        for part in _PARTS:
            if differences.number(*part.changes):
                part_path = path.with_stem(path.stem + part.suffix)
                write_undo_file(part_path, context, undo, _items(differences, part))
                files.paths[part] = part_path
    except BaseException:
        files.delete()
        raise
    return files


def default_path(at: datetime) -> Path:
    """A file in the current folder, named after the time."""
    return Path(f"ses-feedback-rejudge-{at:%Y%m%dT%H%M%SZ}.jsonl")


def _items(differences: Iterable[Difference], part: _UndoPart) -> Iterator[dict[str, Any]]:
    for difference in differences:
        item = difference.after if part.has_new_items else difference.before
        if difference.change in part.changes and item is not None:
            yield item
