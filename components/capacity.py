"""What the tables can take, and how many workers that feeds. Pure functions from AWS's numbers and our own.

Without a limit, Lambda answers a storm with up to 1,250 invocations at a time (Lambda Developer Guide, "Configuring
scaling behavior for SQS event source mappings"), and the tables throttle them: the writes that fail cost time and are
tried again. So a pipeline gets as many workers as keep the tables busy, and the rest of the storm waits in the queue.

Sources: DynamoDB Developer Guide, "DynamoDB on-demand capacity mode" (a new table takes 4,000 write units and 12,000
read units a second at once) and "Understanding DynamoDB warm throughput" (warm throughput is never below that, and
cannot be lowered); API reference, OnDemandThroughput (at least 1). What a bounce costs: `make bench`.
"""

NEW_TABLE_WRITE_UNITS = 4_000
"""Write units a second that a new table billed on demand takes at once; also the smallest warm throughput."""
NEW_TABLE_READ_UNITS = 12_000
"""Read units a second, likewise."""

_HISTORY_WRITE_UNITS_PER_BOUNCE = 2.3
"""Of the two tables the history table is written more: 2 units for the state in the transaction, and 0.3 for the
domain's count, which ten bounces of one batch share. The blocked table has the other 2 of the transaction."""
_BOUNCES_PER_WORKER_SECOND = 135
"""One invocation with the default memory writes ten bounces in about 74 ms (docs/scale.md)."""
_WRITE_UNITS_PER_WORKER = _BOUNCES_PER_WORKER_SECOND * _HISTORY_WRITE_UNITS_PER_BOUNCE
"""Units a second that one worker asks of the history table when nothing slows it: 310."""
MIN_UNITS = 25
"""Our own limit: two batches of ten, the least that Lambda can be held to, take such a table two seconds."""
MAX_UNITS = 10_000_000
"""Our own limit, beyond any quota."""
MIN_CONCURRENCY, MAX_CONCURRENCY = 2, 1000
"""What Lambda takes as MaximumConcurrency (API reference, ScalingConfig)."""


def default_concurrency(write_units_per_second: int) -> int:
    """How many invocations at a time keep a table with so many write units a second busy: 12 for a new table.

    A table that takes less than two workers write still gets two, Lambda's least: the function then waits for the
    table within its own time (the writer's retries), and what is not written by then comes back later.
    """
    return max(MIN_CONCURRENCY, min(MAX_CONCURRENCY, int(write_units_per_second / _WRITE_UNITS_PER_WORKER)))


def write_units_at_once(warm_write_units: int | None, max_write_units: int | None) -> int:
    """Write units a second that a table with these settings takes from the first second on."""
    warm = warm_write_units if warm_write_units is not None else NEW_TABLE_WRITE_UNITS
    return warm if max_write_units is None else min(warm, max_write_units)


def share(write_units_per_second: int, pipelines: int) -> int:
    """The write units a second of one of several pipelines that can have their storm at the same time."""
    return max(MIN_UNITS, write_units_per_second // pipelines)
