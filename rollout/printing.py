"""Prints results to stdout, and the summary to stderr."""

import json
import sys
from collections import Counter
from dataclasses import asdict
from textwrap import indent

from rich.console import Console

from .leaving import leaving_note
from .record import Record
from .record_table import record_table, stacks_by_error


def print_record(record: Record, *, as_json: bool, note: str) -> None:
    """Print the result of each stack, the errors in full, and a summary line that ends with `note`."""
    if as_json:
        print_json(asdict(record))
    else:
        console = output_console()
        console.print(record_table(record))
        for error, stack_names in stacks_by_error(record).items():
            console.print(f"{', '.join(stack_names)}:\n{indent(error, '  ')}\n", markup=False, soft_wrap=True)
        if leaving := leaving_note(record.plan):
            console.print(f"{leaving}\n", markup=False, soft_wrap=True)
    counts = Counter(stack.status.value for stack in record.stacks)
    summary = ", ".join(f"{count} {status}" for status, count in counts.items())
    sys.stderr.write(f"{summary}; {note}\n" if note else f"{summary}\n")


def print_json(document: object) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def output_console() -> Console:
    """A console on stdout; a wide one where there is no terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=120)


def progress_console() -> Console:
    """A console on stderr."""
    return Console(stderr=True, highlight=False)
