"""The fold against the model: order, duplicates and bounds must not show."""

import random
from datetime import UTC, datetime, timedelta
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.history.event import Event
from ses_feedback.history.state import COPIES, Effect, SoftBouncePolicy, State, blocked_item, fold

from tests.handlers.model import (
    DAY,
    RULES_USED,
    START,
    a_feedback,
    alive_at,
    an_act,
    expected_item,
    histories,
    moments,
    newest,
    policies,
)

_STRENGTH = {"complaint": 3, "bounce": 2, "manual": 1, "import": 1}


def folded(events: list[Event], policy: SoftBouncePolicy) -> State:
    return reduce(lambda state, event: fold(state, event.effect, event.occurrence, policy), events, State())


@given(histories(), policies, st.randoms(use_true_random=False))
def test_3_the_state_is_that_of_the_set_in_any_order_with_any_duplicates(
    events: list[Event], policy: SoftBouncePolicy, chance: random.Random
) -> None:
    shuffled = events + chance.choices(events, k=len(events)) if events else []
    chance.shuffle(shuffled)
    assert folded(shuffled, policy) == folded(events, policy)


@given(histories(most=60), policies)
def test_1_the_item_is_the_models_wherever_it_is_not_over(events: list[Event], policy: SoftBouncePolicy) -> None:
    item, right = blocked_item(folded(events, policy), policy), expected_item(events, policy)
    now = newest(events)
    for moment in (now, now + DAY, now + 30 * DAY):
        assert alive_at(item, moment) == alive_at(right, moment)
    if alive_at(right, now):
        assert item == right


@given(histories(), policies, histories(most=3))
def test_4_nothing_weaker_weakens_a_block(events: list[Event], policy: SoftBouncePolicy, more: list[Event]) -> None:
    more = [event for event in more if event.effect not in (Effect.UNBLOCK, Effect.CLEAR)]
    before = blocked_item(folded(events, policy), policy)
    after = blocked_item(folded(events + more, policy), policy)
    now = newest(events + more)
    if not alive_at(before, now):
        return
    assert before is not None
    assert after is not None
    if "expires_at" in before:
        assert alive_at(after, datetime.fromtimestamp(int(before["expires_at"]) - 1, UTC))
    else:
        assert "expires_at" not in after
        assert _STRENGTH[str(after["reason"])] >= _STRENGTH[str(before["reason"])]


@given(histories(), policies, moments, st.integers(0, 25))
def test_5_an_unblock_beats_what_was_before_it_and_nothing_after(
    events: list[Event], policy: SoftBouncePolicy, at: datetime, place: int
) -> None:
    unblock = an_act(9_999, "jane@example.org", "unblock", at, None)
    known = [*events[:place], unblock, *events[place:]]  # redelivered or redriven: it may come before what it beats
    later = [event for event in events if event.occurrence.at > unblock.occurrence.at]
    item, right = blocked_item(folded(known, policy), policy), blocked_item(folded(later, policy), policy)
    assert item == right


@given(policies, st.lists(moments, min_size=1, max_size=200), st.integers(1, COPIES))
def test_the_bound_on_soft_bounces_never_decides(policy: SoftBouncePolicy, times: list[datetime], copies: int) -> None:
    soft = next(rule for rule in RULES_USED if rule.name == "soft-bounce")
    events = [
        a_feedback(number, "jane@example.org", soft, at, mail=number // copies) for number, at in enumerate(times)
    ]
    state = folded(events, policy)
    assert len(state.soft) <= policy.kept
    item, right = blocked_item(state, policy), expected_item(events, policy)
    assert alive_at(item, newest(events)) == alive_at(right, newest(events))


def test_five_within_thirty_days_block_and_the_edges_count() -> None:
    soft = next(rule for rule in RULES_USED if rule.name == "soft-bounce")
    edge = [a_feedback(n, "a@b", soft, START + n * 30 * DAY / 4) for n in range(5)]
    item = blocked_item(folded(edge, SoftBouncePolicy()), SoftBouncePolicy())
    assert item is not None
    assert item["expires_at"] == (START + 60 * DAY).timestamp()
    beyond = [*edge[:4], a_feedback(4, "a@b", soft, START + 30 * DAY + timedelta(milliseconds=1))]
    assert blocked_item(folded(beyond, SoftBouncePolicy()), SoftBouncePolicy()) is None


def test_a_bounce_that_ses_tells_of_twice_counts_once() -> None:
    """An identity's notification and the configuration set's event, with ids and times of their own."""
    soft = next(rule for rule in RULES_USED if rule.name == "soft-bounce")
    told = [
        a_feedback(2 * n + copy, "a@b", soft, START + n * DAY + copy * timedelta(seconds=1), mail=n)
        for n in range(5)
        for copy in range(2)
    ]
    assert blocked_item(folded(told[:8], SoftBouncePolicy()), SoftBouncePolicy()) is None
    item = blocked_item(folded(told[:9], SoftBouncePolicy()), SoftBouncePolicy())
    assert item is not None
    assert item["reason"] == "soft-bounces"


def test_not_spam_lifts_complaints_up_to_then_and_no_bounce() -> None:
    rules = {rule.name: rule for rule in RULES_USED}
    bounce = a_feedback(1, "a@b", rules["hard-bounce"], START)
    complaint = a_feedback(2, "a@b", rules["complaint"], START + DAY)
    clear = a_feedback(3, "a@b", rules["not-spam"], START + 2 * DAY)
    again = a_feedback(4, "a@b", rules["complaint"], START + 3 * DAY)
    assert blocked_item(folded([clear, complaint], SoftBouncePolicy()), SoftBouncePolicy()) is None
    cleared = blocked_item(folded([complaint, clear, bounce], SoftBouncePolicy()), SoftBouncePolicy())
    assert cleared is not None
    assert cleared["reason"] == "bounce"
    once_more = blocked_item(folded([again, bounce, complaint, clear], SoftBouncePolicy()), SoftBouncePolicy())
    assert once_more is not None
    assert (once_more["reason"], once_more["feedback_id"]) == ("complaint", "id-4")


def test_a_block_stays_while_later_soft_bounces_come_one_by_one() -> None:
    soft = next(rule for rule in RULES_USED if rule.name == "soft-bounce")
    policy = SoftBouncePolicy(threshold=2, window_days=1, block_days=10)
    times = [START, START + DAY, START + 11 * DAY - timedelta(milliseconds=1)]
    item = blocked_item(folded([a_feedback(n, "a@b", soft, at) for n, at in enumerate(times)], policy), policy)
    assert item is not None
    assert item["expires_at"] == (START + 11 * DAY).timestamp()
