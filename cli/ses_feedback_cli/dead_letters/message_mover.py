"""Moves messages out of a queue without losing any, even when a call fails or the command is interrupted.

A message is deleted only after its copy is safe: SQS has acknowledged it in another queue, or it is in a file on the
disk. If it is interrupted between the two, the message is in both places. That is harmless: feedback that the history
already has changes nothing.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ses_feedback_cli.dead_letters.contents import attributes_to_send
from ses_feedback_cli.dead_letters.messages import (
    BATCH_SIZE,
    REPEATED_BATCHES_LIMIT,
    Message,
    receive_messages,
    release_messages,
)

_BATCH_BYTES_LIMIT = 262_144
"""Of one SendMessageBatch. SQS accepts more today; this was its limit before."""


Copy = Callable[[Sequence[Message]], Mapping[str, str]]
"""Makes copies of messages, at most BATCH_SIZE. When it returns they are safe, but for those whose ids it returns, each
with an error code."""


def copy_to_queue(client: Any, url: str) -> Copy:
    """Sends messages to a queue. Needs sqs:SendMessage on it."""

    def send(messages: Sequence[Message]) -> Mapping[str, str]:
        entries = [
            {"Id": str(number), "MessageBody": message.body, "MessageAttributes": attributes_to_send(message)}
            for number, message in enumerate(messages)
        ]
        response = client.send_message_batch(QueueUrl=url, Entries=entries)
        sent = {int(entry["Id"]) for entry in response.get("Successful", ())}
        codes = {int(entry["Id"]): str(entry.get("Code")) for entry in response.get("Failed", ())}
        return {message.id: codes.get(number, "?") for number, message in enumerate(messages) if number not in sent}

    return send


class MessageMover:
    """Moves messages of a queue once. Use a new mover for each run.

    Needs sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility on the source, and what ``copy`` needs.
    """

    def __init__(
        self,
        client: Any,
        source_url: str,
        copy: Copy,
        is_selected: Callable[[Message], bool],
        rate: int | None = None,
    ) -> None:
        """``is_selected`` decides which messages to move; ``rate`` is the maximum number of messages per second."""
        self.moved = 0
        """Messages copied and deleted."""
        self.failed: Counter[str] = Counter()
        """Messages not copied, which are still in the source, by error code."""
        self._client = client
        self._source_url, self._copy = source_url, copy
        self._is_selected, self._rate = is_selected, rate
        self._uncopied_handles: dict[str, str] = {}
        """The newest receipt handles of messages that were received and not copied, by message id."""
        self._undeleted_handles: dict[str, str] = {}
        """The same of messages that were copied and not yet deleted."""

    @property
    def remaining(self) -> int:
        """Messages received and left in the source: not selected, or not copied."""
        return len(self._uncopied_handles)

    @property
    def in_both(self) -> int:
        """Messages that were copied and could not be deleted, so that they are in both places."""
        return len(self._undeleted_handles)

    def run(self, on_progress: Callable[[int], None] = lambda _: None) -> None:
        """Move the selected messages, until the queue returns no new message.

        Raises: ClientError or BotoCoreError when a call fails as a whole; the counts then tell what was moved before.
        """
        batch_size = min(BATCH_SIZE, self._rate or BATCH_SIZE)
        repeated_batches = 0
        started, copied = time.monotonic(), 0
        try:
            while repeated_batches < REPEATED_BATCHES_LIMIT:
                messages = receive_messages(self._client, self._source_url)
                if not messages:
                    return
                new_messages = [message for message in messages if self._remember(message)]
                repeated_batches = 0 if new_messages else repeated_batches + 1
                for batch in batches(filter(self._is_selected, new_messages), batch_size):
                    self._copy_and_delete(batch)
                    copied += len(batch)
                    on_progress(self.moved)
                    if self._rate:
                        time.sleep(max(0.0, started + copied / self._rate - time.monotonic()))
        finally:
            self._clean_up()

    def _remember(self, message: Message) -> bool:
        """Keep the newest receipt handle of a message; returns whether it is received for the first time."""
        if message.id in self._undeleted_handles:
            self._undeleted_handles[message.id] = message.receipt_handle
            return False
        is_new = message.id not in self._uncopied_handles
        self._uncopied_handles[message.id] = message.receipt_handle
        return is_new

    def _copy_and_delete(self, messages: Sequence[Message]) -> None:
        failed = self._copy(messages)
        copied_ids = [message.id for message in messages if message.id not in failed]
        for message_id in copied_ids:
            self._undeleted_handles[message_id] = self._uncopied_handles.pop(message_id)
        self.failed.update(failed.values())
        self._delete(copied_ids)

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
        """Delete the messages that were copied and not deleted; make all others visible again."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        with suppress(ClientError, BotoCoreError):
            self._delete(list(self._undeleted_handles))
        release_messages(self._client, self._source_url, self._uncopied_handles.values())


def batches(messages: Iterable[Message], limit: int = BATCH_SIZE) -> Iterator[list[Message]]:
    """Messages in order, as many at a time as one call of SQS takes, by number and size."""
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
