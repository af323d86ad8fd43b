"""Tables for people, JSON for programs. Results go to stdout, everything else to stderr."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

_UNLIMITED_WIDTH = 10_000


def write_json(value: object) -> None:
    """Write a value as one line of JSON, times in ISO 8601."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=_json_default) + "\n")


def _json_default(value: object) -> object:
    if isinstance(value, datetime):
        return format_time(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def format_time(time: datetime | int | None) -> str:
    """A time (also epoch seconds) in ISO 8601, UTC, to the second; empty for None."""
    if time is None:
        return ""
    utc = datetime.fromtimestamp(time, UTC) if isinstance(time, int) else time.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%SZ")


def open_console(*, stderr: bool = False) -> Console:
    """A console of stdout or stderr; of a fixed width if that is no terminal, so that lines are not cut at 80."""
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=160)


def build_table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> Table:
    """A table whose cells are plain strings, never markup."""
    table = Table(title=title or None, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def fits(console: Console, table: Table) -> bool:
    """Whether a table is shown without breaking a cell."""
    unlimited = console.options.update(max_width=_UNLIMITED_WIDTH)
    return console.measure(table, options=unlimited).maximum <= console.width


Advance = Callable[[int], None]
"""Called with how many more are done."""


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Advance]:
    """A progress bar on stderr, if that is a terminal. ``total``: how many there are, None if it is not known."""
    console = open_console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
        redirect_stdout=sys.stdout.isatty(),  # a pipe must get the results themselves, not what the bar prints
    ) as bar:
        task = bar.add_task(title, total=total)
        yield lambda number: bar.advance(task, number)


def write_stderr(message: str) -> None:
    """Write a line to stderr."""
    sys.stderr.write(f"{message}\n")


def write_line(line: str) -> None:
    """Write a result on one line, without control characters: other people's mail servers wrote some of it."""
    sys.stdout.write("".join(character if character.isprintable() else " " for character in line) + "\n")


def confirm(question: str) -> bool:
    """Ask on stderr until the answer is yes or no; an empty one is no. Raises: KeyboardInterrupt when stdin ends."""
    while True:
        sys.stderr.write(f"{question} [y/N]: ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise KeyboardInterrupt
        answer = line.strip().lower()
        if answer in {"y", "yes"}:
            return True
        if answer in {"", "n", "no"}:
            return False
