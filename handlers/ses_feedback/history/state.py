"""Per address: everything that still matters of what happened, and the block that follows from it. Pure.

The state is a set of marks that only grows by maximum and union, and is cut by rules that look at nothing but the state
itself. So folding is commutative, associative and idempotent: order, batches, duplicates and workers cannot matter.
"""

import bisect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

Value = str | int | bool

THRESHOLD_LIMITS, WINDOW_DAYS_LIMITS, BLOCK_DAYS_LIMITS = (1, 20), (1, 365), (1, 365)
"""Least and most of each number of a ``SoftBouncePolicy``."""

MOST_WINDOWS = 12
"""A block lasts at most so many windows, which bounds the soft bounces in a state row (0.4 KB each, of 400 KB)."""

COPIES = 2
"""How often SES tells of one bounce at most: to an identity's topic and to that of a configuration set."""


class Effect(StrEnum):
    """What an event does to the state of its address."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    SOFT = "soft"
    CLEAR = "clear"
    MANUAL = "manual"
    UNBLOCK = "unblock"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One thing that happened: when (ISO 8601, UTC, milliseconds), its id, what the blocked table says about it."""

    at: str
    id: str
    attributes: Mapping[str, Value]

    def order(self) -> tuple[str, str]:
        """Newest is largest; the id settles the same millisecond alike for every worker."""
        return (self.at, self.id)


@dataclass(frozen=True, slots=True)
class SoftBouncePolicy:
    """When soft bounces block: ``threshold`` mails that got one within ``window_days`` block for ``block_days``.

    Mails, not notifications: with an identity's notifications and a configuration set both on, SES tells of one bounce
    twice, and whether both copies carry one feedback id is not documented.
    """

    threshold: int = 5
    window_days: int = 30
    block_days: int = 30

    @property
    def kept(self) -> int:
        """How many soft bounces of an address are kept: as many as can ever decide.

        Only those within window + block days before the newest matter: an older one's block was over when the newest
        came. That span is at most k = 1 + ceil(block / window) windows. Of k * (threshold - 1) + 1 mails in it, some
        window holds ``threshold``: so the newest that many always hold a complete qualifying window, and the latest
        qualifying window, the one that decides, begins no earlier than that one. What is cut off cannot decide. A mail
        is told of twice at most, so twice as many bounces hold that many mails.
        """
        return COPIES * ((1 + math.ceil(self.block_days / self.window_days)) * (self.threshold - 1) + 1)


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one address. ``version`` counts writes and is no part of the meaning."""

    bounce: Occurrence | None = None
    complaint: Occurrence | None = None
    clear: Occurrence | None = None
    unblock: Occurrence | None = None
    manual: Occurrence | None = None
    """The newest manual block or import for good."""
    expiring: tuple[Occurrence, ...] = ()
    """Manual blocks and imports with an end, of which none is both older and shorter than another."""
    soft: tuple[Occurrence, ...] = ()
    """Soft bounces, oldest first."""
    version: int = 0


def fold(state: State, effect: Effect, mark: Occurrence, policy: SoftBouncePolicy) -> State:
    """The state after one more event. One that is in it already, or that came too late to matter, changes nothing."""
    match effect:
        case Effect.NONE:
            return state
        case Effect.SOFT:
            state = replace(state, soft=_joined(state.soft, mark))
        case Effect.MANUAL if "expires_at" in mark.attributes:
            state = replace(state, expiring=_joined(state.expiring, mark))
        case Effect.MANUAL:
            state = replace(state, manual=_newest(state.manual, mark))
        case Effect.BOUNCE:
            state = replace(state, bounce=_newest(state.bounce, mark))
        case Effect.COMPLAINT:
            state = replace(state, complaint=_newest(state.complaint, mark))
        case Effect.CLEAR:
            state = replace(state, clear=_newest(state.clear, mark))
        case Effect.UNBLOCK:
            state = replace(state, unblock=_newest(state.unblock, mark))
    return _cut(state, policy)


def blocked_item(state: State, policy: SoftBouncePolicy) -> dict[str, Value] | None:
    """What the blocked table says about an address in this state, or None: nothing.

    No clock: an item whose ``expires_at`` is over is as good as none, which is for the reader to see.
    Precedence: complaint, hard bounce, manual block for good, then of what expires the one that lasts longest.
    """
    for reason, mark in (("complaint", state.complaint), ("bounce", state.bounce), ("manual", state.manual)):
        if mark is not None:
            return _item(reason, mark)
    ending = [(mark, _item("manual", mark)) for mark in state.expiring]
    if soft := _soft_block(state.soft, policy):
        ending.append(soft)
    _, item = max(ending, key=lambda one: (one[1]["expires_at"], *one[0].order()), default=(None, None))
    return item


def row_expiry(state: State, item: Mapping[str, Value] | None, keep_until: int) -> int | None:
    """When the state row may go (epoch seconds), or None: never, as it holds something for good.

    ``keep_until`` is when the history row of the event that led to the state goes.
    """
    if state.bounce or state.complaint or state.manual:
        return None
    return max(keep_until, int(item["expires_at"])) if item else keep_until


def milliseconds(at: str) -> int:
    """Milliseconds since 1970 of a time as marks hold it."""
    return round(datetime.fromisoformat(at).timestamp() * 1_000)


def _joined(marks: tuple[Occurrence, ...], mark: Occurrence) -> tuple[Occurrence, ...]:
    known = {one.order(): one for one in (mark, *marks)}
    return tuple(sorted(known.values(), key=Occurrence.order))


def _newest(one: Occurrence | None, other: Occurrence) -> Occurrence:
    return other if one is None or other.order() > one.order() else one


def _cut(state: State, policy: SoftBouncePolicy) -> State:
    """Drop what can never matter again: what an unblock or clear has beaten, what a longer or a newer one covers."""
    after = state.unblock.at if state.unblock else ""
    cleared = max(after, state.clear.at) if state.clear else after
    alive = _later_than(after)
    soft = tuple(filter(alive, state.soft))
    if soft:
        span = timedelta(days=policy.window_days + policy.block_days) / timedelta(milliseconds=1)
        oldest = milliseconds(soft[-1].at) - span
        soft = tuple(one for one in soft[-policy.kept :] if milliseconds(one.at) >= oldest)
    return replace(
        state,
        bounce=_only(alive, state.bounce),
        complaint=_only(_later_than(cleared), state.complaint),
        clear=_only(alive, state.clear),
        manual=_only(alive, state.manual),
        expiring=_uncovered(filter(alive, state.expiring)),
        soft=soft,
    )


def _later_than(at: str) -> Callable[[Occurrence], bool]:
    return lambda mark: mark.at > at


def _only(alive: Callable[[Occurrence], bool], mark: Occurrence | None) -> Occurrence | None:
    return mark if mark is not None and alive(mark) else None


def _uncovered(marks: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
    """Without those that a newer one outlasts: whatever unblocks the newer one unblocks them too."""
    kept: list[Occurrence] = []
    for mark in sorted(marks, key=Occurrence.order, reverse=True):
        if not kept or int(mark.attributes["expires_at"]) > int(kept[-1].attributes["expires_at"]):
            kept.append(mark)
    return tuple(reversed(kept))


def _soft_block(soft: tuple[Occurrence, ...], policy: SoftBouncePolicy) -> tuple[Occurrence, dict[str, Value]] | None:
    """The block of the latest soft bounce with ``threshold`` mails in the window that it ends, itself included."""
    window = policy.window_days * 86_400_000
    times = [milliseconds(mark.at) for mark in soft]
    mails = [mark.attributes.get("message_id") or mark.id for mark in soft]
    for last in range(len(soft) - 1, policy.threshold - 2, -1):
        first = bisect.bisect_left(times, times[last] - window)
        if len(set(mails[first : last + 1])) >= policy.threshold:
            ends = math.ceil(times[last] / 1_000) + policy.block_days * 86_400
            return soft[last], {**_item("soft-bounces", soft[last]), "expires_at": ends}
    return None


def _item(reason: str, mark: Occurrence) -> dict[str, Value]:
    return {"reason": reason, "blocked_at": mark.at, **mark.attributes}
