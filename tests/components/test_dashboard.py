"""The dashboard: a layout that CloudWatch takes, and metrics that somebody emits.

Not proved: that CloudWatch draws it, or that AWS's services emit what their guides say.
"""

import json
import re
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ses_feedback.function import handler
from ses_feedback.history.writer import Outcome, Result

from components import alarms, dashboard
from components.feedback_monitoring_args import DEFAULTS
from tests.components.test_feedback_monitoring import monitored, monitoring
from tests.recorder import ACCOUNT

PIPELINES = {"bounce": [monitored("bounce"), monitored("bounce", "bounce-two")], "complaint": [monitored("complaint")]}
NAMES = [pipeline["name"] for ones in PIPELINES.values() for pipeline in ones]

# The metrics of AWS that are used, as the guides of the services list them, with their dimensions.
OF_AWS = {
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


def body(**given: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "region": "eu-west-1",
        "pipelines": PIPELINES,
        "thresholds": DEFAULTS,
        "alarm_arns": [f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:{number}" for number in range(24)],
        "runbook_url": "https://wiki.example.com/mail",
    }
    return dashboard.definition(**(facts | given))


def titled(definition: dict[str, Any], title: str) -> dict[str, Any]:
    (found,) = [one["properties"] for one in definition["widgets"] if one["properties"].get("title") == title]
    return dict(found)


def shown(definition: dict[str, Any]) -> Iterator[tuple[Metric, dict[str, str]]]:
    """Every metric on the dashboard, with its dimensions; a search by what it searches for."""
    for widget in definition["widgets"]:
        for metric in widget["properties"].get("metrics", []):
            *parts, last = metric
            if isinstance(last, dict) and "expression" in last:
                form = r"SEARCH\('\{(\w+),([\w,]+)\} MetricName=\"(\w+)\" pipeline=\"([\w-]+)\"', 'Sum', 300\)"
                found = re.fullmatch(form, last["expression"])
                assert found, last
                yield (found[1], found[3], tuple(sorted(found[2].split(",")))), {"pipeline": found[4]}
                continue
            parts += [] if isinstance(last, dict) else [last]
            dimensions = dict(zip(parts[2::2], parts[3::2], strict=True))
            yield (parts[0], parts[1], tuple(sorted(dimensions))), dimensions


def watched() -> set[Metric]:
    """Every metric that an alarm looks at."""
    found: set[Metric] = set()
    for alarm in monitoring().of("aws:cloudwatch/metricAlarm:MetricAlarm"):
        queries = [one["metric"] for one in alarm.inputs.get("metricQueries", []) if "metric" in one]
        for metric in queries or [alarm.inputs]:
            found.add((metric["namespace"], metric["metricName"], tuple(sorted(metric.get("dimensions", {})))))
    return found


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What the function prints, logs and metrics, for a batch with a new feedback, a known one and nonsense."""
    table = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/"
    environment = {
        "PIPELINE": "bounce-shop",
        "BLOCKED_TABLE_ARN": f"{table}blocked",
        "HISTORY_TABLE_ARN": f"{table}history",
        "SOFT_BOUNCE_THRESHOLD": "5",
        "SOFT_BOUNCE_WINDOW_DAYS": "30",
        "SOFT_BLOCK_DAYS": "30",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    results = [Result(Outcome.RECORDED), Result(Outcome.DUPLICATE)]
    monkeypatch.setattr(handler, "HistoryWriter", lambda *_: SimpleNamespace(apply=lambda *_, **__: results))
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
        records = [{"messageId": str(number), "body": text} for number, text in enumerate((BOUNCE, "7"))]
        handler.lambda_handler({"Records": records}, context)  # type: ignore[arg-type] # all of it that is read
    finally:
        handler._service.cache_clear()
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def emitted(printed: list[dict[str, Any]]) -> dict[Metric, dict[str, str]]:
    """The metrics in the function's output, with their dimensions."""
    return {
        (directive["Namespace"], metric["Name"], tuple(sorted(names))): {name: line[name] for name in names}
        for line in printed
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", [])
        for names in directive["Dimensions"]
        for metric in directive["Metrics"]
    }


def test_somebody_emits_every_metric_that_is_watched_or_shown(printed: list[dict[str, Any]]) -> None:
    counted = emitted(printed)
    assert len(counted) == 7
    assert watched() | {metric for metric, _ in shown(body())} == OF_AWS | counted.keys()


def test_the_function_counts_where_the_alarms_look(printed: list[dict[str, Any]]) -> None:
    alarm = monitoring()["m-bounces-not-processed"].inputs
    (processed,) = [one["metric"] for one in alarm["metricQueries"] if one["id"] == "processed0"]
    assert emitted(printed)[alarms.NAMESPACE, "Processed", ("pipeline", "service")] == processed["dimensions"]
    assert {dimensions["service"] for dimensions in emitted(printed).values()} == {alarms.SERVICE}


def test_the_function_logs_what_the_table_of_logs_shows(printed: list[dict[str, Any]]) -> None:
    query = titled(body(), "Warnings and errors")["query"]
    (fields,) = re.findall(r"fields ([^|]+) \|", query)
    assert set(fields.split(", ")) <= {"@timestamp"}.union(*(line for line in printed if "_aws" not in line))
    assert "WARNING" in {line.get("level") for line in printed}


def test_widgets_fit_the_columns_and_do_not_overlap() -> None:
    many = {kind: [monitored(kind, f"{kind}-{number}") for number in range(60)] for kind in ("bounce", "complaint")}
    for definition in (body(), body(pipelines={"bounce": PIPELINES["bounce"]}), body(pipelines=many)):
        taken: set[tuple[int, int]] = set()
        for widget in definition["widgets"]:
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
    many = {kind: [monitored(kind, f"{kind}-{number}") for number in range(60)] for kind in ("bounce", "complaint")}
    definition = body(pipelines=many, alarm_arns=[str(number) for number in range(250)])
    statuses = [one["properties"]["alarms"] for one in definition["widgets"] if one["type"] == "alarm"]
    assert [len(one) for one in statuses] == [100, 100, 50]
    queries = [one["properties"]["query"] for one in definition["widgets"] if one["type"] == "log"]
    assert [query.count("SOURCE ") for query in queries] == [50, 50, 20]
    assert all(len(one["properties"].get("metrics", [])) <= 500 for one in definition["widgets"])


def test_every_pipeline_is_in_every_widget_about_pipelines() -> None:
    definition = body()
    account = {"Mail of the account", "Bounce rate (0.01 = 1 %)", "Complaint rate (0.01 = 1 %)"}
    verdicts = {"Bounces: verdict and rule", "Complaints: verdict and rule"}
    for widget in definition["widgets"]:
        title = widget["properties"].get("title", "")
        if widget["type"] not in {"metric", "log"} or title in account | verdicts:
            continue
        text = json.dumps(widget["properties"])
        assert all(f"{name}-" in text or f'"{name}"' in text for name in NAMES), title
    for kind, ones in PIPELINES.items():
        searches = str(titled(definition, f"{kind.capitalize()}s: verdict and rule")["metrics"])
        assert all(f'pipeline="{one["name"]}"' in searches for one in ones)


def test_every_graph_and_query_says_where_to_look() -> None:
    for widget in body(region="us-east-1")["widgets"]:
        assert widget["properties"].get("region") == ("us-east-1" if widget["type"] in {"metric", "log"} else None)


def test_rates_are_shown_against_awss_limits_and_the_alarms() -> None:
    def lines(title: str, **thresholds: float) -> dict[float, str]:
        properties = titled(body(thresholds=DEFAULTS | thresholds), title)
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
    assert titled(body(pipelines={"bounce": [monitored("bounce")]}), "Warnings and errors") == {
        "region": "eu-west-1",
        "title": "Warnings and errors",
        "view": "table",
        "query": "SOURCE 'bounce-shop-logGroup' | "
        'filter level in ["WARNING", "ERROR", "CRITICAL"] | '
        "fields @timestamp, level, message, pipeline, reason, rule, feedback_id, sqs_message_id | "
        "sort @timestamp desc | limit 100",
    }
