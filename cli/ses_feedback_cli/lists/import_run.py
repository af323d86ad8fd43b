"""Runs an import for a person to watch, or only counts what it would do, and reports the counts."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ses_feedback_cli.context import Context
from ses_feedback_cli.event_batches import batch_writer
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.lists.import_entries import ImportEntry, count_entries, write_entries
from ses_feedback_cli.lists.import_position import Rejects
from ses_feedback_cli.lists.import_sources import ImportSource
from ses_feedback_cli.output import build_table, open_console, write_json

REJECTED_SHOWN = 10
"""Rejected rows that a dry run shows."""

_TITLES = {
    "rows": "rows",
    "recorded": "imported now",
    "duplicate": "imported before",
    "new": "would be blocked",
    "already_blocked": "are blocked already",
    "repeated": "more than once in the list",
    "expired": "block already over",
    "has_feedback": "written by the pipelines",
    "rejected": "rejected",
    "failed": "failed",
}


def run_import(context: Context, source: ImportSource, as_json: bool) -> ExitCode:
    """Import, and report the counts."""
    position = source.position
    if position.done:
        open_console(stderr=True).print(
            f"{source.name} is already imported, from {position.at} on; --restart reads it again", markup=False
        )
    rejects = Rejects(source.rejects_file, position.rejects_size)
    try:
        with _progress(source.name, source.size, position.end) as update:

            def position_moved() -> None:
                source.save_position()
                update(position.end, f"{position.line:,} lines, {position.counts['rejected']:,} rejected")

            if not position.done:
                source.save_position()  # before the first event: the time from which they count must not be lost
                write_entries(source.entries, batch_writer(context), position, rejects, position_moved)
                position.done = True
                source.save_position()
    finally:
        rejects.close()
        if not position.done and position.line:
            open_console(stderr=True).print(f"stopped: {source.how_to_continue.format(line=position.line)}")
    rejected = position.counts["rejected"] + position.counts["failed"]
    _write_counts(source, position.counts, as_json, {"rejects_file": str(source.rejects_file) if rejected else None})
    return ExitCode.NEGATIVE if rejected else ExitCode.OK


def count_import(context: Context, source: ImportSource, as_json: bool) -> ExitCode:
    """Count what `run_import` would do. Of the rejected rows the first are shown, by line and problem."""
    counts: Counter[str] = Counter()
    shown: list[ImportEntry] = []

    def report_rejected(entry: ImportEntry) -> None:
        if len(shown) < REJECTED_SHOWN:
            shown.append(entry)

    with _progress(source.name, None, 0) as update:
        for batch_counts in count_entries(source.entries, context.blocklist(), report_rejected):
            counts += batch_counts
            update(0, f"{counts['rows']:,} rows")
    rejected_rows = [{"line": entry.line, "problem": entry.problem} for entry in shown]
    _write_counts(source, counts, as_json, {"rejected_rows": rejected_rows})
    if not as_json:
        for entry in shown:
            open_console(stderr=True).print(f"line {entry.line}: {entry.problem}", markup=False)
    return ExitCode.NEGATIVE if counts["rejected"] else ExitCode.OK


def _write_counts(source: ImportSource, counts: Counter[str], as_json: bool, details: dict[str, Any]) -> None:
    if as_json:
        write_json({"list": source.name, "at": source.position.at or None, **counts, **details})
        return
    rows = [(title, f"{counts[name]:,}") for name, title in _TITLES.items() if counts[name] or name == "rows"]
    open_console().print(build_table((source.name, "addresses"), rows))
    if details.get("rejects_file"):
        open_console(stderr=True).print(
            f"{details['rejects_file']} has the rejected rows, with line and problem", markup=False
        )


@contextmanager
def _progress(name: str, total: int | None, completed: int) -> Iterator[Callable[[int, str], None]]:
    """A progress bar on stderr, if that is a terminal; yields a function of what is completed and a description."""
    console = open_console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(
        *columns,
        TextColumn("{task.fields[details]}"),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as bar:
        task = bar.add_task(Path(name).name, total=total, completed=completed, details="")
        yield lambda completed, details: bar.update(task, completed=completed, details=details)
