"""Tables for people, JSON for programs. Results go to stdout, everything else to stderr."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Write JSON for programs.")]


def write_json(value: object) -> None:
    """Write one JSON value, times in ISO 8601."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=_plain) + "\n")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return when(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def when(moment: datetime | int | None) -> str:
    """A time (epoch seconds too) in ISO 8601, UTC, to the second; empty for none."""
    if moment is None:
        return ""
    moment = datetime.fromtimestamp(moment, UTC) if isinstance(moment, int) else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def people(*, stderr: bool = False) -> Console:
    """The console; a fixed width where it is no terminal, so that output in files and pipes is not cut at 80."""
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=160)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> Table:
    """A table whose cells are plain text, never markup."""
    made = Table(title=title or None, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*map(escape, row))
    return made


Advance = Callable[[int], None]


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Advance]:
    """A bar on stderr, if that is a terminal; gives what to call with each number done. ``total`` None: not known."""
    console = people(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
        redirect_stdout=sys.stdout.isatty(),  # a pipe must get the results, not the bar's console
    ) as bar:
        task = bar.add_task(title, total=total)
        yield lambda number: bar.advance(task, number)


def tell(text: str) -> None:
    """A line on stderr."""
    sys.stderr.write(f"{text}\n")


def write(line: str) -> None:
    """A result, on one line and without control characters: some of it was written by servers of others."""
    sys.stdout.write("".join(one if one.isprintable() else " " for one in line) + "\n")


def confirmed(question: str) -> bool:
    """Ask on stderr. Raises: KeyboardInterrupt on Ctrl-C, as everything else does."""
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        raise KeyboardInterrupt from None
