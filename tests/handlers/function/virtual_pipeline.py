"""A pipeline in virtual time: days pass in a second, around the real function with its writer.

Beside the queues and tables in memory it has Lambda's pollers, the schedule of the redrive, and a time that passes when
the function waits. One thing happens at a time: an invocation lasts as long as it waits, and others begin meanwhile,
but its calls come at once.

Not proved: how Lambda scales, and calls of several invocations between each other's (test_invariants.py has those).
"""

import heapq
import itertools
import math
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from ses_feedback import table as table_module
from ses_feedback.function import dead_letters as dead_letters_module
from ses_feedback.function import handler as handler_module
from ses_feedback.history import writer as writer_module
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.table import decode

from tests.handlers.fake_dynamodb import Crash, FakeDynamoDB, Fault
from tests.handlers.function.fake_queues import (
    QUEUE,
    START,
    VISIBILITY_TIMEOUT_SECONDS,
    FakePipeline,
    StoredMessage,
    install,
    lambda_record,
)
from tests.handlers.simulation import inline_history

MINUTE, HOUR, DAY = 60, 3_600, 86_400
AWAY = "away"
"""A fault of Lambda: it receives messages, and the function does not run."""
CALL_FAULTS = (
    "throttled", "internal", "denied", "conflict", "unprocessed", "lost request", "lost response", "crash before",
    "crash after",
)  # fmt: skip
_FUNCTION_SECONDS, _REDRIVE_MINUTES, _CONCURRENCY, _BATCH_SIZE = 30, 15, 5, 10
_CALL_SECONDS, _SILENT_CALL_SECONDS = 0.01, 3.0
"""How long a call takes, and one that is not answered."""


@dataclass
class Trouble:
    """A fault of a share of the calls of DynamoDB, or of the invocations, for a time: seconds since START."""

    begins: float
    ends: float
    fault: Fault
    share: float = 1.0


class VirtualPipeline(FakePipeline):
    """Runs until nothing is left to do: the queue is empty, and the schedule has nothing to redrive."""

    def __init__(self, patch: pytest.MonkeyPatch, troubles: Iterable[Trouble], chance: Callable[[], float]) -> None:
        """``chance`` decides which calls a share affects."""
        super().__init__()
        self.redriven = self.highest_receive_count = 0
        self._troubles, self._chance = list(troubles), chance
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._running = 0
        self._last_at = max([trouble.ends for trouble in self._troubles], default=0.0)
        self._start_anew()
        install(self, patch)
        time = types.SimpleNamespace(monotonic=self.monotonic, sleep=self.advance)
        for module in (dead_letters_module, handler_module, table_module, writer_module):
            patch.setattr(module, "time", time)
        defaults: dict[str, Any] = table_module.retry.__kwdefaults__ or {}  # it took the real ones when it was defined
        patch.setitem(defaults, "clock", self.monotonic)
        patch.setitem(defaults, "sleep", self.advance)

    @property
    def elapsed(self) -> float:
        """Seconds since START."""
        return (self.sqs.now - START).total_seconds()

    @elapsed.setter
    def elapsed(self, seconds: float) -> None:
        self.sqs.now = START + timedelta(seconds=seconds)

    def deliver(self, bodies: Iterable[str], seconds: float) -> None:
        """Let the topic deliver messages, evenly from START on."""
        texts = list(bodies)
        for number, body in enumerate(texts):
            self._at(seconds * number / len(texts), lambda body=body: self.sqs.put(QUEUE, body))  # type: ignore[misc]
        self._last_at = max(self._last_at, seconds)

    def run(self, days: float) -> None:
        """Run until all is done and an hour more. Fails if that takes more than ``days``."""
        self._at(_REDRIVE_MINUTES * MINUTE, self._redrive)
        quiet_since = math.inf
        while self.elapsed < days * DAY:
            self._run_until(self.elapsed + HOUR)
            if self.sqs.queues[QUEUE] or self._running or self.elapsed <= self._last_at:
                quiet_since = math.inf
            quiet_since = min(quiet_since, self.elapsed)
            if self.elapsed >= quiet_since + HOUR:
                return
        raise AssertionError(f"{len(self.sqs.queues[QUEUE])} messages are in the queue after {days} days")

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [decode(row) for row in self.store.rows(table).values()]

    def _at(self, elapsed: float, action: Callable[[], object]) -> None:
        heapq.heappush(self._events, (elapsed, next(self._numbers), action))

    def _run_until(self, end: float) -> None:
        while True:
            visible_at = min((message.visible_at for message in self.sqs.queues[QUEUE]), default=None)
            poll_at = math.inf
            if visible_at is not None and self._running < _CONCURRENCY:
                poll_at = max((visible_at - START).total_seconds(), self.elapsed)
            event_at = self._events[0][0] if self._events else math.inf
            if min(event_at, poll_at) > end:
                self.elapsed = end
                return
            self.elapsed = min(event_at, poll_at)
            if event_at <= poll_at:
                heapq.heappop(self._events)[2]()
            elif batch := self.sqs.receive(QUEUE, _BATCH_SIZE, VISIBILITY_TIMEOUT_SECONDS):
                self._process(batch)

    def _process(self, batch: list[StoredMessage]) -> None:
        """Call the function; what it acknowledges is deleted when it has returned."""
        self.highest_receive_count = max(self.highest_receive_count, *(message.receive_count for message in batch))
        if self._fault(AWAY):
            return
        handles = {message.id: message.receipt_handle for message in batch}
        began, self._running = self.elapsed, self._running + 1
        try:
            response = self._call({"Records": list(map(lambda_record, batch))})
            failed = {failure["itemIdentifier"] for failure in response["batchItemFailures"]}
        except Crash:
            failed = set(handles)
            self._start_anew()
        assert self.elapsed <= began + _FUNCTION_SECONDS, "Lambda would have ended the function"
        acknowledged = {handle for message_id, handle in handles.items() if message_id not in failed}

        def end() -> None:
            self._running -= 1
            self.sqs.delete(QUEUE, acknowledged)

        self._at(self.elapsed, end)
        self.elapsed = began

    def _redrive(self) -> None:
        """As the schedule invokes it. While it waits for the queue to drain, time goes on for all others."""
        began = self.elapsed
        if not self._fault(AWAY):
            self.while_redrive_sleeps = lambda: self._run_until(self.elapsed)
            self.redriven += (self.redrive() or {"moved": 0})["moved"]
        self._at(began + _REDRIVE_MINUTES * MINUTE, self._redrive)

    def _start_anew(self) -> None:
        """A new process of the function."""
        self.dynamodb = FakeDynamoDB(self.store, self._fault_of_call)
        self.history = inline_history(self.dynamodb, SoftBouncePolicy())

    def _fault_of_call(self, operation: str) -> Fault | None:
        fault = next((name for name in CALL_FAULTS if self._fault(name)), None)
        self.advance(_SILENT_CALL_SECONDS if fault in ("lost request", "lost response") else _CALL_SECONDS)
        return None if fault == "unprocessed" and operation != "BatchGetItem" else fault

    def _fault(self, name: Fault) -> bool:
        """Whether it is the time of this fault, and chance will have it."""
        return any(
            trouble.fault == name and trouble.begins <= self.elapsed < trouble.ends and self._chance() < trouble.share
            for trouble in self._troubles
        )
