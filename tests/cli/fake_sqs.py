"""SQS as far as the command line uses it, in memory, with move tasks (moto and MiniStack have none) and with faults.

A call that fails may have done its work or not: with SQS too, the answer is what gets lost.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError


class Fault(Enum):
    """What goes wrong with one call."""

    NONE = auto()
    REFUSED = auto()
    LOST = auto()
    """Done, but the answer does not arrive."""
    PART = auto()
    """Every other entry of a batch is refused."""
    INTERRUPTED_BEFORE = auto()
    INTERRUPTED_AFTER = auto()


@dataclass
class Message:
    id: str
    body: str
    sent_at: int = 1_795_000_000_000
    attributes: dict[str, Any] = field(default_factory=dict)
    hidden: bool = False
    received: int = 0
    receipt: str = ""


@dataclass
class FakeSqs:
    """Queues by URL. ``fault`` is asked before every call."""

    queues: dict[str, list[Message]]
    fault: Callable[[str], Fault] = lambda _: Fault.NONE
    after: Callable[[], None] = lambda: None
    """Called when a call has had its effect, if any."""
    per_poll: int = 2
    """Messages that a move task moves between two looks at it."""
    unlisted: int = 0
    """Looks at which a task that was just started does not show."""
    tasks: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        work = object.__getattribute__(self, f"do_{operation}")

        def call(**given: Any) -> dict[str, Any]:
            self.calls.append((operation, given))
            fault = self.fault(operation)
            if fault is Fault.REFUSED:
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)
            if fault is Fault.INTERRUPTED_BEFORE:
                raise KeyboardInterrupt
            refused = []
            if fault is Fault.PART and "Entries" in given:
                refused = given["Entries"][::2]
                given = {**given, "Entries": given["Entries"][1::2]}
            answer: dict[str, Any] = work(given)
            self.after()
            if fault is Fault.LOST:
                raise ReadTimeoutError(endpoint_url="https://sqs.eu-west-1.amazonaws.com")
            if fault is Fault.INTERRUPTED_AFTER:
                raise KeyboardInterrupt
            if refused:
                answer["Failed"] = [{"Id": one["Id"], "Code": "InternalError", "SenderFault": False} for one in refused]
            return answer

        return call

    def bodies(self, url: str) -> list[str]:
        return [one.body for one in self.queues[url]]

    def hidden(self, url: str) -> int:
        return sum(one.hidden for one in self.queues[url])

    def do_get_queue_attributes(self, given: dict[str, Any]) -> dict[str, Any]:
        queue = self.queues[given["QueueUrl"]]
        known = {
            "QueueArn": f"arn:{given['QueueUrl']}",
            "ApproximateNumberOfMessages": str(sum(not one.hidden for one in queue)),
            "ApproximateNumberOfMessagesNotVisible": str(sum(one.hidden for one in queue)),
        }
        return {"Attributes": {name: known[name] for name in given["AttributeNames"]}}

    def do_receive_message(self, given: dict[str, Any]) -> dict[str, Any]:
        found = [one for one in self.queues[given["QueueUrl"]] if not one.hidden][: given["MaxNumberOfMessages"]]
        for one in found:
            one.hidden, one.received, one.receipt = True, one.received + 1, f"receipt-{next(self._numbers)}"
        if not found:
            return {}
        return {
            "Messages": [
                {
                    "MessageId": one.id,
                    "ReceiptHandle": one.receipt,
                    "Body": one.body,
                    "Attributes": {"SentTimestamp": str(one.sent_at), "ApproximateReceiveCount": str(one.received)},
                    "MessageAttributes": one.attributes,
                }
                for one in found
            ]
        }

    def do_send_message_batch(self, given: dict[str, Any]) -> dict[str, Any]:
        assert len(given["Entries"]) <= 10
        for entry in given["Entries"]:
            number = next(self._numbers)
            self.queues[given["QueueUrl"]].append(Message(f"sent-{number}", entry["MessageBody"]))
        return {"Successful": [{"Id": entry["Id"]} for entry in given["Entries"]]}

    def do_delete_message_batch(self, given: dict[str, Any]) -> dict[str, Any]:
        gone = {entry["ReceiptHandle"] for entry in given["Entries"]}
        queue = self.queues[given["QueueUrl"]]
        queue[:] = [one for one in queue if one.receipt not in gone]
        return {"Successful": [{"Id": entry["Id"]} for entry in given["Entries"]]}

    def do_change_message_visibility_batch(self, given: dict[str, Any]) -> dict[str, Any]:
        shown = {entry["ReceiptHandle"] for entry in given["Entries"] if entry["VisibilityTimeout"] == 0}
        for one in self.queues[given["QueueUrl"]]:
            one.hidden = one.hidden and one.receipt not in shown
        return {"Successful": [{"Id": entry["Id"]} for entry in given["Entries"]]}

    def do_start_message_move_task(self, given: dict[str, Any]) -> dict[str, Any]:
        if any(task["Status"] == "RUNNING" for task in self.tasks):
            raise ClientError({"Error": {"Code": "InvalidParameterValue"}}, "StartMessageMoveTask")
        handle = f"task-{len(self.tasks) + 1}"
        task = {
            **given,
            "TaskHandle": handle,
            "Status": "RUNNING",
            "StartedTimestamp": len(self.tasks) + 1,
            "ApproximateNumberOfMessagesMoved": 0,
        }
        self.tasks.append(task)
        return {"TaskHandle": handle}

    def do_list_message_move_tasks(self, _: dict[str, Any]) -> dict[str, Any]:
        for task in self.tasks:
            if task["Status"] == "RUNNING":
                self._advance(task)
        lagging = self.unlisted > 0 and self.tasks[-1:] != [] and self.tasks[-1]["StartedTimestamp"] > 0
        self.unlisted -= lagging
        newest = self.tasks[-2:-1] if lagging else self.tasks[-1:]
        # As with AWS, only a running task has a handle.
        return {
            "Results": [
                {key: value for key, value in task.items() if key != "TaskHandle" or task["Status"] == "RUNNING"}
                for task in newest
            ]
        }

    def do_cancel_message_move_task(self, given: dict[str, Any]) -> dict[str, Any]:
        for task in self.tasks:
            if task["TaskHandle"] == given["TaskHandle"] and task["Status"] == "RUNNING":
                task["Status"] = "CANCELLED"
                return {"ApproximateNumberOfMessagesMoved": task["ApproximateNumberOfMessagesMoved"]}
        raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "CancelMessageMoveTask")

    def _advance(self, task: dict[str, Any]) -> None:
        source, target = (self.queues[task[key].removeprefix("arn:")] for key in ("SourceArn", "DestinationArn"))
        part = [one for one in source if not one.hidden][: self.per_poll]
        if not part:
            task["Status"] = "COMPLETED"
        for one in part:
            source.remove(one)
            target.append(Message(f"moved-{one.id}", one.body))
            task["ApproximateNumberOfMessagesMoved"] += 1
