"""Lifts blocks: off SES's own lists first, then out of the tables.

The order matters if it stops between the two. An address that SES's list still has would be blocked again by the next
mail to it: SES does not send it, and says so with a bounce that counts. The other way round it stays blocked as it was,
and doing it again does the rest. So what cannot be taken off SES's lists stays blocked here, too.
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

from ses_feedback_cli import acts
from ses_feedback_cli.blocks.records import alive, blocked_items, states
from ses_feedback_cli.blocks.removal import Removal, Removed, Wanted
from ses_feedback_cli.context import Context

_TOGETHER = 500
_TOGETHER_WITH_SES = 20
"""Addresses between two looks at the tables: with a call a second, 20 are as much as anybody wants to wait for."""


@dataclass(frozen=True)
class Act:
    """What a person decided, once for all addresses: it beats everything up to ``at``."""

    actor: str
    note: str
    at: datetime
    id: str


@dataclass(frozen=True)
class Lift:
    """One address to unblock. ``seen``: the block that is to be lifted; without it, whatever blocks by now."""

    address: str
    spellings: Sequence[str]
    seen: dict[str, Any] | None = None


@dataclass(frozen=True)
class Lifted:
    """What became of it. ``before`` and ``after``: what the blocked table said, if it blocked."""

    address: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    ses: Sequence[Removed] = ()
    left: str = ""
    """Why it was not touched, on purpose."""
    problem: str = ""
    """Why it could not be done."""


@dataclass
class _Work:
    lift: Lift
    before: dict[str, Any] | None
    at: datetime
    needs_act: bool
    left: str = ""
    problem: str = ""
    ses: list[Removed] = field(default_factory=list)


def lift(context: Context, lifts: Iterable[Lift], act: Act, ses: Removal | None) -> Iterator[Lifted]:
    """Unblock addresses, each with what became of it, in order. May stop anywhere: done again with the same act, it
    goes on. ``ses``: also take them off these lists.

    Needs dynamodb:BatchGetItem and PutItem on the history table, and BatchGetItem, PutItem and DeleteItem on the
    blocked table.
    """
    rest = iter(lifts)
    while some := list(islice(rest, _TOGETHER_WITH_SES if ses else _TOGETHER)):
        works = _looked(context, some, act)
        if ses:
            _take_off(ses, [work for work in works if not work.left])
        _record(context, [work for work in works if work.needs_act and not (work.left or work.problem)], act)
        after = blocked_items(context, (work.lift.address for work in works))
        now = datetime.now(UTC)
        for work in works:
            address = work.lift.address
            yield Lifted(address, work.before, alive(after.get(address), now), work.ses, work.left, work.problem)


def _looked(context: Context, lifts: Sequence[Lift], act: Act) -> list[_Work]:
    addresses = [one.address for one in lifts]
    items, known = blocked_items(context, addresses), states(context, addresses)
    return [_work(one, items.get(one.address), known[one.address], act) for one in lifts]


def _work(one: Lift, item: dict[str, Any] | None, state: State, act: Act) -> _Work:
    if one.seen is None:
        at = unblock_time(act.at, (occurrence.at for occurrence in state.reasons_to_block()))
        needs_act = item is not None or any(state.reasons_to_block())
    else:
        at = unblock_time(act.at, [str(one.seen.get("blocked_at", ""))])
        needs_act = item is not None
    work = _Work(one, alive(item, datetime.now(UTC)), at, needs_act)
    began = parse(str(item.get("blocked_at", ""))) if item else None
    if one.seen is not None and began and began > at:
        work.left = "blocked again since it was selected"
    return work


def _take_off(ses: Removal, works: Sequence[_Work]) -> None:
    results = ses.remove([Wanted(work.lift.address, work.lift.spellings, work.at) for work in works])
    for work in works:
        work.ses = results[work.lift.address]
        failed = [f"{one.problem} in {one.region}" for one in work.ses if one.problem]
        newer = [one.region for one in work.ses if one.newer]
        if failed:
            work.problem = f"SES's own list: {', '.join(failed)}"
        elif newer:
            work.left = f"SES put it on its own list again since it was selected, in {', '.join(newer)}"


def _record(context: Context, works: Sequence[_Work], act: Act) -> None:
    by_address = {work.lift.address: work for work in works}
    events = [_event(work, act) for work in works]
    for event, result in acts.apply(context, events):
        if result.outcome is Outcome.FAILED:
            by_address[event.address].problem = result.reason


def _event(work: _Work, act: Act) -> Event:
    return manual_event("unblock", work.lift.address, actor=act.actor, note=act.note, at=work.at, act_id=act.id)
