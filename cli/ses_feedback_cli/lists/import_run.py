"""Runs an import, for real or counting only, and says what became of it."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ses_feedback_cli.context import Context
from ses_feedback_cli.event_batches import batch_writer
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.lists.importing import Entry, bring_in, examine
from ses_feedback_cli.lists.position import Rejects
from ses_feedback_cli.lists.sources import List
from ses_feedback_cli.output import build_table, open_console, write_json

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
    "known": "known by feedback",
    "rejected": "refused",
    "failed": "not written",
}


def run(context: Context, listed: List, as_json: bool) -> ExitCode:
    """Import, and say what became of it."""
    position = listed.position
    if position.done:
        open_console(stderr=True).print(
            f"{listed.name} is imported, since {position.at}; --restart reads it again", markup=False
        )
    rejects = Rejects(listed.rejects, position.rejects)
    try:
        with bar(listed.name, listed.size, position.end) as advance:

            def kept() -> None:
                listed.save()
                advance(position.end, f"{position.line:,} lines, {position.counts['rejected']:,} refused")

            if not position.done:
                listed.save()  # before the first act: the time that they count from must not be lost
                bring_in(listed.source, batch_writer(context), position, rejects, kept)
                position.done = True
                listed.save()
    finally:
        rejects.close()
        if not position.done and position.line:
            open_console(stderr=True).print(f"stopped: {listed.hint.format(line=position.line)}")
    refused = position.counts["rejected"] + position.counts["failed"]
    _say(listed, position.counts, as_json, {"rejects": str(listed.rejects) if refused else None})
    return ExitCode.NEGATIVE if refused else ExitCode.OK


def dry_run(context: Context, listed: List, as_json: bool) -> ExitCode:
    """Count what `run` would do. Of refused rows the first are named, by line and reason."""
    counts: Counter[str] = Counter()
    shown: list[Entry] = []

    def told(entry: Entry) -> None:
        if len(shown) < SHOWN:
            shown.append(entry)

    with bar(listed.name, None, 0) as advance:
        for part in examine(listed.source, context.blocklist(), told):
            counts += part
            advance(0, f"{counts['rows']:,} rows")
    _say(listed, counts, as_json, {"refused": [{"line": one.line, "problem": one.problem} for one in shown]})
    if not as_json:
        for one in shown:
            open_console(stderr=True).print(f"line {one.line}: {one.problem}", markup=False)
    return ExitCode.NEGATIVE if counts["rejected"] else ExitCode.OK


def _say(listed: List, counts: Counter[str], as_json: bool, more: dict[str, Any]) -> None:
    if as_json:
        write_json({"list": listed.name, "at": listed.position.at or None, **counts, **more})
        return
    rows = [(text, f"{counts[name]:,}") for name, text in _NAMES.items() if counts[name] or name == "rows"]
    open_console().print(build_table((listed.name, "addresses"), rows))
    if more.get("rejects"):
        open_console(stderr=True).print(
            f"{more['rejects']} has the rows that were refused, with line and reason", markup=False
        )


class bar:  # noqa: N801 - a context manager, as open() is
    """A progress bar on stderr, when a person looks at it. Its block gets a function (position, text)."""

    def __init__(self, name: str, total: int | None, done: int) -> None:
        console = open_console(stderr=True)
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
