"""What becomes of the records of a batch that were not processed: dead letters, or back to the queue after a delay.

The function sends dead letters by itself, with the reason as a message attribute, instead of leaving them to the
queue's redrive policy: that one counts receives, and cannot tell an outage from a message that nobody can read. A
record is acknowledged only after SQS has acknowledged its copy. If the function is killed between the two, the record
comes back and becomes a dead letter a second time, which is harmless: feedback that the history has changes nothing.

What was sent is a new message, with the dead-letter queue's whole retention of 14 days. A record that cannot be sent is
visible again after the queue's visibility timeout, without a delay of its own: so SQS counts its receives, and moves it
before it expires.
"""

import random
import re
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_feedback.function.batch import Record
from ses_feedback.function.queue_messages import (
    ATTRIBUTES_LIMIT,
    BATCH_SIZE,
    SENT_TIMESTAMP,
    Attributes,
    Message,
    batches,
    send_entries,
)
from ses_feedback.function.retries import JITTER, comes_back_in_time, retry_delay
from ses_feedback.function.settings import Queues
from ses_feedback.table import describe

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

REASON, PROBLEM, REDRIVEN = "Reason", "Problem", "Redriven"
"""Message attributes of a dead letter: why it is one, UNREADABLE or REFUSED; what exactly; and 1 if it was redriven
automatically before. Without a reason SQS moved it: the function never ran to an end for it."""

UNREADABLE, REFUSED = "unreadable", "refused"

_PROBLEM_LENGTH = 256
_NOT_IN_SQS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORKERS = 10

_Delay = tuple[Message, int]
_Called = tuple[set[str], list[str]]
"""The ids of messages that SQS acknowledged, and what went wrong."""


def settle_failures(
    records: Iterable[Record], queues: Queues, client: "SQSClient", *, now: datetime, deadline: float
) -> list[str]:
    """Send what is to be a dead letter, and delay what AWS refused; returns what SQS refused of that, for the log.

    Marks the records that are dead letters now. Returns by ``deadline`` (of time.monotonic): what is not sent by then
    is none. Never raises for an error of AWS.
    """
    failed = [record for record in records if record.failed]
    letters: list[Message] = []
    delays: list[_Delay] = []
    for record in failed:
        reason, problem = (REFUSED, record.refusal) if record.refusal else (UNREADABLE, "; ".join(record.problems))
        delay = retry_delay(record.message.receive_count, random.uniform(*JITTER))  # noqa: S311
        if record.refusal and comes_back_in_time(record.age_seconds(now), delay, queues.retention_seconds):
            delays.append((record.message, delay))
        else:
            letters.append(dead_letter(record.message, reason, problem))
    calls = [partial(_send, client, queues.dead_letter_url, batch) for batch in batches(letters)]
    calls += [
        partial(_delay, client, queues.url, delays[start : start + BATCH_SIZE])
        for start in range(0, len(delays), BATCH_SIZE)
    ]
    sent, errors = _run(calls, deadline)
    for record in failed:
        record.is_dead_letter = record.message.id in sent
    return errors


def dead_letter(message: Message, reason: str, problem: str) -> Message:
    """The message as it is sent to the dead-letter queue. ``problem`` must not have personal data."""
    own = {
        REASON: _string(reason),
        PROBLEM: _string(_NOT_IN_SQS.sub("?", problem)[:_PROBLEM_LENGTH] or "unknown"),
        **_sent_timestamp(message),
    }
    if REDRIVEN in message.attributes:
        own[REDRIVEN] = _number(1)
    return _with_attributes(message, own, message.attributes)


def redriven(message: Message) -> Message:
    """The dead letter as it is sent back to the queue, automatically and therefore for the only time."""
    kept = {name: value for name, value in message.attributes.items() if name not in {REASON, PROBLEM}}
    return _with_attributes(message, {REDRIVEN: _number(1), **_sent_timestamp(message)}, kept)


def _with_attributes(message: Message, own: Attributes, kept: Attributes) -> Message:
    """With our own attributes, and as many of the others as SQS takes: a message with too many could not be sent."""
    return replace(message, attributes=dict(islice({**own, **kept, **own}.items(), ATTRIBUTES_LIMIT)))


def _sent_timestamp(message: Message) -> Attributes:
    return {SENT_TIMESTAMP: _number(round(message.first_sent_at.timestamp() * 1_000))}


def _string(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


def _number(value: int) -> dict[str, str]:
    return {"DataType": "Number", "StringValue": str(value)}


def _run(calls: Sequence[Callable[[], _Called]], deadline: float) -> _Called:
    """All calls at once, as far as they have ended by the deadline."""
    if not calls:
        return set(), []
    pool = ThreadPoolExecutor(min(_WORKERS, len(calls)), thread_name_prefix="queues")
    done, unfinished = wait(map(pool.submit, calls), timeout=max(0.0, deadline - time.monotonic()))
    pool.shutdown(wait=False, cancel_futures=True)
    results = [future.result() for future in done]
    errors = [error for _, call_errors in results for error in call_errors]
    if unfinished:
        errors.append(f"no time left for {len(unfinished)} calls of SQS")
    return {message_id for ids, _ in results for message_id in ids}, errors


def _send(client: "SQSClient", url: str, batch: Sequence[Message]) -> _Called:
    try:
        response: Any = client.send_message_batch(QueueUrl=url, Entries=send_entries(batch))
    except (ClientError, BotoCoreError) as error:
        return set(), [f"SendMessageBatch: {describe(error)}"]
    errors = [f"SendMessageBatch: {entry.get('Code')}" for entry in response.get("Failed", ())]
    return {batch[int(entry["Id"])].id for entry in response.get("Successful", ())}, errors


def _delay(client: "SQSClient", url: str, delays: Sequence[_Delay]) -> _Called:
    entries: Any = [
        {"Id": str(number), "ReceiptHandle": message.receipt_handle, "VisibilityTimeout": seconds}
        for number, (message, seconds) in enumerate(delays)
    ]
    try:
        response: Any = client.change_message_visibility_batch(QueueUrl=url, Entries=entries)
    except (ClientError, BotoCoreError) as error:
        return set(), [f"ChangeMessageVisibilityBatch: {describe(error)}"]
    return set(), [f"ChangeMessageVisibilityBatch: {entry.get('Code')}" for entry in response.get("Failed", ())]
