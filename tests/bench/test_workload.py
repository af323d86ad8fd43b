"""The workload of storm and outages says the same each time, and its expectation finds what is wrong in a table."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from ses_feedback.function.batch import read_record
from ses_feedback.function.origin import Source
from ses_feedback.function.settings import Settings
from ses_feedback.history.event import Event
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.table import decode

from bench.expected_tables import differences, expected_entries
from bench.workload import Notification, Origin, mixed_feedback, poison
from tests.handlers.fake_dynamodb import FakeDynamoDB, Store
from tests.handlers.model import expected_item
from tests.handlers.simulation import FOREVER, inline_history

ENDS = datetime(2026, 11, 24, 12, tzinfo=UTC)
ORIGIN = Origin("123456789012")
SOURCE = Source(ORIGIN.account, ORIGIN.region, (ORIGIN.identity,), ORIGIN.configuration_set)
SETTINGS = Settings("blocked", "history", "p", source=SOURCE)
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def notifications() -> list[Notification]:
    return [*mixed_feedback(300, ORIGIN, ENDS), *poison(14, ORIGIN, ENDS)]


def read(notification: Notification) -> tuple[bool, list[Event]]:
    record = read_record({"messageId": "1", "body": notification.body}, SETTINGS, ENDS)
    return bool(record.problems), record.events


def test_the_function_reads_and_judges_what_each_notification_is_said_to_mean(
    notifications: list[Notification],
) -> None:
    for notification in notifications:
        unreadable, events = read(notification)
        assert unreadable is notification.unreadable
        assert [(event.address, event.row["rule"], event.occurrence.id) for event in events] == [
            (feedback.address, rule, feedback.feedback_id) for feedback, rule in notification.judgements
        ]


def test_it_is_the_same_each_time_and_has_all_sorts(notifications: list[Notification]) -> None:
    again = [*mixed_feedback(300, ORIGIN, ENDS), *poison(14, ORIGIN, ENDS)]
    assert again == notifications
    assert len({notification.body for notification in notifications if notification.unreadable}) == 14
    rules = {rule for notification in notifications for _, rule in notification.judgements}
    assert {"hard-bounce", "mailbox-full", "auto-reply", "complaint", "not-spam", "suspects"} < rules
    assert {"account-suppression", "global-suppression"} < rules
    of_name: dict[str, set[str]] = {}
    for notification in notifications:
        dialect = next(iter(json.loads(notification.body))) if not notification.unreadable else ""
        of_name.setdefault(notification.name, set()).add(dialect)
    assert {"notificationType", "eventType"} in of_name.values()  # one feedback in both dialects
    addresses = {feedback.address for notification in notifications for feedback, _ in notification.judgements}
    assert 50 < len(addresses) < expected_entries(notifications) / 2  # many have several


@pytest.fixture
def tables(notifications: list[Notification]) -> tuple[Rows, Rows]:
    """Blocked and history, as the writer leaves them."""
    store = Store()
    history = inline_history(FakeDynamoDB(store), SoftBouncePolicy())
    for notification in notifications:
        history.apply(read(notification)[1], deadline=FOREVER)
    return [decode(row) for row in store.rows("blocked").values()], [
        decode(row) for row in store.rows("history").values()
    ]


def test_right_tables_have_no_difference(notifications: list[Notification], tables: tuple[Rows, Rows]) -> None:
    assert differences(notifications, *tables) == []
    assert any("event" in row for row in tables[1])  # embedded rows are seen too


@pytest.mark.parametrize("table", [0, 1])
@pytest.mark.parametrize("change", ["lost", "added", "changed"])
def test_each_sort_of_difference_is_found(
    notifications: list[Notification], tables: tuple[Rows, Rows], table: int, change: str
) -> None:
    rows = tables[table]
    row = next(row for row in rows if row.get("rule") == "mailbox-full" or row.get("reason") == "bounce")
    if change == "lost":
        rows.remove(row)
    elif change == "added":
        rows.append({**row, "value": "stranger@example.org"})
    else:
        row["diagnostic"] = "another"
    assert differences(notifications, *tables) != []


def test_the_model_is_not_the_program() -> None:
    """It would prove nothing if it used what it checks."""
    assert not {"State", "read_state", "HistoryWriter", "transaction_actions"} & set(expected_item.__globals__)
