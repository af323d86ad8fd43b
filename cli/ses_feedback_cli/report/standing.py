"""What AWS thinks of the account, and what lies in the dead-letter queues. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ses_feedback_cli.report.numbers import Summary


class Level(StrEnum):
    """How near a rate is to what AWS acts on."""

    FINE = "fine"
    REVIEW = "review"
    PAUSE = "pause"
    UNKNOWN = "unknown"


LIMITS: Mapping[str, tuple[float, float]] = {"bounce": (0.05, 0.1), "complaint": (0.001, 0.005)}
"""From which rate AWS reviews an account, and may pause it (SES Developer Guide, "Amazon SES enforcement FAQs")."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate of the account in a Region, as SES computes it: a fraction, and the hour it is of."""

    region: str
    kind: str
    value: float | None = None
    at: datetime | None = None
    problem: str = ""
    """Why there is no value."""
    failed: bool = False
    """Whether that is because AWS refused or did not answer."""

    @property
    def level(self) -> Level:
        """What AWS does at this rate."""
        review, pause = LIMITS[self.kind]
        if self.value is None:
            return Level.UNKNOWN
        if self.value >= pause:
            return Level.PAUSE
        return Level.REVIEW if self.value >= review else Level.FINE


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue that should be empty: ``messages`` in it, or the ``problem`` of asking."""

    pipeline: str
    region: str
    holds: str
    """What the messages are: not processed, or not delivered."""
    messages: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page shows. ``queues`` is None when no pipelines were given."""

    summary: Summary
    rates: tuple[Rate, ...]
    queues: tuple[Queue, ...] | None
    blocked_table: str
    history_table: str

    @property
    def dead_letters(self) -> int | None:
        """Messages in all queues that could be asked; None if none could."""
        if self.queues is None or (self.queues and self.unasked == len(self.queues)):
            return None
        return sum(queue.messages or 0 for queue in self.queues)

    @property
    def unasked(self) -> int:
        """Queues that could not be asked."""
        return sum(queue.messages is None for queue in self.queues or ())

    @property
    def failures(self) -> list[str]:
        """What AWS refused or did not answer, in words."""
        rates = [f"the {rate.kind} rate of {rate.region}: {rate.problem}" for rate in self.rates if rate.failed]
        queues = [
            f"the queue of {queue.pipeline} ({queue.holds}): {queue.problem}"
            for queue in self.queues or ()
            if queue.problem
        ]
        return rates + queues
