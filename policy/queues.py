"""Queues: a message that fails goes on to a dead-letter queue, in time, and is found there."""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.path import ALARM, QUEUE, REDRIVE_ALLOW_POLICY, FeedbackPath, Resources
from policy.rule import ADVISORY, COUNT, HIGH, LOW, MANDATORY, Config, Rule, Setting
from policy.wiring import document, items, known, linked, number, present

_SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide"
# What AWS takes where nothing is given (SQS and Lambda API references).
_RETENTION, _VISIBILITY, _TIMEOUT = 345_600, 30, 3
_METRIC = "ApproximateNumberOfMessagesVisible"


def _has_dead_letters(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    if not any(present(holder, "redrivePolicy") for holder in path.redrives(queue)):
        yield "it has no dead-letter queue: what fails is tried until it expires, and is lost."


def _attempts(queue: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    least = int(config["minimumReceiveCount"])
    for count in _counts(queue, path):
        if count < least:
            yield f"maxReceiveCount is {count}, at least {least} is right."


def _counts(queue: PolicyResource, path: FeedbackPath) -> list[int]:
    given = [document(known(holder, "redrivePolicy")) for holder in path.redrives(queue)]
    counts = [str(one.get("maxReceiveCount", 0)).removesuffix(".0") for one in given if one]
    return [int(count) if count.isdecimal() else 0 for count in counts]


def _in_time(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    kept = number(queue, "messageRetentionSeconds", _RETENTION)
    for count in _counts(queue, path):
        took = count * number(queue, "visibilityTimeoutSeconds", _VISIBILITY)
        if took >= kept:
            yield f"{count} attempts, each with the visibility time-out, take {took} s; it keeps messages {kept} s."


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
        for function in path.called([mapping], "functionName"):
            timeout = number(function, "timeout", _TIMEOUT)
            least, given = factor * timeout + window, number(queue, "visibilityTimeoutSeconds", _VISIBILITY)
            if given < least:
                yield (
                    f"the visibility time-out of {queue.name} is {given} s; {factor} times the {timeout} s of "
                    f"{function.name} and the batching window of {window} s make {least} s."
                )


def _only_their_queue(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    for letters in path.dead_letters_of(queue):
        holders = path.holders(letters, REDRIVE_ALLOW_POLICY, "queueUrl", "redriveAllowPolicy")
        allowed = [holder for holder in holders if present(holder, "redriveAllowPolicy")]
        if not allowed:
            yield f"its dead-letter queue {letters.name} takes messages of every queue of the account."
        for holder in allowed:
            if not linked(holder, "redriveAllowPolicy", [queue]):
                yield f"the redrive permission of its dead-letter queue {letters.name} does not name it."
            if document(known(holder, "redriveAllowPolicy")).get("redrivePermission") != "byQueue":
                yield f"the redrive permission of its dead-letter queue {letters.name} is not byQueue."


def _last(path: FeedbackPath) -> Resources:
    """Where nothing takes messages from: the dead-letter queues of queues and of subscriptions."""
    return [one for one in path.of(QUEUE) if one in [*path.dead_letters, *path.subscription_dead_letters]]


def _alarmed(queue: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    watching = {one.urn: [alarm for alarm in path.of(ALARM) if _watches(alarm, one)] for one in _last(path)}
    deaf = {alarm.urn: list(_deaf(alarm, int(config["threshold"]))) for alarms in watching.values() for alarm in alarms}
    if queue.urn in _unwatched({urn: [one for one in of if not deaf[one.urn]] for urn, of in watching.items()}):
        reasons = [f"its alarm {one.name} {reason}." for one in watching[queue.urn] for reason in deaf[one.urn]]
        yield from reasons or [f"no alarm on {_METRIC} watches this dead-letter queue."]


def _unwatched(watching: dict[str, Resources]) -> list[str]:
    """The queues that are left when each alarm watches one: in a preview it may seem to watch all that it may name."""
    taken: dict[str, str] = {}

    def take(queue: str, tried: set[str]) -> bool:
        for alarm in watching[queue]:
            if alarm.urn not in tried:
                tried.add(alarm.urn)
                if "metricQueries" in list(alarm.props) or alarm.urn not in taken or take(taken[alarm.urn], tried):
                    taken[alarm.urn] = queue
                    return True
        return False

    return [queue for queue in watching if not take(queue, set())]


def _watches(alarm: PolicyResource, queue: PolicyResource) -> bool:
    if known(alarm, "metricName") == _METRIC:
        return bool(linked(alarm, "dimensions", [queue]))
    metrics = [document(document(one).get("metric")) for one in items(known(alarm, "metricQueries"))]
    return any(one.get("metricName") == _METRIC for one in metrics) and bool(linked(alarm, "metricQueries", [queue]))


def _deaf(alarm: PolicyResource, most: int) -> Iterator[str]:
    """Why nobody would hear an alarm, though it watches the right queue."""
    if not present(alarm, "alarmActions") or known(alarm, "actionsEnabled") is False:
        yield "notifies nobody"
    if known(alarm, "metricName") != _METRIC:
        return  # what an expression makes of the number is not judged
    comparison, threshold = str(known(alarm, "comparisonOperator")), float(known(alarm, "threshold") or 0)
    starts = threshold + (comparison == "GreaterThanThreshold")
    if not comparison.startswith("GreaterThan") or starts > most:
        yield f"is at {comparison} {threshold:g}, so {most} message{'s' * (most > 1)} may wait unseen"


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
        subjects=lambda path: path.queues, problems=_attempts, early=True,
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
        name="queue-gives-up-in-time", severity=HIGH, level=MANDATORY, looks_at="queues",
        says="A message becomes a dead letter before it expires.",
        fix="Lower maxReceiveCount, or keep messages longer: what expires is in no dead-letter queue.",
        url=f"{_SQS}/sqs-dead-letter-queues.html",
        subjects=lambda path: path.queues, problems=_in_time, early=True,
    ),
    Rule(
        name="dead-letters-outlive-their-queue", severity=HIGH, level=MANDATORY, looks_at="queues",
        says="A dead-letter queue keeps messages longer than the queue they come from.",
        fix="Keep dead letters 14 days (1209600 s), the most that SQS does, and messages less.",
        url=f"{_SQS}/sqs-dead-letter-queues.html",
        subjects=lambda path: path.queues, problems=_outlives, early=True,
    ),
    Rule(
        name="visibility-covers-the-function", severity=HIGH, level=MANDATORY, looks_at="mappings",
        says="A message stays hidden for six times the function's time-out, and the batching window.",
        fix="Raise visibilityTimeoutSeconds, or shorten the function's time-out.",
        url="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
        subjects=lambda path: path.mappings, problems=_visibility, early=True,
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
        subjects=_last, problems=_alarmed,
        settings={"threshold": Setting(1, "So many waiting messages must raise it.", COUNT)},
    ),
)  # fmt: skip
