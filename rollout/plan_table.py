"""Presents a plan: a table of the waves and their stacks."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any, cast

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .leaving import leaving_note
from .plan import Plan, PlannedStack, PlannedWave
from .target_config import PROJECT
from .words import count_of


def print_plan(plan: Plan, waves: Sequence[PlannedWave], console: Console) -> None:
    """Print waves of a plan and what leaves: each stack with account, last role, sources, and where the tables are."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("wave", "stack", "account", "role", "sources", "tables"):
        table.add_column(title, overflow="fold")
    for wave in waves:
        tolerance = [f"[dim]{wave.failure_tolerance} may fail[/]"] if wave.failure_tolerance else []
        for wave_cell, stack in zip_longest([wave.name, *tolerance], wave.stacks):
            table.add_row(wave_cell or "", *map(escape, _stack_cells(stack) if stack else ()))
        if wave is not waves[-1]:
            table.add_row(f"[dim]{wave.soak_minutes} min[/]" if wave.soak_minutes else "")
    console.print(table)
    if leaving := leaving_note(plan):
        console.print(f"{leaving}\n", markup=False, soft_wrap=True)
    stacks = [stack for wave in waves for stack in wave.stacks]
    account_count = len({stack.account_id for stack in stacks})
    counts = f"{count_of(len(stacks), 'stack')} in {count_of(account_count, 'account')}"
    console.print(f"{counts}, {count_of(len(waves), 'wave')}; nothing was changed.")


def _stack_cells(stack: PlannedStack) -> tuple[str, ...]:
    return stack.name, stack.account_id, _role_name(stack), _sources(stack), _tables(stack)


def _role_name(stack: PlannedStack) -> str:
    """The last role, which is in the stack's account."""
    return stack.role_arns[-1].split("role/")[-1] if stack.role_arns else "none"


def _sources(stack: PlannedStack) -> str:
    lines: list[str] = []
    for source in cast(list[Mapping[str, Any]], stack.config[f"{PROJECT}:sources"]):
        lines += source.get("identities", [])
        if source.get("configurationSet"):
            lines.append(f"configuration set {source['configurationSet']}")
    return "\n".join(lines)


def _tables(stack: PlannedStack) -> str:
    if stack.hub_output_keys:
        return "from the hub"
    writers = cast(list[str] | None, stack.config.get(f"{PROJECT}:writerPrincipals"))
    return "here" if writers is None else f"here, {count_of(len(writers), 'writer')}"
