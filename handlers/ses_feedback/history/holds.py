"""Blocks that end by themselves, unless the same evidence comes again: which of them matter, and what they say. Pure.

A hold has the attributes ``kind``, ``rule``, ``held_until`` (a midnight, UTC, epoch seconds) and, if the same evidence
can confirm it, ``confirmable``. A bounce is confirmed by one of the same rule after the hold's end, a complaint by a
second mail that is complained about, whenever. What confirms a hold blocks for good.

``relevant`` drops only what can never decide, whatever is added or unblocked later. An unblock removes all holds up to
a time, so of two that say the same the later is kept.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from ses_feedback.history.occurrence import Occurrence, Value

HOLD_DAYS = 14
"""Days that a hold lasts, if the settings say nothing else: as long as SES's global list remembers."""
HOLD_DAYS_LIMITS = (1, 90)
"""Least and most of that number."""

CONFIRMATION_DAYS = 180
"""How long after a hold's end the same evidence confirms it. A domain that cannot be found twice within half a year is
gone; twice in years, it had two bad days."""

_DAY_SECONDS = 86_400
_DECIDING = ("kind", "rule", "held_until", "confirmable", "message_id")


def held_until(occurred_at: str, days: int) -> int:
    """The end of a hold of ``days`` days: the midnight after them, epoch seconds, UTC.

    Whole days make all holds of a day alike, so that one of them is enough to keep.
    """
    ends = datetime.fromisoformat(occurred_at) + timedelta(days=days)
    return (int(ends.timestamp()) // _DAY_SECONDS + 1) * _DAY_SECONDS


def relevant(holds: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
    """Those that can still decide, oldest first; of the older ones only the attributes that decide."""
    kept: list[Occurrence] = []
    for group in _groups(holds).values():
        if not group[0].attributes.get("confirmable"):
            kept += not_outlasted(group, "held_until")
        elif group[0].attributes["kind"] == "complaint":
            kept += _of_two_mails(group)
        else:
            kept += _without_settled(_last_of_days(group))
    return tuple(sorted(kept, key=Occurrence.sort_key))


def confirmed(holds: Iterable[Occurrence], kind: str) -> Occurrence | None:
    """The newest hold of the kind that the same evidence confirmed."""
    newest = (group[-1] for (of_kind, _), group in _groups(holds).items() if of_kind == kind and _is_confirmed(group))
    return max(newest, key=Occurrence.sort_key, default=None)


def confirmed_item(hold: Occurrence) -> dict[str, Value]:
    """What the blocked table says of a confirmed hold."""
    attributes = _without_end(hold)
    return {"reason": attributes.pop("kind"), "blocked_at": hold.at, **attributes, "confirmed": True}


def hold_item(hold: Occurrence) -> dict[str, Value]:
    """What the blocked table says of a hold that nothing confirmed."""
    expires_at = hold.attributes["held_until"]
    return {"reason": "hold", "blocked_at": hold.at, **_without_end(hold), "expires_at": expires_at}


def not_outlasted(blocks: Iterable[Occurrence], end: str) -> tuple[Occurrence, ...]:
    """Without those that a newer one outlasts: whatever unblocks the newer one unblocks them too. Oldest first."""
    kept: list[Occurrence] = []
    for block in sorted(blocks, key=Occurrence.sort_key, reverse=True):
        if not kept or int(block.attributes[end]) > int(kept[-1].attributes[end]):
            kept.append(block)
    return tuple(reversed(kept))


def _groups(holds: Iterable[Occurrence]) -> Mapping[tuple[str, str], list[Occurrence]]:
    """By kind and evidence (all that nothing confirms together), oldest first."""
    groups: defaultdict[tuple[str, str], list[Occurrence]] = defaultdict(list)
    for hold in sorted(holds, key=Occurrence.sort_key):
        evidence = str(hold.attributes["rule"]) if hold.attributes.get("confirmable") else ""
        groups[str(hold.attributes["kind"]), evidence].append(hold)
    return groups


def _is_confirmed(group: list[Occurrence]) -> bool:
    if not group[0].attributes.get("confirmable"):
        return False
    if group[0].attributes["kind"] == "complaint":
        return len({hold.mail for hold in group}) > 1
    return any(_confirms(later, hold) for hold in group for later in group)


def _confirms(later: Occurrence, hold: Occurrence) -> bool:
    ended = int(hold.attributes["held_until"])
    return ended <= _epoch_seconds(later) < ended + CONFIRMATION_DAYS * _DAY_SECONDS


def _of_two_mails(group: list[Occurrence]) -> list[Occurrence]:
    """The last complaint about each of the two mails complained about last: two are enough to confirm."""
    by_mail = {hold.mail: hold for hold in group}
    return sorted(by_mail.values(), key=Occurrence.sort_key)[-2:]


def _last_of_days(group: list[Occurrence]) -> list[Occurrence]:
    """The last hold of each day: all of a day that end together confirm the same, and are confirmed by the same."""
    by_day = {(_epoch_seconds(hold) // _DAY_SECONDS, hold.attributes["held_until"]): hold for hold in group}
    shown = not_outlasted(group, "held_until")
    return [hold if hold in shown else _stripped(hold) for hold in sorted(by_day.values(), key=Occurrence.sort_key)]


def _without_settled(group: list[Occurrence]) -> list[Occurrence]:
    """From the newest confirmed hold on: an older one can only confirm what is confirmed."""
    confirmed_holds = (n for n, hold in enumerate(group) if any(_confirms(later, hold) for later in group))
    return group[max(confirmed_holds, default=0) :]


def _stripped(hold: Occurrence) -> Occurrence:
    """Without what only the blocked table shows."""
    return replace(hold, attributes={name: hold.attributes[name] for name in _DECIDING if name in hold.attributes})


def _without_end(hold: Occurrence) -> dict[str, Value]:
    return {name: value for name, value in hold.attributes.items() if name not in ("held_until", "confirmable")}


def _epoch_seconds(hold: Occurrence) -> int:
    return math.floor(hold.epoch_milliseconds / 1_000)
