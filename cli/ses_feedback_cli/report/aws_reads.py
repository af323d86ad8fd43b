"""Reads from AWS what a report shows."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, date, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ses_feedback.function.verdict import Verdict
from ses_feedback.history.state_row import EVENT, STATE, with_embedded_events
from ses_feedback.table import decode, describe, encode
from ses_feedback.timestamps import iso

from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.queues import DEAD_LETTERS, SUBSCRIPTION_DEAD_LETTERS, count_messages
from ses_feedback_cli.report.contents import DeadLetterCount
from ses_feedback_cli.report.reputation import ReputationRate
from ses_feedback_cli.report.summary_builder import KINDS, SummaryBuilder
from ses_feedback_cli.stack_outputs import Pipeline

_SCAN_SEGMENTS = 4
"""Segments of a table that are scanned in parallel: a scan waits for the network, counting for the processor."""

_RATE_PERIOD_DAYS = 3
_HOUR_SECONDS = 3_600

_STATE_ATTRIBUTES = (
    *("bounce", "complaint", "clear", "unblock", "manual", "expiring", "soft", "holds"),
    *("schema", "revision", "version", EVENT),
)
_EVENT_ATTRIBUTES = ("value", "entry", "occurred_at", "kind", "verdict", "rule", "identity", "act")


def count_blocked_table(context: Context, builder: SummaryBuilder, on_progress: Callable[[int], None]) -> None:
    """Count the items of the blocked table without reading addresses. ``on_progress`` takes a number of new items."""
    table = context.blocked_table()
    request = {"TableName": table, **_projection(("reason", "expires_at", "confirmed"))}
    for page in _scan_pages(context.dynamodb_client(table), request):
        for item in page["Items"]:
            builder.count_blocked_item(decode(item))
        on_progress(page["ScannedCount"])


def count_history_table(
    context: Context, builder: SummaryBuilder, first_day: date, on_progress: Callable[[int], None]
) -> None:
    """Count the events of the history table since a day, and the states with soft bounces."""
    table = context.history_table()
    first_moment = datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC)
    request = {
        "TableName": table,
        "FilterExpression": "(#entry = :state AND (attribute_exists(#soft) OR #event.#verdict = :count))"
        " OR #occurred_at >= :since OR #event.#occurred_at >= :since",
        "ExpressionAttributeValues": encode(
            {":state": STATE, ":count": Verdict.COUNT.value, ":since": iso(first_moment)}
        ),
        **_projection((*_EVENT_ATTRIBUTES, *_STATE_ATTRIBUTES)),
    }
    for page in _scan_pages(context.dynamodb_client(table), request):
        for row in with_embedded_events(map(decode, page["Items"])):
            builder.count_history_row(row)
        on_progress(page["ScannedCount"])


def read_rates(context: Context, regions: Iterable[str], now: datetime) -> Iterator[ReputationRate]:
    """The latest rates of each Region; a rate without a value says why."""
    queries = [
        {
            "Id": kind,
            "MetricStat": {
                "Metric": {"Namespace": "AWS/SES", "MetricName": f"Reputation.{kind.capitalize()}Rate"},
                "Period": _HOUR_SECONDS,
                "Stat": "Average",
            },
        }
        for kind in KINDS
    ]
    for region in regions:
        try:
            response = context.client("cloudwatch", region).get_metric_data(
                MetricDataQueries=queries,
                StartTime=now - timedelta(days=_RATE_PERIOD_DAYS),
                EndTime=now,
                ScanBy="TimestampDescending",
            )
        except (ClientError, BotoCoreError) as error:
            yield from (ReputationRate(region, kind, problem=describe(error), failed=True) for kind in KINDS)
            continue
        points = {
            result["Id"]: list(zip(result["Values"], result["Timestamps"], strict=True))
            for result in response["MetricDataResults"]
        }
        for kind in KINDS:
            if points.get(kind):
                value, timestamp = points[kind][0]
                yield ReputationRate(region, kind, value, timestamp.astimezone(UTC))
            else:
                yield ReputationRate(region, kind, problem=f"no data in {_RATE_PERIOD_DAYS} days")


def count_dead_letters(context: Context, pipelines: Iterable[Pipeline]) -> Iterator[DeadLetterCount]:
    """The messages in the dead-letter queues of each pipeline, visible or in flight."""
    for pipeline in pipelines:
        client = context.client("sqs", pipeline.region)
        for queue, url in (
            (DEAD_LETTERS, pipeline.dead_letter_queue_url),
            (SUBSCRIPTION_DEAD_LETTERS, pipeline.subscription_dead_letter_queue_url),
        ):
            try:
                messages = sum(count_messages(client, url))
            except (ClientError, BotoCoreError) as error:
                yield DeadLetterCount(pipeline.name, pipeline.region, queue, problem=describe(error))
            else:
                yield DeadLetterCount(pipeline.name, pipeline.region, queue, messages)


def _projection(attributes: Iterable[str]) -> dict[str, Any]:
    placeholders = {f"#{attribute}": attribute for attribute in attributes}
    return {"ProjectionExpression": ", ".join(placeholders), "ExpressionAttributeNames": placeholders}


def _scan_pages(client: Any, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The pages of a parallel scan, in no order. While the caller counts one, the next ones are read."""
    with ThreadPoolExecutor(_SCAN_SEGMENTS) as pool:

        def scan(segment: int, start: Mapping[str, Any]) -> Future[dict[str, Any]]:
            return pool.submit(client.scan, **request, **start, Segment=segment, TotalSegments=_SCAN_SEGMENTS)

        pending = {scan(segment, {}): segment for segment in range(_SCAN_SEGMENTS)}
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                segment, page = pending.pop(future), future.result()
                if "LastEvaluatedKey" in page:
                    pending[scan(segment, {"ExclusiveStartKey": page["LastEvaluatedKey"]})] = segment
                yield page
