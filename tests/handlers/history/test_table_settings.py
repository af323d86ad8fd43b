"""The settings in the history table: what is read and refused, and that they alone decide, also when they change."""

import json
import time
from datetime import timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.function.batch import read_record
from ses_feedback.function.settings import Settings
from ses_feedback.history.event import Event
from ses_feedback.history.holds import held_until
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import Effect, State
from ses_feedback.history.state_row import read_state
from ses_feedback.history.surges import SurgePolicy
from ses_feedback.history.table_settings import LIMITS, SETTINGS_KEY, TableSettings
from ses_feedback.history.writer import HistoryWriter, Outcome
from ses_feedback.table import TableError, decode, encode

from tests.handlers.fake_dynamodb import FakeDynamoDB, Store
from tests.handlers.model import ADDRESSES, DAY, START, histories, policies
from tests.handlers.simulation import FOREVER, inline_history
from tests.tables import settings_item

ITEM: dict[str, Any] = {
    **SETTINGS_KEY,
    "schema": 1,
    "soft_bounce_threshold": 20,
    "soft_bounce_window_days": 365,
    "soft_block_days": 1,
    "hold_days": 90,
    "surge_hourly_floor": 1_000_000,
    "surge_factor": 1,
}
REQUIRED = {
    "BLOCKED_TABLE_ARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/blocked",
    "HISTORY_TABLE_ARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/history",
    "PIPELINE": "bounce-shop",
}
BOUNCES = {
    "soft": ({"bounceType": "Transient", "bounceSubType": "MailboxFull"}, {"action": "failed", "status": "5.2.2"}),
    "hold": ({"bounceType": "Permanent", "bounceSubType": "General"}, {"action": "failed", "status": "5.4.4"}),
    "ignored": ({"bounceType": "Transient", "bounceSubType": "General"}, {}),
    "hard": ({"bounceType": "Permanent", "bounceSubType": "General"}, {"action": "failed", "status": "5.1.1"}),
}


def test_every_setting_is_read() -> None:
    settings = TableSettings.read(ITEM)
    assert settings == TableSettings(SoftBouncePolicy(20, 365, 1), 90, SurgePolicy(1_000_000, 1))
    assert {**SETTINGS_KEY, "schema": 1, **settings.numbers()} == ITEM
    assert set(settings.numbers()) == set(LIMITS)


def test_without_an_item_or_an_attribute_the_default_counts_and_an_unknown_attribute_does_not() -> None:
    assert TableSettings.read({}) == TableSettings()
    assert TableSettings.read({**SETTINGS_KEY, "schema": 1, "hold_days": 3, "hold_hours": 5}) == TableSettings(
        hold_days=3
    )


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ({"schema": 2}, "the table's settings have schema 2; this version knows up to 1"),
        ({"schema": "two"}, "the table's settings have schema two; this version knows up to 1"),
        ({"soft_bounce_threshold": 0}, "soft_bounce_threshold is 0, and a whole number from 1 to 20 is needed"),
        ({"hold_days": "14"}, "hold_days is '14', and a whole number from 1 to 90 is needed"),
        ({"surge_factor": 1.5}, "surge_factor is 1.5, and a whole number from 1 to 100 is needed"),
        ({"surge_factor": True}, "surge_factor is True, and a whole number from 1 to 100 is needed"),
        (
            {"soft_bounce_window_days": 1, "soft_block_days": 13},
            "soft_block_days is 13, and at most 12 times soft_bounce_window_days (1) is needed",
        ),
    ],
)
def test_what_cannot_be_used_is_named(attributes: dict[str, Any], problem: str) -> None:
    with pytest.raises(TableError) as error:
        TableSettings.read({**ITEM, **attributes})
    assert str(error.value).endswith(problem)


def bounce(number: int, kind: str, day: float, address: str = "jane@example.org") -> dict[str, Any]:
    """An SQS record."""
    fields, status = BOUNCES[kind]
    at = (START + timedelta(days=day)).isoformat()
    body = {**fields, "bouncedRecipients": [{"emailAddress": address, **status}], "timestamp": at}
    mail = {"timestamp": at, "messageId": f"mail-{number}", "destination": [address]}
    notification = {"notificationType": "Bounce", "bounce": {**body, "feedbackId": f"id-{number}"}, "mail": mail}
    return {"messageId": str(number), "body": json.dumps(notification)}


def events_of(record: dict[str, Any], environment: dict[str, str] | None = None) -> list[Event]:
    now = START + 200 * DAY
    return read_record(record, Settings.read({**REQUIRED, **(environment or {})}), now).events


def apply(store: Store, *records: dict[str, Any]) -> list[Outcome]:
    writer = HistoryWriter("blocked", "history", FakeDynamoDB(store))  # type: ignore[arg-type]
    events = [event for record in records for event in events_of(record)]
    return [result.outcome for result in writer.apply(events, deadline=time.monotonic() + 20)]


def blocked(store: Store) -> dict[str, Any] | None:
    item = store.rows("blocked").get(("jane@example.org",))
    return decode(item) if item else None


def test_while_the_schema_is_newer_nothing_is_written_and_nothing_lost() -> None:
    store = Store()
    store.set_settings(encode({**ITEM, "schema": 2}))
    records = [bounce(n, kind, n, f"{kind}@example.org") for n, kind in enumerate(BOUNCES)]
    assert apply(store, *records) == [Outcome.FAILED] * len(BOUNCES)
    assert store.rows_of_addresses() == store.rows("blocked") == {}
    store.set_settings(encode(ITEM))
    assert apply(store, *records) == [Outcome.RECORDED] * len(BOUNCES)


@pytest.mark.parametrize("days", [1, 14, 90])
def test_a_hold_lasts_as_long_as_the_table_says(days: int) -> None:
    store = Store()
    store.set_settings(settings_item(hold_days=days))
    assert apply(store, bounce(1, "hold", 0)) == [Outcome.RECORDED]
    (item,) = (blocked(store),)
    assert item
    assert (item["reason"], item["expires_at"]) == ("hold", held_until(START.isoformat(), days))
    row = store.rows_of_addresses()["jane@example.org", "feedback#id-1"]
    assert row["held_until"] == item["expires_at"]


def test_a_changed_setting_counts_from_the_next_batch_on() -> None:
    store = Store()
    apply(store, *(bounce(n, "soft", n) for n in range(3)))
    assert blocked(store) is None
    store.set_settings(settings_item(SoftBouncePolicy(threshold=3)))
    assert blocked(store) is None
    apply(store, bounce(3, "soft", 3))
    item = blocked(store)
    assert item
    assert item["reason"] == "soft-bounces"


def test_what_blocks_under_changed_settings_is_in_the_table_though_the_event_alone_changes_no_block() -> None:
    """Three soft bounces block since the change, longer than the hold that comes: the table must not stay empty."""
    store = Store()
    apply(store, *(bounce(n, "soft", n) for n in range(3)))
    store.set_settings(settings_item(SoftBouncePolicy(3, block_days=60), hold_days=1))
    apply(store, bounce(3, "hold", 3))
    item = blocked(store)
    assert item
    assert item["reason"] == "soft-bounces"


@pytest.mark.parametrize("kind", ["soft", "ignored"])
def test_what_no_longer_blocks_under_changed_settings_is_not_left_in_the_table(kind: str) -> None:
    store = Store()
    store.set_settings(settings_item(SoftBouncePolicy(threshold=2)))
    apply(store, bounce(0, "soft", 0), bounce(1, "soft", 1))
    assert blocked(store)
    store.set_settings(settings_item())
    apply(store, bounce(2, kind, 2))
    assert blocked(store) is None


changed_settings = st.builds(
    TableSettings,
    policies,
    st.integers(1, 30),
    st.builds(SurgePolicy, hourly_floor=st.integers(1, 5), factor=st.integers(1, 3)),
)
batches_and_settings = st.lists(st.tuples(histories(addresses=ADDRESSES, most=6), policies), min_size=1, max_size=5)


@given(batches_and_settings)
def test_whatever_the_settings_change_to_both_tables_follow_from_the_events(
    steps: list[tuple[list[Event], SoftBouncePolicy]],
) -> None:
    """The blocked item is the one of the state under the settings of the last event; each event counts once."""
    store = Store()
    recorded: dict[tuple[str, str], Event] = {}
    last_policies: dict[str, SoftBouncePolicy] = {}
    for events, policy in steps:
        results = inline_history(FakeDynamoDB(store), policy).apply(events, deadline=FOREVER)
        for event, result in zip(events, results, strict=True):
            key = (event.address, event.entry)
            assert (result.outcome is Outcome.DUPLICATE) == (key in recorded)
            assert result.outcome is not Outcome.FAILED
            if key not in recorded:
                last_policies[event.address] = policy
            recorded.setdefault(key, event)
    assert {key for key in store.rows_of_addresses() if key[1] != "state"} == set(recorded)
    for address in ADDRESSES:
        row = store.rows("history").get((address, "state"))
        state = read_state(decode(row) if row else None)
        policy = last_policies.get(address, SoftBouncePolicy())
        item = store.rows("blocked").get((address,))
        derived = state.blocked_item(policy)
        assert (decode(item) if item else None) == (derived and {"value": address, **derived})
        # Settings prune soft bounces alone: the rest of the state follows from the events under any of them.
        of_address = [event for (value, _), event in recorded.items() if value == address]
        expected = reduce(lambda so_far, event: so_far.add(event.effect, event.occurrence, policy), of_address, State())
        for name in ("bounce", "complaint", "clear", "unblock", "manual", "expiring", "holds"):
            assert getattr(state, name) == getattr(expected, name)
        soft_bounces = [event.occurrence for event in of_address if event.effect is Effect.SOFT]
        assert all(bounce in soft_bounces for bounce in state.soft)
    before = {name: dict(rows) for name, rows in store.tables.items()}
    for events, _ in steps:
        again = inline_history(FakeDynamoDB(store), steps[-1][1]).apply(events, deadline=FOREVER)
        assert {result.outcome for result in again} <= {Outcome.DUPLICATE}
    assert store.tables == before


records_of_domain = st.lists(
    st.builds(
        lambda number, kind, hour, person: bounce(number, kind, hour / 24, f"person{person}@example.org"),
        st.integers(0, 1_000),
        st.sampled_from(sorted(BOUNCES)),
        st.integers(0, 100),
        st.integers(0, 2),
    ),
    max_size=12,
    unique_by=lambda record: record["messageId"],
)
other_environments = st.fixed_dictionaries(
    {},
    optional={name.upper(): st.integers(*limits).map(str) for name, limits in LIMITS.items()},
)


@given(records_of_domain, st.lists(other_environments, min_size=2, max_size=2), changed_settings)
def test_two_pipelines_decide_alike_whatever_their_environment(
    records: list[dict[str, Any]], environments: list[dict[str, str]], settings: TableSettings
) -> None:
    """Each of two pairs of tables with these settings, written by a pipeline with the variables of earlier versions."""
    stores = []
    for environment in environments:
        store = Store()
        client = FakeDynamoDB(store)
        history = inline_history(client, settings.soft_bounces)
        store.set_settings(encode({**SETTINGS_KEY, "schema": 1, **settings.numbers()}))
        for record in records:
            history.apply(events_of(record, environment), deadline=FOREVER)
        stores.append(store)
    assert stores[0].tables == stores[1].tables
    for row in stores[0].rows_of_addresses().values():
        if row.get("rule") in ("surge-hold", "dns-failure"):
            assert row["held_until"] == held_until(row["occurred_at"], settings.hold_days)
