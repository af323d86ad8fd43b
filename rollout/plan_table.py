"""Presents a plan: a table of the waves and their stacks."""

from collections.abc import Mapping
from typing import Any, cast

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .plan import Plan, PlannedStack
from .target_config import PROJECT
from .words import count_of


def print_plan(plan: Plan, console: Console) -> None:
    """Print the waves and their stacks: account, last role, sources, and where the tables are."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("wave", "stack", "account", "role", "sources", "tables"):
        table.add_column(title, overflow="fold")
    for wave in plan.waves:
        for index, stack in enumerate(wave.stacks):
            cells = (stack.name, stack.account_id, _role_name(stack), _sources(stack), _tables(stack))
            table.add_row(wave.name if index == 0 else "", *map(escape, cells))
        if wave is not plan.waves[-1]:
            table.add_row(f"[dim]{wave.soak_minutes} min[/]" if wave.soak_minutes else "")
    console.print(table)
    account_count = len({stack.account_id for stack in plan.stacks})
    stacks, accounts = count_of(len(plan.stacks), "stack"), count_of(account_count, "account")
    console.print(f"{stacks} in {accounts}, {count_of(len(plan.waves), 'wave')}; nothing was changed.")


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
    writers = cast(list[str], stack.config[f"{PROJECT}:writerPrincipals"])
    return f"here, {count_of(len(writers), 'writer')}"
