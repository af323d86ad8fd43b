"""Blocks addresses by hand, or puts back blocks that were lifted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from ses_feedback.history.event import Event, manual_event
from ses_feedback.history.writer import Outcome

from ses_feedback_cli import acts
from ses_feedback_cli.blocks.records import alive, blocked_items, states
from ses_feedback_cli.context import Context

_TOGETHER = 500


@dataclass(frozen=True)
class Wish:
    """An address to block, until when (None: for good), and the words for the record."""

    address: str
    until: datetime | None
    note: str
    subtype: str = ""


@dataclass(frozen=True)
class Blocked:
    """What became of it. ``before`` and ``after``: what the blocked table said, if it blocked."""

    address: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    unchanged: bool = False
    """A person's block that lasts as long was there already."""
    problem: str = ""


def block(context: Context, wishes: Iterable[Wish], *, actor: str, act_id: str) -> Iterator[Blocked]:
    """Block addresses by hand, each with what became of it, in order. One that a person blocked for as long is left.

    Needs dynamodb:BatchGetItem and PutItem on the history table, and BatchGetItem, PutItem and DeleteItem on the
    blocked table.
    """
    rest = iter(wishes)
    while some := list(islice(rest, _TOGETHER)):
        now = datetime.now(UTC)
        addresses = [wish.address for wish in some]
        before, known = blocked_items(context, addresses), states(context, addresses)
        fresh = [
            wish
            for wish in some
            if not (alive(before.get(wish.address), now) and known[wish.address].has_manual_block(wish.until))
        ]
        problems = dict(_recorded(context, [_event(wish, actor, act_id, now) for wish in fresh]))
        after = blocked_items(context, (wish.address for wish in fresh))
        todo = {wish.address for wish in fresh}
        for wish in some:
            one = wish.address
            old = alive(before.get(one), now)
            if one in todo:
                yield Blocked(one, old, alive(after.get(one), now), problem=problems.get(one, ""))
            else:
                yield Blocked(one, old, old, unchanged=True)


def _event(wish: Wish, actor: str, act_id: str, at: datetime) -> Event:
    return manual_event(
        "block",
        wish.address,
        actor=actor,
        note=wish.note,
        at=at,
        expires_at=wish.until,
        subtype=wish.subtype,
        act_id=act_id,
    )


def _recorded(context: Context, events: list[Event]) -> Iterator[tuple[str, str]]:
    for event, result in acts.apply(context, events):
        if result.outcome is Outcome.FAILED:
            yield event.address, result.reason
