"""Queues, their dead-letter queues and consumers, and the alarms on them."""

import json
from typing import Any

from policy.resource_types import (
    PIPE,
)
from tests.policy.analyzer import StackResource
from tests.policy.graph_changes import (
    ALARM,
    BASE,
    GraphChange,
    chain,
    copy_of,
    edit_json,
    remove_resource,
    resource_named,
    set_input,
)
from tests.policy.mutations.changes import (
    ACCOUNT,
)
from tests.policy.mutations.mutation import Mutation


def _share_dead_letter_queue(graph: list[StackResource]) -> None:
    dead_letter_queue = resource_named(graph, f"{BASE}-dead-letters")
    subscription = resource_named(graph, f"{BASE}-subscription")
    subscription.inputs["redrivePolicy"] = json.dumps({"deadLetterTargetArn": dead_letter_queue["arn"]})
    subscription.property_dependencies["redrivePolicy"] = [dead_letter_queue.name]


def _alarm_on_other_queue(graph: list[StackResource]) -> None:
    alarm, queue = resource_named(graph, f"{ALARM}-dead-letters"), resource_named(graph, "queue")
    alarm.inputs["dimensions"] = {"QueueName": queue["name"]}
    alarm.property_dependencies["dimensions"] = [queue.name]


def _filter_message_body(filter_policy: dict[str, Any]) -> GraphChange:
    def apply(graph: list[StackResource]) -> None:
        set_input("subscription", "filterPolicyScope", "MessageBody")(graph)
        set_input("subscription", "filterPolicy", json.dumps(filter_policy))(graph)

    return apply


def _add_mapping(**inputs: object) -> GraphChange:
    """Add an event source mapping of the queue, by default to a second function."""

    def apply(graph: list[StackResource]) -> None:
        other = copy_of(resource_named(graph, "mapping"), "second-mapping")
        function = copy_of(resource_named(graph, "function"), "second-function")
        other.property_dependencies["functionName"] = [function.name]
        other.inputs |= {"functionName": function["arn"], **inputs}
        graph += [function, other]

    return apply


def _add_pipe(graph: list[StackResource]) -> None:
    queue = resource_named(graph, "queue")
    inputs = {"source": queue["arn"], "target": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:mail"}
    graph.append(StackResource(type=PIPE, name="pipe", inputs=inputs, property_dependencies={"source": [queue.name]}))


def _add_pipe_instead(**inputs: object) -> GraphChange:
    """Let a pipe consume the queue, and no event source mapping."""

    def apply(graph: list[StackResource]) -> None:
        graph.remove(resource_named(graph, "mapping"))
        _add_pipe(graph)
        graph[-1].inputs |= inputs

    return apply


def _keep_undelivered_in_queue(graph: list[StackResource]) -> None:
    queue, subscription = resource_named(graph, "queue"), resource_named(graph, f"{BASE}-subscription")
    subscription.inputs["redrivePolicy"] = json.dumps({"deadLetterTargetArn": queue["arn"]})
    subscription.property_dependencies["redrivePolicy"] = [queue.name]


def _map_other_queue(graph: list[StackResource]) -> None:
    mapping, queue = resource_named(graph, "mapping"), resource_named(graph, "dead-letters")
    mapping.inputs["eventSourceArn"] = queue["arn"]
    mapping.property_dependencies["eventSourceArn"] = [queue.name]


MUTATIONS = (
    Mutation("the subscription has a dead-letter queue", "subscription-dead-letter-queue",
             set_input("subscription", "redrivePolicy", None), f"{BASE}-subscription"),
    Mutation("the subscription's dead-letter queue is its own", "subscription-dead-letter-queue",
             _share_dead_letter_queue, f"{BASE}-subscription"),
    Mutation("batch item failures are reported", "batch-item-failures-reported",
             set_input("mapping", "functionResponseTypes", []), f"{BASE}-mapping"),
    Mutation("no filter on attributes", "feedback-not-filtered",
             set_input("subscription", "filterPolicy", json.dumps({"notificationType": ["Bounce"]})),
             f"{BASE}-subscription"),
    Mutation("no filter on other fields", "feedback-not-filtered",
             _filter_message_body({"mail": {"source": ["a"]}}), f"{BASE}-subscription"),
    Mutation("the filter matches both notificationType and eventType", "feedback-not-filtered",
             _filter_message_body({"notificationType": ["Bounce"]}), f"{BASE}-subscription"),
    Mutation("no filter on the mapping", "feedback-not-filtered",
             set_input("mapping", "filterCriteria", {"filters": [{"pattern": "{}"}]}), f"{BASE}-mapping"),
    Mutation("the mapping is enabled", "feedback-not-filtered", set_input("mapping", "enabled", False),
             f"{BASE}-mapping"),
    Mutation("the queue has a dead-letter queue", "queue-dead-letter-queue", set_input("queue", "redrivePolicy", None)),
    Mutation("several attempts", "queue-minimum-receive-count",
             edit_json("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=2))),
    Mutation("the recommended number of attempts", "queue-recommended-receive-count",
             edit_json("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=4))),
    Mutation("attempts end before the message expires", "queue-retention-covers-retries",
             edit_json("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=9999))),
    Mutation("many attempts end before the message expires", "queue-retention-covers-retries",
             set_input("queue", "visibilityTimeoutSeconds", 700)),
    Mutation("dead letters are kept longer, not as long", "dead-letter-queue-retention",
             chain(set_input("queue", "messageRetentionSeconds", 1_209_600))),
    Mutation("an outage of hours makes no dead letters", "queue-retries-last",
             edit_json("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=5))),
    Mutation("dead letters are kept longer", "dead-letter-queue-retention",
             set_input("dead-letters", "messageRetentionSeconds", 300_000)),
    Mutation("dead letters are kept longer than by default", "dead-letter-queue-retention",
             set_input("dead-letters", "messageRetentionSeconds", None)),
    Mutation("the visibility timeout covers the function's timeout", "queue-visibility-timeout",
             set_input("queue", "visibilityTimeoutSeconds", 179), f"{BASE}-mapping"),
    Mutation("the visibility timeout is not the default", "queue-visibility-timeout",
             set_input("queue", "visibilityTimeoutSeconds", None), f"{BASE}-mapping"),
    Mutation("the visibility timeout covers the batching window", "queue-visibility-timeout",
             set_input("mapping", "maximumBatchingWindowInSeconds", 419), f"{BASE}-mapping"),
    Mutation("the redrive allow policy exists", "redrive-allow-policy-by-queue",
             remove_resource(f"{BASE}-redrive-allow-policy")),
    Mutation("the redrive allow policy is by queue", "redrive-allow-policy-by-queue",
             edit_json("redrive-allow-policy", "redriveAllowPolicy",
                       lambda policy: policy.update(redrivePermission="allowAll"))),
    Mutation("the redrive allow policy names the queue", "redrive-allow-policy-by-queue",
             edit_json("redrive-allow-policy", "redriveAllowPolicy",
                       lambda policy: policy.update(sourceQueueArns=["arn:aws:x"]))),
    Mutation("an alarm on the dead-letter queue", "dead-letter-queue-alarm", remove_resource(f"{ALARM}-dead-letters"),
             f"{BASE}-dead-letters"),
    Mutation("an alarm on the subscription dead-letter queue", "dead-letter-queue-alarm",
             remove_resource(f"{ALARM}-subscription-dead-letters"),
             f"{BASE}-subscription-dead-letters"),
    Mutation("an alarm on the right metric", "dead-letter-queue-alarm",
             set_input(f"{ALARM}-dead-letters", "metricName", "NumberOfMessagesSent"), f"{BASE}-dead-letters"),
    Mutation("an alarm with an action", "dead-letter-queue-alarm",
             set_input(f"{ALARM}-dead-letters", "alarmActions", None), f"{BASE}-dead-letters"),
    Mutation("an alarm with actions enabled", "dead-letter-queue-alarm",
             set_input(f"{ALARM}-dead-letters", "actionsEnabled", False), f"{BASE}-dead-letters"),
    Mutation("an alarm on the right queue", "dead-letter-queue-alarm", _alarm_on_other_queue, f"{BASE}-dead-letters"),
    Mutation("an alarm at the first message", "dead-letter-queue-alarm",
             set_input(f"{ALARM}-dead-letters", "threshold", 100), f"{BASE}-dead-letters"),
    Mutation("an alarm with the right comparison", "dead-letter-queue-alarm",
             set_input(f"{ALARM}-dead-letters", "comparisonOperator", "LessThanThreshold"), f"{BASE}-dead-letters"),
    Mutation("the queue has a consumer", "queue-has-consumer", remove_resource(f"{BASE}-mapping")),
    Mutation("no second function takes messages", "queue-single-consumer", _add_mapping()),
    Mutation("no function of another stack takes messages", "queue-single-consumer",
             _add_mapping(functionName="another-function")),
    Mutation("no pipe takes messages", "queue-single-consumer", _add_pipe),
    Mutation("large messages are accepted", "queue-accepts-full-messages", set_input("queue", "maxMessageSize", 1024)),
    Mutation("large messages can be dead letters", "queue-accepts-full-messages",
             set_input("dead-letters", "maxMessageSize", 262_143), f"{BASE}-dead-letters"),
    Mutation("large messages that were not delivered are kept", "queue-accepts-full-messages",
             set_input("subscription-dead-letters", "maxMessageSize", 65_536), f"{BASE}-subscription-dead-letters"),
    Mutation("the queue itself has a consumer", "queue-has-consumer", _map_other_queue),
    Mutation("the subscription's dead-letter queue is not its queue", "subscription-dead-letter-queue",
             _keep_undelivered_in_queue, f"{BASE}-subscription"),
    Mutation("a pipe runs", "queue-has-consumer", _add_pipe_instead(desiredState="STOPPED")),
    Mutation("a pipe has no filter", "queue-has-consumer",
             _add_pipe_instead(sourceParameters={"filterCriteria": {"filters": [{"pattern": "{}"}]}})),
)  # fmt: skip
