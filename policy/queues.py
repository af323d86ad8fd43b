"""Queues: a message that fails goes on to a dead-letter queue, in time, and is found there."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pulumi_policy import PolicyResource

from policy.path import ALARM, FUNCTION, QUEUE, REDRIVE_ALLOW_POLICY, FeedbackPath
from policy.rule import ADVISORY, COUNT, HIGH, LOW, MANDATORY, Config, Rule, Setting
from policy.wiring import items, known, linked, number, present

_SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide"
# What AWS takes where nothing is given (SQS and Lambda API references).
_RETENTION, _VISIBILITY, _TIMEOUT = 345_600, 30, 3


def _has_dead_letters(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    if not any(present(holder, "redrivePolicy") for holder in path.redrives(queue)):
        yield "it has no dead-letter queue: what fails is tried until it expires, and is lost."


def _attempts(queue: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    for holder in path.redrives(queue):
        if not present(holder, "redrivePolicy"):
            continue
        least, count = int(config["minimumReceiveCount"]), _policy(holder, "redrivePolicy").get("maxReceiveCount")
        if count is None or int(count) < least:
            yield f"maxReceiveCount is {count if count is None else int(count)}, at least {least} is right."


def _policy(resource: PolicyResource, key: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(known(resource, key))
    return found


def _outlives(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    source = number(queue, "messageRetentionSeconds", _RETENTION)
    for letters in path.dead_letters_of(queue):
        kept = number(letters, "messageRetentionSeconds", _RETENTION)
        if kept <= source:
            yield (
                f"its dead-letter queue {letters.name} keeps messages {kept} s, it itself {source} s; the dead-letter "
                "queue must keep them longer, since a message keeps the time at which it was first sent."
            )


def _visibility(mapping: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    factor, window = int(config["factor"]), number(mapping, "maximumBatchingWindowInSeconds", 0)
    for queue in linked(mapping, "eventSourceArn", path.queues):
        for function in linked(mapping, "functionName", path.of(FUNCTION)):
            timeout = number(function, "timeout", _TIMEOUT)
            least, given = factor * timeout + window, number(queue, "visibilityTimeoutSeconds", _VISIBILITY)
            if given < least:
                yield (
                    f"the visibility time-out of {queue.name} is {given} s; {factor} times the {timeout} s of "
                    f"{function.name} and the batching window of {window} s make {least} s."
                )


def _only_their_queue(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    for letters in path.dead_letters_of(queue):
        holders = [letters, *path.pointing(REDRIVE_ALLOW_POLICY, "queueUrl", letters)]
        allowed = [holder for holder in holders if present(holder, "redriveAllowPolicy")]
        if not allowed:
            yield f"its dead-letter queue {letters.name} takes messages of every queue of the account."
        for holder in allowed:
            if _policy(holder, "redriveAllowPolicy").get("redrivePermission") != "byQueue":
                yield f"the redrive permission of its dead-letter queue {letters.name} is not byQueue."


def _alarmed(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    for alarm in path.of(ALARM):
        if known(alarm, "metricName") == "ApproximateNumberOfMessagesVisible" and linked(alarm, "dimensions", [queue]):
            if not present(alarm, "alarmActions"):
                yield f"its alarm {alarm.name} notifies nobody."
            return
        if any(_queried(query) for query in items(known(alarm, "metricQueries"))) and linked(
            alarm, "metricQueries", [queue]
        ):
            return
    yield "no alarm on ApproximateNumberOfMessagesVisible watches this dead-letter queue."


def _queried(query: Any) -> bool:  # noqa: ANN401 - JSON
    metric = query.get("metric") or {}
    return bool(metric.get("metricName") == "ApproximateNumberOfMessagesVisible")


RULES: Sequence[Rule] = (
    Rule(
        name="queue-has-dead-letters", severity=HIGH, level=MANDATORY, looks_at="queues",
        says="A queue of feedback has a dead-letter queue.",
        fix="Give the queue a redrive policy; it is the only exit, an event source mapping of SQS has none.",
        url=f"{_SQS}/sqs-dead-letter-queues.html",
        subjects=lambda path: path.queues, problems=_has_dead_letters,
    ),
    Rule(
        name="queue-tries-again", severity=HIGH, level=MANDATORY, looks_at="queues",
        says="A message is tried several times before it becomes a dead letter.",
        fix="Raise maxReceiveCount: throttling and a short outage count as attempts, too.",
        url="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
        subjects=lambda path: path.queues, problems=_attempts,
        settings={"minimumReceiveCount": Setting(3, "The fewest attempts.", COUNT)},
    ),
    Rule(
        name="queue-tries-often", severity=LOW, level=ADVISORY, looks_at="queues",
        says="A message is tried as often as AWS advises before it becomes a dead letter.",
        fix="Raise maxReceiveCount to what the guide of Lambda advises.",
        url="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
        subjects=lambda path: path.queues, problems=_attempts,
        settings={"minimumReceiveCount": Setting(5, "The fewest attempts.", COUNT)},
    ),
    Rule(
        name="dead-letters-outlive-their-queue", severity=HIGH, level=MANDATORY, looks_at="queues",
        says="A dead-letter queue keeps messages longer than the queue they come from.",
        fix="Keep dead letters 14 days (1209600 s), the most that SQS does, and messages less.",
        url=f"{_SQS}/sqs-dead-letter-queues.html",
        subjects=lambda path: path.queues, problems=_outlives,
    ),
    Rule(
        name="visibility-covers-the-function", severity=HIGH, level=MANDATORY, looks_at="mappings",
        says="A message stays hidden for six times the function's time-out, and the batching window.",
        fix="Raise visibilityTimeoutSeconds, or shorten the function's time-out.",
        url="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
        subjects=lambda path: path.mappings, problems=_visibility,
        settings={"factor": Setting(6, "So many times the function's time-out.", COUNT)},
    ),
    Rule(
        name="dead-letters-are-of-one-queue", severity=LOW, level=ADVISORY, looks_at="queues",
        says="A dead-letter queue takes messages of its own queue only.",
        fix="Give it a redrive allow policy: byQueue, with the ARN of the queue.",
        url=f"{_SQS}/sqs-dead-letter-queues.html",
        subjects=lambda path: path.queues, problems=_only_their_queue,
    ),
    Rule(
        name="dead-letters-are-watched", severity=HIGH, level=MANDATORY, looks_at="dead-letter queues",
        says="An alarm watches every dead-letter queue.",
        fix="Alarm on ApproximateNumberOfMessagesVisible of the queue, at 1 or more, and notify somebody.",
        url=f"{_SQS}/dead-letter-queues-alarms-cloudwatch.html",
        subjects=lambda path: [one for one in path.of(QUEUE) if one in [*path.dead_letters, *path.undelivered]],
        problems=_alarmed,
    ),
)  # fmt: skip
