"""A pipeline in virtual time: a queue, its dead-letter queues, Lambda and the schedule, around the real function.

A week passes in seconds. The function is `lambda_handler` itself with its writer, on a DynamoDB in memory; what is made
up is SQS, Lambda's pollers and the clock, by their documentation. One thing happens at a time: an invocation takes as
long as it waits, by the clock, and others begin meanwhile, but its calls come at once.

Not proved: Lambda's own scaling, and calls of several invocations between each other's (test_invariants.py has them).
"""

import datetime as datetime_module
import heapq
import itertools
import math
import sys
import time as time_module
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from ses_feedback.function import handler as handler_module
from ses_feedback.table import decode

from tests.handlers.fake_dynamodb import Crash, FakeDynamoDB, Fault, Store

START = datetime_module.datetime(2026, 11, 24, 9, tzinfo=datetime_module.UTC)
MINUTE, HOUR, DAY = 60, 3_600, 86_400
FUNCTION_SECONDS, REDRIVE_MINUTES, CONCURRENCY, BATCH_SIZE = 30, 15, 5, 10
QUEUE, DEAD_LETTERS, SUBSCRIPTION_DEAD_LETTERS = "https://sqs/queue", "https://sqs/dead", "https://sqs/undelivered"


class Clock:
    """Seconds since 1970, which pass when somebody sleeps."""

    def __init__(self) -> None:
        self.now = START.timestamp()
        self.on_sleep: Callable[[float], None] | None = None
        """Called instead of letting time pass alone, with the time at which the sleep ends."""

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if self.on_sleep:
            self.on_sleep(self.now + seconds)
        else:
            self.now += seconds

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Let every module of the library see this clock, as a module, in defaults of arguments and as dates."""
        clock = self

        class VirtualDatetime(datetime_module.datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return cls.fromtimestamp(clock.now, tz)

        module = types.SimpleNamespace(time=self.time, monotonic=self.time, sleep=self.sleep)
        virtual: dict[Any, Any] = {
            time_module: module,
            time_module.monotonic: self.time,
            time_module.sleep: self.sleep,
            datetime_module.datetime: VirtualDatetime,
        }
        for name, library_module in list(sys.modules.items()):
            if name.startswith("ses_feedback."):
                for attribute, value in list(vars(library_module).items()):
                    if isinstance(value, types.FunctionType):
                        for argument, default in (value.__kwdefaults__ or {}).items():
                            if isinstance(default, types.BuiltinFunctionType) and default in virtual:
                                patch.setitem(value.__kwdefaults__, argument, virtual[default])
                    elif isinstance(value, type | types.ModuleType) and value in virtual:
                        patch.setattr(library_module, attribute, virtual[value])


@dataclass
class Message:
    id: str
    body: str
    attributes: dict[str, Any]
    sent_at: float
    visible_at: float
    receive_count: int = 0
    receipt: str = ""


@dataclass
class Queue:
    """``max_receive_count`` and ``target``: its redrive policy."""

    retention_seconds: float
    visibility_timeout: float = 30
    max_receive_count: int = 0
    target: str = ""
    messages: list[Message] = field(default_factory=list)
    expired: int = 0


class VirtualSqs:
    """The client of SQS that the function has, and what Lambda and the topic do with the queues."""

    def __init__(self, clock: Clock, queues: dict[str, Queue]) -> None:
        self.clock, self.queues = clock, queues
        self._numbers = itertools.count(1)

    def send(self, url: str, body: str, attributes: dict[str, Any] | None = None) -> None:
        message_id = f"message-{next(self._numbers)}"
        message = Message(message_id, body, attributes or {}, self.clock.now, self.clock.now)
        self.queues[url].messages.append(message)

    def receive(self, url: str, limit: int, visibility_timeout: float | None = None) -> list[Message]:
        """The next visible messages. What is too old is gone first, what was received too often moved."""
        queue, now = self.queues[url], self.clock.now
        kept: list[Message] = []
        for message in queue.messages:
            if now - message.sent_at >= queue.retention_seconds:
                queue.expired += 1
            elif queue.target and message.receive_count >= queue.max_receive_count and message.visible_at <= now:
                self.queues[queue.target].messages.append(message)
            else:
                kept.append(message)
        queue.messages = kept
        received = [message for message in kept if message.visible_at <= now][:limit]
        for message in received:
            message.receive_count += 1
            message.receipt = f"{message.id}/{message.receive_count}"
            message.visible_at = now + (queue.visibility_timeout if visibility_timeout is None else visibility_timeout)
        return received

    def delete(self, url: str, receipts: Iterable[str]) -> None:
        gone = set(receipts)
        queue = self.queues[url]
        queue.messages = [message for message in queue.messages if message.receipt not in gone]

    def send_message_batch(self, *, QueueUrl: str, Entries: Any) -> Any:  # noqa: N803 - boto3's names
        for entry in Entries:
            self.send(QueueUrl, entry["MessageBody"], entry["MessageAttributes"])
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def delete_message_batch(self, *, QueueUrl: str, Entries: Any) -> Any:  # noqa: N803
        self.delete(QueueUrl, [entry["ReceiptHandle"] for entry in Entries])
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: Any) -> Any:  # noqa: N803
        timeouts = {entry["ReceiptHandle"]: entry["VisibilityTimeout"] for entry in Entries}
        for message in self.queues[QueueUrl].messages:
            if message.receipt in timeouts:
                message.visible_at = self.clock.now + timeouts[message.receipt]
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int, VisibilityTimeout: int, **_: Any) -> Any:  # noqa: N803
        return {
            "Messages": [
                {
                    "MessageId": message.id,
                    "ReceiptHandle": message.receipt,
                    "Body": message.body,
                    "Attributes": _system_attributes(message),
                    "MessageAttributes": message.attributes,
                }
                for message in self.receive(QueueUrl, MaxNumberOfMessages, VisibilityTimeout)
            ]
        }

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Any) -> Any:  # noqa: N803
        number = len(self.queues[QueueUrl].messages)
        counts = dict.fromkeys(AttributeNames, "0") | {"ApproximateNumberOfMessages": str(number)}
        return {"Attributes": counts}


def _system_attributes(message: Message) -> dict[str, str]:
    return {"SentTimestamp": str(int(message.sent_at * 1_000)), "ApproximateReceiveCount": str(message.receive_count)}


@dataclass
class Trouble:
    """What happens to a share of the calls (or, as `away`, of the invocations) of a time, in seconds since START."""

    begins: float
    ends: float
    fault: Fault
    share: float = 1.0


class VirtualPipeline:
    """Runs until nothing is left to do: the queue is empty, and the schedule has nothing to redrive."""

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        make_service: Callable[[FakeDynamoDB], Any],
        troubles: Iterable[Trouble] = (),
        *,
        retention_days: int = 7,
        visibility_timeout: float = 598,
        max_receive_count: int = 1_000,
        chance: Callable[[], float] = lambda: 0.5,
    ) -> None:
        """``make_service``: settings and writer, from a client of DynamoDB. ``chance`` decides what a share hits."""
        self.clock, self.store = Clock(), Store()
        self.queue = Queue(retention_days * DAY, visibility_timeout, max_receive_count, DEAD_LETTERS)
        self.dead_letters, self.undelivered = Queue(14 * DAY), Queue(14 * DAY)
        queues = {QUEUE: self.queue, DEAD_LETTERS: self.dead_letters, SUBSCRIPTION_DEAD_LETTERS: self.undelivered}
        self.sqs = VirtualSqs(self.clock, queues)
        self.invocations = self.redriven = 0
        self.highest_receive_count = 0
        self._troubles, self._chance = list(troubles), chance
        self._make_service = make_service
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._running = 0
        self._last_at = max([trouble.ends for trouble in self._troubles], default=0.0)
        self.clock.install(patch)
        patch.setattr(handler_module, "_service", lambda: self._service)
        patch.setattr(handler_module, "_sqs", lambda: self.sqs, raising=False)
        self._service = self._new_service()

    def deliver(self, bodies: Iterable[str], seconds: float) -> None:
        """Let the topic deliver messages, evenly from START on."""
        texts = list(bodies)
        for number, body in enumerate(texts):
            self._at(seconds * number / len(texts), lambda body=body: self.sqs.send(QUEUE, body))  # type: ignore[misc]
        self._last_at = max(self._last_at, seconds)

    def run(self, days: float) -> float:
        """Run until all is done; the days that took. Fails if that is more than ``days``."""
        self._at(REDRIVE_MINUTES * MINUTE, self._redrive)
        quiet_since = math.inf
        while self.elapsed < days * DAY:
            self._run_until(self.clock.now + HOUR)
            if self.queue.messages or self._running or self.elapsed <= self._last_at:
                quiet_since = math.inf
            quiet_since = min(quiet_since, self.elapsed)
            if self.elapsed >= quiet_since + HOUR:
                return quiet_since / DAY
        raise AssertionError(f"{len(self.queue.messages)} messages are in the queue after {days} days")

    @property
    def elapsed(self) -> float:
        """Seconds since START."""
        return self.clock.now - START.timestamp()

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [decode(row) for row in self.store.rows(table).values()]

    def _at(self, elapsed: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (START.timestamp() + elapsed, next(self._numbers), action))

    def _run_until(self, end: float) -> None:
        while True:
            visible_at = min((message.visible_at for message in self.queue.messages), default=math.inf)
            free = self._running < CONCURRENCY
            next_at = min(self._events[0][0], max(visible_at, self.clock.now) if free else math.inf)
            if next_at > end:
                self.clock.now = end
                return
            self.clock.now = next_at
            if self._events[0][0] <= next_at:
                heapq.heappop(self._events)[2]()
            elif batch := self.sqs.receive(QUEUE, BATCH_SIZE):
                self._invoke(batch)

    def _invoke(self, batch: list[Message]) -> None:
        """Call the function; what it acknowledged is deleted when it has returned."""
        self.invocations += 1
        self.highest_receive_count = max(self.highest_receive_count, *(message.receive_count for message in batch))
        if self._fault("away"):
            return
        receipts = {message.id: message.receipt for message in batch}
        records = [
            {
                "messageId": message.id,
                "receiptHandle": message.receipt,
                "body": message.body,
                "attributes": _system_attributes(message),
                "messageAttributes": {
                    name: {key[0].lower() + key[1:]: value for key, value in attribute.items()}
                    for name, attribute in message.attributes.items()
                },
            }
            for message in batch
        ]
        began, self._running = self.clock.now, self._running + 1
        try:
            response = self._call({"Records": records})
            failed = {failure["itemIdentifier"] for failure in response["batchItemFailures"]}
        except Crash:  # the process is gone, and the next one starts anew
            failed, self._service = set(receipts), self._new_service()
        assert self.clock.now <= began + FUNCTION_SECONDS, "Lambda would have ended the function"

        def end() -> None:
            self._running -= 1
            self.sqs.delete(QUEUE, [receipt for id_, receipt in receipts.items() if id_ not in failed])

        self._at(self.elapsed, end)
        self.clock.now = began

    def _redrive(self) -> None:
        """As the schedule invokes the function. While it waits for the queue to drain, time goes on for all others."""
        began = self.clock.now
        if not self._fault("away"):
            self.clock.on_sleep = self._run_beside
            result = self._call({"redrive": True})
            self.clock.on_sleep = None
            self.redriven += result["moved"]
        self._at(began - START.timestamp() + REDRIVE_MINUTES * MINUTE, self._redrive)

    def _run_beside(self, end: float) -> None:
        self.clock.on_sleep, on_sleep = None, self.clock.on_sleep
        self._at(end - START.timestamp() + HOUR, lambda: None)  # there is always a next event
        self._run_until(end)
        self.clock.on_sleep = on_sleep

    def _call(self, event: dict[str, Any]) -> dict[str, Any]:
        ends = self.clock.now + FUNCTION_SECONDS
        context: Any = types.SimpleNamespace(
            get_remaining_time_in_millis=lambda: int((ends - self.clock.now) * 1_000),
            function_name="bounce-shop",
            memory_limit_in_mb=256,
            invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:bounce-shop",
            aws_request_id="0f7a1c1e-0000-4000-8000-000000000001",
        )
        return handler_module.lambda_handler(event, context)  # type: ignore[return-value]

    def _new_service(self) -> Any:
        return self._make_service(FakeDynamoDB(self.store, self._fault_of_call))

    def _fault_of_call(self, operation: str) -> Fault | None:
        fault = next((fault for fault in map(self._fault, _CALL_FAULTS) if fault), None)
        self.clock.now += _SECONDS_OF_FAULT.get(fault or "", 0.01)
        return None if fault == "unprocessed" and operation != "BatchGetItem" else fault

    def _fault(self, name: Fault) -> Fault | None:
        """The fault, if it is its time and chance will have it."""
        for trouble in self._troubles:
            if trouble.fault == name and trouble.begins <= self.elapsed < trouble.ends and self._chance() < trouble.share:
                return name
        return None


_CALL_FAULTS = (
    "throttled", "internal", "denied", "conflict", "unprocessed", "lost request", "lost response", "crash before",
    "crash after",
)  # fmt: skip
_SECONDS_OF_FAULT = {"lost request": 3.0, "lost response": 3.0}
"""What the client waits for an answer; any other call takes a hundredth of a second."""
