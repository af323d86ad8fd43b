"""Finds the surges of the last days in the blocked table, whose holds end, and what each is made of.

Two scans, one page in memory each: the first finds the hours, the second counts. What is kept grows with the number of
surges, not with that of the addresses.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ses_feedback_cli.block_filter import BlockFilter
from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.surges.decisions import decided_spans
from ses_feedback_cli.surges.diagnostics import DiagnosticSample
from ses_feedback_cli.surges.surge import Surge, bounce_hour, domain_of, is_surge_hold, merge_spans
from ses_feedback_cli.table_reads import history_rows, scan_blocked_items

_IDENTITIES = 10
_NAMED_SURGES = 20


@dataclass(frozen=True)
class SurgeFilter:
    """The items of a surge: the holds, and with ``blocked`` also the blocks for good.

    The history is asked about what SES's own list holds since then. Needs dynamodb:Query on it.
    """

    context: Context
    surge: Surge
    blocked: bool

    def matches(self, item: dict[str, Any]) -> bool:
        """Whether an item of the blocked table belongs to it."""
        if self.surge.has_suppressed(item):
            return any(map(self.surge.covers_event, history_rows(self.context, item["value"])))
        return self.surge.has_held(item) or (self.blocked and self.surge.has_blocked(item))


@dataclass
class SurgeContents:
    """What the blocked table has of a surge."""

    surge: Surge
    held: int = 0
    """Addresses that the breaker holds."""
    held_until: int = 0
    """When the last of these holds ends, epoch seconds."""
    blocked: int = 0
    """Addresses that a hard bounce blocked for good, in the surge or in the hour before the breaker opened."""
    suppressed: int = 0
    """Addresses that are held since then because SES's own list has them; only some may belong to the surge."""
    identities: set[str] = field(default_factory=set)
    """Some of the SES identities that the mails were sent from."""
    diagnostics: DiagnosticSample = field(default_factory=DiagnosticSample)

    def count(self, item: dict[str, Any]) -> None:
        """Count an item of the blocked table, if it belongs to the surge."""
        if self.surge.has_held(item):
            self.held += 1
            self.held_until = max(self.held_until, int(item.get("expires_at", 0)))
            if (identity := item.get("identity")) and len(self.identities) < _IDENTITIES:
                self.identities.add(str(identity))
            if diagnostic := item.get("diagnostic"):
                self.diagnostics.add(str(diagnostic), item["value"])
        self.blocked += self.surge.has_blocked(item)
        self.suppressed += self.surge.has_suppressed(item)


def find_surges(context: Context, now: datetime) -> tuple[list[Surge], int]:
    """The surges with holds that have not ended, oldest first, and how many blocks were looked at.

    Needs dynamodb:Scan on the blocked table, and dynamodb:Query on the history table if there are any.
    """
    hours: defaultdict[str, set[int]] = defaultdict(set)
    blocks = 0
    for item in scan_blocked_items(context, BlockFilter(), now):
        blocks += 1
        if is_surge_hold(item) and (hour := bounce_hour(item)) is not None:
            hours[domain_of(item)].add(hour)
    surges = [
        surge
        for domain, held_hours in hours.items()
        for surge in _surges_of(context, domain, held_hours)
        if any(surge.first_hour <= hour <= surge.last_hour for hour in held_hours)
    ]
    return sorted(surges, key=lambda surge: (surge.first_hour, surge.domain)), blocks


def find_surge(context: Context, surge_id: str, now: datetime) -> Surge:
    """The surge with this id; also one about which a person decided before, so that a decision can be completed.

    Raises: UsageError that names the surges that there are.
    """
    surges, _ = find_surges(context, now)
    domain, _, hour = surge_id.strip().rpartition("@")
    wanted = f"{domain.lower()}@{hour.upper()}"
    decided = _surges_of(context, domain.lower(), ()) if domain else []
    for surge in (*surges, *decided):
        if surge.id == wanted:
            return surge
    known = ", ".join(surge.id for surge in surges[:_NAMED_SURGES])
    more = f" and {len(surges) - _NAMED_SURGES:,} more" if len(surges) > _NAMED_SURGES else ""
    raise UsageError(f"no surge {surge_id}: " + (f"there are {known}{more}" if known else "there is none"))


def read_contents(context: Context, surges: Sequence[Surge], now: datetime) -> list[SurgeContents]:
    """What each surge is made of, in order. Needs dynamodb:Scan on the blocked table."""
    contents = [SurgeContents(surge) for surge in surges]
    by_domain: defaultdict[str, list[SurgeContents]] = defaultdict(list)
    for surge_contents in contents:
        by_domain[surge_contents.surge.domain].append(surge_contents)
    for item in scan_blocked_items(context, BlockFilter(), now) if surges else ():
        for surge_contents in by_domain.get(domain_of(item), ()):
            surge_contents.count(item)
    return contents


def _surges_of(context: Context, domain: str, held_hours: Iterable[int]) -> list[Surge]:
    spans = [(hour, hour) for hour in held_hours]
    return merge_spans(domain, [*spans, *decided_spans(context, domain)])
