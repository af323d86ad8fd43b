"""Asks AWS for what a report shows."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, date, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ses_feedback.history.transaction import STATE
from ses_feedback.table import decode, describe
from ses_feedback.timestamps import iso

from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.letters import counts
from ses_feedback_cli.report.numbers import KINDS, Numbers
from ses_feedback_cli.report.standing import Queue, Rate
from ses_feedback_cli.stack_outputs import Pipeline

_SEGMENTS = 4
"""Parts of a table that are read at once: reading waits for the network, counting for the processor."""

_RATE_DAYS = 3
_HOUR = 3_600

_STATE_NAMES = ("bounce", "complaint", "clear", "unblock", "manual", "expiring", "soft", "version")
_EVENT_NAMES = ("value", "entry", "occurred_at", "kind", "verdict", "rule", "identity", "act")


def count_blocked(context: Context, numbers: Numbers, progress: Callable[[int], None]) -> None:
    """Count the blocked table. Reads no address. ``progress`` hears how many items were read."""
    name = context.blocked_table()
    for page in _pages(context.dynamodb_client(name), {"TableName": name, **_only(("reason", "expires_at"))}):
        for item in page["Items"]:
            numbers.blocked(decode(item))
        progress(page["ScannedCount"])


def count_history(context: Context, numbers: Numbers, first_day: date, progress: Callable[[int], None]) -> None:
    """Count the events of the history since a day, and the states that hold soft bounces."""
    name = context.history_table()
    request = {
        "TableName": name,
        "FilterExpression": "(#entry = :state AND attribute_exists(#soft)) OR #occurred_at >= :since",
        "ExpressionAttributeValues": {
            ":state": {"S": STATE},
            ":since": {"S": iso(datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC))},
        },
        **_only((*_EVENT_NAMES, *_STATE_NAMES)),
    }
    for page in _pages(context.dynamodb_client(name), request):
        for row in page["Items"]:
            numbers.history(decode(row))
        progress(page["ScannedCount"])


def rates(context: Context, regions: Iterable[str], now: datetime) -> Iterator[Rate]:
    """The newest rates of each Region; one without a value says why."""
    for region in regions:
        queries = [
            {
                "Id": kind,
                "MetricStat": {
                    "Metric": {"Namespace": "AWS/SES", "MetricName": f"Reputation.{kind.capitalize()}Rate"},
                    "Period": _HOUR,
                    "Stat": "Average",
                },
            }
            for kind in KINDS
        ]
        try:
            answer = context.client("cloudwatch", region).get_metric_data(
                MetricDataQueries=queries,
                StartTime=now - timedelta(days=_RATE_DAYS),
                EndTime=now,
                ScanBy="TimestampDescending",
            )
        except (ClientError, BotoCoreError) as error:
            yield from (Rate(region, kind, problem=describe(error), failed=True) for kind in KINDS)
            continue
        found = {
            one["Id"]: list(zip(one["Values"], one["Timestamps"], strict=True))[:1]
            for one in answer["MetricDataResults"]
        }
        for kind in KINDS:
            newest = found.get(kind)
            if newest:
                yield Rate(region, kind, newest[0][0], newest[0][1].astimezone(UTC))
            else:
                yield Rate(region, kind, problem=f"no data in {_RATE_DAYS} days")


def queues(context: Context, pipelines: Iterable[Pipeline]) -> Iterator[Queue]:
    """How many messages wait in the dead-letter queues of each pipeline."""
    for pipeline in pipelines:
        asked = (
            ("not processed", pipeline.dead_letter_queue_url),
            ("not delivered", pipeline.subscription_dead_letter_queue_url),
        )
        client = context.client("sqs", pipeline.region)
        for holds, url in asked:
            try:
                waiting = sum(counts(client, url))
            except (ClientError, BotoCoreError) as error:
                yield Queue(pipeline.name, pipeline.region, holds, problem=describe(error))
            else:
                yield Queue(pipeline.name, pipeline.region, holds, waiting)


def _only(names: Iterable[str]) -> dict[str, Any]:
    placeholders = {f"#{name}": name for name in names}
    return {"ProjectionExpression": ", ".join(placeholders), "ExpressionAttributeNames": placeholders}


def _pages(client: Any, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The pages of a scan in no order; each segment reads its next page while others are counted."""
    with ThreadPoolExecutor(_SEGMENTS) as pool:

        def read(segment: int, start: Mapping[str, Any]) -> Future[dict[str, Any]]:
            return pool.submit(client.scan, **request, **start, Segment=segment, TotalSegments=_SEGMENTS)

        running = {read(segment, {}): segment for segment in range(_SEGMENTS)}
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                segment, answer = running.pop(future), future.result()
                if "LastEvaluatedKey" in answer:
                    running[read(segment, {"ExclusiveStartKey": answer["LastEvaluatedKey"]})] = segment
                yield answer
