"""Moves failed messages back to the queue of their pipeline."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ses_feedback.function.message_mover import MessageMover
from ses_feedback.function.queue_messages import Message
from ses_feedback.timestamps import CLOCK_TOLERANCE

from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.contents import Selection, sent_back
from ses_feedback_cli.dead_letters.messages import sample_messages
from ses_feedback_cli.dead_letters.move_task import ALREADY_RUNNING, MoveTask, run_move_task
from ses_feedback_cli.dead_letters.queues import DEAD_LETTERS, DeadLetterQueue, count_messages
from ses_feedback_cli.errors import describe_error
from ses_feedback_cli.exit_codes import ExitCode

SAMPLE_LIMIT = 1_000
"""Messages of a queue that are read to count how many would be moved."""


@dataclass
class RedriveResult:
    """What was moved from one dead-letter queue."""

    pipeline: str
    queue: str
    method: str
    """``move-task``: by SQS; ``send-and-delete``: by this command, message by message."""
    status: str = "done"
    """done, failed, interrupted, not-started, or another status of a move task in lower case."""
    moved: int = 0
    """Approximate for a move task."""
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
        complete = self.status == "done" and not self.not_moved and not self.in_both
        return ExitCode.OK if complete else ExitCode.NEGATIVE


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
    """Move the selected messages of a queue. ``rate``: maximum number of messages per second."""
    if selection.is_everything and queue.name == DEAD_LETTERS:
        result = _redrive_by_move_task(context, queue, rate, on_progress)
        if result:
            return result
    return _redrive_by_message(context, queue, selection, rate, on_progress)


def _redrive_by_move_task(
    context: Context, queue: DeadLetterQueue, rate: int | None, on_progress: Callable[[int], None]
) -> RedriveResult | None:
    """Let SQS move the queue; None if the endpoint does not support it."""
    client = queue.client(context)
    result = RedriveResult(queue.pipeline.name, queue.name, "move-task")
    try:
        source_arn, target_arn = (_queue_arn(client, url) for url in (queue.url, queue.pipeline.queue_url))
        task = run_move_task(client, source_arn, target_arn, rate, on_progress)
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and error.response["Error"].get("Code") == "InvalidAction":
            return None  # an emulator
        result.status = "failed"
        result.reason = f"{describe_error(error)}; a task that was started continues by itself"
        return result
    _apply_task(result, task)
    return result


def _apply_task(result: RedriveResult, task: MoveTask) -> None:
    if task.status == ALREADY_RUNNING:
        result.status, result.reason = "not-started", f"a move task is already running, {task.moved} moved"
        return
    result.moved, result.reason = task.moved, task.failure_reason
    if task.status == "CANCELLED":
        result.status, result.reason = "interrupted", "the task is cancelled, the other messages stay where they are"
    elif task.status != "COMPLETED":
        result.status = task.status.lower()


def _queue_arn(client: Any, url: str) -> str:
    return str(client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def _redrive_by_message(
    context: Context,
    queue: DeadLetterQueue,
    selection: Selection,
    rate: int | None,
    on_progress: Callable[[int], None],
) -> RedriveResult:
    client = queue.client(context)
    mover = MessageMover(
        client,
        queue.url,
        queue.pipeline.queue_url,
        selects(queue, selection, datetime.now(UTC)),
        rate,
        change=sent_back,
    )
    result = RedriveResult(queue.pipeline.name, queue.name, "send-and-delete")
    result.status, result.reason = run_mover(mover, on_progress)
    result.moved, result.in_both, result.not_moved = mover.moved, mover.in_both, mover.failed.total()
    return result


def selects(queue: DeadLetterQueue, selection: Selection, now: datetime) -> Callable[[Message], bool]:
    """Whether a selection that was made at ``now`` includes a message of the queue."""

    def is_selected(message: Message) -> bool:
        # A message that fails again while this runs must stay, or this might never end. Clocks differ a little.
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
