"""A month of invented feedback, recorded in memory by the history writer, and the report about it."""

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
from ses_feedback.history.state_row import with_embedded_events
from ses_feedback.history.writer import HistoryWriter, Outcome
from ses_feedback.table import decode
from ses_feedback_cli.report.contents import DeadLetterCount, Report
from ses_feedback_cli.report.reputation import ReputationRate
from ses_feedback_cli.report.summary import Summary
from ses_feedback_cli.report.summary_builder import SummaryBuilder

from tests.handlers.fake_dynamodb import FakeDynamoDB, Store

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FIRST_DAY = date(2026, 10, 26)
TABLE_ARNS = (
    "arn:aws:dynamodb:eu-central-1:123456789012:table/ses-feedback-blocked-1a2b3c4",
    "arn:aws:dynamodb:eu-central-1:123456789012:table/ses-feedback-history-5d6e7f8",
)

_DOMAIN_WEIGHTS = {
    "gmail.example": 40, "outlook.example": 25, "yahoo.example": 18, "web.example": 9, "mail.university.example": 6,
    "xn--mnchen-3ya.example": 4, "customer-of-a-rather-long-name.subsidiary.holding.example": 3, "small.example": 1,
}  # fmt: skip
_FEEDBACK_WEIGHTS: dict[tuple[str, str, str, str], int] = {  # by kind, type, subtype and status
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
_IDENTITY_WEIGHTS = {"shop.example": 60, "news.shop.example": 30, "no-reply@billing.example": 10}


def bounce(address: str, at: datetime = NOW, **fields: str) -> Event:
    """The event of a feedback with its verdict: a hard bounce by default."""
    defaults: dict[str, Any] = {
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
    feedback = Feedback(**{**defaults, **fields})
    return feedback_event(feedback, judge(feedback), pipeline="bounce-shop", now=at)


def soft_bounce(address: str, at: datetime = NOW) -> Event:
    """The event of a bounce because of a full mailbox."""
    return bounce(address, at, type="Transient", subtype="MailboxFull", status="4.2.2")


def sample_events() -> Iterator[Event]:
    """The events of the month, the same on every machine."""
    generator = random.Random(20261124)  # noqa: S311 - no secret
    for number in range(1_400):
        day = min(29, int(generator.triangular(0, 30, 22)))
        at = datetime(2026, 10, 26, tzinfo=UTC) + timedelta(days=day, seconds=generator.randrange(43_000))
        ((kind, type_, subtype, status),) = generator.choices([*_FEEDBACK_WEIGHTS], [*_FEEDBACK_WEIGHTS.values()])
        (domain,) = generator.choices([*_DOMAIN_WEIGHTS], [*_DOMAIN_WEIGHTS.values()])
        (identity,) = generator.choices([*_IDENTITY_WEIGHTS], [*_IDENTITY_WEIGHTS.values()])
        local_part = f"person{number if subtype != 'MailboxFull' else generator.randrange(60)}.surname"
        delivery_status = {} if status else {"action": "", "diagnostic": ""}
        yield bounce(
            f"{local_part}@{domain}",
            at,
            kind=kind,
            type=type_,
            subtype=subtype,
            status=status,
            identity=identity,
            **delivery_status,
        )
    for number in range(3):
        yield bounce(f"founder{number % 2}@sole-trader.example", NOW - timedelta(days=number))
    for number in range(12):
        yield manual_event("block", f"asked{number}@gmail.example", actor="support", note="asked for it", at=NOW)
    yield manual_event("unblock", "asked3@gmail.example", actor="support", note="", at=NOW + timedelta(seconds=1))


def record(events: Iterable[Event]) -> Store:
    """Tables in memory with these events, recorded by the history writer."""
    store = Store()
    writer = HistoryWriter("blocked", "history", cast(Any, FakeDynamoDB(store)))
    results = writer.apply([*events], deadline=time.monotonic() + 60)
    assert {result.outcome for result in results} <= {Outcome.RECORDED, Outcome.DUPLICATE}
    return store


def count(
    store: Store, *, includes_addresses: bool = False, first_day: date = FIRST_DAY, now: datetime = NOW
) -> Summary:
    """The summary of all rows of the tables."""
    builder = SummaryBuilder(first_day, now, SoftBouncePolicy(), includes_addresses=includes_addresses)
    for item in store.rows("blocked").values():
        builder.count_blocked_item(decode(item))
    for row in with_embedded_events(map(decode, store.rows("history").values())):
        builder.count_history_row(row)
    return builder.summary()


@cache
def sample_month() -> Store:
    """The tables of the month. Do not change them."""
    return record(sample_events())


def sample_report(store: Store, *, includes_addresses: bool = False) -> Report:
    """The report about tables, with high rates and with dead letters."""
    return Report(
        count(store, includes_addresses=includes_addresses),
        (
            ReputationRate("eu-west-1", "bounce", 0.0214, NOW),
            ReputationRate("eu-west-1", "complaint", 0.00231, NOW),
            ReputationRate("us-east-1", "bounce", 0.1031, NOW),
            ReputationRate("us-east-1", "complaint", problem="no data in 3 days"),
        ),
        (
            DeadLetterCount("bounce-eu-west-1-shop", "eu-west-1", "dead-letters", 3),
            DeadLetterCount("bounce-eu-west-1-shop", "eu-west-1", "subscription-dead-letters", 0),
            DeadLetterCount("complaint-eu-west-1-shop", "eu-west-1", "dead-letters", 0),
            DeadLetterCount(
                "complaint-eu-west-1-shop", "eu-west-1", "subscription-dead-letters", problem="AccessDenied"
            ),
        ),
        *TABLE_ARNS,
    )
