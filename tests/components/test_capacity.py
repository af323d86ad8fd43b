"""How many workers keep the tables busy. Does not prove that a worker writes as fast as assumed: `make bench` does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import capacity


@pytest.mark.parametrize(
    ("write_units", "concurrency"), [(25, 2), (622, 2), (932, 3), (4_000, 12), (40_000, 128), (10_000_000, 1000)]
)
def test_concurrency_follows_the_write_units(write_units: int, concurrency: int) -> None:
    assert capacity.default_concurrency(write_units) == concurrency


@given(st.integers(1_000, 300_000))
def test_all_workers_together_ask_for_no_more_than_the_table_takes(write_units: int) -> None:
    """Below, Lambda's least number of workers asks for more: the function then waits for the table."""
    units_per_worker = 135 * 2.3
    concurrency = capacity.default_concurrency(write_units)
    assert concurrency * units_per_worker <= write_units < (concurrency + 1) * units_per_worker


@pytest.mark.parametrize(
    ("warm", "maximum", "expected"),
    [(None, None, 4_000), (None, 1_000, 1_000), (9_000, None, 9_000), (9_000, 5_000, 5_000), (None, 5_000, 4_000)],
)
def test_what_a_table_takes_at_once(warm: int | None, maximum: int | None, expected: int) -> None:
    assert capacity.write_units_at_once(warm, maximum) == expected


@pytest.mark.parametrize(("units", "pipelines", "expected"), [(4_000, 1, 4_000), (4_000, 3, 1_333), (40, 9, 25)])
def test_a_share_is_never_less_than_a_pipeline_takes(units: int, pipelines: int, expected: int) -> None:
    assert capacity.share(units, pipelines) == expected
