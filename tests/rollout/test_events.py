"""What the engine's events amount to. Events as the engine writes them; that it writes these, tests/engine proves."""

from typing import Any

from pulumi.automation import EngineEvent

from rollout.events import Seen

QUEUE, ROLE = "aws:sqs/queue:Queue", "aws:iam/role:Role"


def step(op: str, name: str, type_: str = QUEUE, event: str = "resourcePreEvent") -> EngineEvent:
    urn = f"urn:pulumi:dev::ses-feedback::ses-feedback:index:FeedbackPipeline${type_}::{name}"
    metadata = {"op": op, "urn": urn, "type": type_, "provider": ""}
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, event: {"metadata": metadata}})


def other(**event: Any) -> EngineEvent:  # as the engine writes them
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, **event})


def seen(*events: EngineEvent) -> Seen:
    told: list[str] = []
    found = Seen(told.append)
    for event in events:
        found(event)
    assert bool(told) == bool(found.changes().names)
    return found


def test_resources_are_counted_once_each_without_pulumis_own() -> None:
    changes = seen(
        step("create", "stack", "pulumi:pulumi:Stack"),
        step("create", "a"),
        step("create", "a", event="resOutputsEvent"),
        step("update", "b"),
        step("same", "c"),
    ).changes()
    assert changes.counts == {"create": 1, "update": 1, "same": 1}
    assert changes.names == ("a", "b")
    assert changes.lost == ()


def test_a_replacement_is_one_change_in_whatever_order_its_steps_come() -> None:
    for steps in (
        ["create-replacement", "replace", "delete-replaced"],
        ["delete-replaced", "replace", "create-replacement"],
    ):
        changes = seen(*(step(op, "q") for op in steps)).changes()
        assert changes.counts == {"replace": 1}
        assert changes.lost == ("replace q",)


def test_only_what_holds_data_is_lost() -> None:
    deleted = [
        ("t", "aws:dynamodb/table:Table"),
        ("k", "aws:kms/key:Key"),
        ("n", "aws:sns/topic:Topic"),
        ("q", QUEUE),
        ("r", ROLE),
    ]
    changes = seen(*(step("delete", name, type_) for name, type_ in deleted)).changes()
    assert changes.lost == ("delete t", "delete k", "delete n", "delete q")
    assert changes.counts == {"delete": 5}


def test_a_resource_that_drifted_is_a_change_and_one_that_was_only_read_is_not() -> None:
    changes = seen(
        step("refresh", "a"),
        step("same", "a", event="resOutputsEvent"),
        step("refresh", "b"),
        step("update", "b", event="resOutputsEvent"),
        step("refresh", "c"),
        step("delete", "c", ROLE, event="resOutputsEvent"),
    ).changes()
    assert changes.names == ("b", "c")


def test_errors_and_mandatory_violations_are_told_once_with_the_resource() -> None:
    urn = f"urn:pulumi:dev::ses-feedback::{QUEUE}::q"
    policy = {
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
    found = seen(
        other(policyEvent=policy | {"enforcementLevel": "mandatory"}),
        other(policyEvent=policy | {"enforcementLevel": "advisory", "policyName": "taste"}),
        other(diagnosticEvent=diagnostic),
        other(diagnosticEvent=diagnostic),
        other(diagnosticEvent=diagnostic | {"severity": "warning", "message": "old"}),
        other(diagnosticEvent={**diagnostic, "urn": "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev", "message": "bad"}),
    )
    assert found.errors == [
        "q: policy dead-letter-queue: it has no dead-letter queue",
        "q: no bucket",
        "bad",
    ]
