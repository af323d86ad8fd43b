"""The dashboard for a person on call: from what is red, over the account's standing, to the logs. Data in, data out.

Form: "Dashboard body structure and syntax" (CloudWatch API reference). docs/dashboard.svg shows it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from components.alarms import NAMESPACE, SERVICE
from components.feedback_monitoring_args import AWS_LIMITS

COLUMNS = 24
_MOST_ALARMS = 100  # of one alarm widget
_MOST_LOG_GROUPS = 50  # of one query (CloudWatch Logs quotas)

Pipeline = Mapping[str, str]
"""What `FeedbackPipeline.monitored` says of a pipeline."""
Metric = list[Any]
Widget = tuple[int, int, str, dict[str, Any]]
"""Width, height, type and properties."""

_LIMIT_LABELS = {"warning": "AWS reviews the account", "critical": "AWS may pause the account"}


def definition(
    region: str,
    pipelines: Mapping[str, Sequence[Pipeline]],
    thresholds: Mapping[str, Any],
    alarm_arns: Sequence[str],
    runbook_url: str,
) -> dict[str, Any]:
    """The dashboard's body: `pipelines` by kind, `thresholds` of the alarms by their inputs' names."""
    everything = [pipeline for kind in pipelines.values() for pipeline in kind]
    rows: list[list[Widget]] = [
        [(COLUMNS, 3, "text", {"markdown": _headline(region, runbook_url)})],
        *([_alarms(arns)] for arns in _slices(alarm_arns, _MOST_ALARMS)),
        [_mail(), _rate("bounce", thresholds), _rate("complaint", thresholds)],
        list(_verdicts(pipelines)),
        [_dead_letters(everything), _oldest(everything, thresholds), _waiting(everything)],
        [_records(everything), _repeats(everything), _age(everything)],
        [_failures(everything), _durations(everything), _deliveries(everything)],
        *([_logs(groups)] for groups in _slices([one["logGroupName"] for one in everything], _MOST_LOG_GROUPS)),
    ]
    return {"start": "-PT12H", "periodOverride": "inherit", "widgets": list(_placed(rows, region))}


def _placed(rows: Iterable[Sequence[Widget]], region: str) -> Iterator[dict[str, Any]]:
    """Row under row, each widget right of the one before it."""
    y = 0
    for row in rows:
        x = 0
        for width, height, type_, properties in row:
            own = {"region": region} if type_ in {"metric", "log"} else {}
            yield {"type": type_, "x": x, "y": y, "width": width, "height": height, "properties": own | properties}
            x += width
        y += max(height for _, height, _, _ in row)


def _slices(items: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), most):
        yield items[start : start + most]


def _headline(region: str, runbook_url: str) -> str:
    return (
        f"## Mail feedback in {region}\n"
        f"An alarm's description names its runbook: {runbook_url}. From top to bottom: the account's standing with "
        "AWS, what was decided about addresses, the feedback's way from topic to table, the logs."
    )


def _alarms(arns: Sequence[str]) -> Widget:
    height = 1 + -(-len(arns) // 4)  # a line for the title, and four alarms side by side
    return (COLUMNS, height, "alarm", {"title": "Alarms", "sortBy": "stateUpdatedTimestamp", "alarms": list(arns)})


def _graph(title: str, metrics: list[Metric], width: int = 8, **properties: Any) -> Widget:  # noqa: ANN401 - JSON
    base = {"title": title, "view": "timeSeries", "stat": "Sum", "period": 300, "yAxis": {"left": {"min": 0}}}
    return (width, 6, "metric", {**base, "metrics": metrics, **properties})


def _line(value: float, label: str, color: str = "#d62728") -> dict[str, Any]:
    return {"value": value, "label": label, "color": color}


def _mail() -> Widget:
    names = ("Send", "Delivery", "Bounce", "Complaint", "Reject")
    return _graph("Mail of the account", [["AWS/SES", name] for name in names])


def _rate(kind: str, thresholds: Mapping[str, Any]) -> Widget:
    """The rate between what alarms and what AWS acts on, one line where both are the same."""
    lines = {thresholds[f"{kind}_rate_{level}"]: f"{level} alarm" for level in _LIMIT_LABELS}
    lines |= {AWS_LIMITS[f"{kind}_rate_{level}"]: label for level, label in _LIMIT_LABELS.items()}
    return _graph(
        f"{kind.capitalize()} rate (0.01 = 1 %)",
        [["AWS/SES", f"Reputation.{kind.capitalize()}Rate"]],
        stat="Average",
        period=3600,
        annotations={"horizontal": [_line(value, lines[value]) for value in sorted(lines)]},
    )


def _verdicts(pipelines: Mapping[str, Sequence[Pipeline]]) -> Iterator[Widget]:
    """What the rules decided: a search, since a rule appears as a metric when it is first used."""
    kinds = {kind: ones for kind, ones in pipelines.items() if ones}
    label = "${PROP('Dim.verdict')}: ${PROP('Dim.rule')} (${PROP('Dim.pipeline')})"
    schema = f"{{{NAMESPACE},pipeline,rule,service,verdict}}"
    for kind, ones in kinds.items():
        searches = [
            f"SEARCH('{schema} MetricName=\"Feedback\" pipeline=\"{one['name']}\"', 'Sum', 300)" for one in ones
        ]
        metrics: list[Metric] = [
            [{"id": f"rules{index}", "expression": search, "label": label}] for index, search in enumerate(searches)
        ]
        yield _graph(f"{kind.capitalize()}s: verdict and rule", metrics, COLUMNS // len(kinds), stacked=True)


def _of(
    namespace: str, metric: str, dimension: str, key: str, pipelines: Sequence[Pipeline], what: str
) -> list[Metric]:
    return [
        [namespace, metric, dimension, one[key], {"label": f"{one['name']}{what and ' ' + what}"}] for one in pipelines
    ]


def _counted(metric: str, pipelines: Sequence[Pipeline], what: str) -> list[Metric]:
    return [
        [NAMESPACE, metric, "service", SERVICE, "pipeline", one["name"], {"label": f"{one['name']} {what}"}]
        for one in pipelines
    ]


def _dead_letters(pipelines: Sequence[Pipeline]) -> Widget:
    waiting = ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName")
    metrics = _of(*waiting, "deadLetterQueueName", pipelines, "not processed")
    metrics += _of(*waiting, "subscriptionDeadLetterQueueName", pipelines, "not delivered")
    lines = {"horizontal": [_line(1, "alarm")]}
    return _graph("Dead letters waiting", metrics, stat="Maximum", annotations=lines)


def _oldest(pipelines: Sequence[Pipeline], thresholds: Mapping[str, Any]) -> Widget:
    metrics = _of("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", "queueName", pipelines, "")
    lines = {"horizontal": [_line(thresholds["oldest_message_seconds"], "alarm")]}
    return _graph("Oldest feedback in the queue (seconds)", metrics, stat="Maximum", period=60, annotations=lines)


def _waiting(pipelines: Sequence[Pipeline]) -> Widget:
    metrics = _of("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "queueName", pipelines, "waiting")
    metrics += _of("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName", "queueName", pipelines, "in work")
    return _graph("Feedback in the queue", metrics, stat="Maximum", period=60)


def _records(pipelines: Sequence[Pipeline]) -> Widget:
    metrics = _counted("Processed", pipelines, "processed")
    metrics += _counted("Failed", pipelines, "failed")
    metrics += _counted("Unreadable", pipelines, "unreadable")
    return _graph("Messages processed and failed", metrics)


def _repeats(pipelines: Sequence[Pipeline]) -> Widget:
    metrics = _counted("Duplicates", pipelines, "duplicates") + _counted("Skipped", pipelines, "skipped")
    return _graph("Messages that changed nothing", metrics)


def _age(pipelines: Sequence[Pipeline]) -> Widget:
    return _graph("Age of feedback when recorded (seconds, p95)", _counted("FeedbackAge", pipelines, "age"), stat="p95")


def _failures(pipelines: Sequence[Pipeline]) -> Widget:
    metrics = _of("AWS/Lambda", "Errors", "FunctionName", "functionName", pipelines, "errors")
    metrics += _of("AWS/Lambda", "Throttles", "FunctionName", "functionName", pipelines, "throttles")
    return _graph("Function: errors and throttles", metrics)


def _durations(pipelines: Sequence[Pipeline]) -> Widget:
    metrics = _of("AWS/Lambda", "Duration", "FunctionName", "functionName", pipelines, "")
    return _graph("Function: duration (ms, longest)", metrics, stat="Maximum")


def _deliveries(pipelines: Sequence[Pipeline]) -> Widget:
    names = {
        "NumberOfNotificationsFailed": "failed",
        "NumberOfNotificationsRedrivenToDlq": "kept as dead letters",
        "NumberOfNotificationsFailedToRedriveToDlq": "lost",
    }
    metrics = [
        one for name, what in names.items() for one in _of("AWS/SNS", name, "TopicName", "topicName", pipelines, what)
    ]
    return _graph("Topic: deliveries that failed", metrics)


def _logs(groups: Sequence[str]) -> Widget:
    query = [
        *(f"SOURCE '{group}'" for group in groups),
        'filter level in ["WARNING", "ERROR", "CRITICAL"]',
        "fields @timestamp, level, message, pipeline, reason, rule, feedback_id, sqs_message_id",
        "sort @timestamp desc",
        "limit 100",
    ]
    return (COLUMNS, 7, "log", {"title": "Warnings and errors", "query": " | ".join(query), "view": "table"})
