"""Stored feedback judged again: what today's rules wrote stays, and what earlier versions wrote is understood."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.function.feedback_event import feedback_event
from ses_feedback.function.notification import Feedback, parse_notification
from ses_feedback.function.verdict import RULES, judge, judge_all
from ses_feedback.history.event import Event
from ses_feedback.history.stored_feedback import stored_feedback
from ses_feedback_cli.rejudgement.feedback_rows import rejudge_row

from tests.handlers.corpus import examples

NOW = datetime(2026, 11, 24, 12, 0, 5, 123_456, tzinfo=UTC)

# As version 0.1.0 wrote it.
OLD_ROW: dict[str, Any] = {
    "value": "jane@example.org",
    "entry": "feedback#id-1",
    "account": "123456789012",
    "action": "failed",
    "diagnostic": "smtp; 550 5.7.1 rejected by policy",
    "expires_at": 1826704805,
    "feedback_id": "id-1",
    "identity": "example.com",
    "kind": "bounce",
    "message_id": "m-1",
    "occurred_at": "2026-11-20T10:00:00.000Z",
    "pipeline": "bounce-example",
    "recorded_at": "2026-11-20T10:00:05.123Z",
    "region": "eu-west-1",
    "rule": "hard-bounce",
    "status": "5.7.1",
    "subtype": "General",
    "type": "Permanent",
    "verdict": "block",
}
_NAMES = {name for rule in RULES for name in (*rule.types, *rule.subtypes)} | {"something new"}
_FEEDBACK = st.builds(
    Feedback,
    kind=st.sampled_from(["bounce", "complaint"]),
    address=st.just("jane@example.org"),
    feedback_id=st.just("id"),
    occurred_at=st.just("2026-11-20T10:00:00.000Z"),
    type=st.sampled_from(sorted(_NAMES)),
    subtype=st.sampled_from(sorted(_NAMES)),
    action=st.sampled_from(["", "failed", "delayed"]),
    status=st.sampled_from(["", "5.1.1", "5.2.2", "5.4.4", "5.7.1", "4.4.7", "5.0.0"]),
    diagnostic=st.sampled_from(["", "smtp; 550 5.1.1 user unknown", "smtp; 550 listed by spamhaus"]),
    message_id=st.sampled_from(["", "mail"]),
    mailed=st.booleans(),
    destinations_known=st.booleans(),
    ambiguous=st.booleans(),
    forwarded=st.booleans(),
)


def row_of(event: Event) -> dict[str, Any]:
    return {"value": event.address, "entry": event.entry, **event.row}


@given(_FEEDBACK, st.sampled_from([1, 14, 30]))
def test_todays_rules_change_nothing_that_they_wrote(feedback: Feedback, hold_days: int) -> None:
    event = feedback_event(feedback, judge(feedback), pipeline="p", now=NOW, hold_days=hold_days)
    assert rejudge_row(row_of(event)) is None
    assert stored_feedback(row_of(event)) == (event.effect, event.occurrence)


def test_the_corpus_does_not_change_either() -> None:
    readable = [example for example in examples() if not any("fails: " in outcome for outcome in example.expected)]
    events = [
        feedback_event(feedback, rule, pipeline="p", now=NOW)
        for example in readable
        for feedback, rule in judge_all(parse_notification(example.body, sent_at=NOW, now=NOW).feedback)
    ]
    assert len(events) > 50
    assert [event.entry for event in events if rejudge_row(row_of(event))] == []


@pytest.mark.parametrize(
    ("changes", "rule", "verdict"),
    [
        ({}, "sender-refused", "count"),
        ({"status": "5.4.4", "diagnostic": ""}, "dns-failure", "hold"),
        ({"status": "5.1.1", "diagnostic": "", "forwarded": True}, "forwarded", "count"),
        ({"subtype": "Suppressed", "rule": "global-suppression"}, "global-suppression", "hold"),
        ({"subtype": "NoEmail", "rule": "no-email-other-address", "verdict": "ignore"}, "not-mailed", "ignore"),
        ({"subtype": "NoEmail", "rule": "no-email-stranger", "verdict": "ignore"}, "not-mailed", "ignore"),
        ({"kind": "complaint", "type": "abuse", "ambiguous": True, "rule": "complaint"}, "suspects", "hold"),
    ],
)
def test_rows_of_earlier_versions_are_understood(changes: dict[str, Any], rule: str, verdict: str) -> None:
    old = {**OLD_ROW, **changes}
    new = rejudge_row(old)
    assert new is not None
    assert (new["rule"], new["verdict"], new["first_rule"], new["first_verdict"]) == (
        rule,
        verdict,
        old["rule"],
        old["verdict"],
    )
    assert ("held_until" in new) == (verdict == "hold")
    recorded = ("value", "entry", "recorded_at", "occurred_at", "expires_at", "pipeline", "status", "type", "kind")
    assert {name: new[name] for name in recorded} == {name: old[name] for name in recorded}
    assert rejudge_row(new) is None


def test_the_first_rule_stays_the_first() -> None:
    new = rejudge_row({**OLD_ROW, "first_rule": "older", "first_verdict": "ignore"})
    assert new is not None
    assert (new["first_rule"], new["first_verdict"]) == ("older", "ignore")


def test_a_hold_that_still_is_one_keeps_its_end_and_a_new_one_counts_from_the_feedback() -> None:
    hold = {
        **OLD_ROW,
        "status": "5.4.4",
        "diagnostic": "",
        "rule": "some-hold",
        "verdict": "hold",
        "held_until": 1_900_000_000,
    }
    kept, new = rejudge_row(hold), rejudge_row({**OLD_ROW, "status": "5.4.4", "diagnostic": ""}, hold_days=7)
    assert kept is not None
    assert new is not None
    assert kept["held_until"] == 1_900_000_000
    assert new["held_until"] == datetime(2026, 11, 28, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("rule", ["surge-hold", "protected"])
def test_what_the_tables_decided_is_not_judged_again(rule: str) -> None:
    assert rejudge_row({**OLD_ROW, "rule": rule, "verdict": "hold"}) is None


def test_a_protected_address_keeps_what_clears_it() -> None:
    row = {**OLD_ROW, "kind": "complaint", "type": "not-spam", "rule": "not-spam", "verdict": "clear"}
    assert rejudge_row(row, protected=True) is None
