"""Counts the rows of both tables into the numbers of a report. Pure; its memory does not grow with the rows."""

import heapq
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ses_feedback.function.verdict import Verdict
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import State
from ses_feedback.history.transaction import STATE, read_state
from ses_feedback.table import TableError

from ses_feedback_cli.blocked import expired
from ses_feedback_cli.report.tally import ENOUGH, SHOWN, Ranking, Tally

KINDS = ("bounce", "complaint")
REASONS = ("complaint", "bounce", "soft-bounces", "manual", "import")
"""Why an address is blocked; what others put into the table counts as OTHER."""
OTHER = "other"
ACTS = ("block", "unblock", "import")

WAITING_SHOWN = 200
"""Addresses of the waiting list, when addresses are asked for: those nearest to the threshold."""

_RULE = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Feedback:
    """The feedback of one kind: by day (every day of the period), rule, domain of the address, and identity."""

    total: Mapping[str, int]
    """By verdict."""
    days: Mapping[str, Mapping[str, int]]
    rules: Ranking
    domains: Ranking
    identities: Ranking


@dataclass(frozen=True, slots=True)
class Waiting:
    """Addresses with soft bounces that are not blocked: ``mails`` is how many have so many mails in the window."""

    policy: SoftBouncePolicy
    mails: Mapping[int, int]
    domains: Ranking
    addresses: tuple[tuple[str, int], ...] | None
    """The nearest to the threshold, with their mails; None unless addresses were asked for."""

    @property
    def total(self) -> int:
        """How many addresses."""
        return sum(self.mails.values())


@dataclass(frozen=True, slots=True)
class Blocked:
    """Addresses that are blocked, by reason: for good, and until a date."""

    for_good: Mapping[str, int]
    for_a_while: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many addresses."""
        return sum(self.for_good.values()) + sum(self.for_a_while.values())


@dataclass(frozen=True, slots=True)
class Summary:
    """What the tables say."""

    made_at: datetime
    first_day: date
    last_day: date
    addresses: bool
    """Whether addresses, and names that stand for few of them, may be shown."""
    blocked: Blocked
    bounces: Feedback
    complaints: Feedback
    waiting: Waiting
    acts: Mapping[str, int]
    """What people did in the period."""
    unreadable: int
    """Rows of the history that hold none of what the writer writes."""


@dataclass
class _Kind:
    total: Counter[str] = field(default_factory=Counter)
    days: dict[str, Counter[str]] = field(default_factory=dict)
    rules: Tally = field(default_factory=Tally)
    domains: Tally = field(default_factory=Tally)
    identities: Tally = field(default_factory=Tally)


class Numbers:
    """Takes rows in any order, gives a `Summary`.

    The period is whole days (UTC), from ``first_day`` to that of ``now``. ``policy`` says when soft bounces block.
    """

    def __init__(self, first_day: date, now: datetime, policy: SoftBouncePolicy, *, addresses: bool = False) -> None:
        self._now = now.astimezone(UTC)
        self._first_day, self._last_day = first_day, self._now.date()
        self._policy = policy
        self._addresses = addresses
        length = (self._last_day - first_day).days + 1
        every_day = [(first_day + timedelta(days=number)).isoformat() for number in range(length)]
        self._kinds = {kind: _Kind(days={day: Counter() for day in every_day}) for kind in KINDS}
        self._blocked: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        self._acts: Counter[str] = Counter()
        self._mails: Counter[int] = Counter()
        self._waiting_domains = Tally()
        self._nearest: list[tuple[int, str, str]] = []
        self._unreadable = 0

    def blocked(self, item: dict[str, Any]) -> None:
        """Count an item of the blocked table, if it is not over."""
        if not expired(item, self._now):
            reason = item.get("reason")
            self._blocked["expires_at" in item][reason if reason in REASONS else OTHER] += 1

    def history(self, row: Mapping[str, Any]) -> None:
        """Count a row of the history, if it is of the period or a state."""
        try:
            if row["entry"] == STATE:
                self._state(row["value"], read_state(row))
            elif str(row["occurred_at"])[:10] in self._kinds["bounce"].days:
                self._event(row)
        except (KeyError, TypeError, ValueError, TableError):
            self._unreadable += 1

    def summary(self) -> Summary:
        """What was counted so far."""
        nearest = tuple((address, mails) for mails, _, address in sorted(self._nearest, reverse=True))
        bounces, complaints = (self._feedback(self._kinds[kind]) for kind in KINDS)
        return Summary(
            made_at=self._now,
            first_day=self._first_day,
            last_day=self._last_day,
            addresses=self._addresses,
            blocked=Blocked(dict(self._blocked[False]), dict(self._blocked[True])),
            bounces=bounces,
            complaints=complaints,
            waiting=Waiting(
                self._policy,
                {number: self._mails[number] for number in range(1, self._policy.threshold + 1)},
                self._waiting_domains.ranking(self._enough),
                nearest if self._addresses else None,
            ),
            acts={act: self._acts[act] for act in ACTS},
            unreadable=self._unreadable,
        )

    @property
    def _enough(self) -> int:
        return 1 if self._addresses else ENOUGH

    def _feedback(self, kind: _Kind) -> Feedback:
        return Feedback(
            total=dict(kind.total),
            days={day: dict(counts) for day, counts in kind.days.items()},
            rules=kind.rules.ranking(1, 2 * SHOWN),
            domains=kind.domains.ranking(self._enough),
            identities=kind.identities.ranking(1),
        )

    def _event(self, row: Mapping[str, Any]) -> None:
        if row["entry"].startswith("manual#"):
            self._acts[row["act"]] += 1
            return
        kind, verdict, address = self._kinds[row["kind"]], Verdict(row["verdict"]).value, row["value"]
        identity = str(row.get("identity") or "unknown")
        kind.total[verdict] += 1
        kind.days[row["occurred_at"][:10]][verdict] += 1
        kind.rules.add(_rule(row.get("rule")), verdict, address)
        kind.domains.add(_domain(address), verdict, address)
        kind.identities.add(identity if self._addresses else _without_local_part(identity), verdict, address)

    def _state(self, address: str, state: State) -> None:
        mails = min(state.soft_bounce_mails(self._policy, self._now), self._policy.threshold)
        if not mails:
            return
        block = state.blocked_item(self._policy)
        if block and not expired(block, self._now):
            return
        self._mails[mails] += 1
        self._waiting_domains.add(_domain(address), Verdict.COUNT.value, address)
        if self._addresses:
            keep = heapq.heappush if len(self._nearest) < WAITING_SHOWN else heapq.heappushpop
            keep(self._nearest, (mails, state.soft[-1].at, address))


def _domain(address: str) -> str:
    """The domain of an address; of what is none, nothing, or a whole person would be shown as a domain."""
    _, at, domain = address.rpartition("@")
    return domain if at else OTHER


def _rule(name: object) -> str:
    return name if isinstance(name, str) and _RULE.fullmatch(name) else OTHER


def _without_local_part(identity: str) -> str:
    """An identity may be an address; then only its domain is shown."""
    return f"…@{_domain(identity)}" if "@" in identity else identity
