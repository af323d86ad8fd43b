"""The rules over the program's own graph: no violations as it is, and one for each mutation.

This runs the analyzer's code that the engine calls; what the engine does with the response is tested in tests/engine.
"""

from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.pack import RULES
from policy.rule import ADVISORY, MANDATORY
from tests.policy import graphs
from tests.policy.analyzer import analyze, find_violations, in_preview
from tests.policy.graph_changes import BASE, edit_json, resource_named, set_input
from tests.policy.mutations import CONFIGURED, MUTATIONS, ConfiguredMutation
from tests.recorder import RANDOM_SUFFIX
from tests.test_program import stack

NAMES = [rule.name for rule in RULES]


@pytest.mark.parametrize("config", [{}, {"createKmsKeys": True}, {"blockedTableArn": "", "softBounceThreshold": 3}])
def test_the_program_has_no_violations(config: dict[str, Any]) -> None:
    graph = graphs.stack_resources(stack("dev", **config))
    assert analyze(graph) == []
    preview = analyze(in_preview(graph, RANDOM_SUFFIX))
    assert not [diagnostic for diagnostic in preview if diagnostic.resource]
    assert {diagnostic.level for diagnostic in preview} == {ADVISORY}


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
    assert {mutation.rule for mutation in (*MUTATIONS, *CONFIGURED)} == set(NAMES)
    assert len(NAMES) == len(set(NAMES))


def test_the_configuration_sets_the_enforcement_level() -> None:
    graph = graphs.one_source()
    set_input("mapping", "functionResponseTypes", [])(graph)
    (default,) = analyze(graph)
    assert default.level is MANDATORY
    (advisory,) = analyze(graph, {"batch-item-failures-reported": {"enforcementLevel": "advisory"}})
    assert advisory.level is ADVISORY
    assert analyze(graph, {"batch-item-failures-reported": {"enforcementLevel": "disabled"}}) == []


def test_one_unknown_value_does_not_silence_a_rule() -> None:
    graph = graphs.one_source()
    resource_named(graph, f"{BASE}-queue").inputs["messageRetentionSeconds"] = UNKNOWN_STRING_VALUE
    resource_named(graph, f"{BASE}-dead-letters").inputs["messageRetentionSeconds"] = 60
    complaint_base = BASE.replace("bounce", "complaint")
    resource_named(graph, f"{complaint_base}-dead-letters").inputs["messageRetentionSeconds"] = 60
    diagnostics = analyze(graph)
    assert {(diagnostic.rule, diagnostic.resource) for diagnostic in diagnostics} == {
        ("dead-letter-queue-retention", f"{complaint_base}-queue"),
        ("dead-letter-queue-retention", ""),
        ("queue-retention-covers-retries", ""),
        ("queue-retries-last", ""),
    }
    assert "messageRetentionSeconds can't be known during preview" in diagnostics[-1].message


def test_few_attempts_lose_nothing_and_are_advised_against_only() -> None:
    graph = graphs.one_source()
    edit_json("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=5))(graph)
    set_input("queue", "visibilityTimeoutSeconds", 180)(graph)
    (diagnostic,) = analyze(graph)
    assert (diagnostic.rule, diagnostic.level) == ("queue-retries-last", ADVISORY)
    assert "5 attempts with a visibility timeout of 180 s take 900 s" in diagnostic.message
