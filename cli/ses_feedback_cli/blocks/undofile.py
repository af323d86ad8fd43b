"""The undo file of a bulk unblock: what is to be lifted, written before anything is, and enough to put it back.

JSON lines, for its owner only: first the act, then the blocked table's items, last their number, without which the file
is not complete and is not used.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from ses_feedback.timestamps import iso, parse

from ses_feedback_cli.blocks.unblocking import Act
from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError

_FORM = "ses-feedback unblock 1"


@dataclass(frozen=True)
class Plan:
    """A complete undo file."""

    path: Path
    act: Act
    count: int

    def items(self) -> Iterator[dict[str, Any]]:
        """The items of the blocked table that it lifts, as they were."""
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                read = json.loads(line)
                if "item" in read:
                    yield read["item"]


def write(path: Path, context: Context, act: Act, items: Iterable[dict[str, Any]]) -> Plan:
    """Write it, and return when it is on the disk. Interrupted or failed, it is gone.

    Raises: ValueError if it exists or cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ValueError(f"{path} exists: an undo file is not overwritten, --undo-file names another") from None
    except OSError as error:
        raise ValueError(f"the undo file {path}: {error.strerror}; --undo-file names another") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            count = _fill(file, context, act, items)
            file.flush()
            os.fsync(file.fileno())
        _sync(path.absolute().parent)
    except BaseException:
        path.unlink()
        raise
    return Plan(path, act, count)


def read(path: Path, context: Context) -> Plan:
    """A complete undo file of these tables. Raises: MissingError saying what is wrong with it."""
    head, count, end = None, 0, None
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                read = _document(line)
                head = head or read
                count += "item" in read
                end = read.get("end")
    except OSError as error:
        raise UsageError(f"--from {path}: {error.strerror}") from None
    except ValueError:
        raise UsageError(
            f"--from {path}: line {count + 2} is no JSON object; an undo file of `unblock` is needed"
        ) from None
    if not head or head.get("form") != _FORM:
        raise UsageError(f"--from {path} does not begin as an undo file of `unblock`")
    if end != count:
        raise UsageError(f"--from {path} is not complete: it does not end with the number of its {count} blocks")
    for name, table in (("blocked", context.blocked_table()), ("history", context.history_table())):
        if not _same(head[name], table):
            raise UsageError(f"--from {path} is of the {name} table {head[name]}, not of {table}")
    at = parse(head["at"])
    assert at is not None  # noqa: S101 - it was written by iso()
    return Plan(path, Act(head["actor"], head["note"], at, head["act_id"]), count)


def _fill(file: IO[str], context: Context, act: Act, items: Iterable[dict[str, Any]]) -> int:
    tables = {"blocked": context.blocked_table(), "history": context.history_table()}
    head = {"form": _FORM, "at": iso(act.at), "act_id": act.id, "actor": act.actor, "note": act.note, **tables}
    _line(file, head)
    count = 0
    for item in items:
        count += 1
        _line(file, {"item": item})
    _line(file, {"end": count})
    return count


def _document(line: str) -> dict[str, Any]:
    read = json.loads(line)
    if not isinstance(read, dict):
        raise ValueError("no object")  # noqa: TRY004 - as json says what is none
    return read


def _line(file: IO[str], value: dict[str, Any]) -> None:
    file.write(json.dumps(value, ensure_ascii=False) + "\n")


def _sync(folder: Path) -> None:
    """A new file's name is on the disk only with its folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _same(one: str, other: str) -> bool:
    """Whether two names mean one table, as far as they say; a bare name says neither account nor Region."""
    if one.startswith("arn:") and other.startswith("arn:"):
        return one == other
    return one.rpartition("/")[2] == other.rpartition("/")[2]


def default_path(at: datetime) -> Path:
    """In the current folder, named after the moment."""
    return Path(f"ses-feedback-unblock-{at:%Y%m%dT%H%M%SZ}.jsonl")
