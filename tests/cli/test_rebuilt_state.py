"""The state built again from the rows is the state that was written as they came, with or without expired rows."""

import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.history.event import Event, manual_event
from ses_feedback.history.occurrence import Occurrence
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import Effect
from ses_feedback.history.stored_feedback import stored_feedback
from ses_feedback_cli.rejudgement.rebuilt_state import rebuilt_state, stored_act

from tests.handlers.history.test_state import state_after
from tests.handlers.model import START, histories, hold_histories, policies


def stored(event: Event) -> tuple[Effect, Occurrence]:
    row = {"value": event.address, "entry": event.entry, **event.row}
    return stored_feedback(row) if event.entry.startswith("feedback#") else stored_act(row)


@given(histories() | hold_histories(), policies, st.randoms(use_true_random=False))
def test_it_is_the_state_of_all_events_whichever_rows_have_expired(
    events: list[Event], policy: SoftBouncePolicy, generator: random.Random
) -> None:
    state = state_after(events, policy)
    rows = [event for event in events if generator.random() < 0.6]
    generator.shuffle(rows)
    assert rebuilt_state(state, map(stored, rows), policy) == state


@given(histories())
def test_a_row_says_what_its_event_did(events: list[Event]) -> None:
    assert [stored(event) for event in events] == [(event.effect, event.occurrence) for event in events]


def test_a_rejudge_is_a_trace_without_effect() -> None:
    act = manual_event("rejudge", "jane@example.org", actor="joe", note="", at=START + timedelta(days=1), act_id="a")
    assert stored(act) == (Effect.NONE, Occurrence("2026-01-02T00:00:00.000Z", "a", {}))
    assert act.row["act"] == "rejudge"
