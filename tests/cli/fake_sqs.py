"""The part of SQS that the command line uses, in memory, with faults and with message move tasks.

moto and MiniStack have no message move tasks.

A call that fails may have had its effect or not, as with SQS when the response is lost.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError


class Fault(Enum):
    """What goes wrong with a call."""

    NONE = auto()
    DENIED = auto()
    RESPONSE_LOST = auto()
    """The call has its effect, but the response does not arrive."""
    PARTIAL = auto()
    """Every other entry of a batch fails."""
    INTERRUPTED_BEFORE = auto()
    INTERRUPTED_AFTER = auto()


@dataclass
class Message:
    id: str
    body: str
    sent_at: int = 1_795_000_000_000
    attributes: dict[str, Any] = field(default_factory=dict)
    in_flight: bool = False
    receive_count: int = 0
    receipt_handle: str = ""


@dataclass
class FakeSqs:
    """Queues by URL. ``fault`` chooses the fault of each call, by its method."""

    queues: dict[str, list[Message]]
    fault: Callable[[str], Fault] = lambda _: Fault.NONE
    after_call: Callable[[], None] = lambda: None
    """Runs after each call that had its effect."""
    moved_per_poll: int = 2
    """Messages that a move task moves between two polls."""
    polls_before_listed: int = 0
    """Polls in which a task that was just started is not listed yet."""
    tasks: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        execute = object.__getattribute__(self, f"do_{operation}")

        def call(**parameters: Any) -> dict[str, Any]:
            self.calls.append((operation, parameters))
            fault = self.fault(operation)
            if fault is Fault.DENIED:
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)
            if fault is Fault.INTERRUPTED_BEFORE:
                raise KeyboardInterrupt
            failed_entries = []
            if fault is Fault.PARTIAL and "Entries" in parameters:
                failed_entries = parameters["Entries"][::2]
                parameters = {**parameters, "Entries": parameters["Entries"][1::2]}
            response: dict[str, Any] = execute(parameters)
            self.after_call()
            if fault is Fault.RESPONSE_LOST:
                raise ReadTimeoutError(endpoint_url="https://sqs.eu-west-1.amazonaws.com")
            if fault is Fault.INTERRUPTED_AFTER:
                raise KeyboardInterrupt
            if failed_entries:
                response["Failed"] = [
                    {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in failed_entries
                ]
            return response

        return call

    def bodies(self, url: str) -> list[str]:
        return [message.body for message in self.queues[url]]

    def in_flight(self, url: str) -> int:
        return sum(message.in_flight for message in self.queues[url])

    def do_get_queue_attributes(self, parameters: dict[str, Any]) -> dict[str, Any]:
        queue = self.queues[parameters["QueueUrl"]]
        attributes = {
            "QueueArn": f"arn:{parameters['QueueUrl']}",
            "ApproximateNumberOfMessages": str(sum(not message.in_flight for message in queue)),
            "ApproximateNumberOfMessagesNotVisible": str(sum(message.in_flight for message in queue)),
        }
        return {"Attributes": {name: attributes[name] for name in parameters["AttributeNames"]}}

    def do_receive_message(self, parameters: dict[str, Any]) -> dict[str, Any]:
        visible = [message for message in self.queues[parameters["QueueUrl"]] if not message.in_flight]
        received = visible[: parameters["MaxNumberOfMessages"]]
        for message in received:
            message.in_flight = True
            message.receive_count += 1
            message.receipt_handle = f"receipt-{next(self._numbers)}"
        if not received:
            return {}
        return {
            "Messages": [
                {
                    "MessageId": message.id,
                    "ReceiptHandle": message.receipt_handle,
                    "Body": message.body,
                    "Attributes": {
                        "SentTimestamp": str(message.sent_at),
                        "ApproximateReceiveCount": str(message.receive_count),
                    },
                    "MessageAttributes": message.attributes,
                }
                for message in received
            ]
        }

    def do_send_message_batch(self, parameters: dict[str, Any]) -> dict[str, Any]:
        assert len(parameters["Entries"]) <= 10
        for entry in parameters["Entries"]:
            number = next(self._numbers)
            attributes = entry.get("MessageAttributes", {})
            self.queues[parameters["QueueUrl"]].append(
                Message(f"sent-{number}", entry["MessageBody"], attributes=dict(attributes))
            )
        return {"Successful": [{"Id": entry["Id"]} for entry in parameters["Entries"]]}

    def do_delete_message_batch(self, parameters: dict[str, Any]) -> dict[str, Any]:
        deleted = {entry["ReceiptHandle"] for entry in parameters["Entries"]}
        queue = self.queues[parameters["QueueUrl"]]
        queue[:] = [message for message in queue if message.receipt_handle not in deleted]
        return {"Successful": [{"Id": entry["Id"]} for entry in parameters["Entries"]]}

    def do_change_message_visibility_batch(self, parameters: dict[str, Any]) -> dict[str, Any]:
        released = {entry["ReceiptHandle"] for entry in parameters["Entries"] if entry["VisibilityTimeout"] == 0}
        for message in self.queues[parameters["QueueUrl"]]:
            message.in_flight = message.in_flight and message.receipt_handle not in released
        return {"Successful": [{"Id": entry["Id"]} for entry in parameters["Entries"]]}

    def do_start_message_move_task(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if any(task["Status"] == "RUNNING" for task in self.tasks):
            raise ClientError({"Error": {"Code": "InvalidParameterValue"}}, "StartMessageMoveTask")
        handle = f"task-{len(self.tasks) + 1}"
        task = {
            **parameters,
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
        unlisted = self.polls_before_listed > 0 and self.tasks[-1:] != [] and self.tasks[-1]["StartedTimestamp"] > 0
        self.polls_before_listed -= unlisted
        latest = self.tasks[-2:-1] if unlisted else self.tasks[-1:]
        # As in AWS, only a running task has a handle.
        return {
            "Results": [
                {key: value for key, value in task.items() if key != "TaskHandle" or task["Status"] == "RUNNING"}
                for task in latest
            ]
        }

    def do_cancel_message_move_task(self, parameters: dict[str, Any]) -> dict[str, Any]:
        for task in self.tasks:
            if task["TaskHandle"] == parameters["TaskHandle"] and task["Status"] == "RUNNING":
                task["Status"] = "CANCELLED"
                return {"ApproximateNumberOfMessagesMoved": task["ApproximateNumberOfMessagesMoved"]}
        raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "CancelMessageMoveTask")

    def _advance(self, task: dict[str, Any]) -> None:
        source, target = (self.queues[task[key].removeprefix("arn:")] for key in ("SourceArn", "DestinationArn"))
        batch = [message for message in source if not message.in_flight][: self.moved_per_poll]
        if not batch:
            task["Status"] = "COMPLETED"
        for message in batch:
            source.remove(message)
            target.append(Message(f"moved-{message.id}", message.body))
            task["ApproximateNumberOfMessagesMoved"] += 1
