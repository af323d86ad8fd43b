"""The writer: brings events into the history and what follows from them into the blocked table, each event once.

A batch costs two rounds of calls. One reads, consistently, the state of every address and which events are known
already; one writes. Everything about an address is in one transaction: its events' rows (which must not exist yet), its
state (which must be the one that was read) and its blocked item. So a crash leaves all of it or nothing, a second
delivery finds the row, and of two workers on one address the later one reads again.

Whole addresses share a transaction, up to DynamoDB's 100 actions: ten bounces are one call instead of ten, for the same
write units. If such a transaction is refused, each of its addresses goes its own way, so that none fails for another.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_feedback.history.event import Event
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import Effect
from ses_feedback.history.transaction import NAMES, STATE, Tables, actions
from ses_feedback.table import Item, TableError, describe, encode, make_client, passes, persist, read_many

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_WORKERS = 10
_ACTIONS_LIMIT = 100  # of one TransactWriteItems
_EVENTS_LIMIT = 90  # of one address in one transaction: rows, state and blocked item stay within the 100


class Outcome(StrEnum):
    """What became of an event."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """``reason`` says why it failed, without any value of the event."""

    outcome: Outcome
    reason: str = ""


Results = dict[tuple[str, str], Result]
"""By address and entry."""


class HistoryWriter:
    """Both tables, by ARN, in one Region and account. For one thread at a time; it keeps threads of its own."""

    def __init__(
        self, blocked_table: str, history_table: str, policy: SoftBouncePolicy, client: "DynamoDBClient | None" = None
    ) -> None:
        self._tables = Tables(blocked_table, history_table)
        self._policy = policy
        self._client = client or make_client(history_table, connections=_WORKERS)
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="history")

    def apply(self, events: Sequence[Event], *, deadline: float) -> list[Result]:
        """Bring the events into the tables; one result each, in order.

        Returns by ``deadline`` (of time.monotonic): what is not done by then has failed. A call under way may still
        succeed; its event is then a duplicate when it comes again. Never raises for an error of AWS.
        """
        addresses: dict[str, dict[str, Event]] = {}
        for event in events:
            addresses.setdefault(event.address, {}).setdefault(event.entry, event)
        results = self._run([list(known.values()) for known in addresses.values()], deadline)
        answers: list[Result] = []
        seen: set[tuple[str, str]] = set()
        for event in events:
            name = (event.address, event.entry)
            result = results.get(name, Result(Outcome.FAILED, "no time left"))
            if name in seen and result.outcome is Outcome.RECORDED:
                result = Result(Outcome.DUPLICATE)
            seen.add(name)
            answers.append(result)
        return answers

    def _run(self, works: list[list[Event]], deadline: float) -> Results:
        """All addresses at once, in groups; what these leave, one by one. Waits for nothing beyond the deadline."""
        results: Results = {}
        running = {self._pool.submit(self._together, group, deadline) for group in _groups(works)}
        running |= {self._pool.submit(self._alone, work, deadline, 0) for work in works if len(work) > _EVENTS_LIMIT}
        while running:
            left = max(0.0, deadline - time.monotonic())
            done, running = wait(running, timeout=left, return_when=FIRST_COMPLETED)
            if not done:
                break
            for future in done:
                found, again = future.result()
                results |= found
                running |= {self._pool.submit(self._alone, work, deadline, 1) for work in again}
        for future in running:
            future.cancel()
        return results

    def _together(self, works: list[list[Event]], deadline: float) -> tuple[Results, list[list[Event]]]:
        """One read and one transaction for several addresses; what it does not settle comes back to be done alone."""
        try:
            rows = self._read(works, deadline)
        except TableError as error:
            return _failed(works, error), []
        results: Results = {}
        together: list[Any] = []
        planned: list[list[Event]] = []
        settled: Results = {}
        for work in works:
            try:
                its_actions, its_results = self._plan(work, rows)
            except TableError as error:
                results |= _failed([work], error)
                continue
            together += its_actions
            settled |= its_results
            planned.append(work)
        try:
            self._write(together, deadline)
        except (ClientError, BotoCoreError) as error:
            if len(planned) > 1 or passes(error):
                return results, planned
            return results | _failed(planned, TableError(f"TransactWriteItems: {describe(error)}")), []
        except TableError as error:
            return results | _failed(planned, error), []
        return results | settled, []

    def _alone(self, work: list[Event], deadline: float, tried: int) -> tuple[Results, list[list[Event]]]:
        """One address: read and write until it is done, cannot be, or the time is over."""
        results: Results = {}
        for start in range(0, len(work), _EVENTS_LIMIT):
            part = work[start : start + _EVENTS_LIMIT]

            def attempt(part: list[Event] = part, results: Results = results) -> bool:
                its_actions, settled = self._plan(part, self._read([part], deadline))
                self._write(its_actions, deadline)
                results.update(settled)
                return True

            try:
                persist("TransactWriteItems", attempt, deadline, tried=tried)
            except TableError as error:
                results |= _failed([part], error)
        return results, []

    def _read(self, works: list[list[Event]], deadline: float) -> dict[tuple[str, str], Mapping[str, Any]]:
        keys: list[Item] = []
        for work in works:
            if any(event.effect is not Effect.NONE for event in work):
                keys.append(encode({"value": work[0].address, "entry": STATE}))
            keys += [encode({"value": event.address, "entry": event.entry}) for event in work]
        options: dict[str, Any] = {"ProjectionExpression": ", ".join(NAMES), "ExpressionAttributeNames": NAMES}
        options["ConsistentRead"] = True
        rows = read_many(self._client, self._tables.history, keys, deadline, **options)
        return {(row["value"], row["entry"]): row for row in rows}

    def _plan(self, work: list[Event], rows: Mapping[tuple[str, str], Mapping[str, Any]]) -> tuple[list[Any], Results]:
        """The actions for one address, and what its events are once these succeed."""
        address = work[0].address
        fresh = [event for event in work if (address, event.entry) not in rows]
        results = {(address, event.entry): Result(Outcome.DUPLICATE) for event in work}
        results |= {(address, event.entry): Result(Outcome.RECORDED) for event in fresh}
        if not fresh:
            return [], results
        return actions(fresh, rows.get((address, STATE)), self._tables, self._policy), results

    def _write(self, items: list[Any], deadline: float) -> None:
        if time.monotonic() >= deadline:
            raise TableError("TransactWriteItems: no time left")
        if items:
            self._client.transact_write_items(TransactItems=items)


def _groups(works: Iterable[list[Event]]) -> list[list[list[Event]]]:
    """Whole addresses in groups of one transaction each (a row per event, the state, the blocked item)."""
    groups: list[list[list[Event]]] = []
    room = 0
    for work in works:
        need = len(work) + 2
        if len(work) > _EVENTS_LIMIT:
            continue
        if need > room:
            groups.append([])
            room = _ACTIONS_LIMIT
        groups[-1].append(work)
        room -= need
    return groups


def _failed(works: Iterable[list[Event]], error: TableError) -> Results:
    return {(event.address, event.entry): Result(Outcome.FAILED, str(error)) for work in works for event in work}
