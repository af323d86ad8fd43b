"""Reads metrics: the account's reputation, and what CloudWatch recorded for each pipeline."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ses_feedback_cli.doctor.aws import calls
from ses_feedback_cli.doctor.aws.clients import Reader
from ses_feedback_cli.doctor.observations import queue_name
from ses_feedback_cli.doctor.resources import Missing, PipelineMetrics
from ses_feedback_cli.stack_outputs import Pipeline

_QUERIES_PER_CALL = 500
_OLDEST_MESSAGE_PERIOD = timedelta(minutes=15)
_FUNCTION_NAMESPACE, _FUNCTION_SERVICE = "SesFeedback", "ses-feedback"
"""Of the metrics that the function publishes."""
_HOUR_SECONDS, _FIVE_MINUTES_SECONDS, _MINUTE_SECONDS = 3600, 300, 60
CANARY_PERIOD = timedelta(hours=30)
"""As of the alarm `canary-missing`: it runs every 24 hours."""


def read_reputation(reader: Reader, now: datetime) -> Mapping[str, float]:
    """The latest rates of the last day by kind, bounce and complaint, as fractions; without those that have no data."""
    queries = [
        _query(kind, "AWS/SES", f"Reputation.{kind.capitalize()}Rate", {}, "Average", _HOUR_SECONDS)
        for kind in ("bounce", "complaint")
    ]
    series_by_id = _read_series(reader, queries, now - timedelta(days=1), now)
    if isinstance(series_by_id, Missing):
        return {}
    return {kind: series[0][1] for kind, series in series_by_id.items() if series}


def read_pipeline_metrics(
    reader: Reader, pipelines: Sequence[Pipeline], now: datetime, hours: int
) -> list[PipelineMetrics]:
    """The metrics of each pipeline of a Region over the last hours, in the order of the pipelines."""
    queries = [query for number, pipeline in enumerate(pipelines) for query in _pipeline_queries(number, pipeline)]
    series_by_id = _read_series(reader, queries, now - timedelta(hours=hours), now)
    if isinstance(series_by_id, Missing):
        return [PipelineMetrics()] * len(pipelines)
    recent = now - _OLDEST_MESSAGE_PERIOD
    canary_queries = [_canary_query(number, pipeline) for number, pipeline in enumerate(pipelines) if pipeline.canary]
    canary_series_by_id = _read_series(reader, canary_queries, now - CANARY_PERIOD, now)

    def total(query_id: str) -> float:
        return float(sum(value for _, value in series_by_id.get(query_id, ())))

    def maximum(query_id: str) -> float | None:
        return max((value for _, value in series_by_id.get(query_id, ())), default=None)

    def recent_maximum(query_id: str) -> float | None:
        values = [value for timestamp, value in series_by_id.get(query_id, ()) if timestamp >= recent]
        return max(values, default=None)

    def last_canary(query_id: str) -> float | Missing:
        if isinstance(canary_series_by_id, Missing):
            return Missing.UNKNOWN
        series = canary_series_by_id.get(query_id)
        return series[0][1] if series else Missing.NOT_FOUND

    return [
        PipelineMetrics(
            errors=total(f"errors{number}"),
            throttles=total(f"throttles{number}"),
            failed_deliveries=total(f"failed{number}"),
            oldest_message_seconds=recent_maximum(f"oldest{number}"),
            refused_seconds=maximum(f"refused{number}"),
            canary_failed=last_canary(f"canary{number}") if pipeline.canary else Missing.UNKNOWN,
        )
        for number, pipeline in enumerate(pipelines)
    ]


def _pipeline_queries(number: int, pipeline: Pipeline) -> list[dict[str, Any]]:
    function = {"FunctionName": pipeline.function_name}
    handler = {"service": _FUNCTION_SERVICE, "pipeline": pipeline.name}
    topic = {"TopicName": pipeline.topic_arn.rpartition(":")[2]}
    queue = {"QueueName": queue_name(pipeline.queue_url)}
    return [
        _query(f"errors{number}", "AWS/Lambda", "Errors", function, "Sum", _HOUR_SECONDS),
        _query(f"throttles{number}", "AWS/Lambda", "Throttles", function, "Sum", _HOUR_SECONDS),
        _query(f"failed{number}", "AWS/SNS", "NumberOfNotificationsFailed", topic, "Sum", _HOUR_SECONDS),
        _query(f"refused{number}", _FUNCTION_NAMESPACE, "RefusedAge", handler, "Maximum", _HOUR_SECONDS),
        _query(f"oldest{number}", "AWS/SQS", "ApproximateAgeOfOldestMessage", queue, "Maximum", _FIVE_MINUTES_SECONDS),
    ]


def _canary_query(number: int, pipeline: Pipeline) -> dict[str, Any]:
    handler = {"service": _FUNCTION_SERVICE, "pipeline": pipeline.name}
    return _query(f"canary{number}", _FUNCTION_NAMESPACE, "CanaryFailed", handler, "Maximum", _MINUTE_SECONDS)


def _query(
    query_id: str, namespace: str, metric_name: str, dimensions: Mapping[str, str], statistic: str, period_seconds: int
) -> dict[str, Any]:
    metric = {
        "Namespace": namespace,
        "MetricName": metric_name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    return {"Id": query_id, "MetricStat": {"Metric": metric, "Period": period_seconds, "Stat": statistic}}


_Series = list[tuple[datetime, float]]


def _read_series(
    reader: Reader, queries: Sequence[dict[str, Any]], start: datetime, end: datetime
) -> Mapping[str, _Series] | Missing:
    """The data points of each query, newest first. A query's points may come on several pages."""
    series_by_id: dict[str, _Series] = {}
    for first in range(0, len(queries), _QUERIES_PER_CALL):
        batch = list(queries[first : first + _QUERIES_PER_CALL])
        response = reader.read(calls.METRICS, StartTime=start, EndTime=end, MetricDataQueries=batch)
        if isinstance(response, Missing):
            return Missing.UNKNOWN
        for result in response["MetricDataResults"]:
            points = zip(result["Timestamps"], result["Values"], strict=True)
            series_by_id.setdefault(result["Id"], []).extend(points)
    return series_by_id
