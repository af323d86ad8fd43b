"""Everything that the page shows. Pure."""

from dataclasses import dataclass

from ses_feedback_cli.report.reputation import ReputationRate
from ses_feedback_cli.report.summary import Summary


@dataclass(frozen=True, slots=True)
class DeadLetterCount:
    """The messages in a dead-letter queue."""

    pipeline: str
    region: str
    queue: str
    """dead-letters or subscription-dead-letters."""
    messages: int | None = None
    """Approximate; None if the queue could not be read."""
    problem: str = ""
    """Why the queue could not be read."""


@dataclass(frozen=True, slots=True)
class Report:
    """The summary of the tables, and what AWS reports besides them."""

    summary: Summary
    rates: tuple[ReputationRate, ...]
    dead_letters: tuple[DeadLetterCount, ...] | None
    """None when no pipelines were given."""
    blocked_table: str
    history_table: str

    @property
    def dead_letter_total(self) -> int | None:
        """The messages in all queues that could be read; None if there is no such queue."""
        if self.dead_letters is None or (self.dead_letters and self.unread_queues == len(self.dead_letters)):
            return None
        return sum(count.messages or 0 for count in self.dead_letters)

    @property
    def unread_queues(self) -> int:
        """The number of queues that could not be read."""
        return sum(count.messages is None for count in self.dead_letters or ())

    @property
    def failures(self) -> list[str]:
        """What AWS denied or did not answer."""
        rates = [f"the {rate.kind} rate of {rate.region}: {rate.problem}" for rate in self.rates if rate.failed]
        queues = [
            f"{count.queue} of {count.pipeline}: {count.problem}" for count in self.dead_letters or () if count.problem
        ]
        return rates + queues
