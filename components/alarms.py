"""The alarms: what each watches, when it goes off, and why with these numbers. Data and pure functions, no resource.

Facts: CloudWatch User Guide ("Using Amazon CloudWatch alarms", "Using metric math"); the lists of metrics in the guides
of SQS, SNS and Lambda; SES Developer Guide ("Creating reputation monitoring alarms using CloudWatch"). CloudWatch looks
at the last periods anew every minute, however long they are. docs/operations.md has a runbook for each alarm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

NAMESPACE = "SesFeedback"
SERVICE = "ses-feedback"
"""Where the function counts: its POWERTOOLS_METRICS_NAMESPACE and POWERTOOLS_SERVICE_NAME."""

_HOUR = 3600
_MANY = 1_000_000  # No account has more bounces than that in an hour.
MOST_PIPELINES = 9
"""So many pipelines of one kind fit one alarm beside what SES counts (ten metrics; User Guide, alarms, "Limits")."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An alarm on one metric that is at or above a threshold."""

    suffix: str
    """The end of its name, and the section of its runbook."""
    means: str
    namespace: str
    metric: str
    dimension: str = ""
    of: str = ""
    """The property of a pipeline (`FeedbackPipeline.monitored`) that is the dimension's value."""
    statistic: str
    period: int
    """Seconds."""
    breaching: int = 1
    """So many of the last `periods` must be at or above the threshold."""
    periods: int = 1
    threshold: float | str = 1.0
    """A number, or the input that holds it."""
    missing: str = "notBreaching"
    """What a period without data counts as; with `ignore` the alarm stays as it is."""
    why: str


_WAITING = "ApproximateNumberOfMessagesVisible"
_LEVEL = (
    "A level, so one period decides. It also counts what SQS itself moves there, which NumberOfMessagesSent does not. "
    "Five minutes bridge the moments in which somebody looks at a message and hides it. An idle queue has no data."
)
_REPEATED = (
    "SQS delivers again after a failure, and moves a message to the dead letters after the fifth, a quarter of an hour "
    "later by default: two bad periods in that time are worth waking somebody. No invocation, no data."
)

PIPELINE: tuple[Alarm, ...] = (
    Alarm(
        suffix="dead-letters", means="Feedback that the function could not process waits in the dead-letter queue.",
        namespace="AWS/SQS", metric=_WAITING, dimension="QueueName", of="deadLetterQueueName",
        statistic="Maximum", period=300, why=_LEVEL,
    ),
    Alarm(
        suffix="subscription-dead-letters",
        means="Feedback that the topic could not deliver waits in the topic's dead-letter queue.",
        namespace="AWS/SQS", metric=_WAITING, dimension="QueueName", of="subscriptionDeadLetterQueueName",
        statistic="Maximum", period=300, why=_LEVEL,
    ),
    Alarm(
        suffix="oldest-message", means="Feedback waits too long: addresses that should be blocked are still mailed.",
        namespace="AWS/SQS", metric="ApproximateAgeOfOldestMessage", dimension="QueueName", of="queueName",
        statistic="Maximum", period=60, threshold="oldest_message_seconds",
        why="An age is a duration already, so one minute decides. SQS leaves out a message received three times, which "
        "takes 540 s by default, so a single one that fails is left to the dead letters. An empty queue has no data.",
    ),
    Alarm(
        suffix="function-errors", means="The function fails as a whole: it crashes, or runs out of time or memory.",
        namespace="AWS/Lambda", metric="Errors", dimension="FunctionName", of="functionName",
        statistic="Sum", period=300, breaching=2, periods=3, why=_REPEATED,
    ),
    Alarm(
        suffix="function-throttles", means="Lambda does not run the function as often as feedback comes in.",
        namespace="AWS/Lambda", metric="Throttles", dimension="FunctionName", of="functionName",
        statistic="Sum", period=300, breaching=2, periods=3, why=_REPEATED,
    ),
    Alarm(
        suffix="notifications-failed", means="The topic gave up delivering feedback to the queue.",
        namespace="AWS/SNS", metric="NumberOfNotificationsFailed", dimension="TopicName", of="topicName",
        statistic="Sum", period=300,
        why="SNS tries for 23 days what may still work, so each one counted is a refusal. An idle topic has no data.",
    ),
)  # fmt: skip
"""The alarms of each pipeline."""

_RATE = (
    "SES computes the rate over a volume that it chooses, and publishes it now and then: an hour holds a value. "
    "Without one the alarm stays as it is, as AWS advises."
)


def _rate(kind: str, level: str, consequence: str) -> Alarm:
    return Alarm(
        suffix=f"{kind}-rate-{level}", means=f"The {kind} rate is so high that AWS {consequence}.",
        namespace="AWS/SES", metric=f"Reputation.{kind.capitalize()}Rate",
        statistic="Average", period=_HOUR, threshold=f"{kind}_rate_{level}", missing="ignore", why=_RATE,
    )  # fmt: skip


REGION: tuple[Alarm, ...] = (
    _rate("bounce", "warning", "reviews the account"),
    _rate("bounce", "critical", "may pause the account's sending"),
    _rate("complaint", "warning", "reviews the account"),
    _rate("complaint", "critical", "may pause the account's sending"),
)
"""The alarms of the account's mail in the Region."""

THRESHOLDS = tuple(alarm.threshold for alarm in (*PIPELINE, *REGION) if isinstance(alarm.threshold, str))
"""The inputs that hold a threshold."""


@dataclass(frozen=True)
class NotProcessed:
    """The alarm on the break that nothing else shows: SES counts feedback, and no pipeline of its kind gets any."""

    kind: str
    period: int = _HOUR
    breaching: int = 2
    """So many of the last `missing_feedback_hours`."""
    missing: str = "notBreaching"
    why: str = (
        "SES counts per Region and not per identity, so all pipelines of a kind are looked at together. An hour holds "
        "what SES counted and, seconds later, what was processed, unless it ends between the two: so a second hour "
        "must agree. It may be any other of the last day, since complaints are rare. No mail, no data."
    )

    @property
    def suffix(self) -> str:
        """The end of its name, and the section of its runbook."""
        return f"{self.kind}s-not-processed"

    @property
    def means(self) -> str:
        """What the person who is woken reads first."""
        return f"In two separate hours SES counted {self.kind}s and nothing was processed: they are lost."

    def queries(self, pipelines: Sequence[pulumi.Input[str]]) -> list[dict[str, Any]]:
        """An expression that is 1 for an hour whose feedback nothing processed, and the metrics in it.

        Without FILL: a comparison takes a missing value for 0, and so it does with a metric that has none at all, which
        is the break itself; and FILL on a metric that comes late can leave an alarm stuck ("Using metric math").
        """
        counted = _query("counted", "AWS/SES", self.kind.capitalize(), self.period)
        processed = [
            _query(f"processed{index}", NAMESPACE, "Processed", self.period, {"service": SERVICE, "pipeline": name})
            for index, name in enumerate(pipelines)
        ]
        not_processed = {
            "id": "not_processed",
            "expression": f"counted > {_MANY} * ({' + '.join(query['id'] for query in processed)})",
            "label": f"an hour with {self.kind}s that nothing processed",
            "return_data": True,
        }
        return [not_processed, counted, *processed]


NOT_PROCESSED: tuple[NotProcessed, ...] = (NotProcessed("bounce"), NotProcessed("complaint"))
"""The alarms that compare what SES counted with what was processed."""


def _query(
    id_: str, namespace: str, metric: str, period: int, dimensions: dict[str, pulumi.Input[str]] | None = None
) -> dict[str, Any]:
    measured = {"namespace": namespace, "metric_name": metric, "period": period, "stat": "Sum"}
    return {
        "id": id_,
        "metric": measured | ({"dimensions": dimensions} if dimensions else {}),
        "return_data": False,
    }


def description(alarm: Alarm | NotProcessed, runbook_url: str, pipeline: str = "") -> str:
    """What an alarm says: what it means, for which pipeline, and where its runbook is."""
    return f"{pipeline and pipeline + ': '}{alarm.means} Runbook: {runbook_url}#{alarm.suffix}"
