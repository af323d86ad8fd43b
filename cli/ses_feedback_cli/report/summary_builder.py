"""Counts the rows of both tables into the summary of a report. Pure; its memory does not grow with the rows."""

import heapq
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ses_feedback.function.verdict import Verdict
from ses_feedback.history.protected import LIST_KEY
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import State
from ses_feedback.history.state_row import STATE, read_state
from ses_feedback.history.surges import SIMULATOR_DOMAIN, hours_key, recipient_domain
from ses_feedback.history.table_settings import SETTINGS_KEY
from ses_feedback.table import TableError

from ses_feedback_cli.report.ranking import MINIMUM_ADDRESSES, SHOWN_NAMES, RankingBuilder
from ses_feedback_cli.report.summary import BlockedCounts, FeedbackCounts, SoftBounceCounts, Summary
from ses_feedback_cli.table_reads import is_expired

_OF_NO_ADDRESS = (LIST_KEY["value"], SETTINGS_KEY["value"], hours_key("")["value"])
"""How the keys begin of the settings and of what is about protected patterns and domains, also of acts about these."""

KINDS = ("bounce", "complaint")
REASONS = ("complaint", "bounce", "hold", "soft-bounces", "manual", "import")
"""Why an address is blocked. Items that others put into the table count as OTHER."""
OTHER = "other"
MANUAL_CHANGES = ("block", "unblock", "import")

SHOWN_ADDRESSES = 200
"""Addresses with soft bounces that are listed: those closest to the threshold."""

_RULE_NAME = re.compile(r"[a-z0-9-]{1,40}")


@dataclass
class _FeedbackCounters:
    total: Counter[str] = field(default_factory=Counter)
    days: dict[str, Counter[str]] = field(default_factory=dict)
    rules: RankingBuilder = field(default_factory=RankingBuilder)
    domains: RankingBuilder = field(default_factory=RankingBuilder)
    identities: RankingBuilder = field(default_factory=RankingBuilder)


class SummaryBuilder:
    """Takes rows in any order, and gives a `Summary`.

    The period is whole days (UTC), from ``first_day`` to the day of ``now``. ``policy`` says when soft bounces block.
    """

    def __init__(
        self, first_day: date, now: datetime, policy: SoftBouncePolicy, *, includes_addresses: bool = False
    ) -> None:
        self._now = now.astimezone(UTC)
        self._first_day, self._last_day = first_day, self._now.date()
        self._policy = policy
        self._includes_addresses = includes_addresses
        day_count = (self._last_day - first_day).days + 1
        days = [(first_day + timedelta(days=number)).isoformat() for number in range(day_count)]
        self._feedback = {kind: _FeedbackCounters(days={day: Counter() for day in days}) for kind in KINDS}
        self._permanent: Counter[str] = Counter()
        self._temporary: Counter[str] = Counter()
        self._confirmed = 0
        self._manual_changes: Counter[str] = Counter()
        self._soft_bounce_mails: Counter[int] = Counter()
        self._soft_bounce_domains = RankingBuilder()
        self._closest_to_threshold: list[tuple[int, str, str]] = []
        """A heap of (mails, time of the newest soft bounce, address)."""
        self._unreadable_rows = 0

    def count_blocked_item(self, item: dict[str, Any]) -> None:
        """Count an item of the blocked table, unless it has expired."""
        if not is_expired(item, self._now):
            reason = item.get("reason")
            counter = self._temporary if "expires_at" in item else self._permanent
            counter[reason if reason in REASONS else OTHER] += 1
            self._confirmed += item.get("confirmed") is True

    def count_history_row(self, row: Mapping[str, Any]) -> None:
        """Count a row of the history table: an event of the period, or a state. Others are about no address, or about
        one of SES's mailbox simulator: a test.
        """
        try:
            if recipient_domain(row["value"]) == SIMULATOR_DOMAIN:
                return
            if "@" not in row["value"] and row["value"].startswith(_OF_NO_ADDRESS):
                return
            if row["entry"] == STATE:
                self._count_state(row["value"], read_state(row))
            elif str(row["occurred_at"])[:10] in self._feedback["bounce"].days:
                self._count_event(row)
        except (KeyError, TypeError, ValueError, TableError):
            self._unreadable_rows += 1

    def summary(self) -> Summary:
        """The counts so far."""
        closest = tuple((address, mails) for mails, _, address in sorted(self._closest_to_threshold, reverse=True))
        return Summary(
            generated_at=self._now,
            first_day=self._first_day,
            last_day=self._last_day,
            includes_addresses=self._includes_addresses,
            blocked=BlockedCounts(dict(self._permanent), dict(self._temporary), self._confirmed),
            bounces=self._feedback_counts("bounce"),
            complaints=self._feedback_counts("complaint"),
            soft_bounces=SoftBounceCounts(
                self._policy,
                {mails: self._soft_bounce_mails[mails] for mails in range(1, self._policy.threshold + 1)},
                self._soft_bounce_domains.ranking(self._minimum_addresses),
                closest if self._includes_addresses else None,
            ),
            manual_changes={change: self._manual_changes[change] for change in MANUAL_CHANGES},
            unreadable_rows=self._unreadable_rows,
        )

    @property
    def _minimum_addresses(self) -> int:
        return 1 if self._includes_addresses else MINIMUM_ADDRESSES

    def _feedback_counts(self, kind: str) -> FeedbackCounts:
        counters = self._feedback[kind]
        return FeedbackCounts(
            total=dict(counters.total),
            days={day: dict(counts) for day, counts in counters.days.items()},
            rules=counters.rules.ranking(1, 2 * SHOWN_NAMES),
            domains=counters.domains.ranking(self._minimum_addresses),
            identities=counters.identities.ranking(1),
        )

    def _count_event(self, row: Mapping[str, Any]) -> None:
        if row["entry"].startswith("manual#"):
            self._manual_changes[row["act"]] += 1
            return
        counters, verdict, address = self._feedback[row["kind"]], Verdict(row["verdict"]).value, row["value"]
        identity = str(row.get("identity") or "unknown")
        counters.total[verdict] += 1
        counters.days[row["occurred_at"][:10]][verdict] += 1
        counters.rules.add(_rule_name(row.get("rule")), verdict, address)
        counters.domains.add(_domain(address), verdict, address)
        counters.identities.add(
            identity if self._includes_addresses else _without_local_part(identity), verdict, address
        )

    def _count_state(self, address: str, state: State) -> None:
        mails = min(state.soft_bounce_mails(self._policy, self._now), self._policy.threshold)
        if not mails:
            return
        block = state.blocked_item(self._policy)
        if block and not is_expired(block, self._now):
            return
        self._soft_bounce_mails[mails] += 1
        self._soft_bounce_domains.add(_domain(address), Verdict.COUNT.value, address)
        if self._includes_addresses:
            push = heapq.heappush if len(self._closest_to_threshold) < SHOWN_ADDRESSES else heapq.heappushpop
            push(self._closest_to_threshold, (mails, state.soft[-1].at, address))


def _domain(address: str) -> str:
    """The domain of an address; OTHER for a value without one, which could be a person's name."""
    _, at_sign, domain = address.rpartition("@")
    return domain if at_sign else OTHER


def _rule_name(name: object) -> str:
    return name if isinstance(name, str) and _RULE_NAME.fullmatch(name) else OTHER


def _without_local_part(identity: str) -> str:
    """An identity may be an address; then only its domain is shown."""
    return f"…@{_domain(identity)}" if "@" in identity else identity
