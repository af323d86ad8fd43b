"""The alarms: what each monitors, when it goes off, and why with these numbers. Data and pure functions, no resource.

Sources: CloudWatch User Guide ("Using Amazon CloudWatch alarms", "Using metric math"); the lists of metrics in the
guides of SQS, SNS and Lambda; SES Developer Guide ("Creating reputation monitoring alarms using CloudWatch").
CloudWatch evaluates the last periods every minute, however long they are. docs/operations.md has a runbook for each
alarm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.inputs import KINDS

NAMESPACE = "SesFeedback"
SERVICE = "ses-feedback"
"""Under which the function publishes its metrics: its POWERTOOLS_METRICS_NAMESPACE and POWERTOOLS_SERVICE_NAME."""

HOUR = 3600
"""In seconds."""
AT_OR_ABOVE = "GreaterThanOrEqualToThreshold"
"""CloudWatch's name of the condition of most alarms."""
_MORE_THAN_SES_COUNTS = 1_000_000
"""No account has so many bounces in an hour."""
MAX_PIPELINES_PER_ALARM = 9
"""An alarm holds ten metrics (CloudWatch User Guide, alarms, "Limits"): one of SES, and one of each pipeline."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An alarm on one metric that is at or above a threshold, or below it."""

    suffix: str
    """The end of its name, and the section of its runbook."""
    description: str
    namespace: str
    metric_name: str
    dimension_name: str = ""
    dimension_property: str = ""
    """The field of `MonitoredPipeline` that is the dimension's value."""
    other_dimensions: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = KINDS
    """The kinds of feedback whose pipelines have it."""
    statistic: str
    period: int
    """In seconds."""
    datapoints_to_alarm: int = 1
    """So many of the last `evaluation_periods` must meet the condition."""
    evaluation_periods: int = 1
    comparison_operator: str = AT_OR_ABOVE
    threshold: float | str = 1.0
    """A number, or the name of the input that holds it."""
    treat_missing_data: str = "notBreaching"
    """What a period without data counts as; with `ignore` the alarm keeps its state."""
    warm_up_hours: int = 0
    """For so long a new alarm does not evaluate."""
    rationale: str


_VISIBLE_MESSAGES = "ApproximateNumberOfMessagesVisible"
_DEAD_LETTERS_RATIONALE = (
    "The metric is a level, so one period decides. It also counts what SQS itself moves there, which "
    "NumberOfMessagesSent does not. Five minutes bridge the time in which a message that somebody looks at is hidden. "
    "An idle queue has no data."
)
_FUNCTION_RATIONALE = (
    "SQS delivers again after a failure, for as long as it keeps a message: a single failure repairs itself, and two "
    "periods with failures within a quarter of an hour do not look like it. No invocation, no data."
)

PIPELINE_ALARMS: tuple[Alarm, ...] = (
    Alarm(
        suffix="dead-letters",
        description="Feedback that the function could not process waits in the dead-letter queue.",
        namespace="AWS/SQS",
        metric_name=_VISIBLE_MESSAGES,
        dimension_name="QueueName",
        dimension_property="dead_letter_queue_name",
        statistic="Maximum",
        period=300,
        rationale=_DEAD_LETTERS_RATIONALE,
    ),
    Alarm(
        suffix="subscription-dead-letters",
        description="Feedback that the topic could not deliver waits in the topic's dead-letter queue.",
        namespace="AWS/SQS",
        metric_name=_VISIBLE_MESSAGES,
        dimension_name="QueueName",
        dimension_property="subscription_dead_letter_queue_name",
        statistic="Maximum",
        period=300,
        rationale=_DEAD_LETTERS_RATIONALE,
    ),
    Alarm(
        suffix="oldest-message",
        description="Feedback waits too long: addresses that should be blocked are still mailed.",
        namespace="AWS/SQS",
        metric_name="ApproximateAgeOfOldestMessage",
        dimension_name="QueueName",
        dimension_property="queue_name",
        statistic="Maximum",
        period=60,
        threshold="oldest_message_seconds",
        rationale="An age is a duration already, so one minute decides. SQS leaves out a message received more than "
        "three times: feedback-refused is for those that fail again and again. An empty queue has no data.",
    ),
    Alarm(
        suffix="function-errors",
        description="The function fails as a whole: it crashes, or runs out of time or memory.",
        namespace="AWS/Lambda",
        metric_name="Errors",
        dimension_name="FunctionName",
        dimension_property="function_name",
        statistic="Sum",
        period=300,
        datapoints_to_alarm=2,
        evaluation_periods=3,
        rationale=_FUNCTION_RATIONALE,
    ),
    Alarm(
        suffix="function-throttles",
        description="Lambda does not run the function as often as feedback comes in.",
        namespace="AWS/Lambda",
        metric_name="Throttles",
        dimension_name="FunctionName",
        dimension_property="function_name",
        statistic="Sum",
        period=300,
        datapoints_to_alarm=2,
        evaluation_periods=3,
        rationale=_FUNCTION_RATIONALE,
    ),
    Alarm(
        suffix="notifications-failed",
        description="The topic gave up delivering feedback to the queue.",
        namespace="AWS/SNS",
        metric_name="NumberOfNotificationsFailed",
        dimension_name="TopicName",
        dimension_property="topic_name",
        statistic="Sum",
        period=300,
        rationale="SNS retries for 23 days what may still work, so each failure counted is a refusal. An idle "
        "topic has no data.",
    ),
)
"""The alarms of each pipeline."""


@dataclass(frozen=True)
class GrowthAlarm:
    """An alarm on dead letters that become more: one that waits already hides no second one."""

    suffix: str = "dead-letters-growing"
    description: str = "A further message came to the dead-letter queue."
    period: int = 300
    """In seconds."""
    datapoints_to_alarm: int = 1
    treat_missing_data: str = "notBreaching"
    rationale: str = (
        "The difference of two periods, so it goes back by itself, and off again with the next one. Visible and hidden "
        "messages together: a look at them, which hides them, changes nothing. A queue that holds messages has data."
    )

    def queries(self, queue_name: pulumi.Input[str]) -> list[dict[str, Any]]:
        """An expression that is the number of further messages since the period before, and the metrics in it."""
        waiting = [
            _metric_query(id_, "AWS/SQS", metric_name, self.period, {"QueueName": queue_name}, stat="Maximum")
            for id_, metric_name in (
                ("visible", _VISIBLE_MESSAGES),
                ("hidden", "ApproximateNumberOfMessagesNotVisible"),
            )
        ]
        growth = {
            "id": "growth",
            "expression": "DIFF(visible + hidden)",
            "label": "further dead letters",
            "return_data": True,
        }
        return [growth, *waiting]


GROWTH_ALARM = GrowthAlarm()
"""An alarm of each pipeline."""

_RATE_RATIONALE = (
    "SES computes the rate over a volume that it chooses, and publishes it now and then: an hour holds a value. "
    "Without one the alarm stays as it is, as AWS advises."
)


def _rate_alarm(kind: str, level: str, consequence: str) -> Alarm:
    return Alarm(
        suffix=f"{kind}-rate-{level}",
        description=f"The {kind} rate is so high that AWS {consequence}.",
        namespace="AWS/SES",
        metric_name=f"Reputation.{kind.capitalize()}Rate",
        statistic="Average",
        period=HOUR,
        threshold=f"{kind}_rate_{level}",
        treat_missing_data="ignore",
        rationale=_RATE_RATIONALE,
    )


REGION_ALARMS: tuple[Alarm, ...] = (
    _rate_alarm("bounce", "warning", "reviews the account"),
    _rate_alarm("bounce", "critical", "may pause the account's sending"),
    _rate_alarm("complaint", "warning", "reviews the account"),
    _rate_alarm("complaint", "critical", "may pause the account's sending"),
)
"""The alarms on the account's mail in the Region."""

THRESHOLD_INPUTS = tuple(
    alarm.threshold for alarm in (*PIPELINE_ALARMS, *REGION_ALARMS) if isinstance(alarm.threshold, str)
)
"""The inputs that hold a threshold."""


@dataclass(frozen=True)
class NotProcessedAlarm:
    """An alarm on feedback that SES counts and no pipeline of its kind receives, which no other metric shows."""

    kind: str
    period: int = HOUR
    datapoints_to_alarm: int = 2
    """So many of the last `missing_feedback_hours`."""
    treat_missing_data: str = "notBreaching"
    rationale: str = (
        "SES counts per Region and not per identity, so all pipelines of a kind are compared together. An hour holds "
        "what SES counted and, seconds later, what was processed, unless it ends between the two: so a second hour "
        "must agree. It may be any other of the last day, since complaints are rare. No mail, no data."
    )

    @property
    def suffix(self) -> str:
        """The end of its name, and the section of its runbook."""
        return f"{self.kind}s-not-processed"

    @property
    def description(self) -> str:
        return f"In two separate hours SES counted {self.kind}s and nothing was processed: they are lost."

    def queries(self, pipeline_names: Sequence[pulumi.Input[str]]) -> list[dict[str, Any]]:
        """An expression that is 1 for an hour whose feedback no pipeline processed, and the metrics in it.

        Without FILL: a comparison takes a missing value for 0, also where the metric has no value at all, which is the
        case to find; and FILL on a metric that comes late can leave an alarm stuck ("Using metric math").
        """
        counted = _metric_query("counted", "AWS/SES", self.kind.capitalize(), self.period)
        processed = [
            _metric_query(
                f"processed{index}", NAMESPACE, "Processed", self.period, {"service": SERVICE, "pipeline": name}
            )
            for index, name in enumerate(pipeline_names)
        ]
        sum_of_processed = " + ".join(query["id"] for query in processed)
        not_processed = {
            "id": "not_processed",
            "expression": f"counted > {_MORE_THAN_SES_COUNTS} * ({sum_of_processed})",
            "label": f"an hour with {self.kind}s that nothing processed",
            "return_data": True,
        }
        return [not_processed, counted, *processed]


AnyAlarm = Alarm | GrowthAlarm | NotProcessedAlarm

NOT_PROCESSED_ALARMS: tuple[NotProcessedAlarm, ...] = (NotProcessedAlarm("bounce"), NotProcessedAlarm("complaint"))
"""The alarms that compare what SES counted with what was processed."""


def _metric_query(
    id_: str,
    namespace: str,
    metric_name: str,
    period: int,
    dimensions: dict[str, pulumi.Input[str]] | None = None,
    stat: str = "Sum",
) -> dict[str, Any]:
    metric = {"namespace": namespace, "metric_name": metric_name, "period": period, "stat": stat}
    return {
        "id": id_,
        "metric": metric | ({"dimensions": dimensions} if dimensions else {}),
        "return_data": False,
    }


def alarm_description(alarm: AnyAlarm, runbook_url: str, pipeline_name: str = "") -> str:
    """The description that CloudWatch shows: for which pipeline, what it means, and where its runbook is."""
    return f"{pipeline_name and pipeline_name + ': '}{alarm.description} Runbook: {runbook_url}#{alarm.suffix}"
