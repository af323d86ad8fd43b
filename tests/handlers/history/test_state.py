"""The state against the model: order, duplicates and bounds must not matter."""

import random
from datetime import UTC, datetime, timedelta
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.history.event import Event
from ses_feedback.history.occurrence import Occurrence
from ses_feedback.history.soft_bounces import MAX_REPORTS_PER_BOUNCE, SoftBouncePolicy
from ses_feedback.history.state import Effect, State, unblock_time
from ses_feedback.timestamps import CLOCK_TOLERANCE, iso

from tests.handlers.model import (
    DAY,
    RULES_USED,
    START,
    blocks_at,
    expected_item,
    histories,
    hold_histories,
    make_act,
    make_feedback,
    newest_time,
    policies,
    timestamps,
)

_STRENGTH = {"complaint": 3, "bounce": 2, "manual": 1, "import": 1}


def state_after(events: list[Event], policy: SoftBouncePolicy) -> State:
    return reduce(lambda state, event: state.add(event.effect, event.occurrence, policy), events, State())


@given(histories() | hold_histories(), policies, st.randoms(use_true_random=False))
def test_3_the_state_is_that_of_the_set_in_any_order_with_any_duplicates(
    events: list[Event], policy: SoftBouncePolicy, generator: random.Random
) -> None:
    shuffled = events + generator.choices(events, k=len(events)) if events else []
    generator.shuffle(shuffled)
    assert state_after(shuffled, policy) == state_after(events, policy)


@given(histories(most=60) | hold_histories(), policies)
def test_1_the_item_is_the_models_wherever_it_is_not_over(events: list[Event], policy: SoftBouncePolicy) -> None:
    item, expected = state_after(events, policy).blocked_item(policy), expected_item(events, policy)
    now = newest_time(events)
    for reader_now in (now, now + DAY, now + 30 * DAY):
        assert blocks_at(item, reader_now) == blocks_at(expected, reader_now)
    if blocks_at(expected, now):
        assert item == expected


@given(histories(), policies, histories(most=3))
def test_4_nothing_weaker_weakens_a_block(
    events: list[Event], policy: SoftBouncePolicy, later_events: list[Event]
) -> None:
    later_events = [event for event in later_events if event.effect not in (Effect.UNBLOCK, Effect.CLEAR)]
    before = state_after(events, policy).blocked_item(policy)
    after = state_after(events + later_events, policy).blocked_item(policy)
    now = newest_time(events + later_events)
    if not blocks_at(before, now):
        return
    assert before is not None
    assert after is not None
    if "expires_at" in before:
        assert blocks_at(after, datetime.fromtimestamp(int(before["expires_at"]) - 1, UTC))
    else:
        assert "expires_at" not in after
        assert _STRENGTH[str(after["reason"])] >= _STRENGTH[str(before["reason"])]


@given(histories(), policies, timestamps, st.integers(0, 25))
def test_5_an_unblock_beats_what_was_before_it_and_nothing_after(
    events: list[Event], policy: SoftBouncePolicy, at: datetime, place: int
) -> None:
    unblock = make_act(9_999, "jane@example.org", "unblock", at, None)
    delivered = [*events[:place], unblock, *events[place:]]  # redelivered or redriven: it may come before what it beats
    after_unblock = [event for event in events if event.occurrence.at > unblock.occurrence.at]
    item, expected = (
        state_after(delivered, policy).blocked_item(policy),
        state_after(after_unblock, policy).blocked_item(policy),
    )
    assert item == expected


@given(policies, st.lists(timestamps, min_size=1, max_size=200), st.integers(1, MAX_REPORTS_PER_BOUNCE))
def test_the_bound_on_soft_bounces_never_decides(policy: SoftBouncePolicy, times: list[datetime], copies: int) -> None:
    soft = next(rule for rule in RULES_USED if rule.name == "soft-bounce")
    events = [
        make_feedback(number, "jane@example.org", soft, at, mail=number // copies) for number, at in enumerate(times)
    ]
    state = state_after(events, policy)
    assert len(state.soft) <= policy.max_kept
    item, expected = state.blocked_item(policy), expected_item(events, policy)
    assert blocks_at(item, newest_time(events)) == blocks_at(expected, newest_time(events))


def test_five_within_thirty_days_block_and_the_edges_count() -> None:
    soft = next(rule for rule in RULES_USED if rule.name == "soft-bounce")
    edge = [make_feedback(n, "a@b", soft, START + n * 30 * DAY / 4) for n in range(5)]
    item = state_after(edge, SoftBouncePolicy()).blocked_item(SoftBouncePolicy())
    assert item is not None
    assert item["expires_at"] == (START + 60 * DAY).timestamp()
    beyond = [*edge[:4], make_feedback(4, "a@b", soft, START + 30 * DAY + timedelta(milliseconds=1))]
    assert state_after(beyond, SoftBouncePolicy()).blocked_item(SoftBouncePolicy()) is None


def test_a_bounce_that_ses_tells_of_twice_counts_once() -> None:
    """An identity's notification and the configuration set's event, with ids and times of their own."""
    soft = next(rule for rule in RULES_USED if rule.name == "soft-bounce")
    reports = [
        make_feedback(2 * n + copy, "a@b", soft, START + n * DAY + copy * timedelta(seconds=1), mail=n)
        for n in range(5)
        for copy in range(2)
    ]
    assert state_after(reports[:8], SoftBouncePolicy()).blocked_item(SoftBouncePolicy()) is None
    item = state_after(reports[:9], SoftBouncePolicy()).blocked_item(SoftBouncePolicy())
    assert item is not None
    assert item["reason"] == "soft-bounces"


def test_not_spam_lifts_complaints_up_to_then_and_no_bounce() -> None:
    rules = {rule.name: rule for rule in RULES_USED}
    bounce = make_feedback(1, "a@b", rules["hard-bounce"], START)
    complaint = make_feedback(2, "a@b", rules["complaint"], START + DAY)
    clear = make_feedback(3, "a@b", rules["not-spam"], START + 2 * DAY)
    again = make_feedback(4, "a@b", rules["complaint"], START + 3 * DAY)
    assert state_after([clear, complaint], SoftBouncePolicy()).blocked_item(SoftBouncePolicy()) is None
    cleared = state_after([complaint, clear, bounce], SoftBouncePolicy()).blocked_item(SoftBouncePolicy())
    assert cleared is not None
    assert cleared["reason"] == "bounce"
    once_more = state_after([again, bounce, complaint, clear], SoftBouncePolicy()).blocked_item(SoftBouncePolicy())
    assert once_more is not None
    assert (once_more["reason"], once_more["feedback_id"]) == ("complaint", "id-4")


def test_a_block_stays_while_later_soft_bounces_come_one_by_one() -> None:
    soft = next(rule for rule in RULES_USED if rule.name == "soft-bounce")
    policy = SoftBouncePolicy(threshold=2, window_days=1, block_days=10)
    times = [START, START + DAY, START + 11 * DAY - timedelta(milliseconds=1)]
    item = state_after([make_feedback(n, "a@b", soft, at) for n, at in enumerate(times)], policy).blocked_item(policy)
    assert item is not None
    assert item["expires_at"] == (START + 11 * DAY).timestamp()


def test_soft_bounces_of_the_window_count_by_mail() -> None:
    rules = {rule.name: rule for rule in RULES_USED}
    policy = SoftBouncePolicy(threshold=3, window_days=2, block_days=30)
    reports = [(0, 1), (2, 2), (2, 2), (3, 3)]  # days after START, mail
    events = [
        make_feedback(number, "a@b", rules["soft-bounce"], START + days * DAY, mail=mail)
        for number, (days, mail) in enumerate(reports)
    ]
    state = state_after([*events, make_feedback(9, "a@b", rules["hard-bounce"], START)], policy)
    assert state.soft_bounce_mails(policy, START + 2 * DAY) == 3  # the edge of the window is in it
    assert state.soft_bounce_mails(policy, START + 2 * DAY + timedelta(milliseconds=1)) == 2
    assert state.soft_bounce_mails(policy, START + 9 * DAY) == 0
    assert State().soft_bounce_mails(policy, START) == 0


def test_soft_bounces_without_a_message_id_count_one_by_one() -> None:
    soft = [Occurrence(iso(START), str(number), {}) for number in range(3)]
    state = reduce(lambda state, bounce: state.add(Effect.SOFT, bounce, SoftBouncePolicy()), soft, State())
    assert state.soft_bounce_mails(SoftBouncePolicy(), START) == 3


@given(histories(), policies, timestamps)
def test_an_unblock_at_its_time_beats_every_reason_to_block(
    events: list[Event], policy: SoftBouncePolicy, at: datetime
) -> None:
    state = state_after(events, policy)
    reasons = [occurrence.at for occurrence in state.reasons_to_block()]
    assert bool(reasons) or state.blocked_item(policy) is None
    unblocked_at = unblock_time(at, reasons)
    assert at <= unblocked_at <= at + CLOCK_TOLERANCE
    after = state.add(Effect.UNBLOCK, Occurrence(iso(unblocked_at), "unblock", {}), policy)
    assert [occurrence.at for occurrence in after.reasons_to_block()] == [
        reason for reason in reasons if reason > iso(at + CLOCK_TOLERANCE)
    ]


def test_an_unblock_beats_a_clock_that_is_ahead_but_no_further_than_the_function_accepts() -> None:
    ahead, too_far = START + CLOCK_TOLERANCE, START + CLOCK_TOLERANCE + timedelta(milliseconds=1)
    assert unblock_time(START, [iso(START - DAY)]) == START
    assert unblock_time(START, [iso(ahead), iso(too_far), "no time"]) == ahead
    assert unblock_time(START, []) == START


def test_a_manual_block_counts_if_it_lasts_as_long() -> None:
    until = START + 30 * DAY
    expiring = state_after([make_act(1, "a@b", "block", START, 30)], SoftBouncePolicy())
    assert expiring.has_manual_block(until)
    assert not expiring.has_manual_block(until + timedelta(seconds=1))
    assert not expiring.has_manual_block(None)
    assert state_after([make_act(1, "a@b", "import", START, None)], SoftBouncePolicy()).has_manual_block(None)
    assert state_after([make_act(1, "a@b", "block", START, None)], SoftBouncePolicy()).has_manual_block(until)
    bounce = make_feedback(1, "a@b", RULES_USED[0], START)
    assert not state_after([bounce], SoftBouncePolicy()).has_manual_block(until)


@given(histories() | hold_histories(), policies)
def test_without_one_block_after_another_nothing_blocks(events: list[Event], policy: SoftBouncePolicy) -> None:
    state = state_after(events, policy)
    while item := state.blocked_item(policy):
        remaining = state.without(item)
        assert len(list(remaining.reasons_to_block())) < len(list(state.reasons_to_block()))
        state = remaining
    assert not state.has_manual_block(None)


def test_a_block_of_others_is_not_in_the_state() -> None:
    state = state_after([make_act(1, "a@b", "block", START, 30)], SoftBouncePolicy())
    for item in (
        {"reason": "bounce", "blocked_at": iso(START)},
        {"reason": "hold", "blocked_at": iso(START), "expires_at": 1},
        {"reason": "manual"},
        {"reason": "manual", "blocked_at": iso(START + DAY), "expires_at": 1},
    ):
        assert state.without(item) == state
