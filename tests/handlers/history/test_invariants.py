"""The invariants of the tables, through the writer: any delivery, any interleaving, any failure of any call.

The numbers are those of the design: (1) an unexpired item means "do not send"; (2) the same feedback counts once; (3)
only the set of feedback counts; (4) nothing weaker weakens; (5) an unblock beats what was before; (6) a crash loses
nothing; (7) one key function. test_state.py has 1, 3, 4 and 5 for the fold alone, test_address.py has 7.
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
from ses_feedback.history.transaction import read_state
from ses_feedback.history.writer import Outcome
from ses_feedback.table import decode

from tests.handlers.fake_dynamodb import FAULTS, FakeDynamoDB, Store
from tests.handlers.model import ADDRESSES, DAY, START, alive_at, an_act, expected_item, histories, newest, policies
from tests.handlers.simulation import FOREVER, Simulation, inline_blocklist, inline_history
from tests.properties import profile_times

some_faults = st.lists(st.sampled_from([None, None, "unprocessed", *FAULTS]), max_size=30)
some_turns = st.lists(st.integers(0, 5), min_size=1, max_size=40)


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
    by_address = {address: [e for e in events if e.address == address] for address in ADDRESSES}
    entries = {(e.address, e.entry) for e in events}
    assert {key for key in store.rows("history") if key[1] != "state"} == entries
    for address, its in by_address.items():
        stored = store.rows("history").get((address, "state"))
        state = read_state(decode(stored) if stored else None)
        right = reduce(lambda so_far, e: so_far.add(e.effect, e.occurrence, policy), its, State(version=state.version))
        assert state == right
        item = store.rows("blocked").get((address,))
        blocked = decode(item) if item else None
        derived = right.blocked_item(policy)
        assert blocked == (None if derived is None else {"value": address, **derived})
        now = newest(its)
        model = expected_item(its, policy)
        for moment in (now, now + 20 * DAY):
            assert alive_at(blocked, moment) == alive_at(model, moment)
            (answer,) = inline_blocklist(FakeDynamoDB(store)).check([address], now=moment)
            assert answer.allowed == (not alive_at(model, moment))


@profile_times(2)
@given(deliveries(), policies, some_faults, some_turns, st.integers(1, 3), st.integers(1, 7))
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
    assert set(simulation.recorded.values()) <= {1}, "an event counts once, whoever asks"
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


@given(deliveries(), policies, st.integers(1, 7), st.integers(1, 7), some_turns, st.integers(1, 3))
def test_3_order_batches_and_workers_do_not_show(
    delivered: tuple[list[Event], list[Event]],
    policy: SoftBouncePolicy,
    one: int,
    other: int,
    turns: list[int],
    workers: int,
) -> None:
    events, messages = delivered
    plain = Simulation(events, policy, faults=[], turns=[], batch_size=one)
    plain.run(workers=1)
    mixed = Simulation(messages, policy, faults=[], turns=turns, batch_size=other)
    mixed.run(workers)
    assert mixed.store.rows("blocked") == plain.store.rows("blocked")
    assert _meaning(mixed.store) == _meaning(plain.store)


@given(histories(most=6), histories(most=3, first=1_000), histories(most=3, first=2_000), policies)
def test_3_another_worker_between_reading_and_writing(
    known: list[Event], ours: list[Event], theirs: list[Event], policy: SoftBouncePolicy
) -> None:
    store = Store()
    inline_history(FakeDynamoDB(store), policy).apply(known, deadline=FOREVER)
    others = iter([theirs])

    def before(operation: str) -> None:
        if operation == "TransactWriteItems":
            inline_history(FakeDynamoDB(store), policy).apply(next(others, []), deadline=FOREVER)

    results = inline_history(FakeDynamoDB(store, before), policy).apply(ours, deadline=FOREVER)
    assert {result.outcome for result in results} <= {Outcome.RECORDED}
    check_tables(store, [*known, *ours, *([] if next(others, None) else theirs)], policy)


def _meaning(store: Store) -> dict[Any, Any]:
    """The history without what says how often and when it was written."""
    return {
        k: {n: v for n, v in row.items() if n not in ("version", "expires_at")}
        for k, row in store.rows("history").items()
    }


@given(histories(most=14), policies, histories(most=4, first=1_000))
def test_4_nothing_weaker_weakens_what_is_in_the_table(
    events: list[Event], policy: SoftBouncePolicy, more: list[Event]
) -> None:
    more = [e for e in more if e.effect not in (Effect.UNBLOCK, Effect.CLEAR)]
    store = Store()
    history = inline_history(FakeDynamoDB(store), policy)
    blocklist = inline_blocklist(FakeDynamoDB(store))
    now = newest(events + more)
    history.apply(events, deadline=FOREVER)
    (before,) = blocklist.check(ADDRESSES[:1], now=now)
    history.apply(more, deadline=FOREVER)
    (after,) = blocklist.check(ADDRESSES[:1], now=now)
    if not before.allowed:
        assert not after.allowed
        assert after.expires_at is None or (before.expires_at is not None and after.expires_at >= before.expires_at)


@given(deliveries(), policies, st.integers(0, 14), st.integers(0, 120))
def test_5_an_unblock_beats_what_was_before_it_even_if_that_comes_later(
    delivered: tuple[list[Event], list[Event]], policy: SoftBouncePolicy, place: int, day: int
) -> None:
    events, messages = delivered
    unblock = an_act(9_999, ADDRESSES[0], "unblock", START + day * DAY, None)
    simulation = Simulation([*messages[:place], unblock, *messages[place:]], policy, faults=[], turns=[], batch_size=3)
    simulation.run(workers=1)
    its = [e for e in events if e.address == ADDRESSES[0] and e.occurrence.at > unblock.occurrence.at]
    state = reduce(lambda so_far, e: so_far.add(e.effect, e.occurrence, policy), its, State())
    derived = state.blocked_item(policy)
    stored = simulation.store.rows("blocked").get((ADDRESSES[0],))
    assert (decode(stored) if stored else None) == (derived and {"value": ADDRESSES[0], **derived})
