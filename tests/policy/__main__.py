"""`make policy`: the rules over the dev stack of this repository, without the Pulumi CLI.

The program is recorded as it runs, and judged twice: as it would be known after an update, and as in a preview.
"""

import sys
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from policy.pack import RULES
from policy.rule import MANDATORY, Rule
from tests.policy.analyzer import Given, Violation, analyze, in_preview, subjects
from tests.policy.graphs import given
from tests.recorder import MADE_UP
from tests.test_program import stack


def main(resources: Sequence[Given], made_up: str, console: Console) -> int:
    """Print what each rule says; 1 where a mandatory one is broken, else 0."""
    found = analyze(resources)
    early = analyze(in_preview(resources, made_up), preview=True)
    table = Table(
        "rule", "level", "of", "preview", "update", title="Policies over the dev stack", box=SIMPLE_HEAD, pad_edge=False
    )
    counted = subjects(resources)
    for rule in RULES:
        level = f"{rule.level.value}[dim] {rule.severity.value}"
        table.add_row(rule.name, level, str(counted[rule.name]), _result(rule, early), _result(rule, found))
    console.print(table)
    console.print("of: so many resources. unknown: judged in the update, with the values of AWS.", style="dim")
    for one in (one for one in found if one.resource):
        console.print(f"{one.rule} ({one.level.value}): {one.message}", style="red", markup=False)
    return 1 if any(one.resource and one.level is MANDATORY for one in (*found, *early)) else 0


def _result(rule: Rule, found: Sequence[Violation]) -> str:
    if rule.on and not rule.configured({})[rule.on]:
        return "[dim]off"
    mine = [one for one in found if one.rule == rule.name]
    broken = [one for one in mine if one.resource]
    if broken:
        return f"[red]{len(broken)} broken"
    return "[yellow]unknown" if mine else "[green]kept"


if __name__ == "__main__":
    sys.exit(main(given(stack("dev")), MADE_UP, Console()))
