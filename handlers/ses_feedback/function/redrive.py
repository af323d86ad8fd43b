"""Redrive without a person: dead letters of an outage that is over go back to the queue, once each.

Unreadable ones stay, they would come back: each is read before it goes. So do those that were redriven before: what
fails twice needs a person. An outage is over when the queue drains, so the first message goes alone, and only after it
is processed go 10, then 100, and so on. There is no further step when the queue does not drain, which is how a message
that AWS refuses again shows, nor when a redriven message is seen that is a dead letter again. SQS tends to return older
messages first: among many, such a one is seen late. It also stops when SQS does not delete what was moved.
With a batching window that is longer than a run, each run moves one message: no second step would know of the first.

A message is in the queue before it is deleted here. If the function is killed between the two, or SQS does not delete
it, it may be redriven a second time; the history then has its feedback already, and nothing changes.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_feedback.function.dead_letters import REASON, REDRIVEN, UNREADABLE, redriven
from ses_feedback.function.message_mover import MessageMover
from ses_feedback.function.queue_messages import Message
from ses_feedback.function.settings import Queues
from ses_feedback.table import describe

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_LONGEST_SECONDS = 240
"""Less than the five minutes of the alarm on dead letters, which are hidden so long: it looks at the visible ones."""

_MOVING_SHARE, _RELEASING_SHARE = 0.6, 0.9
"""Of that time: when the moving ends, and then the making visible of the messages that were received and stay."""

_BUSY_MESSAGES = 100
"""With more messages in the queue there is a backlog. A queue with steady traffic is hardly ever empty: those being
processed count, as do those that wait for the end of their batching window."""

_STEP_FACTOR = 10
_POLL_SECONDS = 2

_PAUSE = timedelta(hours=1)
"""For so long after a redriven message became a dead letter again no other one is moved."""

_STATES: Any = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
]


@dataclass
class RedriveResult:
    """How many messages were moved, and why no more."""

    moved: int = 0
    end: str = "all moved"
    in_both: int = 0
    """Messages in the queue that could not be deleted from the dead-letter queue."""


def redrive(
    client: "SQSClient",
    queues: Queues,
    is_worth_it: Callable[[Message], bool],
    *,
    remaining_seconds: float,
) -> RedriveResult:
    """Move what may go back of both dead-letter queues. Never raises for an error of AWS: the result names it.

    ``is_worth_it`` tells whether the function would find anything in a message to record or to acknowledge.
    Needs sqs:ReceiveMessage, sqs:DeleteMessage, sqs:ChangeMessageVisibility and sqs:GetQueueAttributes on both, and
    sqs:SendMessage and sqs:GetQueueAttributes on the queue.
    """
    remaining_seconds = min(remaining_seconds, _LONGEST_SECONDS)
    started = time.monotonic()
    deadline = started + _MOVING_SHARE * remaining_seconds
    selection = _Selection(is_worth_it, datetime.now(UTC) - _PAUSE)
    # Hardly anything unreadable is in what the topic could not deliver; of the others there may be more of it than
    # there is time to look at.
    source_urls = (queues.subscription_dead_letter_url, queues.dead_letter_url)
    movers = [
        MessageMover(
            client,
            source_url,
            queues.url,
            selection.includes,
            change=redriven,
            visibility_timeout_seconds=math.ceil(remaining_seconds),
        )
        for source_url in source_urls
    ]
    result = RedriveResult()
    try:
        if any(_count(client, url) for url in source_urls):
            result.end = _move_in_steps(_Queue(client, queues.url, deadline), movers, selection, deadline)
    except (ClientError, BotoCoreError) as error:
        result.end = f"SQS: {describe(error)}"
    for mover in movers:
        mover.close(deadline=started + _RELEASING_SHARE * remaining_seconds)
        result.moved += mover.moved
        result.in_both += mover.in_both
    return result


class _Selection:
    """Which messages may go back. None, once a redriven one is seen that is a dead letter again since ``since``."""

    def __init__(self, is_worth_it: Callable[[Message], bool], since: datetime) -> None:
        self.returned = False
        self._is_worth_it, self._since = is_worth_it, since

    def includes(self, message: Message) -> bool:
        is_redriven = REDRIVEN in message.attributes
        self.returned = self.returned or (is_redriven and message.sent_at >= self._since)
        return not (
            self.returned or is_redriven or message.attribute(REASON) == UNREADABLE or not self._is_worth_it(message)
        )


class _Queue:
    """The queue that the messages go to."""

    def __init__(self, client: "SQSClient", url: str, deadline: float) -> None:
        self._client, self._url, self._deadline = client, url, deadline
        self._count_before = _count(client, url)
        self.is_busy = self._count_before > _BUSY_MESSAGES

    def drains(self) -> bool:
        """Wait until it holds no more messages than before the redrive; whether that came before the deadline."""
        while time.monotonic() < self._deadline:
            time.sleep(max(0.0, min(_POLL_SECONDS, self._deadline - time.monotonic())))
            if _count(self._client, self._url) <= self._count_before:
                return True
        return False


def _move_in_steps(queue: _Queue, movers: Sequence[MessageMover], selection: _Selection, deadline: float) -> str:
    """Move 1, then 10, then 100 ... messages, each step after the queue has drained; returns why it ended."""
    if queue.is_busy:
        return "the queue has a backlog"
    step = 1
    while True:
        tried = 0
        for mover in movers:
            tried += mover.move(step - tried, deadline=deadline)
            if mover.failed or mover.in_both:  # a further step, as each run, would put more into both queues
                return f"SendMessageBatch: {', '.join(mover.failed)}" if mover.failed else "DeleteMessageBatch failed"
        if selection.returned:
            return "a redriven message is a dead letter again"
        if time.monotonic() >= deadline:
            return "no time left"
        if tried < step:
            return "all moved"
        if not queue.drains():
            return "the queue does not drain"
        step *= _STEP_FACTOR


def _count(client: "SQSClient", url: str) -> int:
    """Messages of a queue in any state; approximate, and up to a minute old (SQS API reference, GetQueueAttributes)."""
    attributes: Any = client.get_queue_attributes(QueueUrl=url, AttributeNames=_STATES)["Attributes"]
    return sum(int(attributes[name]) for name in _STATES)
