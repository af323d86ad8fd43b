"""One mail on its way from SES to a sender's answer, hop by hop."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ses_feedback_cli.simulation.mails import Mail
from ses_feedback_cli.simulation.origins import Origin

if TYPE_CHECKING:
    from ses_feedback import Answer

HOPS = ("SES", "SNS", "SQS", "Lambda", "DynamoDB", "sender")
"""In order. The last one is a sender of mails who asks whether the address is blocked."""


@dataclass(frozen=True)
class Failure:
    """The hop at which a mail stopped, and what is known of it."""

    hop: str
    reason: str
    broken: bool = True
    """Whether nothing shows that the hop was done; else it was done, with a wrong result."""


def ignore(_: "Journey") -> None:
    """Do nothing."""


@dataclass
class Journey:
    """One mail on its way."""

    origin: Origin
    mail: Mail
    address: str
    published: bool = False
    """Whether its notification is published to the topic in SES's place, and no mail is sent."""
    on_change: "Callable[[Journey], None]" = field(default=ignore, repr=False, compare=False)
    """Called when the mail has reached another hop or has failed at one."""
    sent_at: float = 0
    """In seconds since 1970."""
    maybe_sent: bool = False
    """Whether feedback may come: the mail was sent, or nobody knows."""
    message_id: str = ""
    """Of SendEmail; of Publish if `published`."""
    feedback_id: str = ""
    """Of the feedback, if the evidence shows it before the history does."""
    seconds: dict[str, float] = field(default_factory=dict)
    """When it reached each hop, as far as known, in seconds since it was sent."""
    evidence: dict[str, str] = field(default_factory=dict)
    """What shows that it reached a hop, by hop."""
    row: Mapping[str, Any] = field(default_factory=dict)
    """The history's row of its feedback."""
    item: Mapping[str, Any] | None = None
    """The address's item in the blocked table."""
    answer: "Answer | None" = None
    """To a sender who asks whether the address is blocked."""
    failure: Failure | None = None
    skipped: str = ""
    """Why it was not sent."""

    @property
    def about(self) -> str:
        """What happens to the mail, for people."""
        return f"{self.mail.about}{', by configuration set' if self.origin.configuration_set else ''}"

    @property
    def is_waiting(self) -> bool:
        """Whether it must still reach a hop."""
        return not self.failure and self.mail.kind is not None and "sender" not in self.seconds

    @property
    def is_broken(self) -> bool:
        """Whether it has failed at a hop that nothing shows to be done."""
        return self.failure is not None and self.failure.broken

    def reach(self, hop: str, evidence: str, at: float | None = None) -> None:
        """Note a hop as reached, now or ``at`` (in seconds since 1970)."""
        self.seconds[hop] = round(max((at or time.time()) - self.sent_at, 0), 3)
        self.evidence[hop] = evidence
        self.on_change(self)

    def fail(self, failure: Failure) -> None:
        """Note the hop at which it stopped."""
        self.failure = failure
        self.on_change(self)
