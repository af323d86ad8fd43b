"""Rules on the delivery from topic to queue and from queue to function: no message is dropped."""

from collections.abc import Iterator, Mapping, Sequence

from pulumi_policy import PolicyResource

from policy.feedback_path import FeedbackPath
from policy.properties import as_list, as_object, is_false, is_set, read_integer, read_property
from policy.references import referenced_by
from policy.resource_types import (
    CLASSIC_EVENT_DESTINATION,
    EVENT_DESTINATION,
    EVENT_SOURCE_MAPPING,
    IDENTITY_TOPIC,
    SUBSCRIPTION,
    TOPIC,
)
from policy.rule import CRITICAL, HIGH, MANDATORY, Config, Rule
from policy.sources import FEEDBACK_TYPES, notification_types

_TYPE_FIELDS = {
    IDENTITY_TOPIC: "notificationType", EVENT_DESTINATION: "eventType", CLASSIC_EVENT_DESTINATION: "eventType",
}  # fmt: skip
"""The field of the message that holds the type of notification, by type of source."""

_SNS_MESSAGE_BYTES = 262_144
"""The largest message of SNS, 256 KiB, unless a topic allows more (API reference of SNS, Publish)."""


def _check_subscription_dead_letter_queue(subscription: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    if not is_set(subscription, "redrivePolicy"):
        yield (
            "The subscription has no dead-letter queue: SNS drops a message that the queue refuses, and its feedback "
            "is lost."
        )
    for queue in referenced_by(subscription, "redrivePolicy", path.queues):
        yield (
            f"The subscription's dead-letter queue {queue.name} is a queue that feedback is delivered to: it refuses "
            "the message again, and its feedback is lost."
        )
    for shared_queue in referenced_by(subscription, "redrivePolicy", path.dead_letter_queues):
        yield (
            f"The subscription shares its dead-letter queue {shared_queue.name} with a queue: SQS cannot move messages "
            "of a subscription back."
        )


def _check_batch_item_failures(mapping: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    if "ReportBatchItemFailures" not in as_list(read_property(mapping, "functionResponseTypes")):
        yield (
            "The mapping does not report batch item failures: one message that fails makes the whole batch fail, and "
            "all of it can end in the dead-letter queue."
        )


def _check_filters(resource: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    if resource.resource_type == EVENT_SOURCE_MAPPING:
        yield from _check_mapping(resource, path)
        return
    filter_policy = as_object(read_property(resource, "filterPolicy"))
    if filter_policy and read_property(resource, "filterPolicyScope") != "MessageBody":
        yield "The filter policy matches message attributes, and SES documents none: no feedback is delivered."
    elif set(filter_policy) - set(_TYPE_FIELDS.values()):
        yield f"The filter policy matches {', '.join(sorted(filter_policy))}: SNS drops feedback with other values."
    elif filter_policy and not path.is_incomplete:
        yield from _find_undelivered_types(resource, path)


def _check_mapping(mapping: PolicyResource, path: FeedbackPath) -> Iterator[str]:
    if as_list(read_property(mapping, "filterCriteria", "filters")):
        yield "The mapping has filter criteria: Lambda deletes the messages that do not match, and feedback is lost."
    if read_property(mapping, "enabled") is False and not _has_enabled_mapping(mapping, path):
        yield "The mapping is disabled: the messages in the queue expire, and feedback is lost."


def _has_enabled_mapping(mapping: PolicyResource, path: FeedbackPath) -> bool:
    """Whether another mapping of the same queue is, or may be, enabled."""
    queues = referenced_by(mapping, "eventSourceArn", path.queues)
    return any(not is_false(other, "enabled") for queue in queues for other in path.mappings_of(queue))


def _find_undelivered_types(subscription: PolicyResource, path: FeedbackPath) -> Iterator[str]:
    """The types of feedback that are published to a topic and that none of its subscriptions delivers."""
    for topic in referenced_by(subscription, "topic", path.topics):
        subscriptions = [other for other in path.subscriptions if referenced_by(other, "topic", [topic])]
        published = {
            (_TYPE_FIELDS[source.resource_type], notification_type)
            for source in path.notification_sources
            if topic in path.topics_of(source)
            for notification_type in notification_types(source) & FEEDBACK_TYPES
        }
        for field, notification_type in sorted(published):
            value = notification_type.title()
            if not any(_delivers(other, field, value) for other in subscriptions):
                yield f"No subscription of {topic.name} delivers messages with {field} {value}: SNS drops them."


def _delivers(subscription: PolicyResource, field: str, value: str) -> bool:
    """Whether a subscription delivers every message with this value; a condition on another field could prevent it."""
    filter_policy = as_object(read_property(subscription, "filterPolicy"))
    if not filter_policy:
        return True
    conditions = as_list(filter_policy.get(field)) if set(filter_policy) == {field} else []
    return any(
        value not in as_list(condition.get("anything-but")) if isinstance(condition, Mapping) else condition == value
        for condition in conditions
    )


def _check_message_size(queue: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    size = read_integer(queue, "maxMessageSize", _SNS_MESSAGE_BYTES)
    if size < _SNS_MESSAGE_BYTES:
        yield (
            f"maxMessageSize is {size} bytes, less than the {_SNS_MESSAGE_BYTES} that SNS may deliver: SQS refuses a "
            "larger message, and its feedback is lost."
        )


RULES: Sequence[Rule] = (
    Rule(
        name="subscription-dead-letter-queue", severity=HIGH, level=MANDATORY, before_creation=True,
        applies_to="subscriptions",
        description="A subscription has a dead-letter queue of its own.",
        remediation="Set a redrivePolicy with a queue that nothing else uses.",
        url="https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html",
        select=lambda path: path.subscriptions, check=_check_subscription_dead_letter_queue,
    ),
    Rule(
        name="queue-accepts-full-messages", severity=HIGH, level=MANDATORY, before_creation=True,
        applies_to="queues and dead-letter queues",
        description="A queue accepts every message that SNS may deliver.",
        remediation=f"Set maxMessageSize to {_SNS_MESSAGE_BYTES} at least, or do not set it.",
        url="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-quotas.html",
        select=lambda path: path.all_queues, check=_check_message_size,
    ),
    Rule(
        name="batch-item-failures-reported", severity=HIGH, level=MANDATORY, before_creation=True,
        applies_to="event source mappings",
        description="An event source mapping uses partial batch responses.",
        remediation="Set functionResponseTypes to ReportBatchItemFailures, and return the messages that failed.",
        url="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html",
        select=lambda path: path.event_source_mappings, check=_check_batch_item_failures,
    ),
    Rule(
        name="feedback-not-filtered", severity=CRITICAL, level=MANDATORY, before_creation=True,
        applies_to="subscriptions and event source mappings",
        description="No filter drops feedback; filters may distribute bounces and complaints to several subscriptions.",
        remediation="Remove the filter, or match notificationType or eventType in the message body, with a "
        "subscription for every type; enable the mapping.",
        url="https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html",
        relies_on=[(SUBSCRIPTION, "topic", TOPIC)],
        select=lambda path: [*path.subscriptions, *path.event_source_mappings], check=_check_filters,
    ),
)  # fmt: skip
