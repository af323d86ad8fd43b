"""What decides about a feedback beside itself: the table's settings, whether its address is protected, and whether its
domain's breaker is open. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ses_feedback.history.event import Event
from ses_feedback.history.protected import LIST_KEY, Protected
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.surges import DomainHours, hours_key, recipient_domain
from ses_feedback.history.table_settings import SETTINGS_KEY, TableSettings

Rows = Mapping[tuple[str, str], Mapping[str, Any]]
"""Rows of the history table, by value and entry."""


@dataclass(frozen=True, slots=True)
class Safeguards:
    """What the settings of a pipeline protect; the history table has a list of its own beside."""

    protected: Protected = field(default_factory=Protected)

    def keys(self, events: Iterable[Event]) -> list[dict[str, str]]:
        """The rows of the history table that decide about the events: of an operator's act only the settings."""
        guarded = [event for event in events if event.if_protected]
        domains = dict.fromkeys(recipient_domain(event.address) for event in guarded if event.in_surge)
        return [SETTINGS_KEY, *([LIST_KEY] if guarded else []), *map(hours_key, domains)]

    def apply_to(self, events: Iterable[Event], rows: Rows) -> "Safeguarded":
        """The events as they are to be written; ``events`` are new to the history, ``rows`` those of ``keys``.

        Raises: TableError for settings that this version cannot use.
        """
        settings = TableSettings.read(_row(rows, SETTINGS_KEY))
        protected = Protected(self.protected.patterns.union(_row(rows, LIST_KEY).get("patterns", ())))
        safeguarded = Safeguarded(settings.soft_bounces)
        for event in events:
            safeguarded.events.append(_apply(event, settings, protected, safeguarded.hours, rows))
        return safeguarded


@dataclass(slots=True)
class Safeguarded:
    """The events as they are to be written, the counts of the domains that they add to, and when soft bounces block."""

    policy: SoftBouncePolicy
    events: list[Event] = field(default_factory=list)
    hours: dict[str, DomainHours] = field(default_factory=dict)


def _apply(
    event: Event, settings: TableSettings, protected: Protected, hours: dict[str, DomainHours], rows: Rows
) -> Event:
    if event.if_protected and protected.covers(event.address):
        return event.if_protected()
    if event.with_hold_days:
        return event.with_hold_days(settings.hold_days)
    if event.in_surge is None:
        return event
    domain = recipient_domain(event.address)
    if domain not in hours:
        hours[domain] = DomainHours(_row(rows, hours_key(domain)), settings.surges)
    is_open = hours[domain].count(event.occurrence.epoch_milliseconds)
    return event.in_surge(settings.hold_days) if is_open else event


def _row(rows: Rows, key: Mapping[str, str]) -> Mapping[str, Any]:
    return rows.get((key["value"], key["entry"]), {})
