"""Hard bounces of one recipient domain, by hour, and whether they are so many that its provider must be at fault. Pure.

A domain has one item in the history table, which counts: attribute ``h<hour>`` (hours since 1970) has the hard bounces
of an hour, ``p<day>`` the largest hour of a day that is past a week. The counts may be inexact: workers do not wait for
each other, and a second delivery may count again. What is stored of a bounce does not depend on them afterwards.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FLOOR_LIMITS, FACTOR_LIMITS = (1, 1_000_000), (1, 100)
"""Least and most of each number of a ``SurgePolicy``."""

PAST_DAYS = 28
"""How many days decide what is usual: four weeks have four of each weekly newsletter."""

EXCEPTIONAL_DAYS = 3
"""How many of these days are left out, the largest: a provider's bad nights. On the fifth day more is usual."""

OPEN_HOURS = 6
"""For how many hours after a surge the breaker stays open: a sender may pause while the provider still refuses."""

_KEPT_HOURS = 7 * 24  # of each hour; of older ones the largest of a day
_FOLDED_HOURS = 50  # in one update, whose expression may have 4 KB
_HOUR_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class SurgePolicy:
    """An hour is a surge if the domain has at least ``hourly_floor`` hard bounces in it, and ``factor`` times those of
    its usual hour: the largest one of the past four weeks without their three largest days."""

    hourly_floor: int = 100
    factor: int = 3


SIMULATOR_DOMAIN = "simulator.amazonses.com"
"""SES's mailbox simulator, whose bounces are tests, such as a canary's: no provider's fault, and not counted."""


def recipient_domain(address: str) -> str:
    """The domain of an address's key."""
    return address.rpartition("@")[2]


def hours_key(domain: str) -> dict[str, str]:
    """The key of a domain's item in the history table. No address has it: a key of an address has an @."""
    return {"value": f"domain#{domain}", "entry": "hours"}


class DomainHours:
    """The hours of one domain as they were read, and what was counted since."""

    def __init__(self, row: Mapping[str, Any] | None, policy: SurgePolicy) -> None:
        self._policy = policy
        self._hours = _numbers(row, "h")
        self._days = _numbers(row, "p")
        self._counted: Counter[int] = Counter()

    def count(self, occurred_at_milliseconds: int) -> bool:
        """Count a hard bounce of that time (epoch milliseconds). Returns whether the breaker is open for it."""
        hour = occurred_at_milliseconds // (_HOUR_SECONDS * 1_000)
        self._hours[hour] = self._hours.get(hour, 0) + 1
        self._counted[hour] += 1
        return any(map(self._is_surge, range(hour - OPEN_HOURS, hour + 1)))

    def update(self) -> tuple[str, dict[str, int]]:
        """The expression of an UpdateItem that adds what was counted, and its values.

        It also folds hours that are a week older than the newest into their days, and drops old days.
        """
        newest = max(self._hours)
        values = {f":h{hour}": number for hour, number in self._counted.items()}
        added = ", ".join(f"h{hour} :h{hour}" for hour in self._counted)
        old_hours = [hour for hour in sorted(self._hours) if hour < newest - _KEPT_HOURS and hour not in self._counted]
        old_hours = old_hours[:_FOLDED_HOURS]
        days = {hour // 24: self._days.get(hour // 24, 0) for hour in old_hours}
        for hour in old_hours:
            days[hour // 24] = max(days[hour // 24], self._hours[hour])
        values |= {f":p{day}": peak for day, peak in days.items()}
        values[":end"] = (newest + (PAST_DAYS + 1) * 24) * _HOUR_SECONDS
        assigned = ", ".join(["expires_at = :end", *(f"p{day} = :p{day}" for day in days)])
        old_days = [day for day in self._days if day < newest // 24 - PAST_DAYS and day not in days]
        removed = [f"h{hour}" for hour in old_hours] + [f"p{day}" for day in old_days[:_FOLDED_HOURS]]
        return f"SET {assigned} ADD {added}" + (f" REMOVE {', '.join(removed)}" if removed else ""), values

    def _is_surge(self, hour: int) -> bool:
        number = self._hours.get(hour, 0)
        return number >= self._policy.hourly_floor and number >= self._policy.factor * self._usual(hour // 24)

    def _usual(self, day: int) -> int:
        peaks = {past: peak for past, peak in self._days.items() if day - PAST_DAYS <= past < day}
        for hour, number in self._hours.items():
            if day - PAST_DAYS <= hour // 24 < day:
                peaks[hour // 24] = max(number, peaks.get(hour // 24, 0))
        return sorted(peaks.values(), reverse=True)[EXCEPTIONAL_DAYS] if len(peaks) > EXCEPTIONAL_DAYS else 0


def _numbers(row: Mapping[str, Any] | None, kind: str) -> dict[int, int]:
    return {int(name[1:]): int(value) for name, value in (row or {}).items() if name[0] == kind and name[1:].isdigit()}
