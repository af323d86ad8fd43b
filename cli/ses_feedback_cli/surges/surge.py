"""What a surge is, and which items of the blocked table belong to it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ses_feedback.function.verdict import RULES, SURGE_HOLD, Verdict
from ses_feedback.history.surges import OPEN_HOURS, recipient_domain
from ses_feedback.timestamps import parse

HARD_RULES = frozenset(rule.name for rule in RULES if rule.kind == "bounce" and rule.verdict is Verdict.BLOCK)
"""The rules of a hard bounce that comes while the breaker of its domain is closed."""

Span = tuple[int, int]
"""First and last hour of something, as hours since 1970."""

_HOUR_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Surge:
    """The hours in which a domain's hard bounces were held, as hours since 1970."""

    domain: str
    first_hour: int
    last_hour: int

    @property
    def id(self) -> str:
        """Names it on the command line: `example.org@2026-12-14T20`."""
        return f"{self.domain}@{format_hour(self.first_hour)}"

    def has_held(self, item: Mapping[str, Any]) -> bool:
        """Whether the breaker holds the address in this surge."""
        return is_surge_hold(item) and self._covers(item, self.first_hour)

    def has_blocked(self, item: Mapping[str, Any]) -> bool:
        """Whether a hard bounce blocked the address for good, in the surge or in the hour before the breaker opened."""
        is_hard_bounce = item.get("reason") == "bounce" and item.get("rule") in HARD_RULES
        return is_hard_bounce and self._covers(item, self.first_hour - 1)

    def has_suppressed(self, item: Mapping[str, Any]) -> bool:
        """Whether the address is held because SES's own list has it, since the surge began.

        It may have been part of the surge: SES listed it then, and refused the next mail. Only the last hold is in the
        blocked table, so the history must say (``covers_event``).
        """
        is_held = item.get("reason") == "hold" and item.get("rule") == "account-suppression"
        return is_held and self._is_of_domain(item) and (bounce_hour(item) or 0) >= self.first_hour - 1

    def covers_event(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of the history is a hard bounce of the surge, or of the hour before the breaker opened."""
        hour = _hour(row.get("occurred_at"))
        is_hard_bounce = row.get("rule") == SURGE_HOLD.name or row.get("rule") in HARD_RULES
        return is_hard_bounce and hour is not None and self.first_hour - 1 <= hour <= self.last_hour

    def _covers(self, item: Mapping[str, Any], first_hour: int) -> bool:
        hour = bounce_hour(item)
        return self._is_of_domain(item) and hour is not None and first_hour <= hour <= self.last_hour

    def _is_of_domain(self, item: Mapping[str, Any]) -> bool:
        return domain_of(item) == self.domain


def merge_spans(domain: str, spans: Iterable[Span]) -> list[Surge]:
    """The surges of a domain, oldest first: those at most OPEN_HOURS apart are one, as the breaker stayed open."""
    surges: list[Surge] = []
    for first, last in sorted(spans):
        if surges and first - surges[-1].last_hour <= OPEN_HOURS:
            surges[-1] = Surge(domain, surges[-1].first_hour, max(last, surges[-1].last_hour))
        else:
            surges.append(Surge(domain, first, last))
    return surges


def is_surge_hold(item: Mapping[str, Any]) -> bool:
    """Whether a breaker holds the address."""
    return item.get("reason") == "hold" and item.get("rule") == SURGE_HOLD.name


def domain_of(item: Mapping[str, Any]) -> str:
    """The recipient domain of an item of the blocked table."""
    return recipient_domain(str(item["value"]))


def bounce_hour(item: Mapping[str, Any]) -> int | None:
    """The hour, since 1970, in which the address bounced; None if the item does not say it."""
    return _hour(item.get("blocked_at"))


def hour_start(hour: int) -> datetime:
    """When an hour began."""
    return datetime.fromtimestamp(hour * _HOUR_SECONDS, UTC)


def format_hour(hour: int) -> str:
    """An hour, UTC: `2026-12-14T20`."""
    return f"{hour_start(hour):%Y-%m-%dT%H}"


def parse_hour(text: str) -> int:
    """The hour that ``format_hour`` wrote. Raises: ValueError."""
    return int(datetime.strptime(text, "%Y-%m-%dT%H").replace(tzinfo=UTC).timestamp()) // _HOUR_SECONDS


def _hour(time: object) -> int | None:
    parsed = parse(time)
    return int(parsed.timestamp()) // _HOUR_SECONDS if parsed else None
