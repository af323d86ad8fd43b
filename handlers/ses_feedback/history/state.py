"""Per address: everything that still matters of what happened, and the block that follows from it. Pure.

The state is a set of occurrences that only grows by maximum and union, and is pruned by rules that look at nothing but
the state itself. So adding is commutative, associative and idempotent: order, batches, duplicates and workers cannot
matter.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from ses_feedback.history import holds
from ses_feedback.history.occurrence import Occurrence, Value
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.timestamps import CLOCK_TOLERANCE, iso, parse


class Effect(StrEnum):
    """What an event does to the state of its address."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    HOLD = "hold"
    SOFT = "soft"
    CLEAR = "clear"
    MANUAL = "manual"
    UNBLOCK = "unblock"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one address. ``revision`` counts writes and is not part of the meaning."""

    bounce: Occurrence | None = None
    """The newest hard bounce."""
    complaint: Occurrence | None = None
    clear: Occurrence | None = None
    unblock: Occurrence | None = None
    manual: Occurrence | None = None
    """The newest manual block or import for good."""
    expiring: tuple[Occurrence, ...] = ()
    """Manual blocks and imports with an end, of which none is both older and shorter than another."""
    soft: tuple[Occurrence, ...] = ()
    """Soft bounces, oldest first."""
    holds: tuple[Occurrence, ...] = ()
    """Holds, oldest first."""
    revision: int = 0

    def add(self, effect: Effect, occurrence: Occurrence, policy: SoftBouncePolicy) -> "State":
        """The state after one more event. One that it holds already, or that is too old to matter, changes nothing."""
        match effect:
            case Effect.NONE:
                return self
            case Effect.SOFT:
                state = replace(self, soft=_merged(self.soft, occurrence))
            case Effect.HOLD:
                state = replace(self, holds=_merged(self.holds, occurrence))
            case Effect.MANUAL if "expires_at" in occurrence.attributes:
                state = replace(self, expiring=_merged(self.expiring, occurrence))
            case Effect.MANUAL:
                state = replace(self, manual=_newest(self.manual, occurrence))
            case Effect.BOUNCE:
                state = replace(self, bounce=_newest(self.bounce, occurrence))
            case Effect.COMPLAINT:
                state = replace(self, complaint=_newest(self.complaint, occurrence))
            case Effect.CLEAR:
                state = replace(self, clear=_newest(self.clear, occurrence))
            case Effect.UNBLOCK:
                state = replace(self, unblock=_newest(self.unblock, occurrence))
        return state._pruned(policy)

    def blocked_item(self, policy: SoftBouncePolicy) -> dict[str, Value] | None:
        """What the blocked table says about an address in this state, or None: nothing.

        No clock: an item whose ``expires_at`` has passed is as good as none, which readers decide.
        Precedence: complaint, hard bounce (a confirmed hold behind either), manual block for good, then of those that
        end the one that lasts longest.
        """
        for reason, occurrence in (("complaint", self.complaint), ("bounce", self.bounce), ("manual", self.manual)):
            if occurrence is not None:
                return _item(reason, occurrence)
            if hold := holds.confirmed(self.holds, reason):
                return holds.confirmed_item(hold)
        expiring = [(occurrence, _item("manual", occurrence)) for occurrence in self.expiring]
        expiring += [(hold, holds.hold_item(hold)) for hold in self.holds]
        if block := policy.latest_block(self.soft):
            bounce, expires_at = block
            expiring.append((bounce, {**_item("soft-bounces", bounce), "expires_at": expires_at}))
        _, longest = max(
            expiring, key=lambda block: (block[1]["expires_at"], *block[0].sort_key()), default=(None, None)
        )
        return longest

    def row_expiry(self, blocked_item: Mapping[str, Value] | None, event_expires_at: int) -> int | None:
        """When the state row may be deleted (epoch seconds), or None: never, as it holds something for good.

        ``event_expires_at`` is when the history row of the event that led to the state may be deleted.
        """
        if blocked_item is None:
            return event_expires_at
        return max(event_expires_at, int(blocked_item["expires_at"])) if "expires_at" in blocked_item else None

    def soft_bounce_mails(self, policy: SoftBouncePolicy, now: datetime) -> int:
        """How many mails bounced softly in the window that ends ``now``; a bounce that SES reports twice is one."""
        window_start = iso(now - timedelta(days=policy.window_days))
        return len({bounce.mail for bounce in self.soft if bounce.at >= window_start})

    def reasons_to_block(self) -> Iterator[Occurrence]:
        """Everything that blocks the address or counts towards a block, which an unblock has to beat."""
        yield from (occurrence for occurrence in (self.bounce, self.complaint, self.manual) if occurrence)
        yield from self.expiring
        yield from self.soft
        yield from self.holds

    def has_manual_block(self, until: datetime | None) -> bool:
        """Whether a manual block or an import lasts at least ``until`` (None: for good)."""
        if self.manual or until is None:
            return self.manual is not None
        return any(int(block.attributes["expires_at"]) >= int(until.timestamp()) for block in self.expiring)

    def without(self, item: Mapping[str, object]) -> "State":
        """The state as if what the item of the blocked table stands for had not happened.

        Equal to this state if the history knows nothing of the item, as others put it into the table.
        """
        reason = item.get("reason")
        without: dict[str, Any] = {"manual": None}
        if reason == "hold" or item.get("confirmed"):
            evidence = (item.get("kind", reason), item.get("rule"))
            without = {"holds": tuple(hold for hold in self.holds if _evidence(hold) != evidence)}
        elif reason in ("bounce", "complaint"):
            without = {str(reason): None}
        elif reason == "soft-bounces":
            without = {"soft": ()}
        elif "expires_at" in item:
            without = {"expiring": tuple(block for block in self.expiring if block.at != item["blocked_at"])}
        return replace(self, **without)

    def _pruned(self, policy: SoftBouncePolicy) -> "State":
        """Without what can never matter again: what an unblock or clear beats, what a longer or newer one outlasts."""
        unblocked_at = self.unblock.at if self.unblock else ""
        cleared_at = max(unblocked_at, self.clear.at) if self.clear else unblocked_at
        after_unblock = _later_than(unblocked_at)
        return replace(
            self,
            bounce=_keep_if(after_unblock, self.bounce),
            complaint=_keep_if(_later_than(cleared_at), self.complaint),
            clear=_keep_if(after_unblock, self.clear),
            manual=_keep_if(after_unblock, self.manual),
            expiring=holds.not_outlasted(filter(after_unblock, self.expiring), "expires_at"),
            soft=policy.relevant(tuple(filter(after_unblock, self.soft))),
            holds=holds.relevant(
                hold
                for hold in self.holds
                if hold.at > (cleared_at if hold.attributes["kind"] == "complaint" else unblocked_at)
            ),
        )


def unblock_time(at: datetime, beaten: Iterable[str]) -> datetime:
    """The time of an unblock that is made ``at`` and is to beat what happened at the times ``beaten`` (ISO 8601).

    A provider's clock may be ahead, by as much as the function accepts. A time further ahead is not beaten: an unblock
    in the far future would beat all feedback until then.
    """
    times = (parse(time) for time in beaten)
    return max([at, *(time for time in times if time and time <= at + CLOCK_TOLERANCE)])


def _merged(occurrences: tuple[Occurrence, ...], occurrence: Occurrence) -> tuple[Occurrence, ...]:
    by_key = {known.sort_key(): known for known in (occurrence, *occurrences)}
    return tuple(sorted(by_key.values(), key=Occurrence.sort_key))


def _newest(known: Occurrence | None, occurrence: Occurrence) -> Occurrence:
    return occurrence if known is None or occurrence.sort_key() > known.sort_key() else known


def _later_than(at: str) -> Callable[[Occurrence], bool]:
    return lambda occurrence: occurrence.at > at


def _keep_if(condition: Callable[[Occurrence], bool], occurrence: Occurrence | None) -> Occurrence | None:
    return occurrence if occurrence is not None and condition(occurrence) else None


def _evidence(hold: Occurrence) -> tuple[Value, Value]:
    return hold.attributes["kind"], hold.attributes["rule"]


def _item(reason: str, occurrence: Occurrence) -> dict[str, Value]:
    return {"reason": reason, "blocked_at": occurrence.at, **occurrence.attributes}
