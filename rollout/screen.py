"""What the reader sees of a plan."""

from collections.abc import Mapping
from typing import Any, cast

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .config import PROJECT
from .plan import Plan, PlannedStack


def show(plan: Plan, console: Console) -> None:
    """Write the waves, their stacks and what each gets."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("wave", "stack", "account", "role", "sources", "tables"):
        table.add_column(title, overflow="fold")
    for wave in plan.waves:
        for index, stack in enumerate(wave.stacks):
            table.add_row(wave.name if index == 0 else "", *(escape(text) for text in _row(stack)))
        if wave is not plan.waves[-1]:
            table.add_row(f"[dim]{wave.soak_minutes} min[/]" if wave.soak_minutes else "")
    console.print(table)
    count = len(plan.stacks)
    accounts = len({stack.account_id for stack in plan.stacks})
    console.print(f"{count} stacks in {accounts} accounts, {len(plan.waves)} waves; nothing was changed.")


def _row(stack: PlannedStack) -> tuple[str, ...]:
    sources = cast(list[Mapping[str, Any]], stack.config[f"{PROJECT}:sources"])
    origins = [origin for source in sources for origin in _origins(source)]
    roles = cast(list[Mapping[str, str]], stack.config.get("aws:assumeRoles", []))
    names = [role["roleArn"].split("role/")[-1] for role in roles]
    tables = "from the hub"
    if not stack.from_hub:
        writers = cast(list[str], stack.config[f"{PROJECT}:writerPrincipals"])
        tables = f"here, {len(writers)} writers"
    return stack.name, stack.account_id, names[-1] if names else "none", "\n".join(origins), tables


def _origins(source: Mapping[str, Any]) -> list[str]:
    sets = [f"set {source['configurationSet']}"] if source.get("configurationSet") else []
    return [*source.get("identities", []), *sets]
