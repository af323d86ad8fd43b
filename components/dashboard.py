"""The dashboard for a person on call: the alarms, the account's bounce and complaint rates, each pipeline, the logs.

Data in, data out. Form: "Dashboard body structure and syntax" (CloudWatch API reference). docs/dashboard.svg shows it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from components.alarms import NAMESPACE, SERVICE
from components.feedback_monitoring_args import AWS_RATE_LIMITS
from components.monitored_pipeline import MonitoredCanary, MonitoredPipeline

COLUMNS = 24
_ALARMS_PER_WIDGET = 100
_LOG_GROUPS_PER_QUERY = 50  # CloudWatch Logs quotas

Pipelines = Sequence[MonitoredPipeline]
Metric = list[Any]
Widget = tuple[int, int, str, dict[str, Any]]
"""Width, height, type and properties."""

_RATE_LABELS = {"warning": "AWS reviews the account", "critical": "AWS may pause the account"}


def definition(
    region: str,
    pipelines: Mapping[str, Pipelines],
    thresholds: Mapping[str, float],
    alarm_arns: Sequence[str],
    runbook_url: str,
    canaries: Sequence[MonitoredCanary] = (),
) -> dict[str, Any]:
    """The dashboard's body: `pipelines` by kind, `thresholds` of the alarms by the names of their inputs."""
    all_pipelines = [pipeline for pipelines_of_kind in pipelines.values() for pipeline in pipelines_of_kind]
    log_groups = [pipeline.log_group_name for pipeline in all_pipelines]
    log_groups += [canary.log_group_name for canary in canaries]
    rows: list[list[Widget]] = [
        [(COLUMNS, 3, "text", {"markdown": _headline(region, runbook_url)})],
        *([_alarms(arns)] for arns in _chunks(alarm_arns, _ALARMS_PER_WIDGET)),
        [_mail(), _rate("bounce", thresholds), _rate("complaint", thresholds)],
        *([list(_canary(canaries))] if canaries else []),
        list(_verdicts(pipelines)),
        [_dead_letters(all_pipelines), _oldest_message(all_pipelines, thresholds), _messages(all_pipelines)],
        [_processed(all_pipelines), _duplicates(all_pipelines), _feedback_age(all_pipelines)],
        [_refused(all_pipelines, thresholds), _dead_letters_moved(all_pipelines)],
        [_function_errors(all_pipelines), _function_duration(all_pipelines), _failed_deliveries(all_pipelines)],
        *([_logs(names)] for names in _chunks(log_groups, _LOG_GROUPS_PER_QUERY)),
    ]
    return {"start": "-PT12H", "periodOverride": "inherit", "widgets": list(_layout(rows, region))}


def _layout(rows: Iterable[Sequence[Widget]], region: str) -> Iterator[dict[str, Any]]:
    """The widgets with their places: the rows from top to bottom, each from left to right."""
    y = 0
    for row in rows:
        x = 0
        for width, height, type_, properties in row:
            of_region = {"region": region} if type_ in {"metric", "log"} else {}
            all_properties = of_region | properties
            yield {"type": type_, "x": x, "y": y, "width": width, "height": height, "properties": all_properties}
            x += width
        y += max(height for _, height, _, _ in row)


def _chunks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _headline(region: str, runbook_url: str) -> str:
    return (
        f"## Mail feedback in {region}\n"
        f"An alarm's description names its runbook: {runbook_url}. From top to bottom: the account's bounce and "
        "complaint rates, what was decided about addresses, the pipelines from topic to table, the logs."
    )


def _alarms(arns: Sequence[str]) -> Widget:
    height = 1 + -(-len(arns) // 4)  # a line for the title, and four alarms side by side
    return (COLUMNS, height, "alarm", {"title": "Alarms", "sortBy": "stateUpdatedTimestamp", "alarms": list(arns)})


def _graph(title: str, metrics: list[Metric], width: int = 8, **properties: Any) -> Widget:  # noqa: ANN401 - JSON
    defaults = {"title": title, "view": "timeSeries", "stat": "Sum", "period": 300, "yAxis": {"left": {"min": 0}}}
    return (width, 6, "metric", {**defaults, "metrics": metrics, **properties})


def _line(value: float, label: str) -> dict[str, Any]:
    return {"value": value, "label": label, "color": "#d62728"}


def _mail() -> Widget:
    metric_names = ("Send", "Delivery", "Bounce", "Complaint", "Reject")
    return _graph("Mail of the account", [["AWS/SES", metric_name] for metric_name in metric_names])


def _rate(kind: str, thresholds: Mapping[str, float]) -> Widget:
    """A rate with lines at the alarms' thresholds and at AWS's limits; a threshold at a limit is one line."""
    labels = {thresholds[f"{kind}_rate_{level}"]: f"{level} alarm" for level in _RATE_LABELS}
    labels |= {AWS_RATE_LIMITS[f"{kind}_rate_{level}"]: label for level, label in _RATE_LABELS.items()}
    return _graph(
        f"{kind.capitalize()} rate (0.01 = 1 %)",
        [["AWS/SES", f"Reputation.{kind.capitalize()}Rate"]],
        stat="Average",
        period=3600,
        annotations={"horizontal": [_line(value, labels[value]) for value in sorted(labels)]},
    )


def _verdicts(pipelines: Mapping[str, Pipelines]) -> Iterator[Widget]:
    """What the rules decided. It is a search, since a rule's metric exists only after the rule's first use."""
    kinds = [kind for kind, pipelines_of_kind in pipelines.items() if pipelines_of_kind]
    label = "${PROP('Dim.verdict')}: ${PROP('Dim.rule')} (${PROP('Dim.pipeline')})"
    schema = f"{{{NAMESPACE},pipeline,rule,service,verdict}}"
    for kind in kinds:
        searches = [
            f"SEARCH('{schema} MetricName=\"Feedback\" pipeline=\"{pipeline.name}\"', 'Sum', 300)"
            for pipeline in pipelines[kind]
        ]
        metrics: list[Metric] = [
            [{"id": f"rules{index}", "expression": search, "label": label}] for index, search in enumerate(searches)
        ]
        yield _graph(f"{kind.capitalize()}s: verdict and rule", metrics, COLUMNS // len(kinds), stacked=True)


def _canary(canaries: Sequence[MonitoredCanary]) -> Iterator[Widget]:
    """A week, since a canary runs once a day."""
    pipelines = [pipeline for canary in canaries for pipeline in canary.pipelines.split(",")]
    for title, metric_name, statistic in (
        ("Canary: from sending to blocked (seconds)", "CanarySeconds", "Maximum"),
        ("Canary: runs that failed", "CanaryFailed", "Sum"),
    ):
        metrics: list[Metric] = [
            [NAMESPACE, metric_name, "service", SERVICE, "pipeline", pipeline, {"label": pipeline}]
            for pipeline in pipelines
        ]
        yield _graph(title, metrics, COLUMNS // 2, stat=statistic, period=3600, start="-P7D")


def _queue_metrics(metric_name: str, pipelines: Pipelines, label: str = "") -> list[Metric]:
    return [
        _metric(["AWS/SQS", metric_name, "QueueName", pipeline.queue_name], pipeline, label) for pipeline in pipelines
    ]


def _function_metrics(metric_name: str, pipelines: Pipelines, label: str = "") -> list[Metric]:
    return [
        _metric(["AWS/Lambda", metric_name, "FunctionName", pipeline.function_name], pipeline, label)
        for pipeline in pipelines
    ]


def _handler_metrics(metric_name: str, pipelines: Pipelines, label: str) -> list[Metric]:
    """A metric that the function's code publishes."""
    return [
        _metric([NAMESPACE, metric_name, "service", SERVICE, "pipeline", pipeline.name], pipeline, label)
        for pipeline in pipelines
    ]


def _metric(metric: Metric, pipeline: MonitoredPipeline, label: str) -> Metric:
    return [*metric, {"label": f"{pipeline.name} {label}".rstrip()}]


def _dead_letters(pipelines: Pipelines) -> Widget:
    metric = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"]
    metrics = [
        _metric([*metric, pipeline.dead_letter_queue_name], pipeline, "not processed") for pipeline in pipelines
    ] + [
        _metric([*metric, pipeline.subscription_dead_letter_queue_name], pipeline, "not delivered")
        for pipeline in pipelines
    ]
    lines = {"horizontal": [_line(1, "alarm")]}
    return _graph("Dead letters waiting", metrics, stat="Maximum", annotations=lines)


def _oldest_message(pipelines: Pipelines, thresholds: Mapping[str, float]) -> Widget:
    metrics = _queue_metrics("ApproximateAgeOfOldestMessage", pipelines)
    lines = {"horizontal": [_line(thresholds["oldest_message_seconds"], "alarm")]}
    return _graph("Oldest feedback in the queue (seconds)", metrics, stat="Maximum", period=60, annotations=lines)


def _messages(pipelines: Pipelines) -> Widget:
    metrics = _queue_metrics("ApproximateNumberOfMessagesVisible", pipelines, "waiting")
    metrics += _queue_metrics("ApproximateNumberOfMessagesNotVisible", pipelines, "in flight")
    return _graph("Feedback in the queue", metrics, stat="Maximum", period=60)


def _processed(pipelines: Pipelines) -> Widget:
    metrics = _handler_metrics("Processed", pipelines, "processed")
    metrics += _handler_metrics("Failed", pipelines, "failed")
    metrics += _handler_metrics("Unreadable", pipelines, "unreadable")
    return _graph("Messages processed and failed", metrics)


def _duplicates(pipelines: Pipelines) -> Widget:
    metrics = _handler_metrics("Duplicates", pipelines, "duplicates")
    metrics += _handler_metrics("Skipped", pipelines, "skipped")
    return _graph("Messages that changed nothing", metrics)


def _feedback_age(pipelines: Pipelines) -> Widget:
    metrics = _handler_metrics("FeedbackAge", pipelines, "age")
    return _graph("Age of feedback when recorded (seconds, p95)", metrics, stat="p95")


def _refused(pipelines: Pipelines, thresholds: Mapping[str, float]) -> Widget:
    metrics = _handler_metrics("RefusedAge", pipelines, "refused")
    lines = {"horizontal": [_line(thresholds["oldest_message_seconds"], "alarm")]}
    title = "Oldest feedback that AWS refused (seconds)"
    return _graph(title, metrics, COLUMNS // 2, stat="Maximum", annotations=lines)


def _dead_letters_moved(pipelines: Pipelines) -> Widget:
    metrics = _handler_metrics("DeadLetters", pipelines, "sent to the dead letters")
    metrics += _handler_metrics("Redriven", pipelines, "redriven")
    return _graph("Dead letters: sent and redriven by the function", metrics, COLUMNS // 2)


def _function_errors(pipelines: Pipelines) -> Widget:
    metrics = _function_metrics("Errors", pipelines, "errors") + _function_metrics("Throttles", pipelines, "throttles")
    return _graph("Function: errors and throttles", metrics)


def _function_duration(pipelines: Pipelines) -> Widget:
    metrics = _function_metrics("Duration", pipelines)
    return _graph("Function: duration (ms, longest)", metrics, stat="Maximum")


def _failed_deliveries(pipelines: Pipelines) -> Widget:
    labels = {
        "NumberOfNotificationsFailed": "failed",
        "NumberOfNotificationsRedrivenToDlq": "kept as dead letters",
        "NumberOfNotificationsFailedToRedriveToDlq": "lost",
    }
    metrics = [
        _metric(["AWS/SNS", metric_name, "TopicName", pipeline.topic_name], pipeline, label)
        for metric_name, label in labels.items()
        for pipeline in pipelines
    ]
    return _graph("Topic: deliveries that failed", metrics)


def _logs(log_groups: Sequence[str]) -> Widget:
    query = [
        *(f"SOURCE '{log_group}'" for log_group in log_groups),
        'filter level in ["WARNING", "ERROR", "CRITICAL"]',
        "fields @timestamp, level, message, pipeline, reason, rule, feedback_id, sqs_message_id",
        "sort @timestamp desc",
        "limit 100",
    ]
    return (COLUMNS, 7, "log", {"title": "Warnings and errors", "query": " | ".join(query), "view": "table"})
