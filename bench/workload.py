"""Mixed feedback as SES publishes it, and what it must lead to: the same for the same seed.

Every notification is made together with its meaning: the feedback that it holds, by recipient, and the rule that must
judge it. So the tables can be computed without the code that reads, judges and writes it (see `expected_tables`).
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ses_feedback.function.notification import Feedback
from ses_feedback.timestamps import iso

_FEEDBACK_PER_ADDRESS, _ADDRESSES_PER_DOMAIN = 3, 10
_SPREAD = timedelta(days=5)
"""Over which the feedback happened: less than any block lasts, so that none has ended and been deleted by its TTL."""


@dataclass(frozen=True)
class Origin:
    """Whose feedback it is."""

    account: str
    region: str = "eu-west-1"
    identity: str = "shop.example"
    configuration_set: str = "main"


@dataclass(frozen=True)
class Notification:
    """One message of the topic."""

    name: str
    kind: str
    """`bounce` or `complaint`: whose topic."""
    body: str
    judgements: tuple[tuple[Feedback, str], ...] = ()
    """What it says, by recipient, and the rule that must judge it. Empty of poison that nothing can be read of."""
    unreadable: bool = False
    """Whether it must end in the dead-letter queue."""


@dataclass(frozen=True)
class _Recipe:
    """One sort of notification: its share of all, and what it says."""

    share: int
    rule: str
    kind: str
    fields: dict[str, Any]
    """Of the object `bounce` or `complaint`."""
    status: dict[str, str]
    """Of each bounced recipient."""
    recipients: int = 1


_BOUNCE_TEXT = "smtp; 550 5.1.1 user unknown, please check the spelling of the address that you sent this message to"
_SUPPRESSED = (
    "Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid "
    "address."
)


def _bounce(share: int, rule: str, type_: str, subtype: str, *status: str, recipients: int = 1) -> _Recipe:
    fields = {"bounceType": type_, "bounceSubType": subtype}
    report = dict(zip(("status", "diagnosticCode"), status, strict=False))
    return _Recipe(share, rule, "bounce", fields, {"action": "failed", **report} if report else {}, recipients)


def _complaint(share: int, rule: str, type_: str, recipients: int = 1) -> _Recipe:
    return _Recipe(share, rule, "complaint", {"complaintFeedbackType": type_}, {}, recipients)


_RECIPES = (
    _bounce(38, "hard-bounce", "Permanent", "General", "5.1.1", _BOUNCE_TEXT),
    _bounce(6, "hard-bounce", "Permanent", "General", "5.1.1", _BOUNCE_TEXT, recipients=3),
    _bounce(20, "mailbox-full", "Transient", "MailboxFull", "4.2.2", "smtp; 452 4.2.2 mailbox full"),
    _bounce(8, "auto-reply", "Transient", "General"),
    _bounce(5, "account-suppression", "Permanent", "OnAccountSuppressionList", "5.1.1"),
    _bounce(4, "global-suppression", "Permanent", "Suppressed", "5.1.1", _SUPPRESSED),
    _complaint(12, "complaint", "abuse"),
    _complaint(4, "not-spam", "not-spam"),
    _complaint(3, "suspects", "abuse", recipients=2),
)
_POISON: tuple[Callable[[dict[str, Any]], str], ...] = (
    lambda _: "garbage",
    lambda _: "[1, 2]",
    lambda _: '{"notificationType": "Bounce"',
    lambda _: json.dumps({"notificationType": "Bounce", "mail": {}}),
    lambda message: json.dumps({**message, "bounce": {**message["bounce"], "bounceType": ""}}),
    lambda message: json.dumps(_of_another_identity(message)),
)


def mixed_feedback(number: int, origin: Origin, ends: datetime, seed: int = 13) -> list[Notification]:
    """``number`` notifications about a third as many addresses, the last at ``ends``.

    One in twenty is an earlier one again, in the other dialect, as a configuration set and an identity both report it.
    """
    generator = random.Random(seed)  # noqa: S311 - the same each time
    addresses = _addresses(number, generator)
    notifications: list[Notification] = []
    latest: list[tuple[_Recipe, list[str], int, timedelta, bool]] = []
    for position in range(number):
        if latest and generator.random() < 0.05:  # noqa: PLR2004 - a share
            recipe, recipients, count, before, is_event = generator.choice(latest[-200:])
            notifications.append(_notification(recipe, recipients, count, origin, ends - before, is_event=not is_event))
            continue
        recipe = generator.choices(_RECIPES, [recipe.share for recipe in _RECIPES])[0]
        recipients = generator.sample(addresses, recipe.recipients)
        before = timedelta(milliseconds=generator.randrange(int(_SPREAD / timedelta(milliseconds=1))))
        is_event = generator.random() < 0.5  # noqa: PLR2004
        latest.append((recipe, recipients, position, before, is_event))
        notifications.append(_notification(recipe, recipients, position, origin, ends - before, is_event=is_event))
    return notifications


def poison(number: int, origin: Origin, ends: datetime) -> list[Notification]:
    """Messages of the bounce topic that nobody can read, each with a text of its own; and half-readable ones."""
    made = []
    for position in range(number):
        address = f"poisoned.{position}@half.example"
        whole = _notification(_RECIPES[0], [address], 10_000_000 + position, origin, ends, is_event=False)
        message = json.loads(whole.body)
        if position % (len(_POISON) + 1) == len(_POISON):  # one recipient of two is usable: it counts
            message["bounce"]["bouncedRecipients"].append({"emailAddress": "no address"})
            message["mail"]["destination"].append("other@half.example")
            made.append(replace(whole, body=json.dumps(message), unreadable=True))
            continue
        body = _POISON[position % (len(_POISON) + 1)](message) + " " * position
        made.append(Notification(f"poison-{position}", "bounce", body, unreadable=True))
    return made


def _addresses(number: int, generator: random.Random) -> list[str]:
    amount = max(5, number // _FEEDBACK_PER_ADDRESS)
    domains = max(1, amount // _ADDRESSES_PER_DOMAIN)
    return [f"first.last.{n}@mail{generator.randrange(domains)}.example.org" for n in range(amount)]


def _notification(
    recipe: _Recipe, recipients: list[str], count: int, origin: Origin, at: datetime, *, is_event: bool
) -> Notification:
    feedback_id, message_id = f"0102-feedback-{count:08}-000000", f"0102-mail-{count:08}-000000"
    key = "bouncedRecipients" if recipe.kind == "bounce" else "complainedRecipients"
    report = {
        **recipe.fields,
        key: [{"emailAddress": address, **recipe.status} for address in recipients],
        "timestamp": iso(at),
        "feedbackId": feedback_id,
    }
    mail: dict[str, Any] = {
        "timestamp": iso(at - timedelta(minutes=1)),
        "source": f"Shop <no-reply@{origin.identity}>",
        "sourceArn": f"arn:aws:ses:{origin.region}:{origin.account}:identity/{origin.identity}",
        "sendingAccountId": origin.account,
        "messageId": message_id,
        "destination": recipients,
    }
    if is_event:
        mail["tags"] = {"ses:configuration-set": [origin.configuration_set], "ses:from-domain": [origin.identity]}
    message = {"eventType" if is_event else "notificationType": recipe.kind.capitalize(), recipe.kind: report}
    body = json.dumps({**message, "mail": mail}) + ("\n" if is_event else "")
    feedback = Feedback(
        kind=recipe.kind,
        address="",
        feedback_id=feedback_id,
        occurred_at=iso(at),
        type=recipe.fields.get("bounceType") or recipe.fields["complaintFeedbackType"],
        subtype=recipe.fields.get("bounceSubType", ""),
        action=recipe.status.get("action", ""),
        status=recipe.status.get("status", ""),
        diagnostic=recipe.status.get("diagnosticCode", ""),
        message_id=message_id,
        identity=origin.identity,
        account=origin.account,
        region=origin.region,
        ambiguous=recipe.kind == "complaint" and len(recipients) > 1,
    )
    judgements = tuple((replace(feedback, address=address), recipe.rule) for address in recipients)
    return Notification(feedback_id, recipe.kind, body, judgements)


def _of_another_identity(message: dict[str, Any]) -> dict[str, Any]:
    arn = message["mail"]["sourceArn"].rpartition("/")[0] + "/other.example"
    return {**message, "mail": {**message["mail"], "sourceArn": arn}}
