"""The dashboard: a layout that CloudWatch accepts, and metrics that exist.

Not proved: that CloudWatch draws it, or that AWS's services emit what their guides say.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ses_feedback.canary import handler as canary_handler
from ses_feedback.canary.run import Mail
from ses_feedback.function import handler
from ses_feedback.history.writer import Outcome, Result

from components import alarms, dashboard
from components.feedback_monitoring_args import FeedbackMonitoringInputs
from components.monitored_pipeline import MonitoredCanary, MonitoredPipeline
from tests.components.test_feedback_monitoring import monitored, monitored_canary, record_monitoring
from tests.recorder import ACCOUNT


def pipeline(kind: str, name: str = "") -> MonitoredPipeline:
    return MonitoredPipeline.from_map("pipeline", monitored(kind, name))


PIPELINES = {"bounce": [pipeline("bounce"), pipeline("bounce", "bounce-news")], "complaint": [pipeline("complaint")]}
NAMES = [pipeline.name for pipelines in PIPELINES.values() for pipeline in pipelines]
CANARY = replace(MonitoredCanary.from_map("canary", monitored_canary()), pipelines=",".join(NAMES))
THRESHOLDS: dict[str, float] = {name: getattr(FeedbackMonitoringInputs, name) for name in alarms.THRESHOLD_INPUTS}

# AWS's metrics in use, with their dimensions, as the guides of the services list them.
AWS_METRICS = {
    ("AWS/Lambda", "Duration", ("FunctionName",)),
    ("AWS/Lambda", "Errors", ("FunctionName",)),
    ("AWS/Lambda", "Throttles", ("FunctionName",)),
    ("AWS/SES", "Bounce", ()),
    ("AWS/SES", "Complaint", ()),
    ("AWS/SES", "Delivery", ()),
    ("AWS/SES", "Reject", ()),
    ("AWS/SES", "Reputation.BounceRate", ()),
    ("AWS/SES", "Reputation.ComplaintRate", ()),
    ("AWS/SES", "Send", ()),
    ("AWS/SNS", "NumberOfNotificationsFailed", ("TopicName",)),
    ("AWS/SNS", "NumberOfNotificationsFailedToRedriveToDlq", ("TopicName",)),
    ("AWS/SNS", "NumberOfNotificationsRedrivenToDlq", ("TopicName",)),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", ("QueueName",)),
    ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", ("QueueName",)),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", ("QueueName",)),
}
Metric = tuple[str, str, tuple[str, ...]]
BOUNCE = json.dumps(
    {
        "notificationType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": "amy@example.org"}, {"emailAddress": "bob@example.org"}],
            "timestamp": "2026-11-20T10:00:00.000Z",
            "feedbackId": "0100-1",
        },
        "mail": {
            "messageId": "1",
            "destination": ["amy@example.org", "bob@example.org"],
            "timestamp": "2026-11-20T09:59:59.000Z",
        },
    }
)


def definition(**changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "region": "eu-west-1",
        "pipelines": PIPELINES,
        "thresholds": THRESHOLDS,
        "alarm_arns": [f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:{number}" for number in range(24)],
        "runbook_url": "https://wiki.example.com/mail",
        "canaries": [CANARY],
    }
    return dashboard.definition(**(arguments | changes))


def widget_properties(body: dict[str, Any], title: str) -> dict[str, Any]:
    (properties,) = [widget["properties"] for widget in body["widgets"] if widget["properties"].get("title") == title]
    return dict(properties)


def displayed_metrics(body: dict[str, Any]) -> Iterator[Metric]:
    """Every metric on the dashboard; of a search the metric that it searches for."""
    for widget in body["widgets"]:
        for metric in widget["properties"].get("metrics", []):
            *parts, last = metric
            if isinstance(last, dict) and "expression" in last:
                expression = r"SEARCH\('\{(\w+),([\w,]+)\} MetricName=\"(\w+)\" pipeline=\"([\w-]+)\"', 'Sum', 300\)"
                search = re.fullmatch(expression, last["expression"])
                assert search, last
                yield search[1], search[3], tuple(sorted(search[2].split(",")))
                continue
            parts += [] if isinstance(last, dict) else [last]
            assert len(parts) % 2 == 0, metric
            yield parts[0], parts[1], tuple(sorted(parts[2::2]))


def alarm_metrics() -> set[Metric]:
    """Every metric that an alarm evaluates."""
    metrics: set[Metric] = set()
    graphs = record_monitoring(), record_monitoring(canaries={"shop": monitored_canary()})
    for alarm in [alarm for graph in graphs for alarm in graph.of("aws:cloudwatch/metricAlarm:MetricAlarm")]:
        queried = [query["metric"] for query in alarm.inputs.get("metricQueries", []) if "metric" in query]
        for metric in queried or [alarm.inputs]:
            metrics.add((metric["namespace"], metric["metricName"], tuple(sorted(metric.get("dimensions", {})))))
    return metrics


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What the function prints, logs and metrics, for a batch with new feedback, a duplicate and an unreadable one."""
    table = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/"
    environment = {
        "PIPELINE": "bounce-shop",
        "BLOCKED_TABLE_ARN": f"{table}blocked",
        "HISTORY_TABLE_ARN": f"{table}history",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    results = [Result(Outcome.RECORDED), Result(Outcome.DUPLICATE)]
    writer = SimpleNamespace(apply=lambda *_, **__: results, count_failures=["UpdateItem: ThrottlingException"])
    monkeypatch.setattr(handler, "HistoryWriter", lambda *_, **__: writer)
    monkeypatch.setattr(handler.logger.registered_handler, "stream", sys.stdout)  # it keeps the one of its import
    context = SimpleNamespace(
        get_remaining_time_in_millis=lambda: 30_000,
        function_name="f",
        memory_limit_in_mb=256,
        invoked_function_arn="arn",
        aws_request_id="1",
    )
    handler._service.cache_clear()
    try:
        records = [{"messageId": str(number), "body": body} for number, body in enumerate((BOUNCE, "7"))]
        handler.lambda_handler({"Records": records}, context)  # type: ignore[arg-type] # all of it that is read
    finally:
        handler._service.cache_clear()
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


IN_TROUBLE = {
    ("SesFeedback", metric_name, ("pipeline", "service")) for metric_name in ("DeadLetters", "Redriven", "RefusedAge")
}
"""Metrics that the function publishes only of dead letters and of what AWS refused; its own tests read them."""


@pytest.fixture
def canary_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The metrics that the canary prints about a mail."""
    canary_handler._count(Mail("bounce-shop", "an address", seconds=2.0))
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def published_metrics(log_lines: list[dict[str, Any]]) -> dict[Metric, dict[str, str]]:
    """The metrics in the function's output, with their dimensions."""
    return {
        (directive["Namespace"], metric["Name"], tuple(sorted(names))): {name: line[name] for name in names}
        for line in log_lines
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", [])
        for names in directive["Dimensions"]
        for metric in directive["Metrics"]
    }


def test_every_metric_of_an_alarm_or_the_dashboard_is_published(
    log_lines: list[dict[str, Any]], canary_lines: list[dict[str, Any]]
) -> None:
    published, of_canary = published_metrics(log_lines), published_metrics(canary_lines)
    assert (len(published.keys() - IN_TROUBLE), len(of_canary)) == (8, 2)
    displayed = set(displayed_metrics(definition()))
    assert alarm_metrics() | displayed == AWS_METRICS | IN_TROUBLE | published.keys() | of_canary.keys()
    alarm = record_monitoring(canaries={"shop": monitored_canary()})["m-bounce-shop-canary-failed"].inputs
    assert of_canary[alarm["namespace"], alarm["metricName"], ("pipeline", "service")] == alarm["dimensions"]


def test_the_function_counts_where_the_alarms_look(log_lines: list[dict[str, Any]]) -> None:
    alarm = record_monitoring()["m-bounces-not-processed"].inputs
    (processed,) = [query["metric"] for query in alarm["metricQueries"] if query["id"] == "processed0"]
    assert (
        published_metrics(log_lines)[alarms.NAMESPACE, "Processed", ("pipeline", "service")] == processed["dimensions"]
    )
    assert {dimensions["service"] for dimensions in published_metrics(log_lines).values()} == {alarms.SERVICE}


def test_the_function_logs_what_the_table_of_logs_shows(log_lines: list[dict[str, Any]]) -> None:
    query = widget_properties(definition(), "Warnings and errors")["query"]
    (fields,) = re.findall(r"fields ([^|]+) \|", query)
    assert set(fields.split(", ")) <= {"@timestamp"}.union(*(line for line in log_lines if "_aws" not in line))
    assert "WARNING" in {line.get("level") for line in log_lines}


def many_pipelines() -> dict[str, list[MonitoredPipeline]]:
    return {kind: [pipeline(kind, f"{kind}-{number}") for number in range(60)] for kind in ("bounce", "complaint")}


def test_widgets_fit_the_columns_and_do_not_overlap() -> None:
    only_bounces = {"bounce": PIPELINES["bounce"]}
    for body in (
        definition(),
        definition(canaries=[]),
        definition(pipelines=only_bounces),
        definition(pipelines=many_pipelines()),
    ):
        taken: set[tuple[int, int]] = set()
        for widget in body["widgets"]:
            assert widget["x"] + widget["width"] <= 24, widget
            cells = {
                (x, y)
                for x in range(widget["x"], widget["x"] + widget["width"])
                for y in range(widget["y"], widget["y"] + widget["height"])
            }
            assert not taken & cells, widget
            taken |= cells
        height = max(y for _, y in taken) + 1
        assert len(taken) == 24 * height, "a hole in the layout"


def test_limits_of_a_widget_hold_for_many_pipelines() -> None:
    body = definition(pipelines=many_pipelines(), canaries=[], alarm_arns=[str(number) for number in range(250)])
    alarm_lists = [widget["properties"]["alarms"] for widget in body["widgets"] if widget["type"] == "alarm"]
    assert [len(alarm_list) for alarm_list in alarm_lists] == [100, 100, 50]
    queries = [widget["properties"]["query"] for widget in body["widgets"] if widget["type"] == "log"]
    assert [query.count("SOURCE ") for query in queries] == [50, 50, 20]
    assert all(len(widget["properties"].get("metrics", [])) <= 500 for widget in body["widgets"])


def test_every_pipeline_is_in_every_widget_about_pipelines() -> None:
    body = definition()
    account = {"Mail of the account", "Bounce rate (0.01 = 1 %)", "Complaint rate (0.01 = 1 %)"}
    verdicts = {"Bounces: verdict and rule", "Complaints: verdict and rule"}
    for widget in body["widgets"]:
        title = widget["properties"].get("title", "")
        if widget["type"] not in {"metric", "log"} or title in account | verdicts:
            continue
        properties = json.dumps(widget["properties"])
        assert all(f"{name}-" in properties or f'"{name}"' in properties for name in NAMES), title
    for kind, pipelines in PIPELINES.items():
        searches = str(widget_properties(body, f"{kind.capitalize()}s: verdict and rule")["metrics"])
        assert all(f'pipeline="{pipeline.name}"' in searches for pipeline in pipelines)


def test_every_graph_and_query_says_where_to_look() -> None:
    for widget in definition(region="us-east-1")["widgets"]:
        assert widget["properties"].get("region") == ("us-east-1" if widget["type"] in {"metric", "log"} else None)


def test_rates_are_shown_against_awss_limits_and_the_alarms() -> None:
    def lines(title: str, **thresholds: float) -> dict[float, str]:
        properties = widget_properties(definition(thresholds=THRESHOLDS | thresholds), title)
        return {line["value"]: line["label"] for line in properties["annotations"]["horizontal"]}

    assert lines("Complaint rate (0.01 = 1 %)") == {
        0.001: "AWS reviews the account",
        0.005: "AWS may pause the account",
    }
    assert lines("Bounce rate (0.01 = 1 %)", bounce_rate_warning=0.02) == {
        0.02: "warning alarm",
        0.05: "AWS reviews the account",
        0.1: "AWS may pause the account",
    }


def test_the_log_query_asks_for_what_is_a_warning_or_worse() -> None:
    assert widget_properties(
        definition(pipelines={"bounce": [pipeline("bounce")]}, canaries=[]), "Warnings and errors"
    ) == {
        "region": "eu-west-1",
        "title": "Warnings and errors",
        "view": "table",
        "query": "SOURCE 'bounce-shop-logGroup' | "
        'filter level in ["WARNING", "ERROR", "CRITICAL"] | '
        "fields @timestamp, level, message, pipeline, reason, rule, feedback_id, sqs_message_id | "
        "sort @timestamp desc | limit 100",
    }


def test_the_canary_has_two_graphs_of_a_week_and_its_log() -> None:
    body = definition()
    for title in ("Canary: from sending to blocked (seconds)", "Canary: runs that failed"):
        properties = widget_properties(body, title)
        assert properties["start"] == "-P7D", "it runs once a day"
        assert [metric[-1]["label"] for metric in properties["metrics"]] == NAMES
    assert "SOURCE 'canary-shop-logGroup'" in widget_properties(body, "Warnings and errors")["query"]
    assert "Canary" not in json.dumps(definition(canaries=[]))
