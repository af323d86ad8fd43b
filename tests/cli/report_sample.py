"""A month of made-up feedback, brought into tables in memory by the function's own writer, and the report of it."""

import random
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, cast

from ses_feedback.function.feedback_event import feedback_event
from ses_feedback.function.notification import Feedback
from ses_feedback.function.verdict import judge
from ses_feedback.history.event import Event, manual_event
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.writer import HistoryWriter, Outcome
from ses_feedback.table import decode
from ses_feedback_cli.report.numbers import Numbers
from ses_feedback_cli.report.standing import Queue, Rate, Report

from tests.handlers.fake_dynamodb import FakeDynamoDB, Store

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FIRST_DAY = date(2026, 10, 26)
TABLES = (
    "arn:aws:dynamodb:eu-central-1:123456789012:table/ses-feedback-blocked-1a2b3c4",
    "arn:aws:dynamodb:eu-central-1:123456789012:table/ses-feedback-history-5d6e7f8",
)

_DOMAINS = {
    "gmail.example": 40, "outlook.example": 25, "yahoo.example": 18, "web.example": 9, "mail.university.example": 6,
    "xn--mnchen-3ya.example": 4, "customer-of-a-rather-long-name.subsidiary.holding.example": 3, "small.example": 1,
}  # fmt: skip
_SHAPES: dict[tuple[str, str, str, str], int] = {  # kind, type, subtype, status: how many
    ("bounce", "Permanent", "General", "5.1.1"): 40,
    ("bounce", "Permanent", "Suppressed", "5.1.1"): 12,
    ("bounce", "Permanent", "OnAccountSuppressionList", "5.1.1"): 9,
    ("bounce", "Transient", "MailboxFull", "4.2.2"): 30,
    ("bounce", "Transient", "General", "4.4.1"): 14,
    ("bounce", "Transient", "General", ""): 25,
    ("bounce", "Transient", "MessageTooLarge", "5.3.4"): 3,
    ("complaint", "abuse", "", ""): 5,
    ("complaint", "not-spam", "", ""): 1,
}
_IDENTITIES = {"shop.example": 60, "news.shop.example": 30, "no-reply@billing.example": 10}


def bounce(address: str, at: datetime = NOW, **given: str) -> Event:
    """A judged feedback of an address: a hard bounce, unless said otherwise."""
    values: dict[str, Any] = {
        "kind": "bounce",
        "type": "Permanent",
        "subtype": "General",
        "address": address,
        "occurred_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "feedback_id": f"id-{address}-{at:%Y%m%d%H%M%S}",
        "status": "5.1.1",
        "diagnostic": "smtp; 550 5.1.1 user unknown",
        "action": "failed",
        "message_id": f"message-{at:%Y%m%d%H%M%S}",
        "identity": "shop.example",
        "account": "123456789012",
        "region": "eu-west-1",
    }
    feedback = Feedback(**{**values, **given})
    return feedback_event(feedback, judge(feedback), pipeline="bounce-shop", now=at)


def soft(address: str, at: datetime = NOW) -> Event:
    """A bounce of a full mailbox."""
    return bounce(address, at, type="Transient", subtype="MailboxFull", status="4.2.2")


def events() -> Iterator[Event]:
    """The month, the same on every machine."""
    pick = random.Random(20261124)  # noqa: S311 - no secret
    for number in range(1_400):
        day = min(29, int(pick.triangular(0, 30, 22)))
        at = datetime(2026, 10, 26, tzinfo=UTC) + timedelta(days=day, seconds=pick.randrange(43_000))
        ((kind, type_, subtype, status),) = pick.choices([*_SHAPES], [*_SHAPES.values()])
        (domain,) = pick.choices([*_DOMAINS], [*_DOMAINS.values()])
        (identity,) = pick.choices([*_IDENTITIES], [*_IDENTITIES.values()])
        person = f"person{number if subtype != 'MailboxFull' else pick.randrange(60)}.surname"
        report = {"action": "", "diagnostic": ""} if not status else {}
        yield bounce(
            f"{person}@{domain}", at, kind=kind, type=type_, subtype=subtype, status=status, identity=identity, **report
        )
    for number in range(3):
        yield bounce(f"founder{number % 2}@sole-trader.example", NOW - timedelta(days=number))
    for number in range(12):
        yield manual_event("block", f"asked{number}@gmail.example", actor="support", note="asked for it", at=NOW)
    yield manual_event("unblock", "asked3@gmail.example", actor="support", note="", at=NOW + timedelta(seconds=1))


def written(those: Iterable[Event]) -> Store:
    """Tables in memory that the writer has brought them into."""
    store = Store()
    writer = HistoryWriter("blocked", "history", SoftBouncePolicy(), cast(Any, FakeDynamoDB(store)))
    results = writer.apply([*those], deadline=time.monotonic() + 60)
    assert {result.outcome for result in results} <= {Outcome.RECORDED, Outcome.DUPLICATE}
    return store


def counted(store: Store, *, addresses: bool = False, first_day: date = FIRST_DAY, now: datetime = NOW) -> Numbers:
    """The numbers of all rows of the tables."""
    numbers = Numbers(first_day, now, SoftBouncePolicy(), addresses=addresses)
    for item in store.rows("blocked").values():
        numbers.blocked(decode(item))
    for row in store.rows("history").values():
        numbers.history(decode(row))
    return numbers


@cache
def month() -> Store:
    """The month's tables; to be read only."""
    return written(events())


def report(store: Store, *, addresses: bool = False) -> Report:
    """The report of tables, with the rates and queues of a bad day."""
    return Report(
        counted(store, addresses=addresses).summary(),
        (
            Rate("eu-west-1", "bounce", 0.0214, NOW),
            Rate("eu-west-1", "complaint", 0.00231, NOW),
            Rate("us-east-1", "bounce", 0.1031, NOW),
            Rate("us-east-1", "complaint", problem="no data in 3 days"),
        ),
        (
            Queue("bounce-eu-west-1-shop", "eu-west-1", "not processed", 3),
            Queue("bounce-eu-west-1-shop", "eu-west-1", "not delivered", 0),
            Queue("complaint-eu-west-1-shop", "eu-west-1", "not processed", 0),
            Queue("complaint-eu-west-1-shop", "eu-west-1", "not delivered", problem="AccessDenied"),
        ),
        *TABLES,
    )
