"""Writes events into the history and the blocks that follow from them into the blocked table, each event once.

A batch costs two rounds of calls. One reads, consistently, the state of every address and which events are known
already; one writes. Everything about an address is in one transaction: its events' rows (which must not exist yet), its
state (which must be the one that was read) and its blocked item. So a crash leaves all of it or nothing, a second
delivery finds the row, and of two workers on one address the later one reads again.

Whole addresses share a transaction, up to DynamoDB's 100 actions: ten bounces are one call instead of ten, for the same
write units. If such a transaction is refused, each of its addresses is written by itself, so that none fails because
of another.
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
from ses_feedback.history.transaction import NAMES, STATE, Tables, transaction_actions
from ses_feedback.table import Item, TableError, describe, encode, is_transient, make_client, read_many, retry

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


AddressEvents = list[Event]
"""Events of one address, each entry once."""

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
        """Write the events into the tables; one result each, in order.

        Returns by ``deadline`` (of time.monotonic): what is not written by then has failed. A call under way may still
        succeed; its event is then a duplicate when it is delivered again. Never raises for an error of AWS.
        """
        addresses: dict[str, dict[str, Event]] = {}
        for event in events:
            addresses.setdefault(event.address, {}).setdefault(event.entry, event)
        results = self._run([list(by_entry.values()) for by_entry in addresses.values()], deadline)
        in_order: list[Result] = []
        seen: set[tuple[str, str]] = set()
        for event in events:
            key = (event.address, event.entry)
            result = results.get(key, Result(Outcome.FAILED, "no time left"))
            if key in seen and result.outcome is Outcome.RECORDED:
                result = Result(Outcome.DUPLICATE)
            seen.add(key)
            in_order.append(result)
        return in_order

    def _run(self, batch: list[AddressEvents], deadline: float) -> Results:
        """All addresses at once, in groups; those that a group leaves unsettled one by one. Returns by the deadline."""
        results: Results = {}
        running = {self._pool.submit(self._write_group, group, deadline) for group in _groups(batch)}
        running |= {
            self._pool.submit(self._write_address, address_events, deadline, 0)
            for address_events in batch
            if len(address_events) > _EVENTS_LIMIT
        }
        while running:
            remaining_seconds = max(0.0, deadline - time.monotonic())
            done, running = wait(running, timeout=remaining_seconds, return_when=FIRST_COMPLETED)
            if not done:
                break
            for future in done:
                settled, unsettled = future.result()
                results |= settled
                running |= {
                    self._pool.submit(self._write_address, address_events, deadline, 1) for address_events in unsettled
                }
        for future in running:
            future.cancel()
        return results

    def _write_group(self, group: list[AddressEvents], deadline: float) -> tuple[Results, list[AddressEvents]]:
        """Write several addresses with one read and one transaction; those to be written by themselves come back."""
        try:
            rows = self._read(group, deadline)
        except TableError as error:
            return _failed(group, error), []
        results: Results = {}
        actions: list[Any] = []
        planned: list[AddressEvents] = []
        results_if_written: Results = {}
        for address_events in group:
            try:
                address_actions, address_results = self._plan(address_events, rows)
            except TableError as error:
                results |= _failed([address_events], error)
                continue
            actions += address_actions
            results_if_written |= address_results
            planned.append(address_events)
        try:
            self._write(actions, deadline)
        except (ClientError, BotoCoreError) as error:
            if len(planned) > 1 or is_transient(error):
                return results, planned
            return results | _failed(planned, TableError(f"TransactWriteItems: {describe(error)}")), []
        except TableError as error:
            return results | _failed(planned, error), []
        return results | results_if_written, []

    def _write_address(
        self, address_events: AddressEvents, deadline: float, failed_attempts: int
    ) -> tuple[Results, list[AddressEvents]]:
        """Write one address: read and write until it is written, cannot be, or the deadline has come."""
        results: Results = {}
        for start in range(0, len(address_events), _EVENTS_LIMIT):
            part = address_events[start : start + _EVENTS_LIMIT]

            def attempt(part: AddressEvents = part, results: Results = results) -> bool:
                actions, results_if_written = self._plan(part, self._read([part], deadline))
                self._write(actions, deadline)
                results.update(results_if_written)
                return True

            try:
                retry("TransactWriteItems", attempt, deadline, failed_attempts=failed_attempts)
            except TableError as error:
                results |= _failed([part], error)
        return results, []

    def _read(self, batch: list[AddressEvents], deadline: float) -> dict[tuple[str, str], Mapping[str, Any]]:
        """The rows that exist: of each address its state, if an event may change it, and of each event its own."""
        keys: list[Item] = []
        for address_events in batch:
            if any(event.effect is not Effect.NONE for event in address_events):
                keys.append(encode({"value": address_events[0].address, "entry": STATE}))
            keys += [encode({"value": event.address, "entry": event.entry}) for event in address_events]
        options: dict[str, Any] = {"ProjectionExpression": ", ".join(NAMES), "ExpressionAttributeNames": NAMES}
        options["ConsistentRead"] = True
        rows = read_many(self._client, self._tables.history, keys, deadline, **options)
        return {(row["value"], row["entry"]): row for row in rows}

    def _plan(
        self, address_events: AddressEvents, rows: Mapping[tuple[str, str], Mapping[str, Any]]
    ) -> tuple[list[Any], Results]:
        """The actions for one address, and the results of its events once these succeed."""
        address = address_events[0].address
        new_events = [event for event in address_events if (address, event.entry) not in rows]
        results = {(address, event.entry): Result(Outcome.DUPLICATE) for event in address_events}
        results |= {(address, event.entry): Result(Outcome.RECORDED) for event in new_events}
        if not new_events:
            return [], results
        return transaction_actions(new_events, rows.get((address, STATE)), self._tables, self._policy), results

    def _write(self, actions: list[Any], deadline: float) -> None:
        if time.monotonic() >= deadline:
            raise TableError("TransactWriteItems: no time left")
        if actions:
            self._client.transact_write_items(TransactItems=actions)


def _groups(batch: Iterable[AddressEvents]) -> list[list[AddressEvents]]:
    """Whole addresses in groups of one transaction each (a row per event, the state, the blocked item)."""
    groups: list[list[AddressEvents]] = []
    free_actions = 0
    for address_events in batch:
        if len(address_events) > _EVENTS_LIMIT:
            continue
        needed_actions = len(address_events) + 2
        if needed_actions > free_actions:
            groups.append([])
            free_actions = _ACTIONS_LIMIT
        groups[-1].append(address_events)
        free_actions -= needed_actions
    return groups


def _failed(batch: Iterable[AddressEvents], error: TableError) -> Results:
    return {
        (event.address, event.entry): Result(Outcome.FAILED, str(error))
        for address_events in batch
        for event in address_events
    }
