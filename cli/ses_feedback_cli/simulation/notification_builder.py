"""Builds what SES publishes about a mail: an identity's notification, or a configuration set's event. Pure.

Shapes: SES Developer Guide, "Amazon SNS notification contents for Amazon SES" and "Examples of event data that Amazon
SES publishes to Amazon SNS".
"""

import json
import uuid
from datetime import datetime
from typing import Any

from ses_feedback.arn import Arn
from ses_feedback.timestamps import iso

from ses_feedback_cli.simulation.mails import Mail
from ses_feedback_cli.simulation.origins import Origin

_SUPPRESSED = (
    "Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid "
    "address."
)


def build_notification(origin: Origin, mail: Mail, address: str, now: datetime) -> str:
    """The message that SES would publish about a mail with feedback, sent and answered at ``now``."""
    kind = str(mail.kind)
    topic_arn = Arn.parse(origin.pipelines[kind].topic_arn)
    account = topic_arn.account if topic_arn else ""
    headers: dict[str, Any] = {
        "timestamp": iso(now),
        "source": origin.sender,
        "sourceArn": f"arn:aws:ses:{origin.region}:{account}:identity/{origin.identity}",
        "sendingAccountId": account,
        "messageId": _ses_id(),
        "destination": [address],
    }
    feedback = {"timestamp": iso(now), "feedbackId": _ses_id(), **_feedback(mail, address)}
    if origin.configuration_set is None:
        headers["sourceIp"] = "192.0.2.1"
        return json.dumps({"notificationType": kind.capitalize(), kind: feedback, "mail": headers})
    source = f"Shop <{origin.sender}>"
    headers |= {
        "source": source,
        "headersTruncated": False,
        "headers": [{"name": "From", "value": source}, {"name": "To", "value": address}],
        "commonHeaders": {"from": [source], "to": [address], "messageId": headers["messageId"]},
        "tags": {
            "ses:configuration-set": [origin.configuration_set],
            "ses:from-domain": [origin.sender.rpartition("@")[2]],
        },
    }
    # SES ends an event, and only an event, in a line feed.
    return json.dumps({"eventType": kind.capitalize(), kind: feedback, "mail": headers}) + "\n"


def _feedback(mail: Mail, address: str) -> dict[str, Any]:
    if mail.kind == "complaint":
        return {
            "complainedRecipients": [{"emailAddress": address}],
            "complaintFeedbackType": "abuse",
            "userAgent": "Amazon SES Mailbox Simulator",
        }
    if mail.is_automatic_reply:  # it comes without any delivery status
        return {
            "bounceType": "Transient",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": address}],
        }
    diagnostic = _SUPPRESSED if mail.is_suppressed else "smtp; 550 5.1.1 user unknown"
    status = {"action": "failed", "status": "5.1.1", "diagnosticCode": diagnostic}
    return {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": address, **status}],
        "reportingMTA": "dns; a8-70.smtp-out.amazonses.com",
    }


def _ses_id() -> str:
    return f"0102{uuid.uuid4().hex[:12]}-{uuid.uuid4()}-000000"
