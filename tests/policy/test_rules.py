"""The rules over the program's own graph: kept as it is, and each broken in every way of the mutation table.

Through the code of the analyzer that the engine calls; what the engine itself does with the answer is not proved here.
"""

from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.pack import RULES
from policy.rule import ADVISORY, MANDATORY
from tests.policy import analyzer, graphs
from tests.policy.breaks import BASE, Break, one, put
from tests.policy.mutations import CONFIGURED, MUTATIONS, Mutation
from tests.recorder import MADE_UP
from tests.test_program import stack

NAMES = [rule.name for rule in RULES]


def broken(graph: list[analyzer.Given], **config: Any) -> set[tuple[str, str]]:
    """(rule, resource) of each violation; a rule that could not run has no resource and is left out."""
    settings = {name.replace("_", "-"): value for name, value in config.items()}
    return {(each.rule, each.resource) for each in analyzer.analyze(graph, settings) if each.resource}


@pytest.mark.parametrize("given", [{}, {"createKmsKeys": True}, {"blockedTableArn": "", "softBounceThreshold": 3}])
def test_the_program_keeps_every_rule(given: dict[str, Any]) -> None:
    graph = graphs.given(stack("dev", **given))
    assert analyzer.analyze(graph) == []
    early = analyzer.analyze(analyzer.in_preview(graph, MADE_UP))
    assert not [each for each in early if each.resource]
    assert {each.level for each in early} == {ADVISORY}


def test_the_program_with_customer_keys_keeps_the_rule_on_them() -> None:
    graph = graphs.given(stack("dev", createKmsKeys=True))
    everything = {"kinds": ["topics", "queues", "tables", "logs"]}
    assert broken(graph, customer_keys=everything) == set()
    assert broken(analyzer.in_preview(graph, MADE_UP), customer_keys=everything) == set()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[each.promise for each in MUTATIONS])
def test_a_broken_promise_is_seen_by_its_rule_and_before_feedback_flows(mutation: Mutation) -> None:
    graph = graphs.small()
    mutation.apply(graph)
    found = analyzer.analyze(graph, only=mutation.rule)
    assert mutation.resource in {each.resource for each in found}
    early = analyzer.in_preview(graph, MADE_UP)
    if early == graphs.previewed():  # a preview knows nothing of it
        assert any(each.before for each in found) != (mutation.promise in LATE)
    else:
        shown = {each.resource for each in analyzer.analyze(early, preview=True, only=mutation.rule)}
        assert shown - {""} or any(each.before for each in found)


LATE = {"enough attempts", "dead letters of no other queue", "the statement is about the queue", "TLS on this queue"}
"""What is seen only at the end of an update."""


@pytest.mark.parametrize(("rule", "settings", "change", "resource"), CONFIGURED)
def test_a_configured_rule_sees_it(rule: str, settings: dict[str, Any], change: Break, resource: str) -> None:
    graph = graphs.small()
    change(graph)
    assert analyzer.analyze(graph, only=rule) == []
    assert resource in {each.resource for each in analyzer.analyze(graph, {rule: settings}, only=rule)}


def test_no_promise_stands_twice_in_the_table() -> None:
    promises = [each.promise for each in MUTATIONS]
    assert len(promises) == len(set(promises))


def test_every_rule_is_broken_in_some_way() -> None:
    assert {each.rule for each in MUTATIONS} | {rule for rule, *_ in CONFIGURED} == set(NAMES)
    assert len(NAMES) == len(set(NAMES))


def test_the_level_is_the_configurations() -> None:
    graph = graphs.small()
    put("mapping", "functionResponseTypes", [])(graph)
    (default,) = analyzer.analyze(graph)
    assert default.level is MANDATORY
    (milder,) = analyzer.analyze(graph, {"mapping-reports-failures": {"enforcementLevel": "advisory"}})
    assert milder.level is ADVISORY
    assert analyzer.analyze(graph, {"mapping-reports-failures": {"enforcementLevel": "disabled"}}) == []


def test_an_unknown_policy_made_from_the_wrong_topic_is_seen() -> None:
    graph = graphs.small()
    policy = one(graph, f"{BASE}-queue-policy")
    policy.made_from["policy"] = [f"{BASE}-queue", "ses-feedback-eu-west-1-alarms"]
    found = [each for each in analyzer.analyze(analyzer.in_preview(graph, MADE_UP)) if each.resource]
    assert [each.rule for each in found] == ["only-the-topic-sends"] * 2
    assert "made from ses-feedback-eu-west-1-alarms" in found[0].message
    assert f"not made from {BASE}-topic" in found[1].message


def test_one_unknown_value_does_not_silence_a_rule() -> None:
    graph = graphs.small()
    one(graph, f"{BASE}-queue").inputs["messageRetentionSeconds"] = UNKNOWN_STRING_VALUE
    one(graph, f"{BASE}-dead-letters").inputs["messageRetentionSeconds"] = 60
    other = BASE.replace("bounce", "complaint")
    one(graph, f"{other}-dead-letters").inputs["messageRetentionSeconds"] = 60
    found = analyzer.analyze(graph)
    assert {(each.rule, each.resource) for each in found} == {
        ("dead-letters-outlive-their-queue", f"{other}-queue"),
        ("dead-letters-outlive-their-queue", ""),
        ("queue-gives-up-in-time", ""),
    }
    assert "messageRetentionSeconds can't be known during preview" in found[-1].message
