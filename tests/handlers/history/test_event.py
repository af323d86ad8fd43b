"""What is stored of a feedback and of an operator's act."""

from datetime import timedelta
from typing import Any

import pytest
from ses_feedback.history.event import RETENTION, manual_event
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import Effect, State

from tests.handlers.model import DAY, NOW, RULES_USED, START, make_act, make_feedback

RULE = {rule.name: rule for rule in RULES_USED}


def make_manual_event(**changes: Any) -> Any:
    arguments: dict[str, Any] = {"actor": "ops", "note": "asked by phone", "at": START}
    return manual_event(changes.pop("act", "block"), "jane@example.org", **{**arguments, **changes})


def test_nothing_empty_is_stored() -> None:
    event = make_feedback(1, "jane@example.org", RULE["hard-bounce"], START)
    assert not [name for name, value in {**event.row, **event.occurrence.attributes}.items() if value in ("", False)]
    assert "action" not in event.row


def test_the_diagnostic_of_a_soft_bounce_is_in_the_history_only() -> None:
    soft = make_feedback(1, "jane@example.org", RULE["soft-bounce"], START)
    hard = make_feedback(1, "jane@example.org", RULE["hard-bounce"], START)
    assert (
        soft.row["diagnostic"] == hard.row["diagnostic"] == hard.occurrence.attributes["diagnostic"] == "diagnostic 1"
    )
    assert "diagnostic" not in soft.occurrence.attributes


def test_a_feedback_is_kept_longer_than_a_message_can_come_again() -> None:
    event = make_feedback(1, "jane@example.org", RULE["hard-bounce"], START)
    assert event.row["expires_at"] == (NOW + RETENTION).timestamp()
    assert 4 * timedelta(days=14) < RETENTION


def test_an_act_is_kept_for_good_and_says_who_and_why() -> None:
    block = make_manual_event(expires_at=START + DAY)
    assert block.entry == f"manual#2026-01-01T00:00:00.000Z#{block.occurrence.id}"
    assert {name: block.row[name] for name in ("act", "actor", "note", "occurred_at", "block_expires_at")} == {
        "act": "block",
        "actor": "ops",
        "note": "asked by phone",
        "occurred_at": "2026-01-01T00:00:00.000Z",
        "block_expires_at": (START + DAY).timestamp(),
    }
    assert "expires_at" not in block.row
    assert block.occurrence.attributes["expires_at"] == (START + DAY).timestamp()
    assert "block_expires_at" not in make_manual_event().row


def test_each_act_is_one_of_its_own_unless_it_is_given_an_id() -> None:
    assert make_manual_event().entry != make_manual_event().entry
    assert make_manual_event(act_id="a").entry == make_manual_event(act_id="a").entry


def test_an_import_keeps_the_name_of_its_source() -> None:
    imported = make_manual_event(act="import", subtype="BOUNCE")
    item = State().add(imported.effect, imported.occurrence, SoftBouncePolicy()).blocked_item(SoftBouncePolicy())
    assert item is not None
    assert (item["reason"], item["subtype"], item["actor"]) == ("import", "BOUNCE", "ops")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"actor": ""}, "actor is empty"),
        ({"note": "n" * 1_001}, "note has 1001 characters; at most 1000"),
        ({"expires_at": START}, "must be later than the act"),
        ({"act": "unblock", "expires_at": START + DAY}, "only a block can end"),
    ],
)
def test_an_act_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_manual_event(**changes)


def test_a_state_row_goes_when_nothing_in_it_is_for_good() -> None:
    event_expires_at = int(NOW.timestamp())
    soft = make_feedback(1, "a@b", RULE["soft-bounce"], START)
    hard = make_feedback(2, "a@b", RULE["hard-bounce"], START)
    manual_block = make_act(3, "a@b", "block", START, 3_650)
    state = State().add(soft.effect, soft.occurrence, SoftBouncePolicy())
    assert state.row_expiry(state.blocked_item(SoftBouncePolicy()), event_expires_at) == event_expires_at
    expiring = state.add(manual_block.effect, manual_block.occurrence, SoftBouncePolicy())
    assert (
        expiring.row_expiry(expiring.blocked_item(SoftBouncePolicy()), event_expires_at)
        == (START + 3_650 * DAY).timestamp()
    )
    for_good = expiring.add(hard.effect, hard.occurrence, SoftBouncePolicy())
    assert for_good.row_expiry(for_good.blocked_item(SoftBouncePolicy()), event_expires_at) is None


def test_feedback_that_is_ignored_has_no_effect() -> None:
    event = make_feedback(1, "a@b", RULE["auto-reply"], START)
    assert event.effect is Effect.NONE
    assert State().add(event.effect, event.occurrence, SoftBouncePolicy()) == State()


def test_protection_keeps_feedback_from_blocking_and_not_from_unblocking() -> None:
    complaint = make_feedback(1, "abuse@example.org", RULE["complaint"], START)
    assert complaint.if_protected is not None
    assert complaint.if_protected().effect is Effect.NONE
    assert make_feedback(2, "abuse@example.org", RULE["not-spam"], START).if_protected is None
