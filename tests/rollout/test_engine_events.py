"""What is read from events of the engine. That the engine writes such events, tests/engine proves."""

from typing import Any

from pulumi.automation import EngineEvent

from rollout.deployer import LostResource
from rollout.engine_events import TABLE_TYPES, EventCollector

QUEUE_TYPE, ROLE_TYPE = "aws:sqs/queue:Queue", "aws:iam/role:Role"


def step_event(operation: str, name: str, type_: str = QUEUE_TYPE, event: str = "resourcePreEvent") -> EngineEvent:
    urn = f"urn:pulumi:dev::ses-feedback::ses-feedback:index:FeedbackPipeline${type_}::{name}"
    metadata = {"op": operation, "urn": urn, "type": type_, "provider": ""}
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, event: {"metadata": metadata}})


def other_event(**event: Any) -> EngineEvent:
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, **event})


def collect(*events: EngineEvent) -> EventCollector:
    activities: list[str] = []
    collector = EventCollector(activities.append)
    for event in events:
        collector(event)
    assert bool(activities) == bool(collector.changes().changed_names)
    return collector


def test_resources_are_counted_once_each_without_pulumis_own() -> None:
    changes = collect(
        step_event("create", "stack", "pulumi:pulumi:Stack"),
        step_event("create", "a"),
        step_event("create", "a", event="resOutputsEvent"),
        step_event("update", "b"),
        step_event("same", "c"),
    ).changes()
    assert changes.counts == {"create": 1, "update": 1, "same": 1}
    assert changes.changed_names == ("a", "b")
    assert changes.lost_resources == ()


def test_a_replacement_is_one_change_in_whatever_order_its_steps_come() -> None:
    for steps in (
        ["create-replacement", "replace", "delete-replaced"],
        ["delete-replaced", "replace", "create-replacement"],
    ):
        changes = collect(*(step_event(operation, "q") for operation in steps)).changes()
        assert changes.counts == {"replace": 1}
        assert changes.lost_resources == (LostResource("replace", "q"),)


def test_only_what_holds_data_is_lost() -> None:
    deleted_resources = [
        ("t", "aws:dynamodb/table:Table"),
        ("k", "aws:kms/key:Key"),
        ("n", "aws:sns/topic:Topic"),
        ("q", QUEUE_TYPE),
        ("r", ROLE_TYPE),
    ]
    changes = collect(*(step_event("delete", name, type_) for name, type_ in deleted_resources)).changes()
    assert changes.lost_resources == tuple(LostResource("delete", name) for name in "tknq")
    assert changes.counts == {"delete": 5}


def test_a_resource_that_drifted_is_a_change_and_one_that_was_only_read_is_not() -> None:
    changes = collect(
        step_event("refresh", "a"),
        step_event("same", "a", event="resOutputsEvent"),
        step_event("refresh", "b"),
        step_event("update", "b", event="resOutputsEvent"),
        step_event("refresh", "c"),
        step_event("delete", "c", ROLE_TYPE, event="resOutputsEvent"),
    ).changes()
    assert changes.changed_names == ("b", "c")


def test_errors_and_mandatory_violations_are_kept_once_with_the_resource() -> None:
    urn = f"urn:pulumi:dev::ses-feedback::{QUEUE_TYPE}::q"
    violation = {
        "message": "it has no dead-letter queue",
        "color": "never",
        "policyName": "dead-letter-queue",
        "policyPackName": "ses-feedback",
        "policyPackVersion": "1",
        "policyPackVersionTag": "",
        "resourceUrn": urn,
    }
    diagnostic = {
        "message": "<{%reset%}>no bucket<{%reset%}>\n",
        "color": "never",
        "severity": "error",
        "urn": urn,
    }
    collector = collect(
        other_event(policyEvent=violation | {"enforcementLevel": "mandatory"}),
        other_event(policyEvent=violation | {"enforcementLevel": "advisory", "policyName": "taste"}),
        other_event(diagnosticEvent=diagnostic),
        other_event(diagnosticEvent=diagnostic),
        other_event(diagnosticEvent=diagnostic | {"severity": "warning", "message": "old"}),
        other_event(
            diagnosticEvent={**diagnostic, "urn": "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev", "message": "bad"}
        ),
    )
    assert collector.errors == [
        "q: policy dead-letter-queue: it has no dead-letter queue",
        "q: no bucket",
        "bad",
    ]


def test_each_resource_that_changes_is_one_step_with_the_paths_of_its_properties() -> None:
    def with_diff(event: EngineEvent, **diff: Any) -> EngineEvent:
        metadata = event.resource_pre_event and event.resource_pre_event.metadata
        assert metadata
        metadata.diffs, metadata.detailed_diff = diff.get("diffs"), diff.get("detailed_diff")
        return event

    changes = collect(
        step_event("create", "stack", "pulumi:pulumi:Stack"),
        step_event("create", "a"),
        with_diff(step_event("update", "b"), diffs=["tags"], detailed_diff={"tags.owner": None, "policy": None}),
        step_event("update", "b", event="resOutputsEvent"),
        with_diff(step_event("replace", "c"), diffs=["name"]),
        step_event("create-replacement", "c"),
        step_event("same", "d"),
    ).changes()
    steps = [(step.operation, step.urn.rpartition("::")[2], step.properties) for step in changes.steps]
    assert steps == [("create", "a", ()), ("update", "b", ("policy", "tags.owner")), ("replace", "c", ("name",))]
    assert str(changes.steps[1]) == "update b (policy, tags.owner)"


def test_of_a_stack_that_is_destroyed_only_its_tables_are_lost() -> None:
    collector = EventCollector(lambda _: None, TABLE_TYPES)
    for name, type_ in (("t", "aws:dynamodb/table:Table"), ("q", QUEUE_TYPE), ("k", "aws:kms/key:Key")):
        collector(step_event("delete", name, type_))
    assert collector.changes().lost_resources == (LostResource("delete", "t"),)
    assert collector.changes().counts == {"delete": 3}
