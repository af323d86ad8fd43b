"""Receives the messages of a dead-letter queue without deleting any.

SQS cannot list a queue: a consumer receives messages, which are then in flight, invisible to others. So what is read is
a sample, and at the end every message is made visible again. The dead-letter queues have no redrive policy of their
own, so receiving a message never moves it.
"""

import re
from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

BATCH_SIZE = 10
"""The most messages that one call of SQS can handle."""

VISIBILITY_TIMEOUT_SECONDS = 120
"""How long a message stays invisible if this command is killed: longer than a batch takes, and shorter than the five
minutes of the alarm on these queues."""

WAIT_SECONDS = 1
"""Long polling makes SQS query all its servers; without it an empty response does not mean an empty queue."""

REPEATED_BATCHES_LIMIT = 3
"""After so many batches in a row without a new message, all visible messages have been received."""

SENT_TIMESTAMP = "SentTimestamp"
"""The message attribute (epoch milliseconds) in which the function keeps when a message was first sent; and SQS's
attribute of the message itself, which begins anew when a message is sent again."""


@dataclass(frozen=True)
class Message:
    """A message as it was received from SQS."""

    id: str
    receipt_handle: str
    sent_at: datetime
    """When it was first sent to a queue."""
    enqueued_at: datetime
    """When it was last sent to a queue, by which SQS expires it. SQS's own move to the dead-letter queue keeps that
    time; a message that the function sends there begins anew."""
    receive_count: int
    body: str
    attributes: Mapping[str, Mapping[str, Any]]
    """Message attributes, in the form in which SQS takes them."""


def sample_messages(client: Any, url: str, limit: int) -> Generator[Message, None, None]:
    """Up to ``limit`` messages of a queue, each once. When this ends or is closed, they are visible again.

    Needs sqs:ReceiveMessage and sqs:ChangeMessageVisibility.
    """
    receipt_handles: dict[str, str] = {}
    repeated_batches = 0
    try:
        while len(receipt_handles) < limit and repeated_batches < REPEATED_BATCHES_LIMIT:
            messages = receive_messages(client, url, min(BATCH_SIZE, limit - len(receipt_handles)))
            if not messages:
                return
            new_messages = [message for message in messages if message.id not in receipt_handles]
            receipt_handles |= {message.id: message.receipt_handle for message in messages}
            repeated_batches = 0 if new_messages else repeated_batches + 1
            yield from new_messages
    finally:
        release_messages(client, url, receipt_handles.values())


def receive_messages(client: Any, url: str, limit: int = BATCH_SIZE) -> list[Message]:
    """The next messages, invisible to others for VISIBILITY_TIMEOUT_SECONDS; empty if no message is visible."""
    response = client.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=limit,
        VisibilityTimeout=VISIBILITY_TIMEOUT_SECONDS,
        WaitTimeSeconds=WAIT_SECONDS,
        MessageSystemAttributeNames=[SENT_TIMESTAMP, "ApproximateReceiveCount"],
        MessageAttributeNames=["All"],
    )
    return [_message(received) for received in response.get("Messages", ())]


def release_messages(client: Any, url: str, receipt_handles: Iterable[str]) -> None:
    """Make messages visible again. If a call fails, its messages are visible after VISIBILITY_TIMEOUT_SECONDS."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    handles = list(receipt_handles)
    for start in range(0, len(handles), BATCH_SIZE):
        entries = [
            {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
            for number, handle in enumerate(handles[start : start + BATCH_SIZE])
        ]
        with suppress(ClientError, BotoCoreError):
            client.change_message_visibility_batch(QueueUrl=url, Entries=entries)


def _message(received: Mapping[str, Any]) -> Message:
    system_attributes = received["Attributes"]
    attributes = {
        name: {key: attribute[key] for key in ("DataType", "StringValue", "BinaryValue") if key in attribute}
        for name, attribute in received.get("MessageAttributes", {}).items()
    }
    enqueued_at = datetime.fromtimestamp(int(system_attributes[SENT_TIMESTAMP]) / 1_000, UTC)
    stated = attributes.get(SENT_TIMESTAMP, {}).get("StringValue", "")
    return Message(
        received["MessageId"],
        received["ReceiptHandle"],
        datetime.fromtimestamp(int(stated) / 1_000, UTC) if re.fullmatch(r"\d{1,14}", stated) else enqueued_at,
        enqueued_at,
        int(system_attributes["ApproximateReceiveCount"]),
        received["Body"],
        attributes,
    )
