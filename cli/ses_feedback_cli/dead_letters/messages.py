"""Samples the messages of a dead-letter queue without deleting any, and parses them.

What is read is a sample, since SQS cannot list a queue; at the end every message is made visible again.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ses_feedback.function.envelope import UnreadableError
from ses_feedback.function.notification import parse_notification
from ses_feedback.function.origin import Source, check_origin
from ses_feedback.function.queue_messages import (
    BATCH_SIZE,
    REPEATED_BATCHES_LIMIT,
    Message,
    receive_messages,
    release_messages,
)

from ses_feedback_cli.dead_letters.queues import SUBSCRIPTION_DEAD_LETTERS, DeadLetterQueue

UNREADABLE = "unreadable"


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
