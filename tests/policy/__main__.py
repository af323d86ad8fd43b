"""`make policy`: checks the dev stack of this repository with the rules, without the Pulumi CLI.

The program is recorded as it runs, and checked twice: as it is known after an update, and as in a preview.
"""

import sys
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from policy.pack import RULES
from policy.rule import MANDATORY, Rule
from tests.policy.analyzer import Diagnostic, StackResource, analyze, count_selected, in_preview
from tests.policy.graphs import stack_resources
from tests.recorder import RANDOM_SUFFIX
from tests.test_program import stack


def main(resources: Sequence[StackResource], random_suffix: str, console: Console) -> int:
    """Print the result of each rule; 1 where a mandatory rule is violated, else 0."""
    in_update = analyze(resources)
    preview = analyze(in_preview(resources, random_suffix), preview=True)
    table = Table(
        "rule", "level", "count", "preview", "update",
        title="Policies over the dev stack", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False,
    )  # fmt: skip
    counts = count_selected(resources)
    for rule in RULES:
        level = f"{rule.level.value}[dim] {rule.severity.value}"
        table.add_row(rule.name, level, str(counts[rule.name]), _result(rule, preview), _result(rule, in_update))
    console.print(table)
    console.print("count: resources that the rule checks. unknown: checked in the update.", style="dim")
    for diagnostic in in_update:
        if diagnostic.resource:
            line = f"{diagnostic.rule} ({diagnostic.level.value}): {diagnostic.message}"
            console.print(line, style="red", markup=False)
    violations = [diagnostic for diagnostic in (*in_update, *preview) if diagnostic.resource]
    return 1 if any(violation.level is MANDATORY for violation in violations) else 0


def _result(rule: Rule, diagnostics: Sequence[Diagnostic]) -> str:
    if rule.required_setting and not rule.complete_config({})[rule.required_setting]:
        return "[dim]off"
    of_rule = [diagnostic for diagnostic in diagnostics if diagnostic.rule == rule.name]
    violations = [diagnostic for diagnostic in of_rule if diagnostic.resource]
    if violations:
        return f"[red]{len(violations)} failed"
    return "[yellow]unknown" if of_rule else "[green]passed"


if __name__ == "__main__":
    sys.exit(main(stack_resources(stack("dev")), RANDOM_SUFFIX, Console()))
