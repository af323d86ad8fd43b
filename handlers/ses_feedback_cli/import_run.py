"""Runs an import: from a list with its position, or from SES; for real, or counting only."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from ses_feedback.blocklist import Blocklist
from ses_feedback.moment import iso, parse

from ses_feedback_cli.acts import writer
from ses_feedback_cli.codes import Code
from ses_feedback_cli.importing import Entry, Plan, act, bring_in, entries, examine
from ses_feedback_cli.output import people, table, write_json
from ses_feedback_cli.position import Position, Rejects, digest, read_position, save_position
from ses_feedback_cli.rows import Format, format_of, read_rows
from ses_feedback_cli.suppression import Suppressed
from ses_feedback_cli.where import Where

SHOWN = 10
"""Refused rows that a dry run names."""

_NAMES = {
    "rows": "rows",
    "recorded": "imported now",
    "duplicate": "imported before",
    "new": "would be blocked",
    "already blocked": "are blocked already",
    "repeated": "repeated in the list",
    "expired": "over already",
    "rejected": "refused",
    "failed": "not written",
}


@dataclass(frozen=True, slots=True)
class List:
    """What is imported, and how far it is."""

    name: str
    source: Iterable[Entry]
    position: Position
    rejects: Path
    save: Callable[[], None]
    hint: str
    """What to do after an interruption."""
    size: int | None = None
    """In bytes, if it is known."""


@dataclass(frozen=True, slots=True)
class Files:
    """A list and the files beside it."""

    file: Path
    form: Format | None
    column: str | None
    position: Path | None
    rejects: Path | None
    restart: bool = False
    """Read from the first row, with the time of the first start."""


def open_list(where: Where, files: Files, plan: Plan, at_given: bool, stack: ExitStack) -> List:
    """A list of addresses, behind what was imported of it; ``stack`` closes it.

    Raises: ValueError, OSError.
    """
    form = format_of(str(files.file), files.form)
    if str(files.file) == "-":
        rejects = files.rejects or Path("stdin.rejects.csv")
        source = entries(read_rows(sys.stdin.buffer, form, files.column), plan)
        hint = f"the same list with --at {iso(plan.at)} goes on; what is done is found done"
        return List("stdin", source, Position({}, iso(plan.at)), rejects, lambda: None, hint)
    plan = replace(plan, note=plan.note or f"import of {files.file.name}")
    stream = stack.enter_context(files.file.open("rb"))
    what = {
        "sha256": digest(stream),
        "tables": [where.blocked_table(), where.history_table()],
        "options": [form, files.column, plan.note, plan.reason, plan.until and iso(plan.until)],
    }
    path = files.position or files.file.with_name(f"{files.file.name}.position.json")
    position = _position(path, what, iso(plan.at) if at_given else None, files.restart) or Position(what, iso(plan.at))
    plan = replace(plan, at=parse(position.at) or plan.at)
    return List(
        str(files.file),
        entries(read_rows(stream, form, files.column, end=position.end, line=position.line), plan),
        position,
        files.rejects or files.file.with_name(f"{files.file.name}.rejects.csv"),
        lambda: save_position(path, position),
        f"the same command goes on behind line {{line}} ({path} says so)",
        files.file.stat().st_size,
    )


def _position(path: Path, what: dict[str, Any], at: str | None, restart: bool) -> Position | None:
    """The position of this very import, from the start again if that was asked for or rows were not written."""
    found = read_position(path)
    if found is None:
        return None
    if found.what != what or (at is not None and found.at != at):
        if not found.done:
            people(stderr=True).print(f"{path} is of another list, table or option, and not finished: it is replaced")
        return None
    return Position(what, found.at) if restart or (found.done and found.counts["failed"]) else found


def from_suppressed(pages: Iterable[Iterable[Suppressed]], plan: Plan, *, at_given: bool = False) -> Iterator[Entry]:
    """SES's entries as acts of the time when SES made them, so that an unblock since then stays."""
    line = 0
    for page in pages:
        for one in page:
            line += 1
            at = plan.at if at_given else one.at
            note = plan.note or f"SES suppression list of {one.region}"
            try:
                event, problem = act(one.address, replace(plan, at=at, note=note), reason=one.reason.lower()), ""
            except ValueError as error:
                event, problem = None, str(error)
            yield Entry(line, line, f"{one.region},{one.address},{one.reason}".encode(), event, problem)


def run(where: Where, listed: List, as_json: bool) -> Code:
    """Import, and say what became of it."""
    position = listed.position
    rejects = Rejects(listed.rejects, position.rejects)
    try:
        with bar(listed.name, listed.size, position.end) as advance:

            def kept() -> None:
                listed.save()
                advance(position.end, f"{position.line:,} lines, {position.counts['rejected']:,} refused")

            if not position.done:
                bring_in(listed.source, writer(where), position, rejects, kept)
                position.done = True
                listed.save()
    finally:
        rejects.close()
        if not position.done and position.line:
            people(stderr=True).print(f"stopped: {listed.hint.format(line=position.line)}")
    refused = position.counts["rejected"] + position.counts["failed"]
    _say(listed, position.counts, as_json, {"rejects": str(listed.rejects) if refused else None})
    return Code.NO if refused else Code.OK


def dry_run(where: Where, listed: List, as_json: bool) -> Code:
    """Count what `run` would do. Of refused rows the first are named, by line and reason."""
    name = where.blocked_table()
    counts: Counter[str] = Counter()
    shown: list[Entry] = []

    def told(entry: Entry) -> None:
        if len(shown) < SHOWN:
            shown.append(entry)

    with bar(listed.name, None, 0) as advance:
        for part in examine(listed.source, Blocklist(name, client=where.dynamodb(name)), told):
            counts += part
            advance(0, f"{counts['rows']:,} rows")
    _say(listed, counts, as_json, {"refused": [{"line": one.line, "problem": one.problem} for one in shown]})
    if not as_json:
        for one in shown:
            people(stderr=True).print(f"line {one.line}: {one.problem}", markup=False)
    return Code.NO if counts["rejected"] else Code.OK


def _say(listed: List, counts: Counter[str], as_json: bool, more: dict[str, Any]) -> None:
    if as_json:
        write_json({"list": listed.name, "at": listed.position.at or None, **counts, **more})
        return
    rows = [(text, f"{counts[name]:,}") for name, text in _NAMES.items() if counts[name] or name == "rows"]
    people().print(table((listed.name, "addresses"), rows))
    if more.get("rejects"):
        people(stderr=True).print(
            f"{more['rejects']} has the rows that were refused, with line and reason", markup=False
        )


class bar:  # noqa: N801 - a context manager, as open() is
    """A progress bar on stderr, when a person looks at it. Its block gets a function (position, text)."""

    def __init__(self, name: str, total: int | None, done: int) -> None:
        console = people(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._progress = Progress(
            *columns,
            TextColumn("{task.fields[said]}"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task(Path(name).name, total=total, completed=done, said="")

    def __enter__(self) -> Callable[[int, str], None]:
        self._progress.start()
        return lambda done, said: self._progress.update(self._task, completed=done, said=said)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
