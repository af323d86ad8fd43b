"""Moves messages from one queue to another without losing any, even when a call fails or the command is interrupted.

A message is deleted only after SQS has acknowledged its copy in the other queue. If it is interrupted between the two,
the message is in both queues. That is harmless: feedback that the history already has changes nothing.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from ses_feedback_cli.dead_letters.messages import (
    BATCH_SIZE,
    REPEATED_BATCHES_LIMIT,
    Message,
    receive_messages,
    release_messages,
)

_BATCH_BYTES_LIMIT = 262_144
"""Of one SendMessageBatch. SQS accepts more today; this was its limit before."""


class MessageMover:
    """Moves messages of a queue once. Use a new mover for each run.

    Needs sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility on the source, and sqs:SendMessage on
    the target.
    """

    def __init__(
        self,
        client: Any,
        source_url: str,
        target_url: str,
        is_selected: Callable[[Message], bool],
        rate: int | None = None,
    ) -> None:
        """``is_selected`` decides which messages to move; ``rate`` is the maximum number of messages per second."""
        self.moved = 0
        """Messages sent and deleted."""
        self.failed: Counter[str] = Counter()
        """Messages not sent, which are still in the source, by the error code of SQS."""
        self._client = client
        self._source_url, self._target_url = source_url, target_url
        self._is_selected, self._rate = is_selected, rate
        self._unsent_handles: dict[str, str] = {}
        """The newest receipt handles of messages that were received and not sent, by message id."""
        self._undeleted_handles: dict[str, str] = {}
        """The same of messages that were sent and not yet deleted."""

    @property
    def remaining(self) -> int:
        """Messages received and left in the source: not selected, or not sent."""
        return len(self._unsent_handles)

    @property
    def in_both(self) -> int:
        """Messages that were sent and could not be deleted, so that they are in both queues."""
        return len(self._undeleted_handles)

    def run(self, on_progress: Callable[[int], None] = lambda _: None) -> None:
        """Move the selected messages, until the queue returns no new message.

        Raises: ClientError or BotoCoreError when a call fails as a whole; the counts then tell what was moved before.
        """
        batch_size = min(BATCH_SIZE, self._rate or BATCH_SIZE)
        repeated_batches = 0
        started, sent = time.monotonic(), 0
        try:
            while repeated_batches < REPEATED_BATCHES_LIMIT:
                messages = receive_messages(self._client, self._source_url)
                if not messages:
                    return
                new_messages = [message for message in messages if self._remember(message)]
                repeated_batches = 0 if new_messages else repeated_batches + 1
                for batch in _batches(filter(self._is_selected, new_messages), batch_size):
                    self._send(batch)
                    sent += len(batch)
                    on_progress(self.moved)
                    if self._rate:
                        time.sleep(max(0.0, started + sent / self._rate - time.monotonic()))
        finally:
            self._clean_up()

    def _remember(self, message: Message) -> bool:
        """Keep the newest receipt handle of a message; returns whether it is received for the first time."""
        if message.id in self._undeleted_handles:
            self._undeleted_handles[message.id] = message.receipt_handle
            return False
        is_new = message.id not in self._unsent_handles
        self._unsent_handles[message.id] = message.receipt_handle
        return is_new

    def _send(self, messages: Sequence[Message]) -> None:
        entries = [
            {"Id": str(number), "MessageBody": message.body, "MessageAttributes": message.attributes}
            for number, message in enumerate(messages)
        ]
        response = self._client.send_message_batch(QueueUrl=self._target_url, Entries=entries)
        sent_ids = [messages[int(entry["Id"])].id for entry in response.get("Successful", ())]
        for message_id in sent_ids:
            self._undeleted_handles[message_id] = self._unsent_handles.pop(message_id)
        self.failed.update(str(entry.get("Code")) for entry in response.get("Failed", ()))
        self._delete(sent_ids)

    def _delete(self, message_ids: Sequence[str]) -> None:
        for start in range(0, len(message_ids), BATCH_SIZE):
            batch = message_ids[start : start + BATCH_SIZE]
            entries = [
                {"Id": str(number), "ReceiptHandle": self._undeleted_handles[message_id]}
                for number, message_id in enumerate(batch)
            ]
            response = self._client.delete_message_batch(QueueUrl=self._source_url, Entries=entries)
            for entry in response.get("Successful", ()):
                del self._undeleted_handles[batch[int(entry["Id"])]]
                self.moved += 1

    def _clean_up(self) -> None:
        """Delete the messages that were sent and not deleted; make all others visible again."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        with suppress(ClientError, BotoCoreError):
            self._delete(list(self._undeleted_handles))
        release_messages(self._client, self._source_url, self._unsent_handles.values())


def _batches(messages: Iterable[Message], limit: int) -> Iterator[list[Message]]:
    batch: list[Message] = []
    remaining_bytes = _BATCH_BYTES_LIMIT
    for message in messages:
        size = _size(message)
        if batch and (len(batch) == limit or size > remaining_bytes):
            yield batch
            batch, remaining_bytes = [], _BATCH_BYTES_LIMIT
        batch.append(message)
        remaining_bytes -= size
    if batch:
        yield batch


def _size(message: Message) -> int:
    """The bytes of a message's body and attributes."""
    attribute_bytes = sum(
        len(name.encode())
        + sum(len(value if isinstance(value, bytes) else value.encode()) for value in attribute.values())
        for name, attribute in message.attributes.items()
    )
    return len(message.body.encode()) + attribute_bytes
