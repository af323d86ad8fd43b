"""The undo file of a bulk unblock: the blocks to lift, written before any is lifted, and enough to put them back.

JSON lines, readable by their owner only: the decision, then the items of the blocked table, and last their number. A
file without this number is not complete and is not used.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from ses_feedback.arn import Arn
from ses_feedback.timestamps import iso, parse

from ses_feedback_cli.blocks.manual_unblocks import UnblockDecision
from ses_feedback_cli.context import Context, table_name
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.files import sync_folder

_FORMAT = "ses-feedback unblock 1"


@dataclass(frozen=True)
class UndoFile:
    """A complete undo file."""

    path: Path
    decision: UnblockDecision
    count: int

    def items(self) -> Iterator[dict[str, Any]]:
        """The items of the blocked table to lift, as they were."""
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                document = json.loads(line)
                if "item" in document:
                    yield document["item"]


def check_is_new(path: Path) -> None:
    """Raises: ValueError if an undo file cannot have this name because the file exists."""
    if path.exists():
        raise ValueError(f"{path} exists: an undo file is not overwritten, --undo-file names another")


def write_undo_file(
    path: Path, context: Context, decision: UnblockDecision, items: Iterable[dict[str, Any]]
) -> UndoFile:
    """Write the file; it is on the disk when this returns, and deleted if this fails or is interrupted.

    Raises: ValueError if it exists or cannot be written.
    """
    check_is_new(path)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ValueError(f"the undo file {path}: {error.strerror}; --undo-file names another") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            count = _write_lines(file, context, decision, items)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.absolute().parent)
    except BaseException:
        path.unlink()
        raise
    return UndoFile(path, decision, count)


def read_undo_file(path: Path, context: Context) -> UndoFile:
    """A complete undo file of these tables. Raises: UsageError, saying what is wrong with it."""
    head, count, total = None, 0, None
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                document = _parse_line(line)
                head = head or document
                count += "item" in document
                total = document.get("total")
    except OSError as error:
        raise UsageError(f"--from {path}: {error.strerror}") from None
    except ValueError:
        raise UsageError(
            f"--from {path}: line {count + 2} is no JSON object; an undo file of `unblock` is needed"
        ) from None
    if not head or head.get("format") != _FORMAT:
        raise UsageError(f"--from {path} does not begin as an undo file of `unblock`")
    if total != count:
        raise UsageError(f"--from {path} is not complete: it does not end with the number of its {count} blocks")
    for name, table in (("blocked", context.blocked_table()), ("history", context.history_table())):
        if not _is_same_table(head[name], table):
            raise UsageError(f"--from {path} is of the {name} table {head[name]}, not of {table}")
    at = parse(head["at"])
    assert at is not None  # noqa: S101 - iso() wrote it
    return UndoFile(path, UnblockDecision(head["actor"], head["note"], at, head["act_id"]), count)


def default_path(at: datetime, act: str = "unblock") -> Path:
    """A file in the current folder, named after the act and the time."""
    return Path(f"ses-feedback-{act}-{at:%Y%m%dT%H%M%SZ}.jsonl")


def _write_lines(file: IO[str], context: Context, decision: UnblockDecision, items: Iterable[dict[str, Any]]) -> int:
    head = {
        "format": _FORMAT,
        "at": iso(decision.at),
        "act_id": decision.act_id,
        "actor": decision.actor,
        "note": decision.note,
        "blocked": context.blocked_table(),
        "history": context.history_table(),
    }
    _write_line(file, head)
    count = 0
    for item in items:
        count += 1
        _write_line(file, {"item": item})
    _write_line(file, {"total": count})
    return count


def _parse_line(line: str) -> dict[str, Any]:
    document = json.loads(line)
    if not isinstance(document, dict):
        raise ValueError("no object")  # noqa: TRY004 - the same error as json raises for what is no JSON
    return document


def _write_line(file: IO[str], document: dict[str, Any]) -> None:
    file.write(json.dumps(document, ensure_ascii=False) + "\n")


def _is_same_table(table: str, other: str) -> bool:
    """Whether two ARNs or names may mean one table; a name alone says neither account nor Region."""
    if Arn.parse(table) and Arn.parse(other):
        return table == other
    return table_name(table) == table_name(other)
