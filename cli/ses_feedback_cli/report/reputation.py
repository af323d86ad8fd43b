"""The bounce rate and the complaint rate of the account, compared with the limits of AWS. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RateLevel(StrEnum):
    """What AWS does at a rate."""

    HEALTHY = "healthy"
    """Nothing."""
    REVIEW = "review"
    """It may put the account under review."""
    PAUSE = "pause"
    """It may pause sending."""
    UNKNOWN = "unknown"
    """The rate is not known."""


RATE_LIMITS: Mapping[str, tuple[float, float]] = {"bounce": (0.05, 0.1), "complaint": (0.001, 0.005)}
"""From which rate AWS reviews an account, and may pause it (SES Developer Guide, "Amazon SES enforcement FAQs")."""


@dataclass(frozen=True, slots=True)
class ReputationRate:
    """The bounce or complaint rate of the account in a Region, as SES computes it."""

    region: str
    kind: str
    value: float | None = None
    """A fraction."""
    measured_at: datetime | None = None
    """The hour of the value."""
    problem: str = ""
    """Why there is no value."""
    failed: bool = False
    """Whether the reason is that AWS denied the call or did not respond."""

    @property
    def level(self) -> RateLevel:
        """What AWS does at this rate."""
        review_limit, pause_limit = RATE_LIMITS[self.kind]
        if self.value is None:
            return RateLevel.UNKNOWN
        if self.value >= pause_limit:
            return RateLevel.PAUSE
        return RateLevel.REVIEW if self.value >= review_limit else RateLevel.HEALTHY
