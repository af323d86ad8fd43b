"""An e-mail message, as Python's library has it: may it be sent to those in its header?"""

from email.message import Message

from ses_feedback.sender import headers
from ses_feedback.sender.answer import Answer, BlockedError
from ses_feedback.sender.blocklist import Blocklist


def check_message(blocklist: Blocklist, message: Message, *, strip: bool = False) -> list[Answer]:
    """One answer per recipient in To, Cc and Bcc, without its display name.

    As for ``smtplib.send_message``, a message with Resent-Date goes to Resent-To, Resent-Cc and Resent-Bcc instead.
    strip: take those who may not be mailed out of the header. A signed message is then no longer what was signed.

    Raises: what ``Blocklist.check`` raises. BlockedError when ``strip`` leaves nobody; the message is as it was then.
    """
    prefix = "Resent-" if "Resent-Date" in message else ""
    fields = {
        name: [piece for value in message.get_all(name, []) for piece in headers.pieces(_text(message, name, value))]
        for name in (f"{prefix}{plain}" for plain in headers.RECIPIENT_FIELDS)
    }
    asked = list(dict.fromkeys(piece.address for pieces in fields.values() for piece in pieces))
    answers = blocklist.check(asked)
    refused = {answer.address: answer for answer in answers if not answer.allowed}
    if strip and refused:
        if len(refused) == len(asked):
            raise BlockedError("check_message", tuple(refused.values()), len(asked))
        for name, pieces in fields.items():
            _replace(message, name, [piece.text for piece in pieces if piece.address not in refused], len(pieces))
    return answers


def _text(message: Message, name: str, value: object) -> str:
    """The field as it will be sent: its object may hide what it could not parse."""
    folded: str = message.policy.fold(name, value)  # type: ignore[arg-type] # a text or a header object
    return folded.partition(":")[2].strip()


def _replace(message: Message, name: str, kept: list[str], before: int) -> None:
    if len(kept) == before:
        return
    del message[name]
    if kept:
        message[name] = ", ".join(kept)
