"""Holds: when they end, what confirms them, and how much of them is kept."""

from datetime import timedelta

import pytest
from ses_feedback.function.feedback_event import feedback_event
from ses_feedback.function.notification import Feedback
from ses_feedback.function.verdict import RULES
from ses_feedback.history.event import Event
from ses_feedback.history.holds import held_until
from ses_feedback.history.occurrence import Value
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import State
from ses_feedback.timestamps import iso

from tests.handlers.model import ADDRESSES, DAY, NOW, START, make_act

_POLICY = SoftBouncePolicy()
_RULES = {rule.name: rule for rule in RULES}
NOON = START + DAY / 2


def hold(rule: str, day: float, mail: str = "") -> Event:
    at = NOON + day * DAY
    feedback = Feedback(
        _RULES[rule].kind, ADDRESSES[0], f"{rule}-{day}", iso(at), "", "General", message_id=mail or f"mail-{day}"
    )
    return feedback_event(feedback, _RULES[rule], pipeline="p", now=NOW)


def state_of(*events: Event) -> State:
    state = State()
    for event in events:
        state = state.add(event.effect, event.occurrence, _POLICY)
    return state


def item_of(*events: Event) -> dict[str, Value]:
    item = state_of(*events).blocked_item(_POLICY)
    assert item is not None
    return item


def test_a_hold_lasts_to_the_midnight_after_its_days() -> None:
    assert held_until(iso(NOON), 14) == (START + 15 * DAY).timestamp()
    assert held_until(iso(START), 14) == (START + 15 * DAY).timestamp()
    assert item_of(hold("dns-failure", 0)) == {
        "reason": "hold",
        "blocked_at": iso(NOON),
        "kind": "bounce",
        "rule": "dns-failure",
        "feedback_id": "dns-failure-0",
        "subtype": "General",
        "message_id": "mail-0",
        "expires_at": (START + 15 * DAY).timestamp(),
    }


@pytest.mark.parametrize(
    ("first", "second", "is_confirmed"),
    [
        (0, 14.49, False),  # still held
        (0, 14.5, True),  # the midnight at which it ended
        (0, 20, True),
        (0, 14.5 + 179.99, True),
        (0, 14.5 + 180, False),
        (0, 0.1, False),
    ],
)
@pytest.mark.parametrize("rule", ["dns-failure", "destination-unknown"])
def test_the_same_bounce_after_its_end_blocks_for_good(
    rule: str, first: float, second: float, is_confirmed: bool
) -> None:
    item = item_of(hold(rule, first), hold(rule, second))
    assert item["blocked_at"] == iso(NOON + second * DAY)
    assert item["reason"] == ("bounce" if is_confirmed else "hold")
    assert ("expires_at" not in item) is is_confirmed
    assert item.get("confirmed", False) is is_confirmed


@pytest.mark.parametrize(
    "events",
    [
        (hold("dns-failure", 0), hold("destination-unknown", 20)),
        (hold("global-suppression", 0), hold("global-suppression", 20), hold("global-suppression", 40)),
        (hold("account-suppression", 0), hold("account-suppression", 20)),
        (hold("complaint-suppression", 0), hold("complaint-suppression", 20)),
        (hold("dns-failure", 0), make_act(1, ADDRESSES[0], "unblock", NOON + DAY, None), hold("dns-failure", 20)),
        (hold("suspects", 0, "mail"), hold("suspects", 20, "mail")),
        (hold("suspects", 0), make_act(1, ADDRESSES[0], "unblock", NOON + DAY, None), hold("suspects", 20)),
    ],
)
def test_other_evidence_confirms_nothing(events: tuple[Event, ...]) -> None:
    item = item_of(*events)
    assert item["reason"] == "hold"
    assert item["blocked_at"] == events[-1].occurrence.at


@pytest.mark.parametrize("days", [0.01, 3, 20, 400])
def test_a_complaint_about_a_second_mail_confirms_the_first(days: float) -> None:
    item = item_of(hold("suspects", 0), hold("suspects", days))
    assert item["reason"] == "complaint"
    assert "expires_at" not in item


def test_not_spam_ends_the_holds_of_complaints_up_to_then_and_no_others() -> None:
    cleared = hold("not-spam", 1)
    assert state_of(hold("suspects", 0), cleared).blocked_item(_POLICY) is None
    assert item_of(hold("dns-failure", 0), cleared)["reason"] == "hold"
    assert item_of(hold("suspects", 2), cleared)["reason"] == "hold"


def test_a_row_with_a_confirmed_hold_never_expires() -> None:
    confirmed = state_of(hold("dns-failure", 0), hold("dns-failure", 20))
    assert confirmed.row_expiry(confirmed.blocked_item(_POLICY), 1) is None
    held = state_of(hold("dns-failure", 0))
    assert held.row_expiry(held.blocked_item(_POLICY), 1) == (START + 15 * DAY).timestamp()


@pytest.mark.parametrize(
    ("rule", "kept"), [("dns-failure", 16), ("global-suppression", 1), ("suspects", 2), ("complaint-suppression", 1)]
)
def test_a_sender_that_never_checks_does_not_fill_the_row(rule: str, kept: int) -> None:
    state = state_of(*(hold(rule, hours / 24) for hours in range(60 * 24)))
    assert len(state.holds) <= kept


def test_of_the_older_holds_only_what_decides_is_kept() -> None:
    older, newest = state_of(hold("dns-failure", 0), hold("dns-failure", 1)).holds
    assert set(older.attributes) == {"kind", "rule", "held_until", "confirmable", "message_id"}
    assert "feedback_id" in newest.attributes


def test_what_an_operator_takes_away_is_the_block_that_is_shown() -> None:
    state = state_of(hold("dns-failure", 0), hold("dns-failure", 20), hold("suspects", 20))
    item = state.blocked_item(_POLICY)
    assert item is not None
    assert item["reason"] == "bounce"
    behind = state.without(item).blocked_item(_POLICY)
    assert behind is not None
    assert (behind["reason"], behind["rule"]) == ("hold", "suspects")
    assert state.without(item).without(behind).blocked_item(_POLICY) is None


def test_an_unblock_has_to_beat_every_hold() -> None:
    assert [block.at for block in state_of(hold("dns-failure", 3)).reasons_to_block()] == [iso(NOON + timedelta(3))]
