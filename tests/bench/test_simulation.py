"""The laws of the simulation: nothing is lost on the way, and more capacity never makes it slower.

Not proved: that AWS behaves by its documentation, and that the measured inputs hold in Lambda.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import aws_limits as aws
from bench.pipeline_setup import BEFORE, Setup, batch_seconds, batch_size, fitting
from bench.simulation import Result, Storm, dollars, simulate
from components.capacity import MAX_CONCURRENCY, MIN_CONCURRENCY
from tests.properties import profile_times

NUMBER = 5_000
storms = st.builds(
    Storm,
    per_second=st.sampled_from([1, 7.5, 100, 900, 10_000, 100_000]),
    number=st.just(NUMBER),
    hot_share=st.sampled_from([0, 0, 0.01, 0.5, 1]),
    away_from=st.sampled_from([0, 10, 4_000]),
    away_until=st.sampled_from([0, 0, 60, 5_000, 700_000]),
    refuses_at_once=st.booleans(),
)
setups = st.builds(
    Setup,
    maximum_concurrency=st.none() | st.integers(MIN_CONCURRENCY, MAX_CONCURRENCY),
    batch_size=st.sampled_from([1, 10, 100]),
    memory_mb=st.sampled_from([128, 256, 1_769, 10_240]),
    warm_write_units=st.sampled_from([100, 4_000, 40_000]),
) | st.just(BEFORE)


def total(result: Result) -> float:
    return result.recorded + result.dead_letters + result.expired


@profile_times(0.5)
@given(storms, setups)
def test_each_message_is_recorded_or_a_dead_letter_or_expired_once(storm: Storm, setup: Setup) -> None:
    result = simulate(storm, setup)
    assert total(result) == pytest.approx(NUMBER)
    assert min(result.recorded, result.dead_letters, result.expired) >= 0
    assert result.largest_backlog <= NUMBER * 1.000001
    assert max(result.utilization.values()) <= 1 + 1e-9
    assert result.seconds >= NUMBER / storm.per_second
    # Whatever the tables refuse costs invocations, and no write.
    units = setup.cost.blocked_write_units + setup.cost.history_write_units
    per_event = result.write_units / result.recorded if result.recorded else units
    assert units <= per_event <= units + setup.cost.count_write_units + 1e-6


@profile_times(0.3)
@given(storms, setups, st.sampled_from([1.5, 2, 10]))
def test_tables_with_more_capacity_are_never_slower(storm: Storm, setup: Setup, factor: float) -> None:
    larger = replace(setup, warm_write_units=int(setup.warm_write_units * factor))
    result, faster = simulate(storm, setup), simulate(storm, larger)
    assert faster.seconds <= result.seconds * 1.01 + 10
    assert faster.recorded >= result.recorded - 1e-3
    assert faster.oldest_seconds <= result.oldest_seconds * 1.01 + 10


@profile_times(0.3)
@given(st.sampled_from([100, 900, 10_000]), st.integers(MIN_CONCURRENCY, 500), st.integers(1, 500))
def test_more_workers_are_never_slower_while_the_tables_keep_up(per_second: float, workers: int, more: int) -> None:
    setup = Setup(maximum_concurrency=workers, warm_write_units=10**9)
    storm = Storm(per_second, NUMBER)
    faster = simulate(storm, replace(setup, maximum_concurrency=workers + more))
    assert faster.seconds <= simulate(storm, setup).seconds


@given(setups, st.floats(1, 1_000), st.floats(0.01, 100_000))
def test_a_batch_is_as_large_as_the_workers_need(setup: Setup, workers: float, per_second: float) -> None:
    size = batch_size(setup, workers, per_second)
    assert 1 <= size <= setup.batch_size
    capacity_per_second = workers * size / batch_seconds(setup, size)
    assert size == setup.batch_size or capacity_per_second >= per_second * 0.999


@pytest.mark.parametrize("per_second", [1, 100])
def test_what_a_mailing_causes_makes_no_message_wait(per_second: float) -> None:
    result = simulate(Storm(per_second), Setup())
    assert (result.first_limit, result.dead_letters) == ("", 0)


def test_a_storm_waits_in_the_queue_and_becomes_no_dead_letter_as_it_did_before() -> None:
    now, before = simulate(Storm(10_000), Setup()), simulate(Storm(10_000), BEFORE)
    assert now.dead_letters == 0
    assert before.dead_letters > 1_000
    assert "maximum concurrency" in now.limits
    assert "write units of the history table" not in now.limits  # the workers are as many as the table takes
    assert sum(dollars(now, Setup()).values()) < sum(dollars(before, BEFORE).values()) / 2


def test_fitting_settings_let_hardly_a_message_wait() -> None:
    result = simulate(Storm(10_000), fitting(10_000))
    assert result.oldest_seconds < 30  # Lambda's pollers become as many, 300 more a minute


def test_an_outage_within_the_retention_loses_nothing() -> None:
    result = simulate(Storm(1, away_until=6.5 * 86_400), Setup())
    assert (result.dead_letters, result.expired) == (0, 0)
    assert result.recorded == pytest.approx(1_000_000)


def test_the_quota_of_sns_is_the_region_s() -> None:
    result = simulate(Storm(10_000, region="eu-west-1"), fitting(10_000))
    assert result.limits["SNS publish quota"] == 0
    assert result.seconds >= 1_000_000 / aws.SNS_PUBLISH_PER_SECOND["eu-west-1"]
