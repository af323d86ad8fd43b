"""The part of SQS that the command line uses, in memory, with faults.

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
