"""The rules over the program's own graph: no violations as it is, and one for each mutation.

This runs the analyzer's code that the engine calls; what the engine does with the response is tested in tests/engine.
"""

from typing import Any

import pytest

from policy.pack import RULES
from policy.rule import ADVISORY, MANDATORY
from tests.policy import graphs
from tests.policy.analyzer import analyze, find_violations, in_preview
from tests.policy.graph_changes import edit_json, set_input
from tests.policy.mutations import CONFIGURED, MUTATIONS, ConfiguredMutation
from tests.recorder import RANDOM_SUFFIX
from tests.test_program import stack

NAMES = [rule.name for rule in RULES]


@pytest.mark.parametrize("config", [{}, {"createKmsKeys": True}, {"blockedTableArn": "", "softBounceThreshold": 3}])
def test_the_program_has_no_violations(config: dict[str, Any]) -> None:
    graph = graphs.stack_resources(stack("dev", **config))
    assert analyze(graph) == []
    assert analyze(in_preview(graph, RANDOM_SUFFIX), preview=True) == []


def test_the_program_with_customer_managed_keys_satisfies_the_rule_on_them() -> None:
    graph = graphs.stack_resources(stack("dev", createKmsKeys=True))
    config = {"kms-key-required": {"resourceTypes": ["topics", "queues", "tables", "logGroups"]}}
    assert find_violations(graph, config) == set()
    assert find_violations(in_preview(graph, RANDOM_SUFFIX), config) == set()


@pytest.mark.parametrize("mutation", CONFIGURED)
def test_a_violation_of_configured_settings_is_reported(mutation: ConfiguredMutation) -> None:
    graph = graphs.one_source()
    mutation.apply(graph)
    assert analyze(graph, rule=mutation.rule) == []
    diagnostics = analyze(graph, {mutation.rule: mutation.settings}, rule=mutation.rule)
    assert mutation.resource in {diagnostic.resource for diagnostic in diagnostics}


def test_every_guarantee_is_in_the_table_once() -> None:
    guarantees = [mutation.guarantee for mutation in MUTATIONS]
    assert len(guarantees) == len(set(guarantees))


def test_every_rule_is_violated_by_a_mutation() -> None:
    in_no_stack_with_feedback = {"feedback-way-found"}  # tested in test_unknown_values.py
    violated = {mutation.rule for mutation in MUTATIONS} | {mutation.rule for mutation in CONFIGURED}
    assert violated == set(NAMES) - in_no_stack_with_feedback
    assert len(NAMES) == len(set(NAMES))


def test_the_configuration_sets_the_enforcement_level() -> None:
    graph = graphs.one_source()
    set_input("mapping", "functionResponseTypes", [])(graph)
    (default,) = analyze(graph)
    assert default.level is MANDATORY
    (advisory,) = analyze(graph, {"batch-item-failures-reported": {"enforcementLevel": "advisory"}})
    assert advisory.level is ADVISORY
    assert analyze(graph, {"batch-item-failures-reported": {"enforcementLevel": "disabled"}}) == []


def test_few_attempts_lose_nothing_and_are_advised_against_only() -> None:
    graph = graphs.one_source()
    edit_json("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=5))(graph)
    set_input("queue", "visibilityTimeoutSeconds", 180)(graph)
    (diagnostic,) = analyze(graph)
    assert (diagnostic.rule, diagnostic.level) == ("queue-retries-last", ADVISORY)
    assert "5 attempts with a visibility timeout of 180 s take 900 s" in diagnostic.message
