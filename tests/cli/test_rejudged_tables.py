"""Any history judged again in any way: both tables are those of the new verdicts, wherever a row was stored."""

from collections.abc import Mapping
from datetime import timedelta
from functools import reduce
from typing import Any
from unittest import mock

from hypothesis import event as note
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.history.event import Event, manual_event
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import State
from ses_feedback.history.state_row import EVENT, STATE, read_state
from ses_feedback.history.stored_feedback import stored_feedback
from ses_feedback.history.transaction import Tables
from ses_feedback.table import decode
from ses_feedback_cli.rejudgement import judgement
from ses_feedback_cli.rejudgement.judgement import Rejudgement
from ses_feedback_cli.rejudgement.rebuilt_state import stored_act

from tests.handlers.fake_dynamodb import FakeDynamoDB, Store
from tests.handlers.model import ADDRESSES, START, histories, policies
from tests.handlers.simulation import FOREVER, inline_history

JANE = ADDRESSES[0]
REJUDGE = manual_event("rejudge", JANE, actor="joe", note="", at=START + timedelta(days=500), act_id="again")
VERDICTS = ("block", "hold", "count", "clear", "ignore")
HOLD = {"held_until": int((START + timedelta(days=60)).timestamp()), "confirmable": True}


def rejudged(row: Mapping[str, Any], verdict: str) -> dict[str, Any]:
    attributes = {name: value for name, value in row.items() if name not in HOLD}
    return {**attributes, "rule": f"new-{verdict}", "verdict": verdict, **(HOLD if verdict == "hold" else {})}


@given(
    histories(most=8),
    histories(most=2, first=1_000),
    policies,
    st.lists(st.sampled_from((None, *VERDICTS)), min_size=8, max_size=8),
    st.integers(1, 3),
)
def test_the_tables_are_those_of_the_new_verdicts(
    events: list[Event],
    later_events: list[Event],
    policy: SoftBouncePolicy,
    new_verdicts: list[str | None],
    rows_limit: int,
) -> None:
    store = Store()
    client: Any = FakeDynamoDB(store)
    writer = inline_history(client, policy)
    for event in events:
        writer.apply([event], deadline=FOREVER)
    verdicts = {event.entry: verdict for event, verdict in zip(events, new_verdicts, strict=False)}
    expected = {event.entry: {"value": JANE, "entry": event.entry, **event.row} for event in events}
    for entry, row in expected.items():
        if entry.startswith("feedback#") and (verdict := verdicts[entry]):
            expected[entry] = rejudged(row, verdict)

    def judge_row(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
        verdict = verdicts[row["entry"]]
        return rejudged(row, verdict) if verdict and not row["rule"].startswith("new-") else None

    with mock.patch.object(judgement, "ROWS_LIMIT", rows_limit):
        while again := Rejudgement.of_rows([*store.rows_of_addresses().values()], judge_row):
            step = again.next_step(REJUDGE, Tables("blocked", "history"), policy)
            client.transact_write_items(TransactItems=step.actions)
            expected[REJUDGE.entry] = {"value": JANE, "entry": REJUDGE.entry, **REJUDGE.row}
            assert revision(store) == step.revision
            assert step.is_last == (Rejudgement.of_rows([*store.rows_of_addresses().values()], judge_row) is None)
    check(store, expected, policy)
    writer.apply(later_events, deadline=FOREVER)
    check(
        store,
        expected | {event.entry: {"value": JANE, "entry": event.entry, **event.row} for event in later_events},
        policy,
    )


def revision(store: Store) -> int:
    stored = store.rows("history").get((JANE, STATE))
    return int(stored["revision"]["N"]) if stored else 0


def check(store: Store, expected: Mapping[str, Mapping[str, Any]], policy: SoftBouncePolicy) -> None:
    rows = {entry: row for (_, entry), row in store.rows_of_addresses().items()}
    stored_state = rows.pop(STATE, None)
    note(f"embedded: {stored_state is not None and EVENT in stored_state}")
    assert rows == expected
    stored = [stored_act(row) if "act" in row else stored_feedback(row) for row in expected.values()]
    state = reduce(lambda state, pair: state.add(*pair, policy), stored, State(revision=revision(store)))
    assert read_state(stored_state) == state
    item = store.rows("blocked").get((JANE,))
    derived = state.blocked_item(policy)
    assert (decode(item) if item else None) == (derived and {"value": JANE, **derived})
