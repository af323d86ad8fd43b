"""An SES message -> what it says about each recipient. Pure.

Fields: the SES guide's "Amazon SNS notification contents" (identity notifications) and "Examples of event data that
Amazon SES publishes" (configuration sets). Unknown fields are ignored, as AWS asks for.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ses_feedback.address import NotAnAddressError, address_key
from ses_feedback.function.envelope import Opened, UnreadableError, arn_in, message_type, open_text, string
from ses_feedback.timestamps import happened_at, iso, parse

DIAGNOSTIC_LIMIT = 500
"""Characters kept of a diagnostic text: enough for what servers say, and an item stays within a write unit (1 KB)."""

RECIPIENT_LIMIT = 100
"""Recipients a notification may name; SES allows 50 per mail."""

FEEDBACK_ID_LIMIT = 900
"""Bytes of a feedback id: it is part of a sort key, of which DynamoDB allows 1,024."""

_RECIPIENTS = {"bounce": "bouncedRecipients", "complaint": "complainedRecipients"}
_OTHER_TYPES = frozenset(
    {"delivery", "send", "reject", "open", "click", "rendering failure", "deliverydelay", "subscription"}
)
_SETUP_TYPE = "amazonsnssubscriptionsucceeded"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one notification says about one recipient. Texts are as SES gives them, empty when it gives none."""

    kind: str
    """``bounce`` or ``complaint``."""
    address: str
    """The key of the address."""
    feedback_id: str
    occurred_at: str
    """ISO 8601, UTC, milliseconds: sorts as text."""
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
    """Whether the mail's destinations name the address."""
    ambiguous: bool = False
    """A complaint that names several suspects."""
    forwarded: bool = False
    """The report named an address that the mail did not go to; this is the one it went to."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was in a text: feedback, or why there is none (``skipped``); and what of it could not be read."""

    feedback: tuple[Feedback, ...] = ()
    skipped: str | None = None
    """A setup message, another notification type, feedback that names nobody: acknowledged and counted."""
    expected: bool = True
    """False: worth a warning."""
    problems: tuple[str, ...] = ()
    """Not empty: the record must stay in the queue, although its readable feedback counts."""


def read(text: object, *, sent_at: datetime, now: datetime) -> Reading:
    """Read the body of an SQS record that SQS received at ``sent_at``.

    Raises: UnreadableError, with a reason free of personal data.
    """
    opened = open_text(text)
    if opened.skipped:
        return Reading(skipped=opened.skipped, expected=opened.skipped == "setup message")
    message, kind = opened.message, message_type(opened.message)
    if not kind:  # neither dialect, but it has a body of one: trust the shape
        kind = next((k for k in _RECIPIENTS if isinstance(message.get(k), dict)), "")
    if kind in _RECIPIENTS:
        return _Report(opened, kind, sent_at, now).reading()
    if kind == _SETUP_TYPE:
        return Reading(skipped="setup message")
    if kind in _OTHER_TYPES:
        return Reading(skipped=kind)
    if not kind or any(k in message for k in _RECIPIENTS):
        raise UnreadableError(
            "it has the parts of a bounce or complaint, but its notificationType or eventType is neither"
        )
    return Reading(skipped="unknown type", expected=False)


class _Report:
    """One bounce or complaint while it is read."""

    def __init__(self, opened: Opened, kind: str, sent_at: datetime, now: datetime) -> None:
        body = opened.message.get(kind)
        if not isinstance(body, dict):
            raise UnreadableError(f"it is a {kind} without the object '{kind}'")
        mail = opened.message.get("mail")
        self.kind = kind
        self.body: dict[str, Any] = body
        self.mail: dict[str, Any] = mail if isinstance(mail, dict) else {}
        self.type = string(body.get("bounceType" if kind == "bounce" else "complaintFeedbackType")).strip()
        self.subtype = string(body.get(f"{kind}SubType")).strip()
        if kind == "bounce" and not self.type:
            raise UnreadableError("it is a bounce without a bounceType")
        self.destinations = _keys(self.mail.get("destination"))
        self.common = self._common(opened, sent_at, now)

    def reading(self) -> Reading:
        recipients = self.body.get(_RECIPIENTS[self.kind])
        if recipients is None:
            recipients = []
        if not isinstance(recipients, list):
            raise UnreadableError(f"its {_RECIPIENTS[self.kind]} is not a list")
        if len(recipients) > RECIPIENT_LIMIT:
            raise UnreadableError(f"it names {len(recipients)} recipients; at most {RECIPIENT_LIMIT} are possible")
        if not recipients:
            return self._nobody()
        feedback: list[Feedback] = []
        problems: list[str] = []
        for number, recipient in enumerate(recipients, 1):
            try:
                feedback += self._about(recipient)
            except NotAnAddressError as error:
                problems.append(f"recipient {number} of {len(recipients)} is not usable: {error}")
        if problems and _same(self.subtype, "NoEmail"):
            # SES could not extract the address from the bounce: a known state, nobody to block, nothing to retry.
            return Reading(tuple(feedback), skipped="no usable address", expected=False)
        suspects = {one.address for one in feedback if not one.forwarded}
        if self.kind == "complaint" and not self._echo() and len(suspects) > 1:
            feedback = [replace(one, ambiguous=True) for one in feedback]
        return Reading(tuple(feedback), problems=tuple(problems))

    def _about(self, recipient: object) -> Iterable[Feedback]:
        """One recipient: itself and, if the mail went to exactly one other address, that one."""
        fields: Mapping[str, Any] = recipient if isinstance(recipient, dict) else {}
        report: dict[str, Any] = {
            "action": string(fields.get("action"), 40).strip(),
            "status": string(fields.get("status"), 40).strip(),
            "diagnostic": string(fields.get("diagnosticCode"), DIAGNOSTIC_LIMIT).strip(),
        }
        origin = self.destinations[0] if len(self.destinations) == 1 else None
        try:
            address = address_key(string(fields.get("emailAddress"), 4_096))
        except NotAnAddressError:
            if origin is None or _same(self.subtype, "NoEmail"):
                raise
            return [Feedback(address=origin, forwarded=True, **report, **self.common)]
        mailed = address in self.destinations
        found = [Feedback(address=address, mailed=mailed, **report, **self.common)]
        if not mailed and origin is not None and not _same(self.subtype, "NoEmail"):
            found.append(Feedback(address=origin, forwarded=True, **report, **self.common))
        return found

    def _nobody(self) -> Reading:
        """No recipient is named: the mail's destination, if it had exactly one."""
        if _same(self.subtype, "NoEmail"):
            return Reading(skipped="no usable address", expected=False)
        if len(self.destinations) == 1:
            return Reading((Feedback(address=self.destinations[0], **self.common),))
        if self.kind == "complaint" or self._echo():
            return Reading(skipped=f"{self.kind} without recipients", expected=False)
        raise UnreadableError(f"it is a bounce without recipients, of a mail to {len(self.destinations)} addresses")

    def _echo(self) -> bool:
        """SES did not send, because the address was on one of its lists."""
        return any(_same(self.subtype, echo) for echo in ("OnAccountSuppressionList", "OnTenantSuppressionList"))

    def _common(self, opened: Opened, sent_at: datetime, now: datetime) -> dict[str, Any]:
        arn = arn_in(self.mail.get("sourceArn"))
        return {
            "kind": self.kind,
            "type": self.type,
            "subtype": self.subtype,
            "feedback_id": self._feedback_id(),
            "occurred_at": iso(self._occurred_at(sent_at, now)),
            "message_id": string(self.mail.get("messageId")),
            "identity": arn.resource.removeprefix("identity/") or self._tag("ses:from-domain"),
            "account": string(self.mail.get("sendingAccountId"), 20) or arn.account or opened.account,
            "region": arn.region or opened.region,
        }

    def _tag(self, name: str) -> str:
        tags = self.mail.get("tags")
        values = tags.get(name) if isinstance(tags, dict) else None
        return string(values[0]) if isinstance(values, list) and values else ""

    def _feedback_id(self) -> str:
        """SES's id. Without one, a digest of what tells one report from another: a second delivery has the same."""
        given = string(self.body.get("feedbackId"), 10_000).strip()
        if len(given.encode()) > FEEDBACK_ID_LIMIT:
            raise UnreadableError(
                f"its feedbackId has {len(given.encode())} bytes; at most {FEEDBACK_ID_LIMIT} are possible"
            )
        if given:
            return given
        parts = (self.mail.get("messageId"), self.body.get("timestamp"), self.kind, self.type, self.subtype)
        digest = hashlib.sha256("\n".join(string(part) for part in parts).encode())
        return f"derived-{digest.hexdigest()[:40]}"

    def _occurred_at(self, sent_at: datetime, now: datetime) -> datetime:
        given, mailed = (parse(string(one.get("timestamp"), 40)) for one in (self.body, self.mail))
        moment = happened_at(given, mailed, sent_at=sent_at, now=now)
        if moment is None:
            raise UnreadableError(
                f"neither its {self.kind} nor its mail has a readable timestamp, such as 2026-11-20T10:00:00.000Z"
            )
        return moment


def _keys(values: object) -> list[str]:
    """The keys of the mail's destinations, each once; what is no address is left out, for nothing is known of it."""
    keys: dict[str, None] = {}
    for value in values[: RECIPIENT_LIMIT + 1] if isinstance(values, list) else ():
        try:
            keys[address_key(string(value, 4_096))] = None
        except NotAnAddressError:
            keys[""] = None  # so that the others are not taken for the only one
    return list(keys)


def _same(text: str, name: str) -> bool:
    return text.replace("_", "").casefold() == name.casefold()
