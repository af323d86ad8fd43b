"""A message move task: SQS moves a whole dead-letter queue. The task continues without this command; Ctrl-C cancels it.

SQS starts a task only for a dead-letter queue of another SQS queue, so not for the one of a subscription, and one task
per queue at a time (SQS API Reference, "StartMessageMoveTask").
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

POLL_SECONDS = 2.0
ALREADY_RUNNING = "ALREADY_RUNNING"
"""Status of a task that somebody else started; SQS has no such status."""
_ACTIVE_STATUSES = frozenset({"RUNNING", "CANCELLING"})


@dataclass(frozen=True)
class MoveTask:
    """A message move task as SQS reports it."""

    handle: str
    """Empty unless the task is running."""
    started: int
    """Epoch milliseconds."""
    status: str
    moved: int
    """Approximate number of messages."""
    failure_reason: str

    @property
    def active(self) -> bool:
        """Whether it may still move messages."""
        return self.status in _ACTIVE_STATUSES


def latest_task(client: Any, source_arn: str) -> MoveTask | None:
    """The most recent task of a queue, if SQS reports one. Needs sqs:ListMessageMoveTasks on the queue."""
    for task in client.list_message_move_tasks(SourceArn=source_arn, MaxResults=1).get("Results", ()):
        return MoveTask(
            str(task.get("TaskHandle") or ""),
            int(task.get("StartedTimestamp", 0)),
            str(task["Status"]),
            int(task.get("ApproximateNumberOfMessagesMoved", 0)),
            str(task.get("FailureReason") or ""),
        )
    return None


def run_move_task(
    client: Any,
    source_arn: str,
    target_arn: str,
    rate: int | None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> MoveTask:
    """Move all messages of a dead-letter queue, and wait for the end. A task that is already running is left alone.

    On Ctrl-C the task is cancelled, and returned as CANCELLED. ``rate``: messages per second; None lets SQS decide.
    Needs sqs:StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask, ReceiveMessage, DeleteMessage and
    GetQueueAttributes on the source, and sqs:SendMessage on the target.
    """
    previous_task = latest_task(client, source_arn)
    if previous_task and previous_task.active:
        return replace(previous_task, status=ALREADY_RUNNING)
    limit = {} if rate is None else {"MaxNumberOfMessagesPerSecond": rate}
    handle = ""
    try:
        handle = client.start_message_move_task(SourceArn=source_arn, DestinationArn=target_arn, **limit)["TaskHandle"]
        while True:
            task = latest_task(client, source_arn)
            if task and not task.active and not (previous_task and task.started == previous_task.started):
                return task
            on_progress(task.moved if task and task.active else 0)
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        return _cancel(client, source_arn, handle)


def _cancel(client: Any, source_arn: str, handle: str) -> MoveTask:
    """The cancelled task, or the finished one if Ctrl-C came too late. Raises: KeyboardInterrupt if there is none."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    if not handle:  # Ctrl-C came before the response of SQS: the task may have started
        task = latest_task(client, source_arn)
        if task is None or not task.active:
            raise KeyboardInterrupt
        handle = task.handle
    try:
        response = client.cancel_message_move_task(TaskHandle=handle)
    except ClientError:
        # Only a running task can be cancelled: this one has just ended.
        finished_task = latest_task(client, source_arn)
        if finished_task is None or finished_task.active:
            raise
        return finished_task
    return MoveTask(handle, 0, "CANCELLED", int(response.get("ApproximateNumberOfMessagesMoved", 0)), "")
