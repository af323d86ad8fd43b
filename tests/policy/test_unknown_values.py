"""What is unknown in a preview: never a violation by itself, judged in the update, and listed once."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.pack import RULES
from policy.resource_types import KEY, QUEUE, TABLE, TOPIC
from policy.rule import ADVISORY, MANDATORY
from tests.policy import graphs
from tests.policy.analyzer import Diagnostic, StackResource, analyze
from tests.policy.graph_changes import BASE, add_statement, resource_named
from tests.policy.programs import FOREIGN, OWN, OWN_WITH_KEYS, PROGRAMS, Program
from tests.properties import profile_times
from tests.recorder import ACCOUNT


def test_one_unknown_value_does_not_silence_a_rule() -> None:
    graph = graphs.one_source()
    resource_named(graph, f"{BASE}-queue").inputs["messageRetentionSeconds"] = UNKNOWN_STRING_VALUE
    resource_named(graph, f"{BASE}-dead-letters").inputs["messageRetentionSeconds"] = 60
    complaint_base = BASE.replace("bounce", "complaint")
    resource_named(graph, f"{complaint_base}-dead-letters").inputs["messageRetentionSeconds"] = 60
    shown: list[str] = []
    (diagnostic,) = analyze(graph, preview=True, shown=shown)
    assert (diagnostic.rule, diagnostic.resource) == ("dead-letter-queue-retention", f"{complaint_base}-queue")
    assert shown[1:] == [
        f"judged at up: {rule} (Queue {BASE}-queue)"
        for rule in ("queue-retention-covers-retries", "queue-retries-last", "dead-letter-queue-retention")
    ]


@pytest.mark.parametrize("program", PROGRAMS, ids=[program.name for program in PROGRAMS])
def test_literal_arns_of_resources_that_do_not_exist_yet_are_no_violation(program: Program) -> None:
    """As in a program that fills ARNs with names, account id and Region: only what AWS returns is unknown."""
    graph = program.graph()
    for resource in graph:
        returned = {key: UNKNOWN_STRING_VALUE for key in resource.outputs if key not in KNOWN_BEFORE_CREATION}
        resource.outputs |= returned
        if resource.type != KEY:  # its ARN holds an id that no program can write
            resource.property_dependencies = {}
    assert not violations(graph)


KNOWN_BEFORE_CREATION = ("name", "keyId")
"""Outputs that other resources are found by: a name is generated before the resource is created."""


def violations(graph: list[StackResource]) -> list[Diagnostic]:
    """The mandatory violations that a preview reports."""
    return [diagnostic for diagnostic in analyze(graph, preview=True) if diagnostic.level is MANDATORY]


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a value, and each value inside of it, stands."""
    if place:
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*place, key))


def forget(resource: StackResource, place: tuple[Any, ...]) -> None:
    """Make a value unknown, unless one around it is."""
    container: Any = vars(resource)
    for key in place[:-1]:
        container = container[key]
        if container == UNKNOWN_STRING_VALUE:
            return
    container[place[-1]] = UNKNOWN_STRING_VALUE


REFERENCES = {
    "topicArn", "eventDestination", "topic", "endpoint", "redrivePolicy", "queueUrl", "eventSourceArn", "functionName",
    "role", "roleName", "policyArn", "policyArns", "loggingConfig", "environment", "dimensions", "arn", "keyId",
    "kmsMasterKeyId", "alarmActions", "redriveAllowPolicy", "identity", "configurationSetName", "policy",
}  # fmt: skip
"""The properties by which resources refer to each other."""


@pytest.mark.parametrize("key", sorted(REFERENCES))
def test_a_reference_that_is_unknown_may_be_the_one_that_a_rule_misses(key: str) -> None:
    """As of a value from another stack or another provider, which depends on no resource of AWS."""
    for program in (OWN_WITH_KEYS, FOREIGN):
        graph = program.graph()
        for resource in graph:
            if key in resource.inputs:
                resource.inputs[key] = UNKNOWN_STRING_VALUE
                resource.property_dependencies.pop(key, None)
        assert not violations(graph)


@profile_times(0.2, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_unknown_value_makes_a_right_stack_violate_a_rule(data: st.DataObject) -> None:
    """Not proved: that a stack with a fault has it reported at up (the table of mutations shows that)."""
    graph = data.draw(st.sampled_from(PROGRAMS)).graph()
    candidates = [
        (resource, place)
        for resource in graph
        for place in places({"inputs": resource.inputs, "outputs": resource.outputs})
        if len(place) > 1 and place[1] not in KNOWN_BEFORE_CREATION
    ]
    keeps_dependencies = data.draw(st.booleans())
    for index in data.draw(st.lists(st.integers(0, len(candidates) - 1), min_size=1, max_size=60)):
        resource, place = candidates[index]
        forget(resource, place)
        if not keeps_dependencies:  # as of a value from another stack or another provider
            resource.property_dependencies.pop(place[1], None)
    assert not violations(graph)


def test_a_run_ends_with_what_was_judged() -> None:
    shown: list[str] = []
    graph = OWN.graph()
    assert analyze(graph, shown=shown) == []
    always = [rule for rule in RULES if rule.is_on({})]
    assert shown == [f"ses-feedback: 4 sources, 4 ways, {len(always)} rules"]
    shown.clear()
    off = always[0].name
    analyze(graph, {off: {"enforcementLevel": "disabled"}, "required-tags": {"tags": ["project"]}}, shown=shown)
    assert shown == [f"ses-feedback: 4 sources, 4 ways, {len(always)} rules"]
    shown.clear()
    graph.remove(resource_named(graph, f"{BASE}-subscription"))
    analyze(graph, shown=shown)
    assert shown[0].startswith("ses-feedback: 4 sources, 2 ways, 2 incomplete, ")
    shown.clear()
    resource_named(graph, f"{BASE}-subscription".replace("bounce", "complaint")).inputs["endpoint"] = ELSEWHERE
    analyze(graph, shown=shown)
    assert shown[0].startswith("ses-feedback: 4 sources, 2 ways, 2 outside of this stack at its end, 2 incomplete, ")
    assert sorted(line.rsplit(" -> ")[-1] for line in shown[1:5]) == [
        *["missing: a subscription to a queue or a function"] * 2, *["outside of this stack"] * 2
    ]  # fmt: skip
    assert all(line.startswith("way: ") for line in shown[1:5])


ELSEWHERE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:elsewhere"


def test_nothing_found_is_said_and_is_no_violation() -> None:
    queue = StackResource(type=QUEUE, name="jobs", inputs={})
    topic = StackResource(type=TOPIC, name="alarms", inputs={})
    shown: list[str] = []
    (diagnostic,) = analyze([queue, topic], shown=shown)
    assert (diagnostic.rule, diagnostic.level) == ("feedback-way-found", ADVISORY)
    assert "Looked for: a notification topic of an identity, or an event destination" in diagnostic.message
    assert "Found: 1 Queue, 1 Topic." in diagnostic.message
    assert shown[0].startswith("ses-feedback: 0 sources, 0 ways, ")
    assert analyze([StackResource(type=TABLE, name="jobs", inputs={})]) == []


def test_a_stop_names_the_resource_at_fault_and_the_one_that_is_not_created() -> None:
    """The engine itself names only the latter."""
    graph = graphs.one_source()
    add_statement("queue-policy", Principal="*", Action="sqs:ReceiveMessage")(graph)
    (stop,) = [diagnostic for diagnostic in analyze(graph) if diagnostic.stopped_resource]
    assert stop.resource == f"{BASE}-queue"
    assert f"Queue {BASE}-queue: In the queue's policy, statement without Sid gives access to *" in stop.message
    assert stop.message.endswith(f" Stopped before IdentityNotificationTopic {stop.stopped_resource} is created.")
