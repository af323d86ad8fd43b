"""The Lambda function: SQS records in, partial batch response out.

The response is made here, not by Powertools' BatchProcessor: that one takes a record at a time, while two rounds of
calls for a whole batch need all records first; it raises when every record failed; and its import is a tenth of a cold
start. What both guarantee is the same: an id is reported if, and only if, its record is to come again (Lambda guide,
"Handling errors for an SQS event source in Lambda").
"""

import os
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit, single_metric

from ses_feedback.function.envelope import UnreadableError
from ses_feedback.function.feedback_event import feedback_event
from ses_feedback.function.notification import Reading, read
from ses_feedback.function.settings import Settings
from ses_feedback.function.verdict import judge_all
from ses_feedback.history.event import Event
from ses_feedback.history.writer import HistoryWriter, Outcome, Result

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_RESERVE_SECONDS = 0.5
_RESERVE_SHARE = 0.1
"""Of the time left, what is kept for the answer: half a second or a tenth, whichever is more."""

_NAMESPACE = os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "SesFeedback"
_SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME") or "ses-feedback"

logger = Logger(service=_SERVICE)
metrics = Metrics(namespace=_NAMESPACE, service=_SERVICE)


@dataclass(slots=True)
class _Record:
    """One SQS record on its way through."""

    message_id: str
    sent_at: int
    """Epoch milliseconds."""
    reading: Reading = field(default_factory=Reading)
    events: list[Event] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@cache
def _service() -> tuple[Settings, HistoryWriter]:
    settings = Settings.read(os.environ)
    logger.append_keys(pipeline=settings.pipeline)
    metrics.set_default_dimensions(pipeline=settings.pipeline)
    return settings, HistoryWriter(settings.blocked_table, settings.history_table, settings.policy)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _service()  # while the function starts: it has a whole processor then, and a wrong setting shows at once


@logger.inject_lambda_context
def lambda_handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, list[dict[str, str]]]:
    """Judge and record the feedback of a batch.

    Raises: SettingsError; ValueError for an event that is not from SQS. Everything else fails its record only.
    """
    settings, history = _service()
    left = context.get_remaining_time_in_millis() / 1_000
    deadline = time.monotonic() + left - max(_RESERVE_SECONDS, _RESERVE_SHARE * left)
    now = datetime.now(UTC)
    records = [_record(one, settings.pipeline, now) for one in _sqs_records(event)]
    results = iter(history.apply([one for record in records for one in record.events], deadline=deadline))
    judged = [(record, one, next(results)) for record in records for one in record.events]
    for record, one, result in judged:
        _log_feedback(record, one, result)
    _count(records, judged, settings.pipeline, now)
    return {"batchItemFailures": [{"itemIdentifier": record.message_id} for record in records if record.failures]}


def _sqs_records(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    records = event.get("Records")
    if not isinstance(records, list) or not all(isinstance(one, dict) and one.get("messageId") for one in records):
        raise ValueError(
            "the event has no Records with a messageId each: this function is for an SQS event source mapping"
        )
    return records


def _record(sqs: Mapping[str, Any], pipeline: str, now: datetime) -> _Record:
    """Read and judge one record. Whatever happens, it is this record's own affair."""
    sent = str((sqs.get("attributes") or {}).get("SentTimestamp", ""))
    sent_at = datetime.fromtimestamp(int(sent) / 1_000, UTC) if re.fullmatch(r"\d{1,14}", sent) else now
    record = _Record(sqs["messageId"], round(sent_at.timestamp() * 1_000))
    try:
        record.reading = read(sqs.get("body"), sent_at=sent_at, now=now)
        record.events = [
            feedback_event(one, rule, pipeline=pipeline, now=now) for one, rule in judge_all(record.reading.feedback)
        ]
        record.failures += record.reading.problems
    except UnreadableError as error:
        record.failures.append(str(error))
    except Exception as error:  # noqa: BLE001 - a fault of ours must not fail the other records, and its text may be personal
        record.failures.append(f"{type(error).__name__} while reading it: a fault of this program")
    where = {"sqs_message_id": record.message_id, "sqs_sent_at": record.sent_at}
    for reason in record.failures:
        logger.warning("record unreadable", extra={"reason": reason, **where})
    if record.reading.skipped:
        log = logger.info if record.reading.expected else logger.warning
        log("record skipped", extra={"reason": record.reading.skipped, **where})
    return record


def _log_feedback(record: _Record, event: Event, result: Result) -> None:
    said: dict[str, Any] = {
        "feedback_id": event.occurrence.id,
        "verdict": event.row["verdict"],
        "rule": event.row["rule"],
        "outcome": result.outcome.value,
        "sqs_message_id": record.message_id,
        "sqs_sent_at": record.sent_at,
    }
    if result.outcome is Outcome.FAILED:
        record.failures.append(result.reason)
        logger.error("feedback not recorded", extra={"reason": result.reason, **said})
    else:
        logger.info("feedback judged", extra=said)


def _count(records: list[_Record], judged: list[tuple[_Record, Event, Result]], pipeline: str, now: datetime) -> None:
    """Metrics of one batch. Feedback has its verdict and rule as dimensions; duplicates count as such only."""
    unreadable = sum(1 for one in records if (one.failures and not one.events) or one.reading.problems)
    counts = {
        "Processed": sum(1 for one in records if not one.failures),
        "Failed": sum(1 for one in records if one.failures),
        "Unreadable": unreadable,
        "Skipped": sum(1 for one in records if one.reading.skipped),
        "Duplicates": sum(1 for _, _, result in judged if result.outcome is Outcome.DUPLICATE),
    }
    recorded = [event for _, event, result in judged if result.outcome is Outcome.RECORDED]
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
