"""What a report says about the tables. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ses_feedback.history.soft_bounces import SoftBouncePolicy

from ses_feedback_cli.report.ranking import Ranking


@dataclass(frozen=True, slots=True)
class FeedbackCounts:
    """The feedback of one kind, by day (every day of the period), rule, domain of the address, and identity."""

    total: Mapping[str, int]
    """By verdict."""
    days: Mapping[str, Mapping[str, int]]
    """By day and verdict."""
    rules: Ranking
    domains: Ranking
    identities: Ranking


@dataclass(frozen=True, slots=True)
class SoftBounceCounts:
    """Addresses with soft bounces in the window that are not blocked."""

    policy: SoftBouncePolicy
    mails: Mapping[int, int]
    """Number of addresses by how many of their mails bounced softly."""
    domains: Ranking
    addresses: tuple[tuple[str, int], ...] | None
    """Those closest to the threshold, with their number of mails; None unless addresses may be shown."""

    @property
    def total(self) -> int:
        """The number of addresses."""
        return sum(self.mails.values())


@dataclass(frozen=True, slots=True)
class BlockedCounts:
    """Blocked addresses by reason: permanently, and until a date."""

    permanent: Mapping[str, int]
    temporary: Mapping[str, int]
    confirmed: int = 0
    """How many of the permanent ones were holds, until the same evidence came again."""

    @property
    def total(self) -> int:
        """The number of addresses."""
        return sum(self.permanent.values()) + sum(self.temporary.values())


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts of both tables."""

    generated_at: datetime
    first_day: date
    last_day: date
    includes_addresses: bool
    """Whether addresses, and names that stand for few of them, may be shown."""
    blocked: BlockedCounts
    bounces: FeedbackCounts
    complaints: FeedbackCounts
    soft_bounces: SoftBounceCounts
    manual_changes: Mapping[str, int]
    """Blocks, unblocks and imports by operators in the period."""
    unreadable_rows: int
    """Rows of the history that are not as the writer writes them."""
