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
from policy.summary import JUDGED_AT_UP
from tests.policy.analyzer import Diagnostic, StackResource, analyze, count_selected, in_preview
from tests.policy.graphs import stack_resources
from tests.recorder import RANDOM_SUFFIX
from tests.test_program import stack


def main(resources: Sequence[StackResource], random_suffix: str, console: Console) -> int:
    """Print the result of each rule; 1 where a mandatory rule is violated, else 0."""
    update_summary: list[str] = []
    preview_summary: list[str] = []
    in_update = analyze(resources, shown=update_summary)
    preview = analyze(in_preview(resources, random_suffix), preview=True, shown=preview_summary)
    table = Table(
        "rule", "level", "count", "preview", "update",
        title="Policies over the dev stack", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False,
    )  # fmt: skip
    counts = count_selected(resources)
    for rule in RULES:
        level = f"{rule.level.value}[dim] {rule.severity.value}"
        results = [
            _result(rule, counts[rule.name], diagnostics, summary)
            for diagnostics, summary in ((preview, preview_summary), (in_update, update_summary))
        ]
        table.add_row(rule.name, level, str(counts[rule.name]), *results)
    console.print(table)
    console.print("count: resources that the rule checks. at up: a value is unknown in the preview.", style="dim")
    violations = list(dict.fromkeys([*in_update, *preview]))
    for violation in violations:
        console.print(f"{violation.rule} ({violation.level.value}): {violation.message}", style="red", markup=False)
    for when, summary in (("preview", preview_summary), ("update", update_summary)):
        console.print(f"{when} of {summary[0]}", markup=False)
    return 1 if any(violation.level is MANDATORY for violation in violations) else 0


def _result(rule: Rule, count: int, diagnostics: Sequence[Diagnostic], summary: Sequence[str]) -> str:
    if not rule.is_on({}):
        return "[dim]off"
    violations = [diagnostic for diagnostic in diagnostics if diagnostic.rule == rule.name]
    if violations:
        return f"[red]{len(violations)} failed"
    if any(line.startswith(f"{JUDGED_AT_UP}: {rule.name} (") for line in summary):
        return "[yellow]at up"
    return "[green]passed" if count else "[dim]nothing"


if __name__ == "__main__":
    sys.exit(main(stack_resources(stack("dev")), RANDOM_SUFFIX, Console()))
