"""Writes events into the history and the blocks that follow from them into the blocked table, each event once.

A batch costs two rounds of calls, and a third if it has hard bounces. One reads, consistently, the state of every
address, which events are known already, and what the safeguards need; one writes. Everything about an address is in one
transaction: its events' rows (which must not exist yet), its state (which must be the one that was read) and its
blocked item. So a crash leaves all of it or nothing, a second delivery finds the row, and of two workers on one address
the later one reads again. An event that alone makes the state of its address has its row in the state row
(``history.state_row``).

Whole addresses share a transaction, up to DynamoDB's 100 actions: ten bounces are one call instead of ten, for the same
write units. While DynamoDB throttles or fails, all of it is read and written again, as long as there is time. If it is
refused for another reason, each of its addresses is written by itself, so that none fails because of another. After a
transaction each recipient domain with a hard bounce is counted, in one small write of its own: within the transaction
it would make workers on one domain wait for each other.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_feedback.history.event import Event
from ses_feedback.history.safeguards import Rows, Safeguarded, Safeguards
from ses_feedback.history.state_row import STATE, with_embedded_events
from ses_feedback.history.surges import DomainHours, hours_key
from ses_feedback.history.transaction import Tables, transaction_actions
from ses_feedback.table import (
    Item,
    TableError,
    describe,
    encode,
    is_conflict,
    is_transient,
    make_client,
    read_many,
    retry,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_WORKERS = 10
_ACTIONS_LIMIT = 98  # of one transaction: DynamoDB allows 100, and what is read for it must stay within 100 keys
_EVENTS_LIMIT = 90  # of one address in one transaction: all actions for it stay within the 98


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
    recorded: Event | None = field(default=None, compare=False)
    """The event as it was recorded, which the safeguards may have changed."""


AddressEvents = list[Event]
"""Events of one address, each entry once."""

Results = dict[tuple[str, str], Result]
"""By address and entry."""


class HistoryWriter:
    """Both tables, by ARN, in one Region and account. For one thread at a time; it keeps threads of its own."""

    def __init__(
        self,
        blocked_table: str,
        history_table: str,
        client: "DynamoDBClient | None" = None,
        *,
        safeguards: Safeguards | None = None,
    ) -> None:
        self.count_failures: list[str] = []
        """Why counts of domains could not be written during the last ``apply``: the breaker may then open late."""
        self._safeguards = safeguards or Safeguards()
        self._tables = Tables(blocked_table, history_table)
        self._client = client or make_client(history_table, connections=_WORKERS)
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="history")
        self._count_pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="counts")

    def apply(self, events: Sequence[Event], *, deadline: float) -> list[Result]:
        """Write the events into the tables; one result each, in order.

        Returns by ``deadline`` (of time.monotonic): what is not written by then has failed. A call under way may still
        succeed; its event is then a duplicate when it is delivered again. Never raises for an error of AWS.
        """
        self.count_failures = []
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
            self._pool.submit(self._write_in_parts, address_events, deadline)
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
                    self._pool.submit(self._write_group, [address_events], deadline, 1) for address_events in unsettled
                }
        for future in running:
            future.cancel()
        return results

    def _write_in_parts(self, address_events: AddressEvents, deadline: float) -> tuple[Results, list[AddressEvents]]:
        """Write an address with more events than a transaction has room for."""
        results: Results = {}
        for start in range(0, len(address_events), _EVENTS_LIMIT):
            settled, _ = self._write_group([address_events[start : start + _EVENTS_LIMIT]], deadline)
            results |= settled
        return results, []

    def _write_group(
        self, group: list[AddressEvents], deadline: float, failed_attempts: int = 0
    ) -> tuple[Results, list[AddressEvents]]:
        """Write addresses together; the results of those that are settled, and the others, to be written one by one."""
        try:
            return self._try_group(group, deadline, failed_attempts)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            # Over a row that no version wrote: it must fail no other address, nor the function again and again.
            if len(group) > 1:
                return {}, group
            return _failed(group, TableError(f"{type(error).__name__} over the rows that decide about an address")), []

    def _try_group(
        self, group: list[AddressEvents], deadline: float, failed_attempts: int
    ) -> tuple[Results, list[AddressEvents]]:
        """Read and write addresses together, again and again until they are written, cannot be, or time is up.

        A group that DynamoDB throttles stays together: apart, its addresses would be ten times the calls. If others
        write to one of several addresses at the same time, or one cannot be written, all come back, to be written each
        by itself. So do those for which the transaction had no room.
        """
        results: Results = {}
        unsettled: list[AddressEvents] = []

        def attempt() -> bool:
            rows = self._read(group, deadline)
            safeguarded = self._safeguards.apply_to(_new_events(group, rows), rows)
            results.clear()
            unsettled.clear()
            actions: list[Any] = []
            planned: list[AddressEvents] = []
            results_if_written: Results = {}
            for address_events in group:
                try:
                    address_actions, address_results = self._plan(address_events, safeguarded, rows)
                except TableError as error:
                    results.update(_failed([address_events], error))
                    continue
                if len(actions) + len(address_actions) > _ACTIONS_LIMIT:
                    unsettled.append(address_events)
                    continue
                actions += address_actions
                results_if_written |= address_results
                planned.append(address_events)
            if len(planned) < len(group):  # those that are left out are counted when they are written
                safeguarded = self._safeguards.apply_to(_new_events(planned, rows), rows)
            try:
                self._write(actions, deadline, safeguarded.hours)
            except (ClientError, BotoCoreError) as error:
                if len(planned) == 1 or (is_transient(error) and not is_conflict(error)):
                    raise
                unsettled.extend(planned)
                return True
            results.update(results_if_written)
            return True

        try:
            retry("TransactWriteItems", attempt, deadline, failed_attempts=failed_attempts)
        except TableError as error:
            unfinished = _failed(group, error)
            return unfinished | results, []
        return results, unsettled

    def _read(self, batch: list[AddressEvents], deadline: float) -> Rows:
        """The rows that exist: of each address its state, of each event its own, and those that the safeguards need.

        A feedback that changes no state now may be embedded in the state, by the rules of another version.
        """
        keys: list[Item] = []
        for address_events in batch:
            keys.append(encode({"value": address_events[0].address, "entry": STATE}))
            keys += [encode({"value": event.address, "entry": event.entry}) for event in address_events]
        keys += map(encode, self._safeguards.keys(event for address_events in batch for event in address_events))
        rows = read_many(self._client, self._tables.history, keys, deadline, ConsistentRead=True)
        return {(row["value"], row["entry"]): row for row in with_embedded_events(rows)}

    def _plan(self, address_events: AddressEvents, safeguarded: Safeguarded, rows: Rows) -> tuple[list[Any], Results]:
        """The actions for one address, and the results of its events once these succeed."""
        address = address_events[0].address
        new_events = [event for event in safeguarded.events if event.address == address]
        results = {(address, event.entry): Result(Outcome.DUPLICATE) for event in address_events}
        results |= {(address, event.entry): Result(Outcome.RECORDED, recorded=event) for event in new_events}
        if not new_events:
            return [], results
        return transaction_actions(new_events, rows.get((address, STATE)), self._tables, safeguarded.policy), results

    def _write(self, actions: list[Any], deadline: float, hours: Mapping[str, DomainHours]) -> None:
        if time.monotonic() >= deadline:
            raise TableError("TransactWriteItems: no time left")
        if actions:
            self._client.transact_write_items(TransactItems=actions)
        # Not beside the transaction: in an outage each of many deliveries would count the same bounce again.
        counting = [self._count_pool.submit(self._count, domain, counts) for domain, counts in hours.items()]
        wait(counting, timeout=max(0.0, deadline - time.monotonic()))

    def _count(self, domain: str, hours: DomainHours) -> None:
        """Add what was counted. One attempt: a count that is lost makes the breaker open later, no more."""
        expression, values = hours.update()
        try:
            self._client.update_item(
                TableName=self._tables.history,
                Key=encode(hours_key(domain)),
                UpdateExpression=expression,
                ExpressionAttributeValues=encode(values),
            )
        except (ClientError, BotoCoreError) as error:
            self.count_failures.append(f"UpdateItem: {describe(error)}")


def _new_events(batch: Iterable[AddressEvents], rows: Rows) -> list[Event]:
    return [event for address_events in batch for event in address_events if (event.address, event.entry) not in rows]


def _groups(batch: Iterable[AddressEvents]) -> list[list[AddressEvents]]:
    """Whole addresses in groups of one transaction each (a row per event, the state, the blocked item).

    Those that also have an embedded event to move out may not fit: that is known once they are read.
    """
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
