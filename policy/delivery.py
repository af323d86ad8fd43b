"""Delivery: from the topic to the queue, and from the queue to the function, nothing is dropped."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import PolicyResource

from policy.path import (
    CLASSIC_DESTINATION,
    EVENT_DESTINATION,
    FEEDBACK,
    IDENTITY_TOPIC,
    MAPPING,
    FeedbackPath,
    kinds,
)
from policy.rule import CRITICAL, HIGH, MANDATORY, Config, Rule
from policy.wiring import document, items, known, linked, present

_FIELDS = {IDENTITY_TOPIC: "notificationType", EVENT_DESTINATION: "eventType", CLASSIC_DESTINATION: "eventType"}
"""Where each type of source says in the message what kind of notification it is."""


def _own_dead_letters(subscription: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    if not present(subscription, "redrivePolicy"):
        yield "it has no dead-letter queue: SNS drops what the queue refuses, without trying again."
    for shared in linked(subscription, "redrivePolicy", path.dead_letters):
        yield f"it shares {shared.name} with the function: SQS cannot move messages of a subscription back."


def _batch_failures(mapping: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    if "ReportBatchItemFailures" not in items(known(mapping, "functionResponseTypes")):
        yield "it does not report batch item failures: one message that fails takes its batch with it."


def _drops(one: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    if one.resource_type == MAPPING:
        if items(known(one, "filterCriteria", "filters")):
            yield "it has filter criteria: what does not fit is deleted from the queue."
        if known(one, "enabled") is False:
            yield "it is disabled: what waits in the queue expires."
        return
    given = document(known(one, "filterPolicy"))
    if given and known(one, "filterPolicyScope") != "MessageBody":
        yield "its filter policy asks for message attributes, and SES documents none: nothing is delivered."
    elif set(given) - set(_FIELDS.values()):
        yield f"its filter policy asks for {', '.join(sorted(given))}: what has other values is dropped."
    elif given and not path.growing:
        yield from _lost(one, path)


def _lost(one: PolicyResource, path: FeedbackPath) -> Iterator[str]:
    """What its topic is sent and no subscription takes; each may take a part."""
    for topic in linked(one, "topic", path.topics):
        takers = [each for each in path.subscriptions if linked(each, "topic", [topic])]
        sources = [source for source in path.sources if topic in path.topics_of(source)]
        sent = {(_FIELDS[source.resource_type], kind) for source in sources for kind in kinds(source) & FEEDBACK}
        for field, kind in sorted(sent):
            if not any(_takes(document(known(each, "filterPolicy")), field, kind.title()) for each in takers):
                yield f"no subscription of {topic.name} takes what has {field} {kind.title()}."


def _takes(filters: Mapping[str, Any], field: str, kind: str) -> bool:
    if not filters:
        return True
    wanted = items(filters.get(field)) if set(filters) == {field} else []
    return any(
        kind not in items(one.get("anything-but")) if isinstance(one, Mapping) else one == kind for one in wanted
    )


RULES: Sequence[Rule] = (
    Rule(
        name="subscription-has-dead-letters", severity=HIGH, level=MANDATORY, looks_at="subscriptions",
        says="A subscription has a dead-letter queue of its own.",
        fix="Give it a redrive policy with a queue that nothing else uses.",
        url="https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html",
        subjects=lambda path: path.subscriptions, problems=_own_dead_letters, early=True,
    ),
    Rule(
        name="mapping-reports-failures", severity=HIGH, level=MANDATORY, looks_at="mappings",
        says="An event source mapping reports the failures of single messages.",
        fix="Set functionResponseTypes to ReportBatchItemFailures, and answer with the messages that failed.",
        url="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html",
        subjects=lambda path: path.mappings, problems=_batch_failures, early=True,
    ),
    Rule(
        name="nothing-is-filtered-out", severity=CRITICAL, level=MANDATORY, looks_at="subscriptions and mappings",
        says="No filter drops feedback; a filter of a subscription may share kinds of feedback out.",
        fix="Take the filter away, or filter the message body by notificationType or eventType, with every kind taken.",
        url="https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html",
        subjects=lambda path: [*path.subscriptions, *path.mappings], problems=_drops, early=True,
    ),
)  # fmt: skip
