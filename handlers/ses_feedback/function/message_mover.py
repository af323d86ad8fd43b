"""Moves messages from one queue to another without losing any, even when a call fails or the program is interrupted.

A message is deleted only after SQS has acknowledged its copy in the other queue. If it is interrupted between the two,
the message is in both queues. That is harmless: feedback that the history already has changes nothing.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_feedback.function.queue_messages import (
    BATCH_SIZE,
    REPEATED_BATCHES_LIMIT,
    VISIBILITY_TIMEOUT_SECONDS,
    Message,
    batches,
    receive_messages,
    release_messages,
    send_entries,
)

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class MessageMover:
    """Moves messages of a queue once. Use a new mover for each run.

    Needs sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility on the source, and sqs:SendMessage on
    the target.
    """

    def __init__(
        self,
        client: "SQSClient",
        source_url: str,
        target_url: str,
        is_selected: Callable[[Message], bool],
        rate: int | None = None,
        *,
        change: Callable[[Message], Message] = lambda message: message,
        visibility_timeout_seconds: int = VISIBILITY_TIMEOUT_SECONDS,
    ) -> None:
        """``is_selected`` decides which messages to move; ``rate`` is the maximum number of messages per second.

        ``change`` makes what is sent of what was received; what it returns keeps the id.
        """
        self.moved = 0
        """Messages sent and deleted."""
        self.failed: Counter[str] = Counter()
        """Messages not sent, which are still in the source, by the error code of SQS."""
        self._client = client
        self._source_url, self._target_url = source_url, target_url
        self._is_selected, self._change, self._rate = is_selected, change, rate
        self._visibility_timeout_seconds = visibility_timeout_seconds
        self._selected: list[Message] = []
        """Received, and not tried to be sent."""
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
        try:
            self.move(on_progress=on_progress)
        finally:
            self.close()

    def move(
        self,
        limit: float = math.inf,
        *,
        deadline: float = math.inf,
        on_progress: Callable[[int], None] = lambda _: None,
    ) -> int:
        """Try to move at most ``limit`` further messages, until ``deadline`` (of time.monotonic); how many it tried.

        Other messages that it receives stay invisible until ``close``. Raises: as ``run``.
        """
        batch_size = min(BATCH_SIZE, self._rate or BATCH_SIZE)
        repeated_batches = 0
        started, sent = time.monotonic(), 0
        while sent < limit and time.monotonic() < deadline:
            if not self._selected:
                if repeated_batches == REPEATED_BATCHES_LIMIT:
                    break
                messages = receive_messages(
                    self._client, self._source_url, visibility_timeout_seconds=self._visibility_timeout_seconds
                )
                if not messages:
                    break
                new_messages = [message for message in messages if self._remember(message)]
                repeated_batches = 0 if new_messages else repeated_batches + 1
                self._selected = list(filter(self._is_selected, new_messages))
                continue
            batch = next(batches(self._selected, int(min(batch_size, limit - sent))))
            del self._selected[: len(batch)]
            self._copy_and_delete(batch)
            sent += len(batch)
            on_progress(self.moved)
            if self._rate:
                time.sleep(max(0.0, started + sent / self._rate - time.monotonic()))
        return sent

    def close(self, *, deadline: float = math.inf) -> None:
        """Delete the messages that were sent and not deleted; make all others visible again, until ``deadline``.
        Raises nothing."""
        with suppress(ClientError, BotoCoreError):
            self._delete(list(self._undeleted_handles))
        release_messages(self._client, self._source_url, self._unsent_handles.values(), deadline=deadline)

    def _remember(self, message: Message) -> bool:
        """Keep the newest receipt handle of a message; returns whether it is received for the first time."""
        if message.id in self._undeleted_handles:
            self._undeleted_handles[message.id] = message.receipt_handle
            return False
        is_new = message.id not in self._unsent_handles
        self._unsent_handles[message.id] = message.receipt_handle
        return is_new

    def copy(self, messages: Sequence[Message]) -> list[str]:
        """Send copies to the target; returns the ids of those that are there. A subclass may keep them elsewhere."""
        response = self._client.send_message_batch(
            QueueUrl=self._target_url, Entries=send_entries(map(self._change, messages))
        )
        self.failed.update(str(entry.get("Code")) for entry in response.get("Failed", ()))
        return [messages[int(entry["Id"])].id for entry in response.get("Successful", ())]

    def _copy_and_delete(self, messages: Sequence[Message]) -> None:
        sent_ids = self.copy(messages)
        for message_id in sent_ids:
            self._undeleted_handles[message_id] = self._unsent_handles.pop(message_id)
        self._delete(sent_ids)

    def _delete(self, message_ids: Sequence[str]) -> None:
        for start in range(0, len(message_ids), BATCH_SIZE):
            batch = message_ids[start : start + BATCH_SIZE]
            entries: Any = [
                {"Id": str(number), "ReceiptHandle": self._undeleted_handles[message_id]}
                for number, message_id in enumerate(batch)
            ]
            response = self._client.delete_message_batch(QueueUrl=self._source_url, Entries=entries)
            for entry in response.get("Successful", ()):
                del self._undeleted_handles[batch[int(entry["Id"])]]
                self.moved += 1
