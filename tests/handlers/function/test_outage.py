"""Outages of up to a week and more, in virtual time: the queue drains by itself, and dead letters are poison only.

Every message comes three times, shuffled, with poison in between. `make faults` has shorter outages of the deployed
program. Not proved: what virtual_pipeline.py makes up, and several pipelines at once.
"""

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from ses_feedback.function import handler as handler_module
from ses_feedback.function.origin import Source

from bench.expected_tables import differences
from bench.workload import Notification, Origin, mixed_feedback, poison
from tests.handlers.function.fake_queues import DEAD_LETTERS, START
from tests.handlers.function.virtual_pipeline import AWAY, CALL_FAULTS, DAY, HOUR, MINUTE, Trouble, VirtualPipeline
from tests.properties import profile_times

ORIGIN = Origin("123456789012")
SOURCE = Source(ORIGIN.account, ORIGIN.region, (ORIGIN.identity,), ORIGIN.configuration_set)


def workload(number: int, seed: int) -> list[Notification]:
    once = [*mixed_feedback(number, ORIGIN, START, seed), *poison(max(1, number // 5), ORIGIN, START)]
    return random.Random(seed).sample(once * 3, len(once) * 3)  # noqa: S311 - the same each time


@pytest.fixture(autouse=True)
def quiet(environment: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of invocations: their logs and metrics are tested elsewhere."""
    assert environment
    handler_module.metrics.set_default_dimensions(pipeline="bounce-shop")
    monkeypatch.setattr(handler_module, "_log_record", lambda _: None)
    monkeypatch.setattr(handler_module, "_log_feedback", lambda _: None)
    monkeypatch.setattr(handler_module, "_count", lambda *_, **__: None)
    monkeypatch.setattr(
        handler_module.metrics, "flush_metrics", lambda *_, **__: handler_module.metrics.clear_metrics()
    )
    for level in ("info", "error"):
        monkeypatch.setattr(handler_module.logger, level, lambda *_, **__: None)


def run(
    troubles: list[Trouble], *, number: int = 10, seed: int = 1, over: float = HOUR, days: float = 15
) -> VirtualPipeline:
    """Deliver a workload in the midst of the troubles, wait, and compare everything."""
    notifications = workload(number, seed)
    with pytest.MonkeyPatch.context() as patch:
        pipeline = VirtualPipeline(patch, troubles, random.Random(seed).random)  # noqa: S311 - the same each time
        pipeline.settings = replace(pipeline.settings, source=SOURCE)
        pipeline.deliver([each.body for each in notifications], over)
        pipeline.run(days)
        letters = pipeline.sqs.queues[DEAD_LETTERS]
        assert {letter.body for letter in letters} == {each.body for each in notifications if each.unreadable}
        # Without a reason SQS moved it, as the function did not run; then the redrive has looked at it.
        assert {letter.attribute("Reason") for letter in letters} <= {"unreadable", ""}
        assert differences(notifications, pipeline.rows("blocked"), pipeline.rows("history")) == []
    return pipeline


@pytest.mark.parametrize("fault", ["throttled", "denied", "lost request"])
def test_an_outage_of_the_tables_within_the_retention_leaves_no_dead_letter_behind(fault: str) -> None:
    pipeline = run([Trouble(0, 6.5 * DAY, fault)], number=6)
    assert pipeline.redriven == 0
    assert 80 < pipeline.highest_receive_count < 120  # 30 s at first, two hours in the end


def test_an_outage_longer_than_the_retention_ends_in_dead_letters_that_go_back_by_themselves() -> None:
    pipeline = run([Trouble(0, 8 * DAY, "denied")], number=6)
    assert pipeline.redriven > 0


@pytest.mark.parametrize(("days", "redriven"), [(5, False), (6.5, True), (8, True)])
def test_a_function_that_does_not_run_for_days_loses_nothing(days: float, redriven: bool) -> None:
    pipeline = run([Trouble(0, days * DAY, AWAY)], number=6)
    assert (pipeline.redriven > 0) is redriven


def test_functions_that_are_killed_in_mid_batch_lose_nothing() -> None:
    pipeline = run([Trouble(0, DAY, "crash before", 0.3), Trouble(0, DAY, "crash after", 0.3)], number=60)
    assert pipeline.highest_receive_count > 2


troubles_of_a_week = st.lists(
    st.builds(
        lambda begins, lasts, fault, share: Trouble(begins, begins + lasts, fault, share),
        st.floats(0, 3 * HOUR),
        st.sampled_from([MINUTE, 10 * MINUTE, HOUR, 10 * HOUR, 2 * DAY]),
        st.sampled_from([AWAY, *CALL_FAULTS]),
        st.sampled_from([0.2, 0.7, 1.0]),
    ),
    max_size=4,
)


@profile_times(0.6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(troubles_of_a_week, st.integers(0, 10_000))
def test_whatever_goes_wrong_for_days_the_tables_are_right_when_it_is_over(troubles: list[Trouble], seed: int) -> None:
    run(troubles, number=8, seed=seed, over=2 * HOUR)
