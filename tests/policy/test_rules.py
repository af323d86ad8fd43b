"""The rules over the program's own graph: kept as it is, and each broken in every way of the mutation table.

Through the code of the analyzer that the engine calls; what the engine itself does with the answer is not proved here.
"""

import copy
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2_grpc
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE
from rich.console import Console

from policy.pack import RULES
from policy.rule import ADVISORY, MANDATORY
from tests.policy import __main__ as check
from tests.policy import analyzer, graphs, mutations
from tests.policy.mutations import BASE, CONFIGURED, MUTATIONS, Break, Mutation
from tests.recorder import MADE_UP
from tests.test_program import stack

ROOT = Path(__file__).parents[2]
NAMES = [rule.name for rule in RULES]


def broken(graph: list[analyzer.Given], **config: Any) -> set[tuple[str, str]]:  # noqa: ANN401 - JSON
    """(rule, resource) of each violation; a rule that could not run has no resource and is left out."""
    settings = {name.replace("_", "-"): value for name, value in config.items()}
    return {(one.rule, one.resource) for one in analyzer.analyze(graph, settings) if one.resource}


@pytest.mark.parametrize("given", [{}, {"customerKeys": True}, {"blockedTableArn": "", "softBounceThreshold": 3}])
def test_the_program_keeps_every_rule(given: dict[str, Any]) -> None:
    graph = graphs.given(stack("dev", **given))
    assert analyzer.analyze(graph) == []
    early = analyzer.analyze(analyzer.in_preview(graph, MADE_UP))
    assert not [one for one in early if one.resource]
    assert {one.level for one in early} == {ADVISORY}


def test_the_program_with_customer_keys_keeps_the_rule_on_them() -> None:
    graph = graphs.given(stack("dev", customerKeys=True))
    everything = {"kinds": ["topics", "queues", "tables", "logs"]}
    assert broken(graph, customer_keys=everything) == set()
    assert broken(analyzer.in_preview(graph, MADE_UP), customer_keys=everything) == set()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[one.promise for one in MUTATIONS])
def test_a_broken_promise_is_seen_by_its_rule_and_before_feedback_flows(mutation: Mutation) -> None:
    graph = graphs.small()
    mutation.apply(graph)
    found = analyzer.analyze(graph, only=mutation.rule)
    assert mutation.resource in {one.resource for one in found}
    early = analyzer.in_preview(graph, MADE_UP)
    if early == graphs.previewed():  # a preview knows nothing of it
        assert any(one.before for one in found) != (mutation.promise in LATE)
    else:
        shown = {one.resource for one in analyzer.analyze(early, preview=True, only=mutation.rule)}
        assert shown - {""} or any(one.before for one in found)


LATE = {"enough attempts", "dead letters of no other queue", "the statement is about the queue", "TLS on this queue"}
"""What is seen only at the end of an update."""


@pytest.mark.parametrize(("rule", "settings", "change", "resource"), CONFIGURED)
def test_a_configured_rule_sees_it(rule: str, settings: dict[str, Any], change: Break, resource: str) -> None:
    graph = graphs.small()
    change(graph)
    assert analyzer.analyze(graph, only=rule) == []
    assert resource in {one.resource for one in analyzer.analyze(graph, {rule: settings}, only=rule)}


def test_no_promise_stands_twice_in_the_table() -> None:
    promises = [one.promise for one in MUTATIONS]
    assert len(promises) == len(set(promises))


def test_every_rule_is_broken_in_some_way() -> None:
    assert {one.rule for one in MUTATIONS} | {rule for rule, *_ in CONFIGURED} == set(NAMES)
    assert len(NAMES) == len(set(NAMES))


def test_the_level_is_the_configurations() -> None:
    graph = graphs.small()
    mutations.put("mapping", "functionResponseTypes", [])(graph)
    (default,) = analyzer.analyze(graph)
    assert default.level is MANDATORY
    (milder,) = analyzer.analyze(graph, {"mapping-reports-failures": {"enforcementLevel": "advisory"}})
    assert milder.level is ADVISORY
    assert analyzer.analyze(graph, {"mapping-reports-failures": {"enforcementLevel": "disabled"}}) == []


def test_an_unknown_policy_made_from_the_wrong_topic_is_seen() -> None:
    graph = graphs.small()
    policy = mutations.one(graph, f"{BASE}-queue-policy")
    policy.made_from["policy"] = [f"{BASE}-queue", "ses-feedback-eu-west-1-alarms"]
    found = [one for one in analyzer.analyze(analyzer.in_preview(graph, MADE_UP)) if one.resource]
    assert [one.rule for one in found] == ["only-the-topic-sends"] * 2
    assert "made from ses-feedback-eu-west-1-alarms" in found[0].message
    assert f"not made from {BASE}-topic" in found[1].message


def test_one_unknown_value_does_not_silence_a_rule() -> None:
    graph = graphs.small()
    mutations.one(graph, f"{BASE}-queue").inputs["messageRetentionSeconds"] = UNKNOWN_STRING_VALUE
    mutations.one(graph, f"{BASE}-dead-letters").inputs["messageRetentionSeconds"] = 60
    other = BASE.replace("bounce", "complaint")
    mutations.one(graph, f"{other}-dead-letters").inputs["messageRetentionSeconds"] = 60
    found = analyzer.analyze(graph)
    assert {(one.rule, one.resource) for one in found} == {
        ("dead-letters-outlive-their-queue", f"{other}-queue"),
        ("dead-letters-outlive-their-queue", ""),
        ("queue-gives-up-in-time", ""),
    }
    assert "messageRetentionSeconds can't be known during preview" in found[0].message + found[1].message


def foreign() -> list[analyzer.Given]:
    """The same resources with no word of SES, each of them as bad as can be."""
    graph = [
        one
        for one in graphs.small()
        if one.type.startswith("aws:") and not one.type.startswith(("aws:ses", "aws:dynamodb"))
    ]
    for one in graph:
        one.name, one.parent = f"other-{one.name}", ""
        one.made_from = {key: [f"other-{name}" for name in names] for key, names in one.made_from.items()}
        one.inputs, one.answer = json.loads(
            json.dumps([one.inputs, one.answer]).replace(BASE.split("-", 1)[1], "elsewhere")
        )
        for key in ("redrivePolicy", "functionResponseTypes", "retentionInDays", "sqsManagedSseEnabled"):
            one.inputs.pop(key, None)
        if "policy" in one.inputs:
            statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
            one.inputs["policy"] = json.dumps({"Statement": [statement]})
    table = {"name": "jobs", "hashKey": "id", "arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/jobs"}
    return [*graph, analyzer.Given(type="aws:dynamodb/table:Table", name="jobs", inputs=table)]


def test_resources_of_others_are_left_alone() -> None:
    others = foreign()
    assert analyzer.analyze(others) == []
    assert analyzer.analyze([*graphs.small(), *others]) == []
    assert not [one for one in analyzer.analyze(analyzer.in_preview(others, MADE_UP)) if one.resource]


def test_topics_for_deliveries_are_no_feedback() -> None:
    graph = foreign()
    topic = next(one for one in graph if one.name.endswith("-topic"))
    source = {"identity": "example.com", "notificationType": "Delivery", "topicArn": topic["arn"]}
    type_ = "aws:ses/identityNotificationTopic:IdentityNotificationTopic"
    graph.append(analyzer.Given(type=type_, name="deliveries", inputs=source, made_from={"topicArn": [topic.name]}))
    assert analyzer.analyze(graph) == []
    source["notificationType"] = "Bounce"
    assert len(analyzer.analyze(graph)) > 5


def test_a_stack_without_our_components_is_judged_by_the_same_rules() -> None:
    """Written by hand, with a redrive policy of its own and plain names instead of ARNs."""
    graph = [one for one in graphs.small() if one.type.startswith("aws:")]
    for one in graph:
        one.made_from, one.parent = {}, ""
    mapping = mutations.one(graph, f"{BASE}-mapping")
    mapping.inputs["functionName"] = mutations.one(graph, f"{BASE}-function")["name"]
    queue = mutations.one(graph, f"{BASE}-queue")
    apart = {"queueUrl": queue["url"], "redrivePolicy": queue.inputs.pop("redrivePolicy")}
    graph.append(analyzer.Given(type="aws:sqs/redrivePolicy:RedrivePolicy", name="apart", inputs=apart))
    assert analyzer.analyze(graph) == []
    mapping.inputs["functionResponseTypes"] = []
    mutations.one(graph, f"{BASE}-dead-letters").inputs["messageRetentionSeconds"] = 60
    assert broken(graph) == {
        ("mapping-reports-failures", mapping.name),
        ("dead-letters-outlive-their-queue", queue.name),
    }


def test_make_policy_prints_every_rule_and_fails_on_a_violation() -> None:
    console = Console(record=True, width=200, file=io.StringIO())
    graph = graphs.small()
    assert check.main(graph, MADE_UP, console) == 0
    text = console.export_text()
    assert all(name in text for name in NAMES)
    worse = copy.deepcopy(graph)
    mutations.put("mapping", "functionResponseTypes", [])(worse)
    assert check.main(worse, MADE_UP, console) == 1
    assert "one message that fails takes its batch with it" in console.export_text()


def test_the_pack_serves_the_engine() -> None:
    """The pack as the engine starts it: a process that prints its port and answers there."""
    started = [sys.executable, str(ROOT / "policy" / "__main__.py")]
    with subprocess.Popen(started, cwd=ROOT / "policy", stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                served: Any = analyzer_pb2_grpc.AnalyzerStub(channel)
                info = served.GetAnalyzerInfo(empty_pb2.Empty())
                graph = graphs.small()
                assert analyzer.violations(served.AnalyzeStack(analyzer.request(graph))) == []
                mutations.put("mapping", "functionResponseTypes", [])(graph)
                (found,) = analyzer.violations(served.AnalyzeStack(analyzer.request(graph)))
        finally:
            process.terminate()
    assert [one.name for one in info.policies] == NAMES
    assert (found.rule, found.resource) == ("mapping-reports-failures", f"{BASE}-mapping")
