"""One SQS batch: its records as they were read, what became of their feedback, and the response that follows. No calls.

The response is made here, not by Powertools' BatchProcessor: that one takes a record at a time, while two rounds of
calls for a whole batch need all records first; it raises when every record failed; and its import is a tenth of a cold
start. What both guarantee is the same: an id is reported if, and only if, its record is to come again (Lambda guide,
"Handling errors for an SQS event source in Lambda").
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ses_feedback.function.envelope import UnreadableError
from ses_feedback.function.feedback_event import feedback_event
from ses_feedback.function.notification import ParsedNotification, parse_notification
from ses_feedback.function.origin import check_origin
from ses_feedback.function.settings import Settings
from ses_feedback.function.verdict import judge_all
from ses_feedback.history.event import Event
from ses_feedback.history.writer import Outcome, Result


@dataclass(slots=True)
class Record:
    """One SQS record: what it says, and what became of it."""

    message_id: str
    sent_at: int
    """When SQS received it, epoch milliseconds."""
    notification: ParsedNotification = field(default_factory=ParsedNotification)
    events: list[Event] = field(default_factory=list)
    """What is to be recorded: one event per address."""
    problems: list[str] = field(default_factory=list)
    """What of it could not be read, without personal data."""
    results: list[Result] = field(default_factory=list)
    """What became of each event, in order."""

    @property
    def failed(self) -> bool:
        """Whether it must stay in the queue."""
        return bool(self.problems) or any(result.outcome is Outcome.FAILED for result in self.results)


def sqs_records(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The records of a Lambda event. Raises: ValueError if it is not from SQS."""
    records = event.get("Records")
    if not isinstance(records, list) or not all(
        isinstance(record, dict) and record.get("messageId") for record in records
    ):
        raise ValueError(
            "the event has no Records with a messageId each: this function is for an SQS event source mapping"
        )
    return records


def read_record(sqs_record: Mapping[str, Any], settings: Settings, now: datetime) -> Record:
    """Read and judge one record of the settings' source. An error of any kind fails this record only."""
    sent = str((sqs_record.get("attributes") or {}).get("SentTimestamp", ""))
    sent_at = datetime.fromtimestamp(int(sent) / 1_000, UTC) if re.fullmatch(r"\d{1,14}", sent) else now
    record = Record(sqs_record["messageId"], round(sent_at.timestamp() * 1_000))
    try:
        record.notification = parse_notification(sqs_record.get("body"), sent_at=sent_at, now=now)
        check_origin(record.notification.origin, settings.source)
        record.events = [
            feedback_event(feedback, rule, pipeline=settings.pipeline, now=now)
            for feedback, rule in judge_all(record.notification.feedback)
        ]
        record.problems += record.notification.problems
    except UnreadableError as error:
        record.problems.append(str(error))
    except Exception as error:  # noqa: BLE001 - a fault of ours must not fail the other records, and its message may be personal
        record.problems.append(f"{type(error).__name__} while reading it: a fault of this program")
    return record


def assign_results(records: Sequence[Record], results: Sequence[Result]) -> None:
    """Give each record its results, and its events as they were recorded.

    ``results`` has one per event, in the order of records and their events.
    """
    remaining = iter(results)
    for record in records:
        record.results = [next(remaining) for _ in record.events]
        recorded = (result.recorded for result in record.results)
        record.events = [new or event for event, new in zip(record.events, recorded, strict=True)]


def batch_response(records: Sequence[Record]) -> dict[str, list[dict[str, str]]]:
    """The partial batch response: Lambda leaves these records in the queue and deletes the others."""
    return {"batchItemFailures": [{"itemIdentifier": record.message_id} for record in records if record.failed]}
