"""A message that nobody acknowledges is delivered again for most of the time that the queue keeps it, and then moved.

Does not prove that SQS receives it as soon as it is visible: with more messages than the workers can receive within
the visibility timeout, attempts are further apart: a fifth of the retention is for that.
"""

from hypothesis import given
from hypothesis import strategies as st

from components.feedback_pipeline_args import RULES
from components.inputs import IntegerRange
from components.redelivery import SECONDS_PER_DAY, Redelivery

LONGEST_VISIBILITY_TIMEOUT = 12 * 60 * 60
"""SQS API reference, SetQueueAttributes."""


def values_of(name: str) -> st.SearchStrategy[int]:
    rule = RULES[name]
    assert isinstance(rule, IntegerRange)
    return st.integers(rule.minimum, rule.maximum)


def test_a_week_with_the_defaults() -> None:
    assert Redelivery.over(7, 30, 0) == Redelivery(visibility_timeout_seconds=483, max_receive_count=1000)


@given(
    days=values_of("message_retention_days"),
    timeout=values_of("function_timeout_seconds"),
    window=values_of("maximum_batching_window_seconds"),
)
def test_attempts_take_most_of_the_retention_and_end_well_before_it(days: int, timeout: int, window: int) -> None:
    redelivery = Redelivery.over(days, timeout, window)
    visibility, count = redelivery.visibility_timeout_seconds, redelivery.max_receive_count
    retention = days * SECONDS_PER_DAY
    assert 6 * timeout + window <= visibility <= LONGEST_VISIBILITY_TIMEOUT
    assert 5 <= count <= 1000
    assert count * visibility <= 0.8 * retention  # it is moved, and does not expire
    assert (count + 1) * visibility > 0.78 * retention  # and not long before
