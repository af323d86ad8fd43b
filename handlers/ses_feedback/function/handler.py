"""The Lambda function: SQS records in, partial batch response out."""

import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit, single_metric

from ses_feedback.function.batch import Record, assign_results, batch_response, read_record, sqs_records
from ses_feedback.function.settings import Settings
from ses_feedback.history.writer import HistoryWriter, Outcome

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_RESERVE_SECONDS = 0.5
_RESERVE_SHARE = 0.1
"""Of the remaining time, what is kept for the response: half a second or a tenth, whichever is more."""

_NAMESPACE = os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "SesFeedback"
_SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME") or "ses-feedback"

logger = Logger(service=_SERVICE)
metrics = Metrics(namespace=_NAMESPACE, service=_SERVICE)


@cache
def _service() -> tuple[Settings, HistoryWriter]:
    settings = Settings.read(os.environ)
    logger.append_keys(pipeline=settings.pipeline)
    metrics.set_default_dimensions(pipeline=settings.pipeline)
    history = HistoryWriter(settings.blocked_table, settings.history_table, safeguards=settings.safeguards)
    return settings, history


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _service()  # while the function starts: it has a whole processor then, and a wrong setting shows at once


@logger.inject_lambda_context
def lambda_handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, list[dict[str, str]]]:
    """Judge and record the feedback of a batch.

    Raises: SettingsError; ValueError for an event that is not from SQS. Everything else fails its record only.
    """
    settings, history = _service()
    remaining_seconds = context.get_remaining_time_in_millis() / 1_000
    deadline = time.monotonic() + remaining_seconds - max(_RESERVE_SECONDS, _RESERVE_SHARE * remaining_seconds)
    now = datetime.now(UTC)
    records = [read_record(sqs_record, settings, now) for sqs_record in sqs_records(event)]
    assign_results(records, history.apply([event for record in records for event in record.events], deadline=deadline))
    response = batch_response(records)  # decided before anything is logged: it must not depend on a log line
    for record in records:
        _log_record(record)
    for reason in history.count_failures:
        logger.error("hard bounces of a domain not counted", extra={"reason": reason})
    for record in records:
        _log_feedback(record)
    _count(records, settings.pipeline, now, uncounted=len(history.count_failures))
    return response


def _log_record(record: Record) -> None:
    origin = _origin(record)
    for reason in record.problems:
        logger.warning("record unreadable", extra={"reason": reason, **origin})
    if record.notification.skipped:
        log = logger.info if record.notification.expected else logger.warning
        log("record skipped", extra={"reason": record.notification.skipped, **origin})


def _log_feedback(record: Record) -> None:
    for event, result in zip(record.events, record.results, strict=True):
        fields: dict[str, Any] = {
            "feedback_id": event.occurrence.id,
            "verdict": event.row["verdict"],
            "rule": event.row["rule"],
            "outcome": result.outcome.value,
            **_origin(record),
        }
        if result.outcome is Outcome.FAILED:
            logger.error("feedback not recorded", extra={"reason": result.reason, **fields})
        else:
            logger.info("feedback judged", extra=fields)


def _origin(record: Record) -> dict[str, Any]:
    return {"sqs_message_id": record.message_id, "sqs_sent_at": record.sent_at}


def _count(records: Sequence[Record], pipeline: str, now: datetime, *, uncounted: int) -> None:
    """Metrics of one batch. Feedback has its verdict and rule as dimensions; duplicates count as such only."""
    results = [pair for record in records for pair in zip(record.events, record.results, strict=True)]
    counts = {
        "Processed": sum(not record.failed for record in records),
        "Failed": sum(record.failed for record in records),
        "Unreadable": sum(bool(record.problems) for record in records),
        "Skipped": sum(bool(record.notification.skipped) for record in records),
        "Uncounted": uncounted,
        "Duplicates": sum(result.outcome is Outcome.DUPLICATE for _, result in results),
    }
    recorded = [event for event, result in results if result.outcome is Outcome.RECORDED]
    for event in recorded:  # Powertools publishes each full hundred by itself, so the counts come last
        age = (now - datetime.fromisoformat(event.occurrence.at)).total_seconds()
        metrics.add_metric("FeedbackAge", MetricUnit.Seconds, max(0.0, age))
    for name, value in counts.items():
        metrics.add_metric(name, MetricUnit.Count, value)
    metrics.flush_metrics()
    by_rule = Counter((str(event.row["verdict"]), str(event.row["rule"])) for event in recorded)
    for (verdict, rule), number in by_rule.items():
        dimensions = {"service": _SERVICE, "pipeline": pipeline, "verdict": verdict, "rule": rule}
        with single_metric(
            "Feedback", MetricUnit.Count, number, namespace=_NAMESPACE, default_dimensions=dimensions
        ) as metric:
            del metric
