"""What decides about a feedback beside itself: whether its address is protected, and whether its domain's breaker is
open. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ses_feedback.history.event import Event
from ses_feedback.history.protected import LIST_KEY, Protected
from ses_feedback.history.surges import DomainHours, SurgePolicy, hours_key, recipient_domain

Rows = Mapping[tuple[str, str], Mapping[str, Any]]
"""Rows of the history table, by value and entry."""


@dataclass(frozen=True, slots=True)
class Safeguards:
    """The settings of a pipeline; the history table has a list of protected addresses beside."""

    surges: SurgePolicy = field(default_factory=SurgePolicy)
    protected: Protected = field(default_factory=Protected)

    def keys(self, events: Iterable[Event]) -> list[dict[str, str]]:
        """The rows of the history table that decide about the events: none about operators' acts."""
        guarded = [event for event in events if event.if_protected]
        domains = dict.fromkeys(recipient_domain(event.address) for event in guarded if event.in_surge)
        return [*([LIST_KEY] if guarded else []), *map(hours_key, domains)]

    def apply_to(self, events: Iterable[Event], rows: Rows) -> "Safeguarded":
        """The events as they are to be written; ``events`` are new to the history, ``rows`` those of ``keys``."""
        patterns = rows.get((LIST_KEY["value"], LIST_KEY["entry"]), {}).get("patterns", ())
        protected = Protected(self.protected.patterns.union(patterns))
        safeguarded = Safeguarded()
        for event in events:
            safeguarded.events.append(self._apply(event, protected, safeguarded.hours, rows))
        return safeguarded

    def _apply(self, event: Event, protected: Protected, hours: dict[str, DomainHours], rows: Rows) -> Event:
        if event.if_protected and protected.covers(event.address):
            return event.if_protected()
        if event.in_surge is None:
            return event
        domain = recipient_domain(event.address)
        if domain not in hours:
            key = hours_key(domain)
            hours[domain] = DomainHours(rows.get((key["value"], key["entry"])), self.surges)
        return event.in_surge() if hours[domain].count(event.occurrence.epoch_milliseconds) else event


@dataclass(slots=True)
class Safeguarded:
    """The events as they are to be written, and the counts of the domains that they add to."""

    events: list[Event] = field(default_factory=list)
    hours: dict[str, DomainHours] = field(default_factory=dict)
