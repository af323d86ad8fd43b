"""Rules on alarms: somebody is notified of every message in a dead-letter queue."""

import re
from collections.abc import Iterator, Mapping, Sequence

from pulumi_policy import PolicyResource

from policy.feedback_path import FeedbackPath, Resources
from policy.properties import as_list, as_number, as_object, is_set, read_property
from policy.references import referenced_by
from policy.resource_types import ALARM, QUEUE
from policy.rule import HIGH, MANDATORY, POSITIVE_INTEGER, Config, Rule, Setting

_METRIC = "ApproximateNumberOfMessagesVisible"
_CHANGE = re.compile(r"\b(?:DIFF|DIFF_TIME|RATE)\(")
"""In an expression: an alarm on a change goes back while messages wait, and does not see the first after a pause."""


def _dead_letter_queues(path: FeedbackPath) -> Resources:
    """The dead-letter queues of queues and of subscriptions."""
    dead_letter_queues = [*path.dead_letter_queues, *path.subscription_dead_letter_queues]
    return [queue for queue in path.of_type(QUEUE) if queue in dead_letter_queues]


def _check_alarm(queue: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    max_messages = int(config["threshold"])
    alarms_of = {
        other.urn: [alarm for alarm in path.of_type(ALARM) if _watches(alarm, other)]
        for other in _dead_letter_queues(path)
    }
    defects = {alarm.urn: list(_defects(alarm, max_messages)) for alarms in alarms_of.values() for alarm in alarms}
    effective_alarms_of = {
        urn: [alarm for alarm in alarms if not defects[alarm.urn]] for urn, alarms in alarms_of.items()
    }
    if queue.urn in _queues_without_alarm(effective_alarms_of):
        problems = [
            f"The alarm {alarm.name} {defect}: dead letters can expire unnoticed."
            for alarm in alarms_of[queue.urn]
            for defect in defects[alarm.urn]
        ]
        yield from problems or [f"The dead-letter queue has no alarm on {_METRIC}: dead letters can expire unnoticed."]


def _queues_without_alarm(alarms_of: Mapping[str, Resources]) -> list[str]:
    """The URNs of the queues without an alarm when each alarm is assigned to one queue at most.

    In a preview an alarm with unknown dimensions may seem to watch every queue that they depend on. An alarm with
    metric queries may watch several.
    """
    queue_of: dict[str, str] = {}

    def assign_alarm(queue_urn: str, tried_alarms: set[str]) -> bool:
        """Assign an alarm to the queue; the queue that had it gets another one (an augmenting path)."""
        for alarm in alarms_of[queue_urn]:
            if alarm.urn in tried_alarms:
                continue
            tried_alarms.add(alarm.urn)
            is_free = "metricQueries" in list(alarm.props) or alarm.urn not in queue_of
            if is_free or assign_alarm(queue_of[alarm.urn], tried_alarms):
                queue_of[alarm.urn] = queue_urn
                return True
        return False

    return [queue_urn for queue_urn in alarms_of if not assign_alarm(queue_urn, set())]


def _watches(alarm: PolicyResource, queue: PolicyResource) -> bool:
    if read_property(alarm, "metricName") == _METRIC:
        return bool(referenced_by(alarm, "dimensions", [queue]))
    queries = [as_object(query) for query in as_list(read_property(alarm, "metricQueries"))]
    if any(_CHANGE.search(str(query.get("expression"))) for query in queries):
        return False
    metrics = [as_object(query.get("metric")) for query in queries]
    has_metric = any(metric.get("metricName") == _METRIC for metric in metrics)
    return has_metric and bool(referenced_by(alarm, "metricQueries", [queue]))


def _defects(alarm: PolicyResource, max_messages: int) -> Iterator[str]:
    """Why an alarm that watches the queue notifies nobody of `max_messages` dead letters."""
    if not is_set(alarm, "alarmActions") or read_property(alarm, "actionsEnabled") is False:
        yield "notifies nobody"
    if read_property(alarm, "metricName") != _METRIC:
        return  # the threshold applies to the result of an expression, which is not evaluated here
    comparison = str(read_property(alarm, "comparisonOperator"))
    threshold = as_number(read_property(alarm, "threshold"), 0)
    first_value = threshold + (comparison == "GreaterThanThreshold")
    if not comparison.startswith("GreaterThan") or first_value > max_messages:
        messages = f"{max_messages} message{'s' * (max_messages > 1)}"
        yield f"has the condition {comparison} {threshold:g} and is not raised by {messages}"


RULES: Sequence[Rule] = (
    Rule(
        name="dead-letter-queue-alarm", severity=HIGH, level=MANDATORY, applies_to="dead-letter queues",
        description="Every dead-letter queue has an alarm that notifies somebody.",
        remediation=f"Add an alarm on {_METRIC} of the queue, GreaterThanOrEqualToThreshold 1, with an alarm action.",
        url="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/dead-letter-queues-alarms-cloudwatch.html",
        relies_on=[(ALARM, "dimensions", QUEUE), (ALARM, "metricQueries", QUEUE)],
        select=_dead_letter_queues, check=_check_alarm,
        settings={
            "threshold": Setting(1, "The number of waiting messages that must raise the alarm.", POSITIVE_INTEGER),
        },
    ),
)  # fmt: skip
