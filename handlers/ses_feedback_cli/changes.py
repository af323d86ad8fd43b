"""Tells what changed, address by address, with progress for the patient."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from ses_feedback.moment import parse

from ses_feedback_cli.output import people, when

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


def said(block: dict[str, Any] | None) -> str:
    """A block in words: why, since when and until when."""
    if block is None:
        return "not blocked"
    began, ends = parse(str(block.get("blocked_at", ""))), block.get("expires_at")
    until = f" until {when(ends)}" if type(ends) is int else ""
    return f"blocked{until} ({block.get('reason', '?')} since {when(began) or '?'})"


def brief(block: dict[str, Any] | None) -> dict[str, Any] | None:
    """The same for programs: no more than what decides."""
    if block is None:
        return None
    return {name: block[name] for name in ("reason", "rule", "blocked_at", "expires_at") if name in block}


def until_text(until: datetime | None) -> str:
    """For good, or until when."""
    return f"until {when(until)}" if until else "for good"
