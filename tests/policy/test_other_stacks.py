"""The rules over stacks of other programs: they ignore what has nothing to do with feedback, and check what has."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from policy.resource_types import CLASSIC_EVENT_DESTINATION, EVENT_DESTINATION, IDENTITY_TOPIC, TABLE
from tests.policy import graphs
from tests.policy.analyzer import StackResource, analyze, find_violations, in_preview
from tests.policy.graph_changes import ALARM, BASE, add_statement, edit_json, set_input
from tests.policy.graph_changes import TABLE as TABLE_NAME
from tests.policy.programs import FOREIGN
from tests.properties import profile_times
from tests.recorder import ACCOUNT, RANDOM_SUFFIX


def unrelated_resources() -> list[StackResource]:
    """The resources of a stack that does not use SES, with as many defects as possible."""
    graph = [
        resource
        for resource in graphs.without_components()
        if not resource.type.startswith(("aws:ses", "aws:dynamodb"))
    ]
    for resource in graph:
        resource.name = f"other-{resource.name}"
        properties = json.dumps([resource.inputs, resource.outputs]).replace(BASE.split("-", 1)[1], "elsewhere")
        resource.inputs, resource.outputs = json.loads(properties)
        for key in ("redrivePolicy", "functionResponseTypes", "retentionInDays", "sqsManagedSseEnabled"):
            resource.inputs.pop(key, None)
        if "policy" in resource.inputs:
            statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
            resource.inputs["policy"] = json.dumps({"Statement": [statement]})
    table = {"name": "jobs", "hashKey": "id", "arn": f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/jobs"}
    return [*graph, StackResource(type=TABLE, name="jobs", inputs=table)]


def notification_source(graph: list[StackResource], type_: str, inputs: dict[str, Any]) -> StackResource:
    """A resource of SES; `{topic}` in its inputs stands for the ARN of the topic for bounces."""
    topic = next(resource for resource in graph if resource.name.endswith(f"{BASE}-topic"))
    inputs = json.loads(json.dumps(inputs).replace("{topic}", str(topic["arn"])))
    return StackResource(type=type_, name="source", inputs={"configurationSetName": "main", **inputs})


def rules_violated_by(graph: list[StackResource], *, preview: bool = False) -> set[str]:
    return {rule for rule, _ in find_violations(graph, preview=preview)}


def test_unrelated_resources_are_ignored() -> None:
    unrelated = unrelated_resources()
    assert rules_violated_by(unrelated) == {"feedback-way-found"}
    assert analyze([*graphs.one_source(), *unrelated]) == []
    assert rules_violated_by(in_preview(unrelated, RANDOM_SUFFIX), preview=True) == {"feedback-way-found"}


NOT_FEEDBACK: dict[str, tuple[str, dict[str, Any]]] = {
    "deliveries": (
        IDENTITY_TOPIC, {"identity": "example.com", "notificationType": "Delivery", "topicArn": "{topic}"},
    ),
    "an identity without a topic": (IDENTITY_TOPIC, {"identity": "example.com", "notificationType": "Bounce"}),
    "opens": (
        CLASSIC_EVENT_DESTINATION,
        {"enabled": True, "matchingTypes": ["open"], "snsDestination": {"topicArn": "{topic}"}},
    ),
    "metrics only": (
        CLASSIC_EVENT_DESTINATION, {"enabled": True, "matchingTypes": ["bounce"], "cloudwatchDestinations": [{}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("type_", "inputs"), NOT_FEEDBACK.values(), ids=list(NOT_FEEDBACK))
def test_a_topic_without_feedback_is_ignored(type_: str, inputs: dict[str, Any]) -> None:
    graph = unrelated_resources()
    assert rules_violated_by([*graph, notification_source(graph, type_, inputs)]) <= {"feedback-way-found"}


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        (
            CLASSIC_EVENT_DESTINATION,
            {"enabled": False, "matchingTypes": ["bounce"], "snsDestination": {"topicArn": "{topic}"}},
        ),
        (
            CLASSIC_EVENT_DESTINATION,
            {"matchingTypes": ["bounce"], "snsDestination": {"topicArn": "{topic}"}},
        ),
        (
            EVENT_DESTINATION,
            {"eventDestination": {"matchingEventTypes": ["BOUNCE"], "snsDestination": {"topicArn": "{topic}"}}},
        ),
    ],
)
def test_an_event_destination_that_is_not_enabled_is_all_that_is_reported(type_: str, inputs: dict[str, Any]) -> None:
    """Nothing is published to its topic, so what is behind it handles no feedback."""
    graph = unrelated_resources()
    graph.append(notification_source(graph, type_, inputs))
    assert find_violations(graph) == {("event-destination-enabled", "source")}


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        (IDENTITY_TOPIC, {"identity": "example.com", "notificationType": "Bounce", "topicArn": "{topic}"}),
        (
            CLASSIC_EVENT_DESTINATION,
            {"enabled": True, "matchingTypes": ["bounce"], "snsDestination": {"topicArn": "{topic}"}},
        ),
    ],
)
def test_everything_behind_a_source_of_feedback_is_checked(type_: str, inputs: dict[str, Any]) -> None:
    graph = unrelated_resources()
    graph.append(notification_source(graph, type_, inputs))
    assert {rule for rule, _ in find_violations(graph)} >= {
        "bounce-and-complaint-topics", "topic-policy-restricts-publisher", "queue-policy-restricts-sender",
        "queue-policy-requires-tls", "queue-dead-letter-queue", "batch-item-failures-reported", "log-group-retention",
        "lambda-role-no-wildcards",
    }  # fmt: skip


def test_resources_after_the_source_are_checked_before_their_creation_and_the_others_at_the_end() -> None:
    """A program may set the topic in SES first, and create the queue later."""
    graph = graphs.one_source()
    sources = [resource for resource in graph if resource.type.startswith("aws:ses")]
    others = [resource for resource in graph if resource not in sources]
    graph = [*others, *sources]
    assert analyze(graph) == []
    graph = [*sources, *others]
    assert analyze(graph) == []
    add_statement("queue-policy", Principal="*", Action="sqs:ReceiveMessage")(graph)
    (diagnostic,) = analyze(graph)
    assert (diagnostic.rule, diagnostic.resource) == ("queue-policy-restricts-sender", f"{BASE}-queue")
    assert diagnostic.stopped_resource == f"{BASE}-subscription"
    edit_json("queue-policy", "policy", lambda policy: policy["Statement"].pop())(graph)
    assert analyze(graph) == []


KEYS = [
    "Statement", "Effect", "Principal", "NotPrincipal", "AWS", "Service", "Action", "NotAction", "Resource",
    "Condition",
    "StringEquals", "ArnLike", "Bool", "aws:SourceArn", "aws:SecureTransport", "maxReceiveCount", "notificationType",
]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 99) | st.sampled_from(["*", "Allow", "Deny", "sqs:SendMessage"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("queue", "messageRetentionSeconds"), ("function", "timeout"), ("role", "inlinePolicies"),
        (TABLE_NAME, "replicas"), (TABLE_NAME, "attributes"), (f"{ALARM}-dead-letters", "threshold"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [[None], ["x"], {"x": None}, "x", "[null]", 1e300, True], ids=str)
def test_no_value_of_another_type_makes_a_rule_fail(name: str, key: str, value: object) -> None:
    """AWS or its provider rejects most of these with an error of its own."""
    graph = FOREIGN.graph()
    set_input(name, key, value)(graph)
    analyze(graph)


@profile_times(0.1, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_document_makes_a_rule_fail(data: st.DataObject) -> None:
    """AWS rejects most of these with an error of its own; a rule that fails on one would hide that error."""
    graph = graphs.without_components()
    for resource in graph:
        for key in ("policy", "redrivePolicy", "redriveAllowPolicy", "assumeRolePolicy", "filterPolicy"):
            if key in resource.inputs or key == "filterPolicy":
                document = data.draw(JSON)
                forms = [document, json.dumps(document), json.dumps(document)[:-1]]
                resource.inputs[key] = data.draw(st.sampled_from(forms))
    analyze(graph)
