"""Rules on queues: a message that fails moves to a dead-letter queue before it expires."""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.feedback_path import FeedbackPath
from policy.properties import as_object, is_set, read_integer, read_property
from policy.references import referenced_by
from policy.resource_types import QUEUE, REDRIVE_ALLOW_POLICY, REDRIVE_POLICY
from policy.rule import ADVISORY, HIGH, LOW, MANDATORY, MEDIUM, POSITIVE_INTEGER, Config, Rule, Setting

_SQS_GUIDE = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide"
_LAMBDA_GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg"
# Defaults of AWS, in seconds (API references of SQS and Lambda).
_DEFAULT_RETENTION, _DEFAULT_VISIBILITY_TIMEOUT, _DEFAULT_FUNCTION_TIMEOUT = 345_600, 30, 3


def _check_dead_letter_queue(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    if not any(is_set(resource, "redrivePolicy") for resource in path.resources_setting_redrive_policy(queue)):
        path.require_references(REDRIVE_POLICY, "queueUrl", QUEUE)
        yield (
            "The queue has no dead-letter queue: a message that fails is received again until it expires, and its "
            "feedback is lost."
        )


def _check_receive_count(queue: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    minimum = int(config["minimumReceiveCount"])
    for max_receive_count in _max_receive_counts(queue, path):
        if max_receive_count < minimum:
            yield (
                f"maxReceiveCount is {max_receive_count}, less than {minimum}: a short outage or throttling moves "
                "feedback to the dead-letter queue."
            )


def _max_receive_counts(queue: PolicyResource, path: FeedbackPath) -> list[int]:
    """The maxReceiveCount of each redrive policy of a queue, 0 where it is not an integer."""
    resources = path.resources_setting_redrive_policy(queue)
    redrive_policies = [as_object(read_property(resource, "redrivePolicy")) for resource in resources]
    counts = [str(policy.get("maxReceiveCount", 0)).removesuffix(".0") for policy in redrive_policies if policy]
    return [int(count) if count.isdecimal() else 0 for count in counts]


def _check_retention(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    retention = read_integer(queue, "messageRetentionSeconds", _DEFAULT_RETENTION)
    for max_receive_count in _max_receive_counts(queue, path):
        visibility_timeout = read_integer(queue, "visibilityTimeoutSeconds", _DEFAULT_VISIBILITY_TIMEOUT)
        duration = max_receive_count * visibility_timeout
        if duration >= retention:
            yield (
                f"{max_receive_count} attempts with a visibility timeout of {visibility_timeout} s take {duration} s, "
                f"and the queue keeps messages for {retention} s: a message expires before it becomes a dead letter."
            )


def _check_outage(queue: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    retention = read_integer(queue, "messageRetentionSeconds", _DEFAULT_RETENTION)
    visibility_timeout = read_integer(queue, "visibilityTimeoutSeconds", _DEFAULT_VISIBILITY_TIMEOUT)
    for max_receive_count in _max_receive_counts(queue, path):
        duration = max_receive_count * visibility_timeout
        if 100 * duration < int(config["minimumPercent"]) * retention:
            yield (
                f"{max_receive_count} attempts with a visibility timeout of {visibility_timeout} s take {duration} s: "
                "what fails in a longer outage becomes dead letters, which somebody must move back, although the queue "
                f"keeps messages for {retention} s."
            )


def _check_dead_letter_retention(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    retention = read_integer(queue, "messageRetentionSeconds", _DEFAULT_RETENTION)
    for dead_letter_queue in path.dead_letter_queues_of(queue):
        dead_letter_retention = read_integer(dead_letter_queue, "messageRetentionSeconds", _DEFAULT_RETENTION)
        if dead_letter_retention <= retention:
            yield (
                f"The dead-letter queue {dead_letter_queue.name} keeps messages for {dead_letter_retention} s, the "
                f"queue itself for {retention} s: a dead letter keeps the time at which it was first sent, and can "
                "expire as soon as it is moved."
            )


def _check_visibility_timeout(mapping: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    multiple = int(config["functionTimeoutMultiple"])
    batching_window = read_integer(mapping, "maximumBatchingWindowInSeconds", 0)
    for queue in referenced_by(mapping, "eventSourceArn", path.queues):
        for function in path.invoked_functions([mapping], "functionName"):
            function_timeout = read_integer(function, "timeout", _DEFAULT_FUNCTION_TIMEOUT)
            minimum = multiple * function_timeout + batching_window
            visibility_timeout = read_integer(queue, "visibilityTimeoutSeconds", _DEFAULT_VISIBILITY_TIMEOUT)
            if visibility_timeout < minimum:
                yield (
                    f"The visibility timeout of {queue.name} is {visibility_timeout} s, less than {minimum} s "
                    f"({multiple} times the timeout of {function.name}, {function_timeout} s, and the batching window, "
                    f"{batching_window} s): messages become visible while they are processed, and can become dead "
                    "letters."
                )


def _check_redrive_allow_policy(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    for dead_letter_queue in path.dead_letter_queues_of(queue):
        name = dead_letter_queue.name
        resources = path.resources_setting(dead_letter_queue, "redriveAllowPolicy", REDRIVE_ALLOW_POLICY, "queueUrl")
        allow_policies = [resource for resource in resources if is_set(resource, "redriveAllowPolicy")]
        if not allow_policies:
            yield (
                f"The dead-letter queue {name} has no redrive allow policy: every queue of the account can use it, and "
                "messages of others mix with dead letters."
            )
        for allow_policy in allow_policies:
            if not referenced_by(allow_policy, "redriveAllowPolicy", [queue]):
                yield (
                    f"The redrive allow policy of the dead-letter queue {name} does not name this queue: SQS cannot "
                    "move its dead letters."
                )
            if as_object(read_property(allow_policy, "redriveAllowPolicy")).get("redrivePermission") != "byQueue":
                yield (
                    f"The redrivePermission of the dead-letter queue {name} is not byQueue: messages of other queues "
                    "can mix with its dead letters."
                )


RULES: Sequence[Rule] = (
    Rule(
        name="queue-dead-letter-queue", severity=HIGH, level=MANDATORY, applies_to="queues",
        description="A queue has a dead-letter queue.",
        remediation="Set a redrivePolicy on the queue; an event source mapping of SQS has no failure destination.",
        url=f"{_SQS_GUIDE}/sqs-dead-letter-queues.html",
        select=lambda path: path.queues, check=_check_dead_letter_queue,
    ),
    Rule(
        name="queue-minimum-receive-count", severity=HIGH, level=MANDATORY, before_creation=True, applies_to="queues",
        description="A message is received several times before it becomes a dead letter.",
        remediation="Raise maxReceiveCount.",
        url=f"{_LAMBDA_GUIDE}/services-sqs-configure.html",
        select=lambda path: path.queues, check=_check_receive_count,
        settings={"minimumReceiveCount": Setting(3, "The smallest allowed maxReceiveCount.", POSITIVE_INTEGER)},
    ),
    Rule(
        name="queue-recommended-receive-count", severity=LOW, level=ADVISORY, applies_to="queues",
        description="A message is received as often as AWS recommends before it becomes a dead letter.",
        remediation="Raise maxReceiveCount to what the Lambda guide recommends.",
        url=f"{_LAMBDA_GUIDE}/services-sqs-configure.html",
        select=lambda path: path.queues, check=_check_receive_count,
        settings={"minimumReceiveCount": Setting(5, "The smallest recommended maxReceiveCount.", POSITIVE_INTEGER)},
    ),
    Rule(
        name="queue-retention-covers-retries", severity=HIGH, level=MANDATORY, before_creation=True,
        applies_to="queues",
        description="A message that keeps failing becomes a dead letter before it expires.",
        remediation="Lower maxReceiveCount, or raise messageRetentionSeconds.",
        url=f"{_SQS_GUIDE}/sqs-dead-letter-queues.html",
        select=lambda path: path.queues, check=_check_retention,
    ),
    # Advisory: nothing is lost, since the dead-letter queue keeps what a short outage moved there.
    Rule(
        name="queue-retries-last", severity=MEDIUM, level=ADVISORY, applies_to="queues",
        description="A message is received again for at least half of the time that its queue keeps it.",
        remediation="Raise maxReceiveCount (to 1000 at most) and visibilityTimeoutSeconds; their product must stay "
        "below messageRetentionSeconds.",
        url=f"{_SQS_GUIDE}/sqs-dead-letter-queues.html",
        select=lambda path: path.queues, check=_check_outage,
        settings={
            "minimumPercent": Setting(50, "The smallest part of the retention that retries may last.", POSITIVE_INTEGER)
        },
    ),
    Rule(
        name="dead-letter-queue-retention", severity=HIGH, level=MANDATORY, before_creation=True, applies_to="queues",
        description="A dead-letter queue keeps messages longer than the queue that they come from.",
        remediation="Set messageRetentionSeconds of the dead-letter queue to 1209600 (14 days, the SQS maximum), and "
        "that of the queue to less.",
        url=f"{_SQS_GUIDE}/sqs-dead-letter-queues.html",
        select=lambda path: path.queues, check=_check_dead_letter_retention,
    ),
    Rule(
        name="queue-visibility-timeout", severity=HIGH, level=MANDATORY, before_creation=True,
        applies_to="event source mappings",
        description="A queue's visibility timeout is six times the function's timeout plus the batching window.",
        remediation="Raise visibilityTimeoutSeconds, or lower the function's timeout.",
        url=f"{_LAMBDA_GUIDE}/services-sqs-configure.html",
        select=lambda path: path.event_source_mappings, check=_check_visibility_timeout,
        settings={
            "functionTimeoutMultiple": Setting(6, "The smallest allowed multiple.", POSITIVE_INTEGER),
        },
    ),
    Rule(
        name="redrive-allow-policy-by-queue", severity=LOW, level=ADVISORY, applies_to="queues",
        description="A dead-letter queue accepts messages of its own queue only.",
        remediation="Set a redriveAllowPolicy with redrivePermission byQueue and the ARN of the queue.",
        url=f"{_SQS_GUIDE}/sqs-dead-letter-queues.html",
        relies_on=[(REDRIVE_ALLOW_POLICY, "queueUrl", QUEUE)],
        select=lambda path: path.queues, check=_check_redrive_allow_policy,
    ),
)  # fmt: skip
