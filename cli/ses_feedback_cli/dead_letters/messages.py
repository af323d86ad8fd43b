"""Samples the messages of a dead-letter queue without deleting any.

What is read is a sample, since SQS cannot list a queue; at the end every message is made visible again.
"""

from collections.abc import Generator
from typing import Any

from ses_feedback.function.queue_messages import (
    BATCH_SIZE,
    REPEATED_BATCHES_LIMIT,
    Message,
    receive_messages,
    release_messages,
)


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
