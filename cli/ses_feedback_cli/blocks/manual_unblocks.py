"""Unblocks addresses: removes them from SES's suppression list first, then from the blocked table.

The order matters if it stops between the two. SES does not send mail to an address that is still on its list, and
reports this as a bounce, which would block the address again. In this order the address stays blocked as it was, and
the same unblock, run again, completes it. So an address that SES does not remove from its list stays blocked here too.

Import jobs do not change this. The report of a mail that SES did not send (rule `account-suppression`) is later than
the unblock, so the unblock does not forgive it: while a job runs, each mail to an address that the tables had already
freed would hold it again. Only what is on no list of SES need not wait for them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from ses_feedback.history.event import Event, manual_event
from ses_feedback.history.state import State, unblock_time
from ses_feedback.history.writer import Outcome
from ses_feedback.timestamps import parse

from ses_feedback_cli.blocks.suppression_removal import RemovalRequest, RemovalResult, SuppressionRemoval
from ses_feedback_cli.context import Context
from ses_feedback_cli.event_batches import apply_events
from ses_feedback_cli.table_reads import read_blocked_items, read_states, read_table_settings, unexpired

_BATCH_SIZE = 500


@dataclass(frozen=True)
class UnblockDecision:
    """What a person decided, once for all addresses: an unblock of everything that happened up to ``at``."""

    actor: str
    note: str
    at: datetime
    act_id: str


@dataclass(frozen=True)
class UnblockRequest:
    """One address to unblock, and how SES's suppression list may spell it."""

    address: str
    spellings: Sequence[str]
    selected_item: dict[str, Any] | None = None
    """The item of the blocked table that was selected; only this block is lifted. None: whatever blocks by now."""


@dataclass(frozen=True)
class UnblockResult:
    """What the blocked table had before and has afterwards; None: not blocked."""

    address: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    removals: Sequence[RemovalResult] = ()
    """One per Region of SES's suppression list."""
    skipped: str = ""
    """Why it was left as it is, on purpose."""
    problem: str = ""
    """Why it failed."""


@dataclass
class _Unblock:
    request: UnblockRequest
    before: dict[str, Any] | None
    state: State
    at: datetime
    needs_event: bool
    skipped: str = ""
    problem: str = ""
    removals: list[RemovalResult] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.request.address


def unblock_addresses(
    context: Context,
    requests: Iterable[UnblockRequest],
    decision: UnblockDecision,
    removal: SuppressionRemoval | None,
) -> Iterator[UnblockResult]:
    """Unblock addresses; a result for each, in order. ``removal``: from which suppression lists to remove them first.

    It may be interrupted anywhere: run again with the same decision, it completes the rest. Needs dynamodb:BatchGetItem
    and PutItem on the history table, and BatchGetItem, PutItem and DeleteItem on the blocked table.
    """
    remaining = iter(requests)
    while batch := list(islice(remaining, removal.batch_size if removal else _BATCH_SIZE)):
        unblocks = _plan(context, batch, decision)
        if removal:
            _remove_from_ses(removal, [unblock for unblock in unblocks if not unblock.skipped])
        _write_events(context, unblocks, decision)
        items_after = read_blocked_items(context, (unblock.address for unblock in unblocks))
        now = datetime.now(UTC)
        for unblock in unblocks:
            after = unexpired(items_after.get(unblock.address), now)
            yield UnblockResult(
                unblock.address, unblock.before, after, unblock.removals, unblock.skipped, unblock.problem
            )


def preview_unblocks(
    context: Context, requests: Iterable[UnblockRequest], decision: UnblockDecision
) -> Iterator[UnblockResult]:
    """What an unblock would do in the tables, for each address in order; changes nothing, and does not call SES.

    Needs dynamodb:BatchGetItem on both tables.
    """
    policy = read_table_settings(context).soft_bounces
    remaining = iter(requests)
    while batch := list(islice(remaining, _BATCH_SIZE)):
        for unblock in _plan(context, batch, decision):
            after = unblock.before
            if unblock.needs_event and not unblock.skipped:
                event = _event(unblock, decision)
                state = unblock.state.add(event.effect, event.occurrence, policy)
                after = unexpired(state.blocked_item(policy), datetime.now(UTC))
            yield UnblockResult(unblock.address, unblock.before, after, skipped=unblock.skipped)


def _plan(context: Context, requests: Sequence[UnblockRequest], decision: UnblockDecision) -> list[_Unblock]:
    addresses = [request.address for request in requests]
    items, states = read_blocked_items(context, addresses), read_states(context, addresses)
    return [_plan_one(request, items.get(request.address), states[request.address], decision) for request in requests]


def _plan_one(
    request: UnblockRequest, item: dict[str, Any] | None, state: State, decision: UnblockDecision
) -> _Unblock:
    before = unexpired(item, datetime.now(UTC))
    if request.selected_item is None:
        reasons = list(state.reasons_to_block())
        at = unblock_time(decision.at, (occurrence.at for occurrence in reasons))
        return _Unblock(request, before, state, at, needs_event=item is not None or bool(reasons))
    at = unblock_time(decision.at, [str(request.selected_item.get("blocked_at", ""))])
    unblock = _Unblock(request, before, state, at, needs_event=item is not None)
    blocked_at = parse(str(item.get("blocked_at", ""))) if item else None
    if blocked_at and blocked_at > at:
        unblock.skipped = "blocked again since it was selected"
    return unblock


def _remove_from_ses(removal: SuppressionRemoval, unblocks: Sequence[_Unblock]) -> None:
    requests = [RemovalRequest(unblock.address, unblock.request.spellings, unblock.at) for unblock in unblocks]
    results = removal.remove(requests)
    for unblock in unblocks:
        unblock.removals = results[unblock.address]
        problems = [f"{result.problem} in {result.region}" for result in unblock.removals if result.problem]
        newer_regions = [result.region for result in unblock.removals if result.newer_entry_at]
        if problems:
            unblock.problem = f"SES's suppression list: {', '.join(problems)}"
        elif newer_regions:
            unblock.skipped = (
                f"SES put it on its suppression list again since it was selected, in {', '.join(newer_regions)}"
            )


def _write_events(context: Context, unblocks: Sequence[_Unblock], decision: UnblockDecision) -> None:
    to_write = {
        unblock.address: unblock
        for unblock in unblocks
        if unblock.needs_event and not (unblock.skipped or unblock.problem)
    }
    events = [_event(unblock, decision) for unblock in to_write.values()]
    for event, result in apply_events(context, events):
        if result.outcome is Outcome.FAILED:
            to_write[event.address].problem = result.reason


def _event(unblock: _Unblock, decision: UnblockDecision) -> Event:
    return manual_event(
        "unblock", unblock.address, actor=decision.actor, note=decision.note, at=unblock.at, act_id=decision.act_id
    )
