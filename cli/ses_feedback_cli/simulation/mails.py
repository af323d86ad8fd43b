"""The mails to SES's mailbox simulator, and the right result of each.

The simulator: SES Developer Guide, "Using the Amazon SES mailbox simulator". Mails to it count neither against the
daily quota nor for the reputation.
"""

from dataclasses import dataclass

DOMAIN = "simulator.amazonses.com"


@dataclass(frozen=True)
class Mail:
    """A mail to one address of the simulator."""

    name: str
    """The local part of the address."""
    about: str
    kind: str | None
    """Of the feedback, and so of the pipeline, `bounce` or `complaint`; None: SES gives no feedback."""
    verdict: str | None
    """The function's verdict on this feedback; None: there is none. Only the sandbox checks it, in the function's log:
    SES's feedback may differ from the emulator's."""
    reason: str | None
    """Why the address is blocked afterwards; None: it is not."""

    @property
    def is_suppressed(self) -> bool:
        """Whether SES does not send the mail, and says so in place of a mail server."""
        return self.reason == "hold"

    @property
    def is_automatic_reply(self) -> bool:
        """Whether the simulator answers with an out-of-office reply."""
        return self.name == "ooto"

    def address(self, label: str = "") -> str:
        """The address of the simulator; a label makes it one of its own in the tables."""
        return f"{self.name}+{label}@{DOMAIN}" if label else f"{self.name}@{DOMAIN}"


BOUNCE = Mail("bounce", "has no such mailbox", "bounce", "block", "bounce")
OUT_OF_OFFICE = Mail("ooto", "is out of the office", "bounce", "ignore", None)
MAILS = (
    Mail("success", "is delivered", None, None, None),
    BOUNCE,
    Mail("complaint", "marks it as spam", "complaint", "block", "complaint"),
    Mail("suppressionlist", "is on SES's suppression list", "bounce", "hold", "hold"),
    OUT_OF_OFFICE,
)
