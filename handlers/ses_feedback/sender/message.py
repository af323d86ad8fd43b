"""Which recipients of an ``email.message.Message`` may be mailed."""

from email.message import Message

from ses_feedback.sender import headers
from ses_feedback.sender.answer import Answer, BlockedError
from ses_feedback.sender.blocklist import Blocklist


def check_message(blocklist: Blocklist, message: Message, *, strip: bool = False) -> list[Answer]:
    """One answer per recipient in To, Cc and Bcc, without its display name.

    As for ``smtplib.send_message``, a message with Resent-Date goes to Resent-To, Resent-Cc and Resent-Bcc instead.
    strip: remove the recipients who may not be mailed from the header. A signature of the message is then invalid.

    Raises: what ``Blocklist.check`` raises. BlockedError when ``strip`` leaves no recipient; then nothing is changed.
    """
    prefix = "Resent-" if "Resent-Date" in message else ""
    fields = {
        name: [
            recipient
            for value in message.get_all(name, [])
            for recipient in headers.field_recipients(_as_sent(message, name, value))
        ]
        for name in (f"{prefix}{field}" for field in headers.RECIPIENT_FIELDS)
    }
    addresses = list(dict.fromkeys(recipient.address for recipients in fields.values() for recipient in recipients))
    answers = blocklist.check(addresses)
    refused = {answer.address: answer for answer in answers if not answer.allowed}
    if strip and refused:
        if len(refused) == len(addresses):
            raise BlockedError("check_message", tuple(refused.values()), len(addresses))
        for name, recipients in fields.items():
            kept = [recipient.as_written for recipient in recipients if recipient.address not in refused]
            if len(kept) < len(recipients):
                _replace(message, name, kept)
    return answers


def _as_sent(message: Message, name: str, value: object) -> str:
    """The field as it will be sent: its object may not show what it could not parse."""
    folded: str = message.policy.fold(name, value)  # type: ignore[arg-type] # a string or a header object
    return folded.partition(":")[2].strip()


def _replace(message: Message, name: str, kept: list[str]) -> None:
    del message[name]
    if kept:
        message[name] = ", ".join(kept)
