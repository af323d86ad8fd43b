"""Each fault is reported by its rule: in this program and in a foreign one, in an update and in a preview.

What a preview does not report it lists as not judged yet, so that nothing passes in silence. The values that the
program registers in a preview are the engine's (tests/policy/programs.py); what the engine does with a report is tested
in tests/engine.
"""

import pytest

from policy.pack import RULES
from tests.policy.analyzer import StackResource, analyze
from tests.policy.graph_changes import resource_named
from tests.policy.mutations import MUTATIONS, Mutation
from tests.policy.programs import PROGRAMS, Program

CASES = [
    pytest.param(mutation, program, id=f"{program.name}: {mutation.guarantee}")
    for mutation in MUTATIONS
    for program in PROGRAMS
    if program.name in mutation.programs
]


def _name_at_fault(mutation: Mutation, changed: list[StackResource], program: Program) -> str:
    """The logical name of the resource that the rule must report, in this program."""
    if any(resource.name == mutation.resource for resource in changed):
        return mutation.resource
    return resource_named(program.graph(), mutation.resource).name


@pytest.mark.parametrize(("mutation", "program"), CASES)
def test_a_fault_is_reported_by_its_rule_in_update_and_preview(mutation: Mutation, program: Program) -> None:
    graph = program.graph()
    mutation.apply(graph)
    in_update = analyze(graph, rule=mutation.rule)
    assert _name_at_fault(mutation, graph, program) in {diagnostic.resource for diagnostic in in_update}
    shown: list[str] = []
    if not analyze(program.preview(graph), preview=True, rule=mutation.rule, shown=shown):
        assert f"judged at up: {mutation.rule} (" in "\n".join(shown)
        stops_update = any(diagnostic.stopped_resource for diagnostic in in_update)
        at_the_end = mutation.rule in JUDGED_AT_THE_END or mutation.guarantee in REPORTED_AT_THE_END
        assert stops_update != at_the_end


JUDGED_AT_THE_END = {rule.name for rule in RULES if not rule.before_creation}
REPORTED_AT_THE_END = {
    "TLS on this queue",
    # Before its creation no policy is missing: another one may still be to come.
    "the role has a policy",
    "the function receives messages",
    "the function deletes messages",
    "the function receives from this queue",
    "the function receives without a condition that it never meets",
    "the policy with the rights is attached",
    "the role may write a table",
    "one resource sets the queue's policy",
    "one resource sets the topic's policy",
    "the role may write the table that the function names",
    "the function may write a table",
    "the function may decrypt",
    "the function decrypts messages",
    # A key has no name: before the end of an update it is not known that the topic uses it.
    "the key lets SES and SNS in",
    "the key lets SES in",
    "the key lets SNS in",
    "the key may be used to encrypt",
    "the key lets this account's SES in",
    "nothing denies SES the key",
    "a key lets SES of this account in",
}
"""What is unknown in a preview and does not stop an update, although its rule can, but is reported at its end."""


def test_the_table_is_large_and_most_rows_are_in_both_programs() -> None:
    assert len([mutation for mutation in MUTATIONS if "foreign" in mutation.programs]) >= 150
