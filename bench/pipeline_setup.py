"""What a pipeline's settings mean for its speed and its cost. Pure; the simulation's inputs.

What an event costs was measured with `bench.handler`; limits and prices are AWS's (`aws_limits`).
"""

import math
from dataclasses import dataclass, replace

from bench import aws_limits as aws
from components import capacity


@dataclass(frozen=True)
class Cost:
    """What one hard bounce costs. Measured with `bench.handler` on an AMD EPYC, Python 3.11, 24 November 2026."""

    batch_cpu_seconds: float = 0.0020
    event_cpu_seconds: float = 0.00065
    """On a whole processor, with the real client: 2.6 ms for 1, 8.5 for 10, 64 for 100."""
    rounds: int = 3
    """Calls of DynamoDB one after another."""
    blocked_write_units: float = 2
    history_write_units: float = 2
    """In the transaction: one item of at most 1 KB in each table."""
    count_write_units: float = 3
    """Of the count of a domain with hard bounces in each hour of a week, once per batch and domain."""
    event_read_units: float = 2
    batch_read_units: float = 3
    """Its state and its own row; and once per batch the settings, the protected addresses and the domain."""
    batch_log_bytes: int = 1_200
    event_log_bytes: int = 540


@dataclass(frozen=True)
class Setup:
    """The settings of a pipeline, by default the program's own."""

    maximum_concurrency: int | None = capacity.default_concurrency(aws.NEW_TABLE_WRITE_UNITS)
    """None: as Lambda scales."""
    batch_size: int = 10
    memory_mb: int = 256
    warm_write_units: int = aws.NEW_TABLE_WRITE_UNITS
    give_up_seconds: float = 24
    """How long the function tries again what is throttled: its timeout of 30 s without what it keeps for the rest."""
    most_receives: int = 1_000
    """After which a refused message is a dead letter."""
    redelivery_seconds: int | None = None
    """Until a refused message comes back; None: as the function asks, longer each time and never too late."""
    retention_seconds: int = 7 * 86_400
    cost: Cost = Cost()


BEFORE = Setup(
    maximum_concurrency=None,
    give_up_seconds=3.4,
    most_receives=5,
    redelivery_seconds=180,
    cost=Cost(history_write_units=4),
)
"""As the program was before: no limit of workers, ten tries of a write, five receives, and a row for each event."""


def batch_seconds(setup: Setup, size: float) -> float:
    """How long an invocation takes that nothing slows, with so many bounces."""
    cpu_seconds = setup.cost.batch_cpu_seconds + size * setup.cost.event_cpu_seconds
    return cpu_seconds * max(1, aws.MB_OF_ONE_PROCESSOR / setup.memory_mb) + setup.cost.rounds * aws.CALL_SECONDS


def history_units(setup: Setup, size: float) -> float:
    """Write units of the history table, the busier one, per bounce in batches of this size of one domain."""
    return setup.cost.history_write_units + setup.cost.count_write_units / size


def batch_size(setup: Setup, workers: float, per_second: float) -> float:
    """Messages in a batch: one while pollers are free, more when messages come faster than so many single ones are
    processed, at most the batch size."""
    seconds_of_one, seconds_of_ten = batch_seconds(setup, 1), batch_seconds(setup, 10)
    event_seconds = (seconds_of_ten - seconds_of_one) / 9
    # workers * size / (fixed + size * event) = per_second, solved for the size
    spare = workers - per_second * event_seconds
    if spare <= 0:
        return setup.batch_size
    return min(float(setup.batch_size), max(1.0, per_second * (seconds_of_one - event_seconds) / spare))


def fitting(per_second: float, setup: Setup | None = None) -> Setup:
    """Settings with which bounces of this rate hardly wait: a tenth more than they need, and no less than default."""
    setup = setup or Setup()
    rate = 1.1 * per_second
    units = math.ceil(rate * history_units(setup, setup.batch_size) / 1_000) * 1_000
    workers = math.ceil(rate * batch_seconds(setup, setup.batch_size) / setup.batch_size)
    return replace(
        setup,
        warm_write_units=max(setup.warm_write_units, units),
        maximum_concurrency=max(setup.maximum_concurrency or capacity.MIN_CONCURRENCY, workers),
    )
