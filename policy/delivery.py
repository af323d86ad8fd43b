"""Delivery: from the topic to the queue, and from the queue to the function, nothing is dropped."""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.path import FeedbackPath
from policy.rule import HIGH, MANDATORY, Config, Rule
from policy.wiring import items, known, linked, present


def _own_dead_letters(subscription: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    if not present(subscription, "redrivePolicy"):
        yield "it has no dead-letter queue: SNS drops what the queue refuses, without trying again."
    for shared in linked(subscription, "redrivePolicy", path.dead_letters):
        yield f"it shares {shared.name} with the function: SQS cannot move messages of a subscription back."


def _batch_failures(mapping: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    if "ReportBatchItemFailures" not in items(known(mapping, "functionResponseTypes")):
        yield "it does not report batch item failures: one message that fails takes its batch with it."


RULES: Sequence[Rule] = (
    Rule(
        name="subscription-has-dead-letters", severity=HIGH, level=MANDATORY, looks_at="subscriptions",
        says="A subscription has a dead-letter queue of its own.",
        fix="Give it a redrive policy with a queue that nothing else uses.",
        url="https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html",
        subjects=lambda path: path.subscriptions, problems=_own_dead_letters,
    ),
    Rule(
        name="mapping-reports-failures", severity=HIGH, level=MANDATORY, looks_at="mappings",
        says="An event source mapping reports the failures of single messages.",
        fix="Set functionResponseTypes to ReportBatchItemFailures, and answer with the messages that failed.",
        url="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html",
        subjects=lambda path: path.mappings, problems=_batch_failures,
    ),
)  # fmt: skip
