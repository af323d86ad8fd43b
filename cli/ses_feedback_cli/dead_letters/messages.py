"""Receives the messages of a dead-letter queue without deleting any, and parses them.

SQS cannot list a queue: a consumer receives messages, which are then in flight, invisible to others. So what is read is
a sample, and at the end every message is made visible again. The dead-letter queues have no redrive policy of their
own, so receiving a message never moves it.
"""

from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ses_feedback.function.envelope import UnreadableError
from ses_feedback.function.notification import parse_notification
from ses_feedback.function.origin import Source, check_origin

from ses_feedback_cli.dead_letters.queues import SUBSCRIPTION_DEAD_LETTERS, DeadLetterQueue

BATCH_SIZE = 10
"""The most messages that one call of SQS can handle."""

VISIBILITY_TIMEOUT_SECONDS = 120
"""How long a message stays invisible if this command is killed: longer than a batch takes, and shorter than the five
minutes of the alarm on these queues."""

WAIT_SECONDS = 1
"""Long polling makes SQS query all its servers; without it an empty response does not mean an empty queue."""

REPEATED_BATCHES_LIMIT = 3
"""After so many batches in a row without a new message, all visible messages have been received."""

UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Message:
    """A message as it was received from SQS."""

    id: str
    receipt_handle: str
    sent_at: datetime
    """When it was first sent to a queue: the move to the dead-letter queue keeps that time."""
    receive_count: int
    body: str
    attributes: Mapping[str, Mapping[str, Any]]
    """Message attributes, in the form in which SQS takes them."""


@dataclass(frozen=True)
class MessageContents:
    """What a message contains, without personal data."""

    kind: str
    """bounce, complaint, another type (setup message, delivery, ...), or unreadable."""
    type: str = ""
    subtype: str = ""
    feedback_id: str = ""
    occurred_at: str = ""
    recipients: int = 0
    problem: str = ""
    """Why the message, or a part of it, cannot be read."""

    def is_of(self, type_: str) -> bool:
        """Whether it has a type, subtype or kind, ignoring case."""
        return type_.casefold() in {self.kind.casefold(), self.type.casefold(), self.subtype.casefold()}


def parse_message(message: Message, now: datetime, source: Source | None = None) -> MessageContents:
    """Parse a message as the function of this source does."""
    try:
        notification = parse_notification(message.body, sent_at=message.sent_at, now=now)
        check_origin(notification.origin, source or Source())
    except UnreadableError as error:
        return MessageContents(UNREADABLE, problem=str(error))
    problem = "; ".join(notification.problems)
    if not notification.feedback:
        return MessageContents(UNREADABLE if problem else str(notification.skipped), problem=problem)
    first = notification.feedback[0]
    return MessageContents(
        first.kind,
        first.type,
        first.subtype,
        first.feedback_id,
        first.occurred_at,
        len(notification.feedback),
        problem,
    )


def failure_reason(queue: DeadLetterQueue, contents: MessageContents) -> str:
    """Why a message is in a dead-letter queue, as far as its contents and the queue show."""
    if contents.problem:
        extent = "cannot be read" if contents.kind == UNREADABLE else "cannot be read completely"
        return f"{extent}: {contents.problem}"
    if queue.name == SUBSCRIPTION_DEAD_LETTERS:
        return "readable: the topic could not deliver it to the queue"
    return "readable: the function failed to process it, or never ran for it"


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
        MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
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
    return Message(
        received["MessageId"],
        received["ReceiptHandle"],
        datetime.fromtimestamp(int(system_attributes["SentTimestamp"]) / 1_000, UTC),
        int(system_attributes["ApproximateReceiveCount"]),
        received["Body"],
        attributes,
    )
