"""Discards dead letters into an archive, and sends an archive back to the queues."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from botocore.exceptions import BotoCoreError, ClientError
from ses_feedback.function.message_mover import MessageMover
from ses_feedback.function.queue_messages import Message, batches, send_entries

from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.archive import Archive
from ses_feedback_cli.dead_letters.contents import Selection, read_dead_letter, sent_back
from ses_feedback_cli.dead_letters.messages import sample_messages
from ses_feedback_cli.dead_letters.queues import DeadLetterQueue, count_messages
from ses_feedback_cli.dead_letters.redrive import SAMPLE_LIMIT, run_mover, selects
from ses_feedback_cli.errors import describe_error
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.stack_outputs import Pipeline


@dataclass
class DiscardPlan:
    """What would be discarded of one queue."""

    queue: DeadLetterQueue
    reasons: Counter[str] = field(default_factory=Counter)
    """The selected messages by reason."""
    readable: int = 0
    """How many of them this version can read: a redrive would record their feedback."""
    may_be_more: bool = False


@dataclass
class MoveCounts:
    """What was discarded from one queue, or sent back to one pipeline."""

    pipeline: str
    queue: str
    status: str = "done"
    """done, failed or interrupted."""
    messages: int = 0
    failed: int = 0
    """Messages that are in the archive and, because a call failed, still in the queue; or not sent back."""
    reason: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """The exit code for this queue."""
        codes = {"failed": ExitCode.FAILED, "interrupted": ExitCode.INTERRUPTED}
        return codes.get(self.status, ExitCode.NEGATIVE if self.failed else ExitCode.OK)


class _Archiver(MessageMover):
    """Moves messages into an archive instead of another queue."""

    def __init__(
        self, context: Context, queue: DeadLetterQueue, archive: Archive, is_selected: Callable[[Message], bool]
    ) -> None:
        super().__init__(queue.client(context), queue.url, "", is_selected)
        self._queue, self._archive = queue, archive

    def copy(self, messages: Sequence[Message]) -> list[str]:
        self._archive.append(self._queue, messages)
        return [message.id for message in messages]


def plan_discard(context: Context, queue: DeadLetterQueue, selection: Selection, now: datetime) -> DiscardPlan:
    """Read the first messages of a queue. Needs the permissions of `dead-letters list`."""
    client, plan = queue.client(context), DiscardPlan(queue)
    visible, _ = count_messages(client, queue.url)
    if not visible:
        return plan
    plan.may_be_more = visible > SAMPLE_LIMIT
    with closing(sample_messages(client, queue.url, SAMPLE_LIMIT)) as messages:
        for message in messages:
            if selection.includes(queue, message, now):
                dead_letter = read_dead_letter(queue, message, now)
                plan.reasons[dead_letter.reason] += 1
                plan.readable += dead_letter.readable
    return plan


def discard_queue(
    context: Context,
    queue: DeadLetterQueue,
    selection: Selection,
    archive: Archive,
    now: datetime,
    on_progress: Callable[[int], None],
) -> MoveCounts:
    """Move the selected messages into the archive. Only what is on the disk is deleted from the queue.

    Needs the permissions of `dead-letters list`, and sqs:DeleteMessage on the queue.
    """
    counts = MoveCounts(queue.pipeline.name, queue.name)
    mover = _Archiver(context, queue, archive, selects(queue, selection, now))
    try:
        counts.status, counts.reason = run_mover(mover, on_progress)
    except OSError as error:  # the disk is full
        counts.status, counts.reason = "failed", f"the archive: {error.strerror}; the other messages stay in the queue"
    counts.messages, counts.failed = mover.moved, mover.in_both
    return counts


def send_back(
    context: Context,
    messages: Iterable[tuple[str, Message]],
    pipelines: Mapping[str, Pipeline],
    on_progress: Callable[[int], None],
) -> list[MoveCounts]:
    """Send messages of an archive to the queues of their pipelines, in order; ends at the first call that fails.

    Needs sqs:SendMessage on the queues.
    """
    by_pipeline: dict[str, MoveCounts] = {}
    for name, group in groupby(messages, itemgetter(0)):
        pipeline = pipelines[name]
        counts = by_pipeline.setdefault(name, MoveCounts(name, "queue"))
        client = context.client("sqs", pipeline.region)
        try:
            for batch in batches(message for _, message in group):
                entries = send_entries(map(sent_back, batch))
                sent = client.send_message_batch(QueueUrl=pipeline.queue_url, Entries=entries).get("Successful", ())
                counts.messages += len(sent)
                counts.failed += len(batch) - len(sent)
                on_progress(sum(each.messages for each in by_pipeline.values()))
        except KeyboardInterrupt:
            counts.status = "interrupted"
        except (ClientError, BotoCoreError) as error:
            counts.status, counts.reason = "failed", describe_error(error)
        if counts.status != "done":
            break
    return list(by_pipeline.values())
