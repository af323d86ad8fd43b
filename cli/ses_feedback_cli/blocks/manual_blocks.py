"""Blocks addresses by hand, among them those that an unblock lifted before."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from ses_feedback.history.event import Event, manual_event
from ses_feedback.history.writer import Outcome

from ses_feedback_cli.context import Context
from ses_feedback_cli.event_batches import apply_events
from ses_feedback_cli.table_reads import read_blocked_items, read_states, unexpired

_BATCH_SIZE = 500


@dataclass(frozen=True)
class BlockRequest:
    """An address to block, until when (None: for good), and the note for the history."""

    address: str
    until: datetime | None
    note: str
    subtype: str = ""


@dataclass(frozen=True)
class BlockResult:
    """What the blocked table had before and has afterwards; None: not blocked."""

    address: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    unchanged: bool = False
    """A person had already blocked it, for at least as long."""
    problem: str = ""
    """Why it failed."""


def block_addresses(
    context: Context, requests: Iterable[BlockRequest], *, actor: str, act_id: str, at: datetime | None = None
) -> Iterator[BlockResult]:
    """Block addresses by hand; a result for each, in order. One that a person blocked for as long stays as it is.

    ``at``: from when the blocks count (None: from now); an unblock since then takes precedence.

    Needs dynamodb:BatchGetItem and PutItem on the history table, and BatchGetItem, PutItem and DeleteItem on the
    blocked table.
    """
    remaining = iter(requests)
    while batch := list(islice(remaining, _BATCH_SIZE)):
        now = datetime.now(UTC)
        addresses = [request.address for request in batch]
        items_before, states = read_blocked_items(context, addresses), read_states(context, addresses)
        before = {address: unexpired(items_before.get(address), now) for address in addresses}
        new = {
            request.address: request
            for request in batch
            if not (before[request.address] and states[request.address].has_manual_block(request.until))
        }
        problems = dict(_write_events(context, [_event(request, actor, act_id, at or now) for request in new.values()]))
        items_after = read_blocked_items(context, new)
        for address in addresses:
            if address in new:
                after = unexpired(items_after.get(address), now)
                yield BlockResult(address, before[address], after, problem=problems.get(address, ""))
            else:
                yield BlockResult(address, before[address], before[address], unchanged=True)


def _event(request: BlockRequest, actor: str, act_id: str, now: datetime) -> Event:
    return manual_event(
        "block",
        request.address,
        actor=actor,
        note=request.note,
        at=now,
        expires_at=request.until,
        subtype=request.subtype,
        act_id=act_id,
    )


def _write_events(context: Context, events: list[Event]) -> Iterator[tuple[str, str]]:
    """Write the events; yields address and reason of each that failed."""
    for event, result in apply_events(context, events):
        if result.outcome is Outcome.FAILED:
            yield event.address, result.reason
