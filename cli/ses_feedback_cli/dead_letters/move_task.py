"""AWS's own move of a whole dead-letter queue. It goes on without this command, and is cancelled by it on Ctrl-C.

Only a dead-letter queue of an SQS queue can be moved like this (SQS API reference, StartMessageMoveTask), so not what a
topic could not deliver; and one move at a time.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

POLL_SECONDS = 2.0
UNDER_WAY = "UNDER_WAY"
"""Status of a move that somebody else has started; AWS has no such word."""
_ACTIVE = frozenset({"RUNNING", "CANCELLING"})


@dataclass(frozen=True)
class Task:
    """A move, as AWS tells of it; the numbers are approximate."""

    handle: str
    """Only a running move has one."""
    started: int
    """Epoch milliseconds."""
    status: str
    moved: int
    reason: str
    """Why it failed."""

    @property
    def active(self) -> bool:
        """Whether it goes on."""
        return self.status in _ACTIVE


def newest(client: Any, source_arn: str) -> Task | None:
    """The newest move of a queue, if AWS knows one. Needs sqs:ListMessageMoveTasks on the queue."""
    for one in client.list_message_move_tasks(SourceArn=source_arn, MaxResults=1).get("Results", ()):
        return Task(
            str(one.get("TaskHandle") or ""),
            int(one.get("StartedTimestamp", 0)),
            str(one["Status"]),
            int(one.get("ApproximateNumberOfMessagesMoved", 0)),
            str(one.get("FailureReason") or ""),
        )
    return None


def move(
    client: Any,
    source_arn: str,
    target_arn: str,
    rate: int | None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Task:
    """Move everything that a dead-letter queue holds, and wait for the end; a move that is under way is not touched.

    On Ctrl-C the move is cancelled, and comes back as CANCELLED. ``rate``: messages a second; None leaves it to AWS.
    Needs sqs:StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask, ReceiveMessage, DeleteMessage and
    GetQueueAttributes on the source, and sqs:SendMessage on the target.
    """
    earlier = newest(client, source_arn)
    if earlier and earlier.active:
        return replace(earlier, status=UNDER_WAY)
    speed = {} if rate is None else {"MaxNumberOfMessagesPerSecond": rate}
    handle = ""
    try:
        handle = client.start_message_move_task(SourceArn=source_arn, DestinationArn=target_arn, **speed)["TaskHandle"]
        while True:
            task = newest(client, source_arn)
            if task and not task.active and not (earlier and task.started == earlier.started):
                return task
            on_progress(task.moved if task and task.active else 0)
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        return _cancelled(client, source_arn, handle)


def _cancelled(client: Any, source_arn: str, handle: str) -> Task:
    """The move as it was cancelled; as it ended, if Ctrl-C came too late. Raises: KeyboardInterrupt without one."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    if not handle:  # Ctrl-C came before SQS's answer: it may have begun
        task = newest(client, source_arn)
        if task is None or not task.active:
            raise KeyboardInterrupt
        handle = task.handle
    try:
        answer = client.cancel_message_move_task(TaskHandle=handle)
    except ClientError:
        # Only a running move can be cancelled: this one has just ended.
        ended = newest(client, source_arn)
        if ended is None or ended.active:
            raise
        return ended
    return Task(handle, 0, "CANCELLED", int(answer.get("ApproximateNumberOfMessagesMoved", 0)), "")
