"""Several functions that write to one pair of tables: one list says how their calls interleave, another which fail.

One thread runs at a time, and yields to another at each call to DynamoDB: a run is a pure function of its lists.
"""

import itertools
import threading
from collections import Counter
from concurrent.futures import Future
from typing import Any

from ses_feedback import Blocklist
from ses_feedback.history.event import Event
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.writer import HistoryWriter, Outcome

from tests.tables import settings_item

from .fake_dynamodb import Crash, FakeDynamoDB, Fault, Store

FOREVER = 1e12
"""A deadline that never comes."""


class InlineExecutor:
    """Runs the tasks of a HistoryWriter in the calling thread. A crash passes through it, as it ends a process."""

    def submit(self, task: Any, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(task(*arguments))
        except Exception as error:  # noqa: BLE001 - it is raised again by result()
            future.set_exception(error)
        return future


def inline_history(client: FakeDynamoDB, policy: SoftBouncePolicy) -> HistoryWriter:
    """A writer to tables that have these settings."""
    client.store.set_settings(settings_item(policy))
    history = HistoryWriter("blocked", "history", client)  # type: ignore[arg-type]
    history._pool.shutdown()
    history._count_pool.shutdown()
    history._pool = history._count_pool = InlineExecutor()  # type: ignore[assignment]
    return history


def inline_blocklist(client: Any) -> Blocklist:
    """Without threads of its own: thousands of them are made."""
    blocklist = Blocklist("blocked", client, when_unavailable="raise")
    blocklist._process_resources.pool = InlineExecutor()  # type: ignore[assignment]
    return blocklist


class Simulation:
    """Messages in a queue, ``workers`` functions that take batches of ``batch_size`` and put back what failed."""

    def __init__(
        self,
        messages: list[Event],
        policy: SoftBouncePolicy,
        *,
        faults: list[Fault | None],
        turns: list[int],
        batch_size: int,
    ) -> None:
        self.queue = list(messages)
        self.policy = policy
        self.store = Store()
        self.faults = iter(faults)
        self.turns = itertools.cycle(turns or [0])
        self.batch_size = batch_size
        self.recorded: Counter[tuple[str, str]] = Counter()
        self.crashes = 0
        self.batches = 0
        self._gates: dict[int, threading.Semaphore] = {}
        self._control = threading.Semaphore(0)
        self._done: set[int] = set()
        self._broken: list[BaseException] = []

    def run(self, workers: int) -> None:
        """Until the queue is empty."""
        self._gates = {number: threading.Semaphore(0) for number in range(workers)}
        for number in self._gates:
            threading.Thread(target=self._work, args=(number,)).start()
        while working := [number for number in self._gates if number not in self._done]:
            self._gates[working[next(self.turns) % len(working)]].release()
            self._control.acquire()
        if self._broken:
            raise self._broken[0]
        assert not self.queue

    def _work(self, number: int) -> None:
        def before(operation: str) -> Fault | None:
            self._hand_over(number)
            fault = next(self.faults, None)
            return None if operation == "TransactWriteItems" and fault == "unprocessed" else fault

        self._gates[number].acquire()
        try:
            history = inline_history(FakeDynamoDB(self.store, before), self.policy)
            while self.queue:
                self.batches += 1
                assert self.batches < 1_000, "a message that never gets through"
                batch, self.queue = self.queue[: self.batch_size], self.queue[self.batch_size :]
                try:
                    results = history.apply(batch, deadline=FOREVER)
                except Crash:  # the process is gone; SQS delivers the batch again
                    self.crashes += 1
                    self.queue += batch
                    continue
                for event, result in zip(batch, results, strict=True):
                    if result.outcome is Outcome.FAILED:
                        self.queue.append(event)
                    elif result.outcome is Outcome.RECORDED:
                        self.recorded[event.address, event.entry] += 1
        except BaseException as error:  # noqa: BLE001 - for the test's thread
            self._broken.append(error)
        finally:
            self._done.add(number)
            self._control.release()

    def _hand_over(self, number: int) -> None:
        self._control.release()
        self._gates[number].acquire()
