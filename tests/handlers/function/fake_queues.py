"""A pipeline's queues in memory, with a clock, and with Lambda's poller in front of the function.

What a message goes through as SQS and Lambda document it: visibility timeout, receive count, the queue's redrive
policy, retention, and acknowledgement by the partial batch response. Not tested: that AWS does so.
"""

import base64
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ses_feedback.function import dead_letters as dead_letters_module
from ses_feedback.function import handler as handler_module
from ses_feedback.function import message_mover, queue_messages
from ses_feedback.function import redrive as redrive_module
from ses_feedback.function.settings import Queues, Settings
from ses_feedback.history.soft_bounces import SoftBouncePolicy

from tests.handlers.conftest import LambdaContext
from tests.handlers.fake_dynamodb import FAULTS, Crash, FakeDynamoDB, Fault, Store
from tests.handlers.simulation import InlineExecutor, inline_history

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
QUEUE, DEAD_LETTERS, SUBSCRIPTION_DEAD_LETTERS = "queue", "dead-letters", "subscription-dead-letters"
RETENTION = timedelta(days=7)
VISIBILITY_TIMEOUT_SECONDS, MAX_RECEIVE_COUNT = 483, 1_000
QUEUES = Queues(QUEUE, DEAD_LETTERS, SUBSCRIPTION_DEAD_LETTERS, round(RETENTION.total_seconds()))

Hook = Callable[[str, dict[str, Any]], Fault | None]


@dataclass
class StoredMessage:
    id: str
    body: str
    sent_at: datetime
    visible_at: datetime
    attributes: dict[str, Any] = field(default_factory=dict)
    receive_count: int = 0
    receipt_handle: str = ""

    def attribute(self, name: str) -> str:
        return str(self.attributes.get(name, {}).get("StringValue", ""))


class FakeQueues:
    """A client of SQS. ``before`` is called at the start of each call and names the fault to inject, if any: one of
    FAULTS, or ``partial``, by which every other entry of a batch fails."""

    def __init__(self) -> None:
        self.now = START
        self.queues: dict[str, list[StoredMessage]] = {QUEUE: [], DEAD_LETTERS: [], SUBSCRIPTION_DEAD_LETTERS: []}
        self.before: Hook = lambda *_: None
        self.calls: list[str] = []
        self._numbers = itertools.count(1)

    def put(self, queue: str, body: str, **attributes: str) -> StoredMessage:
        """A message that somebody sent."""
        message_attributes = {
            name: {"DataType": "Number" if value.isdigit() else "String", "StringValue": value}
            for name, value in attributes.items()
        }
        number = next(self._numbers)
        message = StoredMessage(f"id-{number}", body, self.now, self.now, message_attributes)
        self.queues[queue].append(message)
        return message

    def bodies(self, queue: str) -> list[str]:
        return [message.body for message in self.queues[queue]]

    def receive(self, queue: str, limit: int, visibility_timeout_seconds: float) -> list[StoredMessage]:
        self._expire()
        visible = [message for message in self.queues[queue] if message.visible_at <= self.now]
        if queue == QUEUE:
            for message in [message for message in visible if message.receive_count >= MAX_RECEIVE_COUNT]:
                self.queues[queue].remove(message)
                self.queues[DEAD_LETTERS].append(message)
                visible.remove(message)
        for message in visible[:limit]:
            message.receive_count += 1
            message.receipt_handle = f"receipt-{next(self._numbers)}"
            message.visible_at = self.now + timedelta(seconds=visibility_timeout_seconds)
        return visible[:limit]

    def delete(self, queue: str, receipt_handles: set[str]) -> None:
        self.queues[queue] = [
            message for message in self.queues[queue] if message.receipt_handle not in receipt_handles
        ]

    def receive_message(self, **parameters: Any) -> dict[str, Any]:
        fault = self._start("receive", parameters)
        assert {"SentTimestamp", "ApproximateReceiveCount"} <= set(parameters["MessageSystemAttributeNames"])
        messages = self.receive(
            parameters["QueueUrl"], parameters["MaxNumberOfMessages"], parameters["VisibilityTimeout"]
        )
        self._end("receive", fault)
        return {
            "Messages": [
                {
                    "MessageId": message.id,
                    "ReceiptHandle": message.receipt_handle,
                    "Body": message.body,
                    "Attributes": _system_attributes(message),
                    "MessageAttributes": message.attributes,
                }
                for message in messages
            ]
        }

    def send_message_batch(self, **parameters: Any) -> dict[str, Any]:
        def send(entry: dict[str, Any]) -> None:
            assert entry["MessageBody"]
            assert len(entry["MessageAttributes"]) <= 10
            message = self.put(parameters["QueueUrl"], entry["MessageBody"])
            message.attributes = dict(entry["MessageAttributes"])

        return self._batch("send", parameters, send)

    def delete_message_batch(self, **parameters: Any) -> dict[str, Any]:
        return self._batch(
            "delete", parameters, lambda entry: self.delete(parameters["QueueUrl"], {entry["ReceiptHandle"]})
        )

    def change_message_visibility_batch(self, **parameters: Any) -> dict[str, Any]:
        def change(entry: dict[str, Any]) -> None:
            assert 0 <= entry["VisibilityTimeout"] <= 12 * 3_600
            for message in self.queues[parameters["QueueUrl"]]:
                if message.receipt_handle == entry["ReceiptHandle"]:
                    message.visible_at = self.now + timedelta(seconds=entry["VisibilityTimeout"])

        return self._batch("change", parameters, change)

    def get_queue_attributes(self, **parameters: Any) -> dict[str, Any]:
        fault = self._start("attributes", parameters)
        self._expire()
        messages = self.queues[parameters["QueueUrl"]]
        visible = sum(message.visible_at <= self.now for message in messages)
        self._end("attributes", fault)
        counts = {
            "ApproximateNumberOfMessages": visible,
            "ApproximateNumberOfMessagesNotVisible": len(messages) - visible,
            "ApproximateNumberOfMessagesDelayed": 0,
        }
        return {"Attributes": {name: str(counts[name]) for name in parameters["AttributeNames"]}}

    def _expire(self) -> None:
        for queue, retention in ((QUEUE, RETENTION), (DEAD_LETTERS, timedelta(days=14))):
            kept = [message for message in self.queues[queue] if message.sent_at + retention > self.now]
            self.queues[queue] = kept

    def _batch(self, operation: str, parameters: Any, execute: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        fault = self._start(operation, parameters)
        entries = parameters["Entries"]
        assert 1 <= len(entries) <= 10
        assert len({entry["Id"] for entry in entries}) == len(entries)
        failed = entries[::2] if fault == "partial" else []
        successful = [entry for entry in entries if entry not in failed]
        for entry in successful:
            execute(entry)
        self._end(operation, fault)
        return {
            "Successful": [{"Id": entry["Id"]} for entry in successful],
            "Failed": [{"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in failed],
        }

    def _start(self, operation: str, parameters: dict[str, Any]) -> Fault | None:
        self.calls.append(f"{operation} {parameters['QueueUrl']}")
        fault = self.before(operation, parameters)
        if fault in FAULTS and not FAULTS[fault][0]:
            raise FAULTS[fault][1](operation)
        return fault

    def _end(self, operation: str, fault: Fault | None) -> None:
        if fault in FAULTS:
            raise FAULTS[fault][1](operation)


class FakePipeline:
    """The queues, and the function with its tables."""

    def __init__(self) -> None:
        self.sqs = FakeQueues()
        self.store = Store()
        self.dynamodb = FakeDynamoDB(self.store)
        self.settings = Settings("blocked", "history", "bounce-shop", queues=QUEUES)
        self.history = inline_history(self.dynamodb, SoftBouncePolicy())
        self.while_redrive_sleeps: Callable[[], object] = lambda: None

    def monotonic(self) -> float:
        """The time of a redrive."""
        return (self.sqs.now - START).total_seconds()

    def sleep(self, seconds: float) -> None:
        """What a redrive does between its steps."""
        self.advance(max(0.001, seconds))  # a timedelta has no less than a microsecond
        self.while_redrive_sleeps()

    def advance(self, seconds: float) -> None:
        self.sqs.now += timedelta(seconds=seconds)

    def invoke(self, *, killed: bool = False, limit: int = 10) -> list[str] | None:
        """One batch, as Lambda passes it; the ids that failed. None without a message, and if it was killed: before
        its end by the fault of a call, or ``killed`` before Lambda had its response."""
        messages = self.sqs.receive(QUEUE, limit, VISIBILITY_TIMEOUT_SECONDS)
        if not messages:
            return None
        try:
            response = self._call({"Records": [lambda_record(message) for message in messages]})
        except Crash:
            return None
        if killed:
            return None
        failed = [failure["itemIdentifier"] for failure in response["batchItemFailures"]]
        self.sqs.delete(QUEUE, {message.receipt_handle for message in messages if message.id not in failed})
        return failed

    def redrive(self, seconds: float = 30.0) -> dict[str, Any] | None:
        """The schedule's invocation; None if it was killed."""
        try:
            return self._call({"redrive": True}, seconds)
        except Crash:
            return None

    def blocked(self) -> set[str]:
        """The addresses in the blocked table."""
        return {address for (address,) in self.store.rows("blocked")}

    def _call(self, event: dict[str, Any], seconds: float = 30.0) -> dict[str, Any]:
        return handler_module.lambda_handler(event, LambdaContext(seconds))  # type: ignore[arg-type]


class _InlinePool(InlineExecutor):
    def __init__(self, *_: object, **__: object) -> None:
        pass

    def shutdown(self, **_: object) -> None:
        pass


def install(pipeline: FakePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the handler run on this pipeline, at its time and without threads."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            assert tz is UTC
            return pipeline.sqs.now

    monkeypatch.setattr(handler_module, "_service", lambda: (pipeline.settings, pipeline.history))
    monkeypatch.setattr(handler_module, "_sqs", lambda: pipeline.sqs)
    monkeypatch.setattr(handler_module, "datetime", Clock)
    monkeypatch.setattr(redrive_module, "datetime", Clock)
    monkeypatch.setattr(redrive_module, "time", pipeline)
    monkeypatch.setattr(message_mover, "time", pipeline)
    monkeypatch.setattr(queue_messages, "time", pipeline)
    monkeypatch.setattr(dead_letters_module, "ThreadPoolExecutor", _InlinePool)
    handler_module.metrics.set_default_dimensions(pipeline="bounce-shop")


def _system_attributes(message: StoredMessage) -> dict[str, str]:
    return {
        "SentTimestamp": str(round(message.sent_at.timestamp() * 1_000)),
        "ApproximateReceiveCount": str(message.receive_count),
    }


def lambda_record(message: StoredMessage) -> dict[str, Any]:
    """The form of Lambda's events: other names than SQS's, and binary values as text."""
    attributes = {}
    for name, attribute in message.attributes.items():
        attributes[name] = {"dataType": attribute["DataType"], "stringListValues": [], "binaryListValues": []}
        if "StringValue" in attribute:
            attributes[name]["stringValue"] = attribute["StringValue"]
        if "BinaryValue" in attribute:
            attributes[name]["binaryValue"] = base64.b64encode(attribute["BinaryValue"]).decode()
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": _system_attributes(message),
        "messageAttributes": attributes,
        "eventSource": "aws:sqs",
    }
