"""`make policy`: the rules over the dev stack of this repository, without the Pulumi CLI.

The program is recorded as it runs, and judged twice: as it would be known after an update, and as in a preview.
"""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from policy.pack import RULES
from policy.rule import MANDATORY, Rule
from tests.policy.analyzer import Given, Violation, analyze, in_preview, subjects


def main(resources: Sequence[Given], made_up: str, console: Console) -> int:
    """Print what each rule says; 1 where a mandatory one is broken, else 0."""
    found = analyze(resources)
    early = analyze(in_preview(resources, made_up))
    table = Table(title="Policies over the dev stack")
    for column in ("rule", "level", "severity", "looked at", "after an update", "in a preview"):
        table.add_column(column)
    for rule in RULES:
        table.add_row(
            rule.name,
            rule.level.value,
            rule.severity.value,
            f"{subjects(rule, resources)} {rule.looks_at}",
            _result(rule, found),
            _result(rule, early),
        )
    console.print(table)
    for one in (one for one in found if one.resource):
        console.print(f"{one.rule} ({one.level.value}): {one.message}", style="red", markup=False)
    broken = [one for one in (*found, *early) if one.resource and one.level is MANDATORY]
    return 1 if broken else 0


def _result(rule: Rule, found: Sequence[Violation]) -> str:
    if rule.on and not rule.configured({})[rule.on]:
        return "[dim]off"
    mine = [one for one in found if one.rule == rule.name]
    broken = [one for one in mine if one.resource]
    if broken:
        return f"[red]{len(broken)} broken"
    return "[yellow]some unknown" if mine else "[green]kept"


if __name__ == "__main__":
    from tests.policy.graphs import given
    from tests.recorder import MADE_UP
    from tests.test_program import stack

    sys.exit(main(given(stack("dev")), MADE_UP, Console()))
