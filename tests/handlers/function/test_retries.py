"""The delays of refused records: soon at first, every two hours in the end, and never too late. Arithmetic only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.function.retries import JITTER, comes_back_in_time, retry_delay

DAY = 86_400
jitters = st.floats(*JITTER)


@pytest.mark.parametrize(
    ("receive_count", "seconds"), [(0, 30), (1, 30), (2, 60), (3, 120), (8, 3_840), (9, 7_200), (10**9, 7_200)]
)
def test_the_delay_doubles_up_to_two_hours(receive_count: int, seconds: int) -> None:
    assert retry_delay(receive_count) == seconds


@given(st.integers(1, 1_000), jitters)
def test_sqs_takes_every_delay(receive_count: int, jitter: float) -> None:
    assert 24 <= retry_delay(receive_count, jitter) <= 8_640 < 12 * 3_600


@given(st.integers(1, 14), st.lists(jitters, min_size=1, max_size=20))
def test_a_record_that_is_refused_until_the_end_comes_back_often_enough_and_not_too_often(
    retention_days: int, factors: list[float]
) -> None:
    retention_seconds = retention_days * DAY
    age, receives = 0.0, 0
    while True:
        receives += 1
        delay = retry_delay(receives, factors[receives % len(factors)])
        if not comes_back_in_time(age, delay, retention_seconds):
            break
        # No outage is outlasted by much: what was refused for an hour is tried again within another two.
        assert delay <= 2 * age + 36
        age += delay
    assert receives <= 18 * retention_days + 24  # SQS moves a message after 1,000
    assert retention_seconds * 0.9 - 6 * 3_600 - 8_640 < age < retention_seconds
    if retention_days == 7:
        assert receives < 150
    if retention_days >= 3:
        assert age > retention_seconds - 6 * 3_600 - 8_640


@pytest.mark.parametrize(
    ("retention_days", "latest_hour"), [(7, 7 * 24 - 6), (14, 14 * 24 - 6), (1, 24 * 0.9), (2, 48 * 0.9)]
)
def test_the_margin_before_the_end_is_six_hours_or_a_tenth(retention_days: int, latest_hour: float) -> None:
    latest = latest_hour * 3_600
    assert comes_back_in_time(latest - 7_201, 7_200, retention_days * DAY)
    assert not comes_back_in_time(latest - 7_199, 7_200, retention_days * DAY)
