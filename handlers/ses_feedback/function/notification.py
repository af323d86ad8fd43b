"""An SES notification -> what it says about each recipient. Pure.

Fields: the SES guide's "Amazon SNS notification contents" (identity notifications) and "Examples of event data that
Amazon SES publishes" (configuration sets). Unknown fields are ignored, as AWS recommends.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ses_feedback.address import NotAnAddressError, address_key
from ses_feedback.function.envelope import UnreadableError, UnwrappedMessage, arn_in, message_type, string, unwrap
from ses_feedback.function.origin import Origin, read_origin
from ses_feedback.timestamps import happened_at, iso, parse

DIAGNOSTIC_LIMIT = 500
"""Characters kept of a diagnostic: enough for what servers say, and an item stays within a write unit (1 KB)."""

RECIPIENT_LIMIT = 100
"""Recipients a notification may name; SES allows 50 per mail."""

FEEDBACK_ID_LIMIT = 900
"""Bytes of a feedback id: it is part of a sort key, of which DynamoDB allows 1,024."""

_RECIPIENT_FIELDS = {"bounce": "bouncedRecipients", "complaint": "complainedRecipients"}
_OTHER_TYPES = frozenset(
    {"delivery", "send", "reject", "open", "click", "rendering failure", "deliverydelay", "subscription"}
)
_SETUP_TYPE = "amazonsnssubscriptionsucceeded"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one notification says about one recipient. Strings are as SES gives them, empty when it gives none."""

    kind: str
    """``bounce`` or ``complaint``."""
    address: str
    """The key of the address."""
    feedback_id: str
    occurred_at: str
    """ISO 8601, UTC, milliseconds: sorts as a string."""
    type: str
    """``bounceType``, or ``complaintFeedbackType`` of a complaint."""
    subtype: str
    action: str = ""
    status: str = ""
    diagnostic: str = ""
    message_id: str = ""
    identity: str = ""
    account: str = ""
    region: str = ""
    mailed: bool = True
    """Whether the mail went to the address, as far as is known."""
    destinations_known: bool = True
    """Whether the notification says where the mail went."""
    ambiguous: bool = False
    """A complaint that names several recipients, one of whom complained."""
    forwarded: bool = False
    """The report named an address that the mail did not go to; this is the one it went to."""


@dataclass(frozen=True, slots=True)
class ParsedNotification:
    """Its feedback, or why it has none (``skipped``); and what of it could not be read."""

    feedback: tuple[Feedback, ...] = ()
    skipped: str | None = None
    """A setup message, another notification type, feedback without a recipient: acknowledged and counted."""
    expected: bool = True
    """Whether SES sends such messages as a rule; False is worth a warning."""
    origin: Origin = field(default_factory=Origin)
    """Of feedback; empty for what is skipped."""
    problems: tuple[str, ...] = ()
    """Not empty: the record must stay in the queue, although its readable feedback counts."""


def parse_notification(body: object, *, sent_at: datetime, now: datetime) -> ParsedNotification:
    """Read the body of an SQS record that SQS received at ``sent_at``.

    Raises: UnreadableError, with a reason free of personal data.
    """
    unwrapped = unwrap(body)
    if unwrapped.skipped:
        return ParsedNotification(skipped=unwrapped.skipped, expected=unwrapped.skipped == "setup message")
    message = unwrapped.message
    kind = message_type(message)
    if not kind:  # neither dialect's type, but the object of one
        kind = next((kind for kind in _RECIPIENT_FIELDS if isinstance(message.get(kind), dict)), "")
    if kind in _RECIPIENT_FIELDS:
        return replace(_Notification(unwrapped, kind, sent_at, now).parse(), origin=read_origin(unwrapped))
    if kind == _SETUP_TYPE:
        return ParsedNotification(skipped="setup message")
    if kind in _OTHER_TYPES:
        return ParsedNotification(skipped=kind)
    if not kind or any(kind in message for kind in _RECIPIENT_FIELDS):
        raise UnreadableError(
            "it has the parts of a bounce or complaint, but its notificationType or eventType is neither"
        )
    return ParsedNotification(skipped="unknown type", expected=False)


class _Notification:
    """One bounce or complaint while it is parsed."""

    def __init__(self, unwrapped: UnwrappedMessage, kind: str, sent_at: datetime, now: datetime) -> None:
        body = unwrapped.message.get(kind)
        if not isinstance(body, dict):
            raise UnreadableError(f"it is a {kind} without the object '{kind}'")
        mail = unwrapped.message.get("mail")
        self.kind = kind
        self.body: dict[str, Any] = body
        self.mail: dict[str, Any] = mail if isinstance(mail, dict) else {}
        self.type = string(body.get("bounceType" if kind == "bounce" else "complaintFeedbackType")).strip()
        self.subtype = string(body.get(f"{kind}SubType")).strip()
        if kind == "bounce" and not self.type:
            raise UnreadableError("it is a bounce without a bounceType")
        self.destinations = _destination_keys(self.mail.get("destination"))
        self.only_destination = (self.destinations[0] or None) if len(self.destinations) == 1 else None
        self.common = self._common_fields(unwrapped, sent_at, now)

    def parse(self) -> ParsedNotification:
        recipients = self.body.get(_RECIPIENT_FIELDS[self.kind])
        if recipients is None:
            recipients = []
        if not isinstance(recipients, list):
            raise UnreadableError(f"its {_RECIPIENT_FIELDS[self.kind]} is not a list")
        if len(recipients) > RECIPIENT_LIMIT:
            raise UnreadableError(f"it names {len(recipients)} recipients; at most {RECIPIENT_LIMIT} are possible")
        if not recipients:
            return self._parse_without_recipients()
        parsed: list[Feedback] = []
        problems: list[str] = []
        for number, recipient in enumerate(recipients, 1):
            try:
                parsed += self._recipient_feedback(recipient)
            except NotAnAddressError as error:
                problems.append(f"recipient {number} of {len(recipients)} is not usable: {error}")
        if problems and _is_named(self.subtype, "NoEmail"):
            # SES could not extract the address from the bounce, as it documents: no address to block, nothing to retry.
            return ParsedNotification(tuple(parsed), skipped="no usable address", expected=False)
        suspects = {feedback.address for feedback in parsed if not feedback.forwarded}
        if self.kind == "complaint" and not self._is_from_suppression_list() and len(suspects) > 1:
            parsed = [replace(feedback, ambiguous=True) for feedback in parsed]
        return ParsedNotification(tuple(parsed), problems=tuple(problems))

    def _recipient_feedback(self, recipient: object) -> Iterable[Feedback]:
        """About one recipient, and about the mail's destination too if it is exactly one other address."""
        fields: Mapping[str, Any] = recipient if isinstance(recipient, dict) else {}
        report = replace(
            self.common,
            action=string(fields.get("action"), 40).strip(),
            status=string(fields.get("status"), 40).strip(),
            diagnostic=string(fields.get("diagnosticCode"), DIAGNOSTIC_LIMIT).strip(),
        )
        try:
            address = address_key(string(fields.get("emailAddress"), 4_096))
        except NotAnAddressError:
            if self.only_destination is None or _is_named(self.subtype, "NoEmail"):
                raise
            return [replace(report, address=self.only_destination, forwarded=True)]
        mailed = address in self.destinations or not self.destinations
        feedback = [replace(report, address=address, mailed=mailed)]
        if not mailed and self.only_destination is not None and not _is_named(self.subtype, "NoEmail"):
            feedback.append(replace(report, address=self.only_destination, forwarded=True))
        return feedback

    def _parse_without_recipients(self) -> ParsedNotification:
        """Feedback that names no recipient is about the mail's destination, if it has exactly one."""
        if _is_named(self.subtype, "NoEmail"):
            return ParsedNotification(skipped="no usable address", expected=False)
        if self.only_destination is not None:
            return ParsedNotification((replace(self.common, address=self.only_destination),))
        if self.kind == "complaint" or self._is_from_suppression_list():
            return ParsedNotification(skipped=f"{self.kind} without recipients", expected=False)
        raise UnreadableError(f"it is a bounce without recipients, of a mail to {len(self.destinations)} addresses")

    def _is_from_suppression_list(self) -> bool:
        """SES did not send, because the address was on one of its lists."""
        return any(_is_named(self.subtype, name) for name in ("OnAccountSuppressionList", "OnTenantSuppressionList"))

    def _common_fields(self, unwrapped: UnwrappedMessage, sent_at: datetime, now: datetime) -> Feedback:
        """What all feedback of the notification has in common; its address is empty."""
        arn = arn_in(self.mail.get("sourceArn"))
        return Feedback(
            kind=self.kind,
            address="",
            feedback_id=self._feedback_id(),
            occurred_at=iso(self._occurred_at(sent_at, now)),
            type=self.type,
            subtype=self.subtype,
            message_id=string(self.mail.get("messageId")),
            identity=arn.resource.removeprefix("identity/") or self._tag("ses:from-domain"),
            account=string(self.mail.get("sendingAccountId"), 20) or arn.account or unwrapped.account,
            region=arn.region or unwrapped.region,
            destinations_known=bool(self.destinations),
        )

    def _tag(self, name: str) -> str:
        tags = self.mail.get("tags")
        values = tags.get(name) if isinstance(tags, dict) else None
        return string(values[0]) if isinstance(values, list) and values else ""

    def _feedback_id(self) -> str:
        """SES's id. Without it, a digest of what differs between two reports: a second delivery has the same."""
        feedback_id = string(self.body.get("feedbackId"), 10_000).strip()
        if len(feedback_id.encode()) > FEEDBACK_ID_LIMIT:
            raise UnreadableError(
                f"its feedbackId has {len(feedback_id.encode())} bytes; at most {FEEDBACK_ID_LIMIT} are possible"
            )
        if feedback_id:
            return feedback_id
        parts = (self.mail.get("messageId"), self.body.get("timestamp"), self.kind, self.type, self.subtype)
        digest = hashlib.sha256("\n".join(string(part) for part in parts).encode())
        return f"derived-{digest.hexdigest()[:40]}"

    def _occurred_at(self, sent_at: datetime, now: datetime) -> datetime:
        reported_at, mailed_at = (parse(string(part.get("timestamp"), 40)) for part in (self.body, self.mail))
        occurred_at = happened_at(reported_at, mailed_at, sent_at=sent_at, now=now)
        if occurred_at is None:
            raise UnreadableError(
                f"neither its {self.kind} nor its mail has a readable timestamp, such as 2026-11-20T10:00:00.000Z"
            )
        return occurred_at


def _destination_keys(values: object) -> list[str]:
    """The keys of the mail's destinations, each once.

    An empty one stands for what is no address, so that another is not taken for the only destination.
    """
    keys: dict[str, None] = {}
    for value in values[: RECIPIENT_LIMIT + 1] if isinstance(values, list) else ():
        try:
            keys[address_key(string(value, 4_096))] = None
        except NotAnAddressError:
            keys[""] = None
    return list(keys)


def _is_named(value: str, name: str) -> bool:
    return value.replace("_", "").casefold() == name.casefold()
