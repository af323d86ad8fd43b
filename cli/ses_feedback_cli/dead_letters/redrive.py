"""Moves failed messages back to the queue of their pipeline."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError
from ses_feedback.function.message_mover import MessageMover
from ses_feedback.function.queue_messages import Message
from ses_feedback.timestamps import CLOCK_TOLERANCE

from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.contents import Selection, sent_back
from ses_feedback_cli.dead_letters.messages import sample_messages
from ses_feedback_cli.dead_letters.queues import DeadLetterQueue, count_messages
from ses_feedback_cli.errors import describe_error
from ses_feedback_cli.exit_codes import ExitCode

SAMPLE_LIMIT = 1_000
"""Messages of a queue that are read to count how many would be moved."""


@dataclass
class RedriveResult:
    """What was moved from one dead-letter queue."""

    pipeline: str
    queue: str
    status: str = "done"
    """done, failed or interrupted."""
    moved: int = 0
    not_moved: int = 0
    in_both: int = 0
    """Messages sent, but not deleted: SQS delivers them again later, which changes nothing."""
    reason: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """The exit code for this queue."""
        if self.status == "failed":
            return ExitCode.FAILED
        if self.status == "interrupted":
            return ExitCode.INTERRUPTED
        return ExitCode.NEGATIVE if self.not_moved or self.in_both else ExitCode.OK


def count_selected(context: Context, queue: DeadLetterQueue, selection: Selection) -> tuple[int, bool]:
    """How many messages would be moved, approximately, and whether there may be more than that."""
    client, now = queue.client(context), datetime.now(UTC)
    visible, _ = count_messages(client, queue.url)
    if selection.is_everything or not visible:
        return visible, False
    with closing(sample_messages(client, queue.url, SAMPLE_LIMIT)) as messages:
        return sum(selection.includes(queue, message, now) for message in messages), visible > SAMPLE_LIMIT


def redrive_queue(
    context: Context,
    queue: DeadLetterQueue,
    selection: Selection,
    rate: int | None,
    on_progress: Callable[[int], None],
) -> RedriveResult:
    """Move the selected messages of a queue. ``rate``: maximum number of messages per second.

    Not by a message move task of SQS: that keeps the attributes which are no longer true, takes no messages of a
    subscription, and goes on for as long as messages come back, which those do at once that cannot be read.
    """
    client, now = queue.client(context), datetime.now(UTC)
    is_selected = _once(selects(queue, selection, now), now)
    mover = MessageMover(client, queue.url, queue.pipeline.queue_url, is_selected, rate, change=sent_back)
    result = RedriveResult(queue.pipeline.name, queue.name)
    result.status, result.reason = run_mover(mover, on_progress)
    result.moved, result.in_both, result.not_moved = mover.moved, mover.in_both, mover.failed.total()
    return result


def _once(is_selected: Callable[[Message], bool], now: datetime) -> Callable[[Message], bool]:
    """Leaves a message that was moved since ``now`` and is a dead letter again; its body tells, it has a new id.

    Of two alike that became dead letters a moment ago one stays, for the next redrive.
    """
    bodies: set[int] = set()

    def is_selected_once(message: Message) -> bool:
        if not is_selected(message):
            return False
        is_back = hash(message.body) in bodies and message.sent_at > now - CLOCK_TOLERANCE
        bodies.add(hash(message.body))
        return not is_back

    return is_selected_once


def selects(queue: DeadLetterQueue, selection: Selection, now: datetime) -> Callable[[Message], bool]:
    """Whether a selection that was made at ``now`` includes a message of the queue."""

    def is_selected(message: Message) -> bool:
        # What becomes a dead letter while this runs stays, or this might never end. Clocks differ a little.
        return message.sent_at < now + CLOCK_TOLERANCE and selection.includes(queue, message, now)

    return is_selected


def run_mover(mover: MessageMover, on_progress: Callable[[int], None] = lambda _: None) -> tuple[str, str]:
    """Move the messages; returns the status (done, failed or interrupted) and why some were not moved."""
    stay = "the other messages stay where they are"
    try:
        mover.run(on_progress)
    except KeyboardInterrupt:
        return "interrupted", stay
    except (ClientError, BotoCoreError) as error:
        return "failed", f"{describe_error(error)}; {stay}"
    return "done", ", ".join(f"{code}: {number}" for code, number in mover.failed.items())
