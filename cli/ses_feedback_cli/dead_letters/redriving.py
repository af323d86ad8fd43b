"""Sends what failed to its pipeline's queue again: says what it would do, asks, does it, and says what it did."""

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ses_feedback.timestamps import CLOCK_TOLERANCE

from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.letters import DEAD_LETTERS, Letter, Queue, contents, counts, peek
from ses_feedback_cli.dead_letters.move_task import UNDER_WAY, Task, move
from ses_feedback_cli.dead_letters.moving import Mover
from ses_feedback_cli.errors import UsageError, describe_error
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import confirm, open_console, write_json

COUNTED = 1_000
"""Messages of a queue that are looked at to say how many would be moved."""


@dataclass(frozen=True)
class Order:
    """Which messages to move, and how fast. Nothing given: all."""

    ids: frozenset[str]
    type: str | None
    before: datetime | None
    """Only what came to its queue before."""
    rate: int | None

    @property
    def whole(self) -> bool:
        """Whether everything is to be moved."""
        return not (self.ids or self.type or self.before)

    def takes(self, letter: Letter, now: datetime) -> bool:
        """Whether a message is one of them."""
        return (
            (not self.ids or letter.id in self.ids)
            and (self.before is None or letter.sent_at < self.before)
            and (self.type is None or contents(letter, now).is_of(self.type))
        )


@dataclass
class Outcome:
    """What became of one queue."""

    pipeline: str
    queue: str
    how: str
    """``move task``: AWS moves the queue; ``send, then delete``: this command moves each message."""
    status: str = "done"
    moved: int = 0
    """By a move task, about."""
    not_moved: int = 0
    in_both: int = 0
    """Sent, but not deleted: SQS will hand them out again, which changes nothing."""
    because: str = ""

    @property
    def code(self) -> ExitCode:
        """As an exit code."""
        if self.status in {"failed", "interrupted"}:
            return ExitCode.FAILED if self.status == "failed" else ExitCode.INTERRUPTED
        return ExitCode.NEGATIVE if self.not_moved or self.in_both or self.status != "done" else ExitCode.OK


def carry_out(
    context: Context, queues: Sequence[Queue], order: Order, *, yes: bool, dry_run: bool, as_json: bool
) -> ExitCode:
    """Move what is asked for, queue by queue; the worst outcome is the exit code."""
    planned = [
        (queue, number, more) for queue in queues for number, more in [_planned(context, queue, order)] if number
    ]
    for queue, number, more in planned if dry_run or not as_json else ():
        _say_plan(queue, number, more=more, dry_run=dry_run, as_json=as_json)
    if not planned:
        sys.stderr.write("nothing to move\n")
    if dry_run or not planned:
        return ExitCode.OK
    if not _sure(yes=yes):
        return ExitCode.NEGATIVE
    worst = ExitCode.OK
    for queue, _, _ in planned:
        outcome = _redrive(context, queue, order)
        _say(outcome, as_json=as_json)
        if outcome.code is ExitCode.INTERRUPTED:
            return ExitCode.INTERRUPTED
        worst = max(worst, outcome.code)
    return worst


def _planned(context: Context, queue: Queue, order: Order) -> tuple[int, bool]:
    """How many messages would be moved, about, and whether there may be more of them."""
    client, now = queue.client(context), datetime.now(UTC)
    visible, _ = counts(client, queue.url)
    if order.whole or not visible:
        return visible, False
    with closing(peek(client, queue.url, COUNTED)) as letters:
        return sum(order.takes(letter, now) for letter in letters), visible > COUNTED


def _say_plan(queue: Queue, number: int, *, more: bool, dry_run: bool, as_json: bool) -> None:
    if as_json:
        write_json({"pipeline": queue.pipeline.name, "queue": queue.name, "would_move": number, "maybe_more": more})
    else:
        text = f"{queue.name} of {queue.pipeline.name}: {number} message(s) to move"
        text += f" of the first {COUNTED}, and maybe more" if more else ""
        (sys.stdout if dry_run else sys.stderr).write(text + "\n")


def _sure(*, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("stdin is no terminal, so nobody can be asked: --yes moves the messages, --dry-run does not")
    return confirm("Move them?")


def _redrive(context: Context, queue: Queue, order: Order) -> Outcome:
    with open_console(stderr=True).status(f"{queue.name} of {queue.pipeline.name}") as status:

        def on_progress(moved: int) -> None:
            status.update(f"{queue.name} of {queue.pipeline.name}: {moved} moved")

        if order.whole and queue.name == DEAD_LETTERS and (outcome := _by_aws(context, queue, order, on_progress)):
            return outcome
        return _by_hand(context, queue, order, on_progress)


def _by_aws(context: Context, queue: Queue, order: Order, on_progress: Callable[[int], None]) -> Outcome | None:
    """Let AWS move the queue; None where AWS's place is taken by something that cannot."""
    client = queue.client(context)
    outcome = Outcome(queue.pipeline.name, queue.name, "move task")
    try:
        source, target = (_arn(client, url) for url in (queue.url, queue.pipeline.queue_url))
        return _ended(outcome, move(client, source, target, order.rate, on_progress))
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and error.response["Error"].get("Code") == "InvalidAction":
            return None  # an emulator
        outcome.status, outcome.because = (
            "failed",
            f"{describe_error(error)}; a move that was started goes on by itself",
        )
        return outcome


def _ended(outcome: Outcome, task: Task) -> Outcome:
    if task.status == UNDER_WAY:
        outcome.status, outcome.because = "not started", f"a move is under way already, with {task.moved} moved"
        return outcome
    outcome.moved, outcome.because = task.moved, task.reason
    if task.status == "CANCELLED":
        outcome.status, outcome.because = "interrupted", "the move is cancelled, the rest stays where it is"
    elif task.status != "COMPLETED":
        outcome.status = task.status.lower()
    return outcome


def _arn(client: Any, url: str) -> str:
    return str(client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def _by_hand(context: Context, queue: Queue, order: Order, on_progress: Callable[[int], None]) -> Outcome:
    now = datetime.now(UTC)
    outcome = Outcome(queue.pipeline.name, queue.name, "send, then delete")

    def wanted(letter: Letter) -> bool:
        # What comes back while this runs stays, some minutes on: it would fail again, and this might never end.
        return letter.sent_at < now + CLOCK_TOLERANCE and order.takes(letter, now)

    mover = Mover(queue.client(context), queue.url, queue.pipeline.queue_url, wanted, order.rate)
    try:
        mover.run(on_progress)
    except KeyboardInterrupt:
        outcome.status, outcome.because = "interrupted", "the rest stays where it is"
    except (ClientError, BotoCoreError) as error:
        outcome.status, outcome.because = "failed", f"{describe_error(error)}; the rest stays where it is"
    outcome.moved, outcome.in_both, outcome.not_moved = mover.moved, mover.doubled, mover.failed.total()
    if mover.failed:
        outcome.because = ", ".join(f"{code}: {number}" for code, number in mover.failed.items())
    return outcome


def _say(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        write_json(vars(outcome))
        return
    parts = [f"{outcome.queue} of {outcome.pipeline}: {outcome.status}, {outcome.moved} moved"]
    parts += [f"{outcome.not_moved} not moved"] if outcome.not_moved else []
    parts += [f"{outcome.in_both} sent and not deleted"] if outcome.in_both else []
    sys.stdout.write(", ".join(parts) + (f" ({outcome.because})" if outcome.because else "") + "\n")
