"""What the sandbox sends, and what must become of it: one table, `MAILS`."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Origin:
    """Who sends: an identity of the stack, in a Region of an account, with a configuration set if there is one."""

    region: str
    account: str
    identity: str
    configuration_set: str | None

    @property
    def sender(self) -> str:
        """The address that mails come from."""
        return self.identity if "@" in self.identity else f"no-reply@{self.identity}"


Notification = Callable[[Origin, str], dict[str, Any]]


@dataclass(frozen=True)
class Mail:
    """One mail to one address, with what must be seen of it."""

    address: str
    about: str
    kind: str | None
    """The pipeline that its feedback takes, `bounce` or `complaint`; None: no feedback may come."""
    verdict: str | None
    """What the function must decide; None: nothing to decide."""
    reason: str | None
    """Why the address must be blocked afterwards; None: it must not be."""
    notification: Notification | None = None
    """What SES would publish, where the emulator cannot be made to; None: the mail is really sent."""
    needs_configuration_set: bool = False


def out_of_office(origin: Origin, address: str) -> dict[str, Any]:
    """An automatic reply as an identity's notification: a bounce without any delivery status."""
    return {
        "notificationType": "Bounce",
        "bounce": {
            "bounceType": "Transient",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": address}],
            "timestamp": _now(),
            "feedbackId": _ses_id(),
        },
        "mail": {**_mail(origin, address), "source": origin.sender, "sourceIp": "192.0.2.1"},
    }


def bounce_of_configuration_set(origin: Origin, address: str) -> dict[str, Any]:
    """A hard bounce as an event of a configuration set: another dialect, with headers and tags."""
    mail = _mail(origin, address)
    sender = f"Shop <{origin.sender}>"
    return {
        "eventType": "Bounce",
        "bounce": {
            "feedbackId": _ses_id(),
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [
                {
                    "emailAddress": address,
                    "action": "failed",
                    "status": "5.1.1",
                    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                }
            ],
            "timestamp": _now(),
            "reportingMTA": "dns; a8-70.smtp-out.amazonses.com",
        },
        "mail": {
            **mail,
            "source": sender,
            "headersTruncated": False,
            "headers": [{"name": "From", "value": sender}, {"name": "To", "value": address}],
            "commonHeaders": {
                "from": [sender],
                "to": [address],
                "messageId": mail["messageId"],
                "subject": "Your order",
            },
            "tags": {
                "ses:configuration-set": [origin.configuration_set],
                "ses:from-domain": [origin.sender.rpartition("@")[2]],
            },
        },
    }


MAILS = (
    Mail("success@simulator.amazonses.com", "is delivered", None, None, None),
    Mail("bounce@simulator.amazonses.com", "has no such mailbox", "bounce", "block", "bounce"),
    Mail("complaint@simulator.amazonses.com", "marks it as spam", "complaint", "block", "complaint"),
    Mail("suppressionlist@simulator.amazonses.com", "is on SES's suppression list", "bounce", "block", "bounce"),
    Mail("bob@example.org", "is out of the office", "bounce", "ignore", None, out_of_office),
    Mail(
        "jane@example.com",
        "no such mailbox, by configuration set",
        "bounce",
        "block",
        "bounce",
        bounce_of_configuration_set,
        needs_configuration_set=True,
    ),
)


def text(notification: dict[str, Any], *, event: bool) -> str:
    """Return a notification as SES publishes it; an event of a configuration set ends in a line feed."""
    return json.dumps(notification) + ("\n" if event else "")


def _mail(origin: Origin, address: str) -> dict[str, Any]:
    return {
        "timestamp": _now(),
        "sourceArn": f"arn:aws:ses:{origin.region}:{origin.account}:identity/{origin.identity}",
        "sendingAccountId": origin.account,
        "messageId": _ses_id(),
        "destination": [address],
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ses_id() -> str:
    return f"0102{uuid.uuid4().hex[:12]}-{uuid.uuid4()}-000000"
