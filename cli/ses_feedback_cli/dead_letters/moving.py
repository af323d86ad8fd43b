"""Moves messages from one queue to another so that none is lost, whatever happens and whenever.

A message is deleted only after SQS has acknowledged the copy in the other queue. Interrupted between the two it is in
both, which costs nothing: the history knows a feedback that it has seen.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from ses_feedback_cli.dead_letters.letters import BATCH, FRUITLESS, Letter, receive, release

_BATCH_BYTES = 262_144
"""Of one SendMessageBatch. SQS takes more by now, and took this much before."""


class Mover:
    """One pass over a queue. For one use.

    Needs sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility on the source, and sqs:SendMessage on
    the target.
    """

    def __init__(
        self,
        client: Any,
        source: str,
        target: str,
        wanted: Callable[[Letter], bool],
        rate: int | None = None,
    ) -> None:
        """``source`` and ``target`` are URLs; ``rate`` is the most messages a second."""
        self.moved = 0
        """Sent and deleted."""
        self.failed: Counter[str] = Counter()
        """By the code that SQS gave: not sent, so still in the source."""
        self._client = client
        self._source, self._target = source, target
        self._wanted, self._rate = wanted, rate
        self._held: dict[str, str] = {}
        self._sent: dict[str, str] = {}

    @property
    def left(self) -> int:
        """Messages seen and left in the source: not wanted, or not sent."""
        return len(self._held)

    @property
    def doubled(self) -> int:
        """Messages that were sent and could not be deleted, so that they are in both queues."""
        return len(self._sent)

    def run(self, on_progress: Callable[[int], None] = lambda _: None) -> None:
        """Move what is wanted, until the queue shows nothing new.

        Raises: ClientError or BotoCoreError when SQS refuses a call as a whole; what was moved by then is moved.
        """
        fruitless = 0
        begun, sent = time.monotonic(), 0
        try:
            while fruitless < FRUITLESS:
                letters = receive(self._client, self._source)
                if not letters:
                    return
                fresh = [one for one in letters if self._hold(one)]
                fruitless = 0 if fresh else fruitless + 1
                for batch in _batches([one for one in fresh if self._wanted(one)], min(BATCH, self._rate or BATCH)):
                    self._send(batch)
                    sent += len(batch)
                    on_progress(self.moved)
                    if self._rate:
                        time.sleep(max(0.0, begun + sent / self._rate - time.monotonic()))
        finally:
            self._let_go()

    def _hold(self, letter: Letter) -> bool:
        """Keep the newest receipt of a message; whether it is seen for the first time."""
        known = next((held for held in (self._sent, self._held) if letter.id in held), None)
        (self._held if known is None else known)[letter.id] = letter.handle
        return known is None

    def _send(self, letters: Sequence[Letter]) -> None:
        entries = [
            {"Id": str(number), "MessageBody": one.body, "MessageAttributes": one.attributes}
            for number, one in enumerate(letters)
        ]
        answer = self._client.send_message_batch(QueueUrl=self._target, Entries=entries)
        acknowledged = [letters[int(one["Id"])].id for one in answer.get("Successful", ())]
        for identity in acknowledged:
            self._sent[identity] = self._held.pop(identity)
        self.failed.update(str(one.get("Code")) for one in answer.get("Failed", ()))
        self._delete(acknowledged)

    def _delete(self, identities: Sequence[str]) -> None:
        for start in range(0, len(identities), BATCH):
            part = identities[start : start + BATCH]
            entries = [{"Id": str(number), "ReceiptHandle": self._sent[one]} for number, one in enumerate(part)]
            answer = self._client.delete_message_batch(QueueUrl=self._source, Entries=entries)
            for one in answer.get("Successful", ()):
                del self._sent[part[int(one["Id"])]]
                self.moved += 1

    def _let_go(self) -> None:
        """Delete what was sent and is still there; show the rest to others again."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        with suppress(ClientError, BotoCoreError):
            self._delete(list(self._sent))
        release(self._client, self._source, self._held.values())


def _batches(letters: Iterable[Letter], number: int) -> Iterator[list[Letter]]:
    batch: list[Letter] = []
    room = _BATCH_BYTES
    for one in letters:
        size = _size(one)
        if batch and (len(batch) == number or size > room):
            yield batch
            batch, room = [], _BATCH_BYTES
        batch.append(one)
        room -= size
    if batch:
        yield batch


def _size(letter: Letter) -> int:
    attributes = sum(
        len(name.encode()) + sum(len(value if isinstance(value, bytes) else value.encode()) for value in one.values())
        for name, one in letter.attributes.items()
    )
    return len(letter.body.encode()) + attributes
