"""Presents a record: a table of all stacks, and the errors in full."""

from collections import Counter
from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from .record import Record, StackRecord, Status, WaveRecord
from .words import count_of

_STYLES = {Status.SUCCEEDED: "green", Status.FAILED: "red", Status.INTERRUPTED: "red", Status.PENDING: "dim"}
_UNCHANGED_OPERATIONS = ("same", "read", "refresh")
_MAX_ERROR_LENGTH = 60  # in the table; the complete errors follow it


def record_table(record: Record, max_stacks: int = 10_000) -> Table:
    """All stacks by wave; with more than `max_stacks`, one line for each wave that is pending or has succeeded."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("wave", "stack", "account", "status", "changes"):
        table.add_column(title, overflow="fold")
    for wave in record.waves:
        if len(record.stacks) > max_stacks and wave.status in {Status.PENDING, Status.SUCCEEDED}:
            table.add_row(wave.name, count_of(len(wave.stacks), "stack"), "", _styled(wave.status), _wave_changes(wave))
            continue
        for index, stack in enumerate(wave.stacks):
            wave_name = wave.name if index == 0 else ""
            result = escape(stack.activity or stack_result(stack))
            table.add_row(wave_name, stack.name, stack.account_id, _styled(stack.status), result)
        for note in _wave_notes(wave):
            table.add_row("", "", "", _styled(wave.status), escape(note))
    return table


def _wave_notes(wave: WaveRecord) -> list[str]:
    notes = [str(problem) for problem in wave.health_problems]
    if wave.failure_tolerance and wave.failed_stacks:
        notes.append(f"{len(wave.failed_stacks)} failed, {wave.failure_tolerance} may fail")
    if wave.status is Status.SOAKING:
        notes.append(f"soak time {wave.soak_minutes} min")
    return notes


def _styled(status: Status) -> str:
    style = _STYLES.get(status, "yellow")
    return f"[{style}]{status}[/]"


def stack_result(stack: StackRecord) -> str:
    """The first line of the error, shortened, or the changes."""
    first_line = stack.error.partition("\n")[0]
    if len(first_line) > _MAX_ERROR_LENGTH:
        return f"{first_line[:_MAX_ERROR_LENGTH]}…"
    return first_line or _changes_text(stack.changes)


def _wave_changes(wave: WaveRecord) -> str:
    total: Counter[str] = Counter()
    for stack in wave.stacks:
        total.update(stack.changes)
    return _changes_text(total)


def _changes_text(changes: Mapping[str, int]) -> str:
    """`3 create, 1 update`; `no change`; empty when there is no result yet."""
    if not changes:
        return ""
    counts = [
        f"{count} {operation}" for operation, count in sorted(changes.items()) if operation not in _UNCHANGED_OPERATIONS
    ]
    return ", ".join(counts) or "no change"


def stacks_by_error(record: Record) -> dict[str, list[str]]:
    """Each error once, with the names of the stacks that have it."""
    stacks: dict[str, list[str]] = {}
    for stack in record.stacks:
        if stack.error:
            stacks.setdefault(stack.error, []).append(stack.name)
    return stacks
