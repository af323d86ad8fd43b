"""The invariants of the tables, through the writer: any delivery, any interleaving, any failure of any call.

By number: (1) an unexpired item means "do not send"; (2) the same feedback counts once; (3)
only the set of feedback counts; (4) nothing weaker weakens; (5) an unblock beats what was before; (6) a crash loses
nothing; (7) one key function; (8) rows of an earlier version are read. test_state.py has 1, 3, 4 and 5 for the state
alone, test_address.py has 7, test_mixed_versions.py has 8 with the earlier version itself.
"""

from functools import reduce
from typing import Any

import pytest
from hypothesis import event as note
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback import table as table_module
from ses_feedback.history.event import Event
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import Effect, State
from ses_feedback.history.state_row import POLICY, STATE, read_state, state_row
from ses_feedback.history.writer import Outcome
from ses_feedback.table import decode, encode

from tests.handlers.fake_dynamodb import FAULTS, FakeDynamoDB, Store
from tests.handlers.model import (
    ADDRESSES,
    DAY,
    START,
    blocks_at,
    expected_item,
    histories,
    make_act,
    newest_time,
    policies,
)
from tests.handlers.simulation import FOREVER, Simulation, inline_blocklist, inline_history
from tests.properties import profile_times

faults_of_calls = st.lists(st.sampled_from([None, None, "unprocessed", *FAULTS]), max_size=30)
turns_of_workers = st.lists(st.integers(0, 5), min_size=1, max_size=40)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "_BACKOFF_SECONDS", 0)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    """The events, and how SQS delivers them: at least once each, in any order."""
    events = draw(histories(addresses=ADDRESSES, most=14))
    again = draw(st.lists(st.sampled_from(events), max_size=8)) if events else []
    return events, draw(st.permutations(events + again))


def check_tables(store: Store, events: list[Event], policy: SoftBouncePolicy) -> None:
    """Both tables are what the set of events makes them, and nothing else is in them."""
    by_address = {address: [event for event in events if event.address == address] for address in ADDRESSES}
    entries = {(event.address, event.entry) for event in events}
    assert {key for key in store.rows_of_addresses() if key[1] != "state"} == entries
    for address, address_events in by_address.items():
        stored = store.rows("history").get((address, "state"))
        state = read_state(decode(stored) if stored else None)
        expected = reduce(
            lambda state, event: state.add(event.effect, event.occurrence, policy),
            address_events,
            State(revision=state.revision),
        )
        assert state == expected
        item = store.rows("blocked").get((address,))
        blocked = decode(item) if item else None
        derived = expected.blocked_item(policy)
        assert blocked == (None if derived is None else {"value": address, **derived})
        now = newest_time(address_events)
        model = expected_item(address_events, policy)
        for reader_now in (now, now + 20 * DAY):
            assert blocks_at(blocked, reader_now) == blocks_at(model, reader_now)
            (answer,) = inline_blocklist(FakeDynamoDB(store)).check([address], now=reader_now)
            assert answer.allowed == (not blocks_at(model, reader_now))


@profile_times(2)
@given(deliveries(), policies, faults_of_calls, turns_of_workers, st.integers(1, 3), st.integers(1, 7))
def test_all_any_delivery_any_interleaving_any_failure(
    delivered: tuple[list[Event], list[Event]],
    policy: SoftBouncePolicy,
    faults: list[str | None],
    turns: list[int],
    workers: int,
    batch_size: int,
) -> None:
    events, messages = delivered
    simulation = Simulation(messages, policy, faults=faults, turns=turns, batch_size=batch_size)
    simulation.run(workers)
    assert set(simulation.recorded.values()) <= {1}, "an event counts once, whichever worker writes it"
    note(f"crashes: {min(simulation.crashes, 3)}")
    check_tables(simulation.store, events, policy)


@profile_times(0.6)
@given(deliveries(), policies, st.sampled_from(sorted(FAULTS)), st.integers(1, 7))
def test_6_a_failure_at_every_single_call_loses_nothing(
    delivered: tuple[list[Event], list[Event]], policy: SoftBouncePolicy, fault: str, batch_size: int
) -> None:
    events, messages = delivered
    for call in range(2 * len(messages) + 1):  # more calls than there are without a failure
        faults = [None] * call + [fault]
        simulation = Simulation(messages, policy, faults=faults, turns=[], batch_size=batch_size)
        simulation.run(workers=1)
        check_tables(simulation.store, events, policy)


@given(deliveries(), policies, st.integers(1, 7), st.integers(1, 7))
def test_2_a_second_delivery_changes_nothing_at_all(
    delivered: tuple[list[Event], list[Event]], policy: SoftBouncePolicy, first: int, second: int
) -> None:
    events, messages = delivered
    simulation = Simulation(messages, policy, faults=[], turns=[], batch_size=first)
    simulation.run(workers=1)
    before = {name: dict(rows) for name, rows in simulation.store.tables.items()}
    client = FakeDynamoDB(simulation.store)
    history = inline_history(client, policy)
    for start in range(0, len(events), second):
        results = history.apply(events[start : start + second], deadline=FOREVER)
        assert {result.outcome for result in results} == {Outcome.DUPLICATE}
    assert simulation.store.tables == before
    assert "TransactWriteItems" not in client.calls


@given(deliveries(), policies, st.integers(1, 7), st.integers(1, 7), turns_of_workers, st.integers(1, 3))
def test_3_order_batches_and_workers_do_not_show(
    delivered: tuple[list[Event], list[Event]],
    policy: SoftBouncePolicy,
    batch_size: int,
    other_batch_size: int,
    turns: list[int],
    workers: int,
) -> None:
    events, messages = delivered
    in_order = Simulation(events, policy, faults=[], turns=[], batch_size=batch_size)
    in_order.run(workers=1)
    as_delivered = Simulation(messages, policy, faults=[], turns=turns, batch_size=other_batch_size)
    as_delivered.run(workers)
    assert as_delivered.store.rows("blocked") == in_order.store.rows("blocked")
    assert _meaning(as_delivered.store) == _meaning(in_order.store)


@given(histories(most=6), histories(most=3, first=1_000), histories(most=3, first=2_000), policies)
def test_3_another_worker_between_reading_and_writing(
    earlier_events: list[Event], own_events: list[Event], other_events: list[Event], policy: SoftBouncePolicy
) -> None:
    store = Store()
    inline_history(FakeDynamoDB(store), policy).apply(earlier_events, deadline=FOREVER)
    other_batches = iter([other_events])

    def before(operation: str) -> None:
        if operation == "TransactWriteItems":
            inline_history(FakeDynamoDB(store), policy).apply(next(other_batches, []), deadline=FOREVER)

    results = inline_history(FakeDynamoDB(store, before), policy).apply(own_events, deadline=FOREVER)
    assert {result.outcome for result in results} <= {Outcome.RECORDED}
    check_tables(store, [*earlier_events, *own_events, *([] if next(other_batches, None) else other_events)], policy)


@given(deliveries(), policies, st.integers(0, 22), turns_of_workers, st.integers(1, 3), st.integers(1, 7))
def test_8_rows_of_the_earlier_schema_mean_the_same(
    delivered: tuple[list[Event], list[Event]],
    policy: SoftBouncePolicy,
    first: int,
    turns: list[int],
    workers: int,
    batch_size: int,
) -> None:
    events, messages = delivered
    before = Simulation(messages[:first], policy, faults=[], turns=[], batch_size=batch_size)
    before.run(workers=1)
    _downgrade(before.store, policy)
    after = Simulation(messages[first:], policy, faults=[], turns=turns, batch_size=batch_size)
    after.store = before.store
    after.run(workers)
    assert not set(after.recorded) & set(before.recorded), "what was recorded before the update is a duplicate after it"
    check_tables(after.store, events, policy)


def _downgrade(store: Store, policy: SoftBouncePolicy) -> None:
    """The history as the version before would have written it: every event in a row of its own, a state beside them."""
    for key, row in store.rows_of_addresses().items():
        old_row = row
        if key[1] == STATE:
            old_row = state_row(key[0], read_state(row), policy, row.get("expires_at"))
            del old_row["schema"]
            old_row.pop(POLICY, None)
            old_row["version"] = old_row.pop("revision")
        store.rows("history")[key] = encode(old_row)


def _meaning(store: Store) -> dict[Any, Any]:
    """The history without what says how often and when it was written."""
    return {
        key: {name: value for name, value in row.items() if name not in ("revision", "expires_at")}
        for key, row in store.rows_of_addresses().items()
    }


@given(histories(most=14), policies, histories(most=4, first=1_000))
def test_4_nothing_weaker_weakens_what_is_in_the_table(
    events: list[Event], policy: SoftBouncePolicy, later_events: list[Event]
) -> None:
    later_events = [event for event in later_events if event.effect not in (Effect.UNBLOCK, Effect.CLEAR)]
    store = Store()
    history = inline_history(FakeDynamoDB(store), policy)
    blocklist = inline_blocklist(FakeDynamoDB(store))
    now = newest_time(events + later_events)
    history.apply(events, deadline=FOREVER)
    (before,) = blocklist.check(ADDRESSES[:1], now=now)
    history.apply(later_events, deadline=FOREVER)
    (after,) = blocklist.check(ADDRESSES[:1], now=now)
    if not before.allowed:
        assert not after.allowed
        assert after.expires_at is None or (before.expires_at is not None and after.expires_at >= before.expires_at)


@given(deliveries(), policies, st.integers(0, 14), st.integers(0, 120))
def test_5_an_unblock_beats_what_was_before_it_even_if_that_comes_later(
    delivered: tuple[list[Event], list[Event]], policy: SoftBouncePolicy, position: int, day: int
) -> None:
    events, messages = delivered
    unblock = make_act(9_999, ADDRESSES[0], "unblock", START + day * DAY, None)
    simulation = Simulation(
        [*messages[:position], unblock, *messages[position:]], policy, faults=[], turns=[], batch_size=3
    )
    simulation.run(workers=1)
    address_events = [
        event for event in events if event.address == ADDRESSES[0] and event.occurrence.at > unblock.occurrence.at
    ]
    state = reduce(lambda state, event: state.add(event.effect, event.occurrence, policy), address_events, State())
    derived = state.blocked_item(policy)
    stored = simulation.store.rows("blocked").get((ADDRESSES[0],))
    assert (decode(stored) if stored else None) == (derived and {"value": ADDRESSES[0], **derived})
