"""Where an event's row is: embedded in the state while it alone makes it, and in a row of its own otherwise.

That this never shows is in test_invariants.py; that an earlier version refuses such rows in test_mixed_versions.py.
"""

import time
from collections.abc import Sequence
from typing import Any

import pytest
from ses_feedback.history.event import Event
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import State
from ses_feedback.history.state_row import (
    EVENT,
    embedded_event,
    is_whole_state,
    read_state,
    state_row,
    with_embedded_events,
)
from ses_feedback.history.writer import HistoryWriter, Outcome, Result
from ses_feedback.table import TableError, decode, encode

from tests.handlers.fake_dynamodb import FakeDynamoDB, Store
from tests.handlers.model import DAY, RULES_USED, START, make_act, make_feedback

JANE = "jane@example.org"
RULES = {rule.name: rule for rule in RULES_USED}


def feedback(rule: str, number: int, address: str = JANE) -> Event:
    """Of day ``number``."""
    return make_feedback(number, address, RULES[rule], START + number * DAY)


HARD_1, HARD_2, HARD_3 = (feedback("hard-bounce", number) for number in (1, 2, 3))
SOFT_1, SOFT_2 = (feedback("soft-bounce", number) for number in (4, 5))
COMPLAINT, NOT_SPAM, IGNORED = feedback("complaint", 6), feedback("not-spam", 7), feedback("auto-reply", 8)
HOLD = feedback("dns-failure", 9)
BLOCK, UNBLOCK = make_act(10, JANE, "block", START + 10 * DAY, None), make_act(11, JANE, "unblock", START, None)


def apply(store: Store, *events: Event) -> list[Result]:
    client: Any = FakeDynamoDB(store)
    return HistoryWriter("blocked", "history", client).apply(events, deadline=time.monotonic() + 20)


def recorded(*batches: Sequence[Event]) -> Store:
    store = Store()
    for batch in batches:
        assert {result.outcome for result in apply(store, *batch)} == {Outcome.RECORDED}
    return store


def rows(store: Store, address: str = JANE) -> dict[str, dict[str, Any]]:
    """The rows of an address as they are stored, by sort key."""
    return {entry: decode(row) for (value, entry), row in store.rows("history").items() if value == address}


@pytest.mark.parametrize(
    ("batches", "embedded"),
    [
        ([[HARD_1]], HARD_1),
        ([[SOFT_1]], SOFT_1),
        ([[COMPLAINT]], COMPLAINT),
        ([[NOT_SPAM]], NOT_SPAM),
        ([[HOLD]], HOLD),
        ([[HARD_1, IGNORED]], HARD_1),
        ([[IGNORED], [HARD_1]], HARD_1),
        ([[HARD_1], [IGNORED]], HARD_1),
        ([[HARD_1, HARD_3, HARD_2]], HARD_3),  # of several in a batch, the one that makes the state
        ([[HARD_1], [HARD_2]], HARD_2),  # and the earlier one gets a row of its own
        ([[HARD_2], [HARD_1]], HARD_2),
        ([[COMPLAINT], [NOT_SPAM]], NOT_SPAM),
        ([[SOFT_1, SOFT_2]], None),
        ([[SOFT_1], [SOFT_2]], None),
        ([[HARD_1], [COMPLAINT]], None),
        ([[HARD_1], [BLOCK]], None),
        ([[BLOCK]], None),  # an act is kept for good, and a state is not
        ([[HARD_1], [UNBLOCK]], None),
        ([[UNBLOCK], [HARD_1]], None),
    ],
)
def test_the_event_that_alone_makes_the_state_is_embedded_in_it(
    batches: list[list[Event]], embedded: Event | None
) -> None:
    stored = rows(recorded(*batches))
    events = {event.entry: dict(event.row) for batch in batches for event in batch}
    in_state = embedded_event(stored["state"])
    assert in_state == (embedded and {"value": JANE, "entry": embedded.entry, **embedded.row})
    own = {entry: row for entry, row in stored.items() if entry != "state"}
    assert own == {
        entry: {"value": JANE, "entry": entry, **row}
        for entry, row in events.items()
        if embedded is None or entry != embedded.entry
    }


def test_feedback_that_changes_nothing_has_a_row_of_its_own_and_no_state() -> None:
    assert set(rows(recorded([IGNORED]))) == {IGNORED.entry}


@pytest.mark.parametrize("again", [HARD_1, make_feedback(1, JANE, RULES["auto-reply"], START)])
def test_what_is_embedded_is_a_duplicate_also_for_rules_that_ignore_it_now(again: Event) -> None:
    assert again.entry == HARD_1.entry
    store = recorded([HARD_1])
    before = rows(store)
    assert apply(store, again) == [Result(Outcome.DUPLICATE)]
    assert rows(store) == before


def test_a_feedback_that_other_rules_ignored_at_the_same_moment_stays_in_nobodys_way() -> None:
    """Two versions judge it otherwise, and both find no trace of it: the one that counts it decides."""
    store = recorded([HARD_1])
    ignored = make_feedback(1, JANE, RULES["auto-reply"], START)
    row = {"value": JANE, "entry": ignored.entry, **ignored.row}
    store.rows("history")[JANE, ignored.entry] = encode(row)
    assert apply(store, COMPLAINT) == [Result(Outcome.RECORDED)]
    assert rows(store)[HARD_1.entry]["verdict"] == "block"


@pytest.mark.parametrize("batches", [[[HARD_1]], [[SOFT_1]], [[HOLD]], [[HARD_1], [HARD_2]]])
def test_an_embedded_event_is_kept_as_long_as_in_a_row_of_its_own(batches: list[list[Event]]) -> None:
    """DynamoDB deletes it with the state row: never before its own time."""
    state = rows(recorded(*batches))["state"]
    assert state.get("expires_at", float("inf")) >= state[EVENT]["expires_at"]


def test_moved_out_it_has_its_own_time_again() -> None:
    stored = rows(recorded([HARD_1], [COMPLAINT]))
    assert "expires_at" not in stored["state"]
    assert stored[HARD_1.entry]["expires_at"] == HARD_1.expires_at


def test_addresses_whose_embedded_events_leave_no_room_in_a_transaction_are_written_by_themselves() -> None:
    addresses = [f"person{number}@example.org" for number in range(33)]
    store = recorded([feedback("hard-bounce", number, address) for number, address in enumerate(addresses)])
    blocks = [make_act(100 + number, address, "block", START, None) for number, address in enumerate(addresses)]
    assert apply(store, *blocks) == [Result(Outcome.RECORDED)] * 33
    assert all(len(rows(store, address)) == 3 for address in addresses)


def test_a_row_of_the_earlier_schema_is_read_and_becomes_one_of_this_with_the_next_write() -> None:
    store = Store()
    occurrence = {"at": HARD_1.occurrence.at, "id": HARD_1.occurrence.id, **HARD_1.occurrence.attributes}
    old_row = {"value": JANE, "entry": "state", "version": 4, "bounce": occurrence}
    event_row = {"value": JANE, "entry": HARD_1.entry, **HARD_1.row}
    for row in (old_row, event_row):
        store.rows("history")[JANE, str(row["entry"])] = encode(row)
    assert read_state(old_row) == State(bounce=HARD_1.occurrence, revision=4)
    assert apply(store, HARD_1) == [Result(Outcome.DUPLICATE)]
    assert apply(store, COMPLAINT) == [Result(Outcome.RECORDED)]
    stored = rows(store)["state"]
    assert (stored["schema"], stored["revision"], "version" in stored) == (2, 5, False)
    assert read_state(stored) == State(bounce=HARD_1.occurrence, complaint=COMPLAINT.occurrence, revision=5)


def test_of_two_workers_on_a_row_of_the_earlier_schema_the_later_one_reads_again() -> None:
    store = Store()
    store.rows("history")[JANE, "state"] = encode({"value": JANE, "entry": "state", "version": 1})
    others = iter([COMPLAINT])

    def before(operation: str) -> None:
        if operation == "TransactWriteItems" and (event := next(others, None)):
            assert apply(store, event) == [Result(Outcome.RECORDED)]

    client: Any = FakeDynamoDB(store, before)
    writer = HistoryWriter("blocked", "history", client)
    assert writer.apply([HARD_1], deadline=time.monotonic() + 20) == [Result(Outcome.RECORDED)]
    state = read_state(rows(store)["state"])
    assert (state.bounce, state.complaint, state.revision) == (HARD_1.occurrence, COMPLAINT.occurrence, 3)


@pytest.mark.parametrize("event", [COMPLAINT, IGNORED, UNBLOCK], ids=["complaint", "ignored", "unblock"])
def test_a_row_of_a_later_schema_is_refused_and_stays_as_it_is(event: Event) -> None:
    """Also for what changes no state: it may be embedded there, in a way that this version does not know."""
    store = recorded([HARD_1])
    later = {"value": JANE, "entry": "state", "schema": 3, "revision": 1, "event": {"feedback_id": "x"}, "news": "?"}
    store.rows("history")[JANE, "state"] = encode(later)
    other = feedback("hard-bounce", 1, "amy@example.org")
    assert apply(store, event, other) == [
        Result(Outcome.FAILED, "the state row of an address has schema 3, this version knows up to 2"),
        Result(Outcome.RECORDED),
    ]
    assert rows(store) == {"state": later}


@pytest.mark.parametrize(
    "row",
    [
        {"schema": 2},
        {"schema": "new", "revision": 1},
        {"schema": 2, "revision": 1, "event": "gone"},
        {"schema": 2, "revision": 1, "event": {"feedback_id": "x"}},
        {"schema": 2, "revision": 1, "event": {**HARD_1.row, "verdict": "?"}},
        {"version": 1, "bounce": "yesterday"},
    ],
)
def test_what_no_version_wrote_is_an_error_without_its_values(row: dict[str, Any]) -> None:
    row = {"value": JANE, "entry": "state", **row}
    with pytest.raises(TableError, match=r"^the state row of an address cannot be read \(\w+\)$"):
        read_state(row)
    assert row in [*with_embedded_events([row])]  # a reader of all rows goes on


def test_a_row_says_what_its_state_says() -> None:
    row = {"value": JANE, "entry": HARD_1.entry, **HARD_1.row}
    state = State(bounce=HARD_1.occurrence, revision=6)
    assert is_whole_state(row, state)
    for embedded in (row, None):
        stored = decode(encode(state_row(JANE, state, SoftBouncePolicy(), None, embedded)))
        assert read_state(stored) == State(bounce=HARD_1.occurrence, revision=7)
