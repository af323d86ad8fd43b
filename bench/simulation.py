"""A million bounces through AWS's documented limits, at 1, 100 and 10,000 a second: `python -m bench.simulation`.

A flow of messages in steps of time: topic, queue, Lambda's pollers, function, tables. What an event costs is in
`pipeline_setup`, limits and prices are AWS's (`aws_limits`). All is computed, without a clock, chance or network: the
same numbers come on every machine.

Not in it: other traffic in the account; the spread of keys over partitions, taken as even; how SES retries when SNS
throttles it, taken as without loss; cold starts.
"""

import math
import sys
from collections import deque
from dataclasses import dataclass, field, replace

from ses_feedback.function.retries import comes_back_in_time, retry_delay

from bench import aws_limits as aws
from bench.handler import print_figure
from bench.pipeline_setup import BEFORE, Setup, batch_seconds, batch_size, fitting, history_units

_STEPS = 5_000
"""In which the bounces arrive and an outage passes, if that is more than a second each."""
_NOTHING = 1e-6
"""Messages that are none: what is left of fractions."""


@dataclass(frozen=True)
class Storm:
    """What arrives, and when DynamoDB is away meanwhile: seconds since the first bounce."""

    per_second: float
    number: int = 1_000_000
    hot_share: float = 0
    """Of the bounces, the share about one address, as when a mailing list bounces to itself."""
    region: str = "us-east-1"
    away_from: float = 0
    away_until: float = 0
    refuses_at_once: bool = False
    """While it is away: as without the right to write. Else nothing answers, and the function waits and tries again."""


@dataclass
class Result:
    """What became of a storm. Seconds count from its first bounce."""

    recorded: float = 0
    dead_letters: float = 0
    """Refused for so long that they became dead letters: the redrive brings them back, which is not simulated."""
    expired: float = 0
    """Deleted by SQS for their age: lost."""
    first_limit: str = ""
    """The first limit that made a message wait; empty if none did."""
    limits: dict[str, float] = field(default_factory=dict)
    """Each limit that did, and when first."""
    seconds: float = 0
    """Until nothing was left."""
    waited_until: float = 0
    """Until no message waited any more."""
    largest_backlog: float = 0
    """Messages in the queue after a step, visible or not."""
    oldest_seconds: float = 0
    """The longest that a message waited; less than a step of time counts as none."""
    invocations: float = 0
    lambda_seconds: float = 0
    write_units: float = 0
    read_units: float = 0
    log_bytes: float = 0
    utilization: dict[str, float] = field(default_factory=dict)
    """By limit, the largest share of it that was used."""


def simulate(storm: Storm, setup: Setup) -> Result:
    """Let the storm arrive and drain."""
    return _Simulation(storm, setup).run()


@dataclass
class _Messages:
    """Alike: they arrived together, and were received as often."""

    arrived_at: float
    count: float
    receives: int = 1


class _Simulation:
    """One storm under way."""

    def __init__(self, storm: Storm, setup: Setup) -> None:
        self.storm, self.setup, self.result = storm, setup, Result()
        self.step = max(1.0, storm.number / storm.per_second / _STEPS, storm.away_until / _STEPS)
        self.time = 0.0
        self.pollers = float(aws.FIRST_POLLERS)
        self.write_units = float(setup.warm_write_units)
        self.peak = self.grown_at = 0.0
        self.visible: deque[_Messages] = deque()
        """The oldest first: SQS keeps the order as far as it can."""
        self.visible_count = self.delayed_count = 0.0
        self.delayed: dict[float, list[_Messages]] = {}
        """By the time at which they are visible again."""

    def run(self) -> Result:
        published = 0.0
        while published < self.storm.number - _NOTHING or self.visible or self.delayed:
            published += self._publish(self.storm.number - published)
            for visible_at in [at for at in self.delayed if at <= self.time]:
                for messages in reversed(self.delayed.pop(visible_at)):
                    self.delayed_count -= messages.count
                    self._show(messages, first=True)
            self._expire()
            self._process()
            backlog = self.visible_count + self.delayed_count
            self.result.largest_backlog = max(self.result.largest_backlog, backlog)
            self.time += self.step
            if backlog > _NOTHING:
                self.result.waited_until = self.time
        self.result.seconds = self.time
        return self.result

    def _publish(self, unpublished: float) -> float:
        offered = min(unpublished, self.storm.per_second * self.step)
        quota = aws.SNS_PUBLISH_PER_SECOND[self.storm.region]
        arrived = min(offered, quota * self.step)
        self._use("SNS publish quota", arrived / self.step / quota)
        if arrived < offered - _NOTHING:
            self._meet("SNS publish quota")
        if arrived > _NOTHING:
            self._show(_Messages(self.time, arrived))
        return arrived

    def _process(self) -> None:
        """One step of Lambda and the tables."""
        if self.visible_count < _NOTHING:
            self.pollers = float(aws.FIRST_POLLERS)
            return
        backlog = self.visible_count
        workers, worker_limit = self._workers()
        size = batch_size(self.setup, workers, backlog / self.step)
        seconds = batch_seconds(self.setup, size)
        per_second = {worker_limit: workers * size / seconds, **self._table_rates(size)}
        limit = min(per_second, key=lambda name: per_second[name])
        recorded = min(backlog, per_second[limit] * self.step)
        for name, most in per_second.items():
            self._use(name, recorded / (most * self.step) if most else 1)
        tried = recorded
        if recorded < backlog - _NOTHING:
            self._meet(limit)
            if limit != worker_limit:  # the workers wait for the tables, and what they give up comes back
                seconds = self._held_seconds(seconds, workers * size * self.step / recorded if recorded else math.inf)
                tried = min(backlog, max(recorded, workers * size * self.step / seconds))
        if tried > (free := max(recorded, aws.IN_FLIGHT_MESSAGES - self.delayed_count)):
            self._meet("messages in flight")
            tried = free
        self._take(tried, recorded)
        self._count(tried, recorded, size, seconds)
        self._grow(recorded * history_units(self.setup, size) / self.step, more_waits=backlog > recorded + _NOTHING)

    def _held_seconds(self, unhindered: float, until_written: float) -> float:
        """How long an invocation lasts that waits for the tables."""
        if self._is_away() and self.storm.refuses_at_once:
            return unhindered
        return min(until_written, self.setup.give_up_seconds)

    def _is_away(self) -> bool:
        return self.storm.away_from <= self.time < self.storm.away_until

    def _workers(self) -> tuple[float, str]:
        """How many batches at a time, and what keeps them from being more."""
        most = {
            "maximum concurrency": float(self.setup.maximum_concurrency or math.inf),
            "Lambda's pollers": min(self.pollers, aws.MOST_POLLERS),
            "concurrency of the account": float(aws.ACCOUNT_CONCURRENCY),
        }
        limit = min(most, key=lambda name: most[name])
        return most[limit], limit

    def _table_rates(self, size: float) -> dict[str, float]:
        """Bounces a second that the tables take, by limit."""
        if self._is_away():
            return {"DynamoDB is away": 0}
        cost = self.setup.cost
        rates = {
            "write units of the history table": self.write_units / history_units(self.setup, size),
            "write units of the blocked table": self.write_units / cost.blocked_write_units,
        }
        if self.storm.hot_share:  # one transaction after another, each with what its batch has of the address
            writes = min(1 / (2 * aws.CALL_SECONDS), aws.PARTITION_WRITE_UNITS / cost.blocked_write_units)
            rates["transactions on one address"] = writes * max(size, 1 / self.storm.hot_share)
        return rates

    def _take(self, tried: float, recorded: float) -> None:
        """Take messages of the queue; of each the same share is recorded."""
        share = recorded / tried if tried else 0.0
        remaining = tried
        while self.visible and remaining > _NOTHING:
            messages = self.visible.popleft()
            taken = messages.count if messages.count - remaining <= _NOTHING else remaining
            self.visible_count -= messages.count
            if taken < messages.count:
                self._show(replace(messages, count=messages.count - taken), first=True)
            remaining -= taken
            refused = taken * (1 - share)
            refused = refused if refused > _NOTHING else 0.0
            self.result.recorded += taken - refused
            self.result.oldest_seconds = max(self.result.oldest_seconds, self.time - messages.arrived_at)
            if refused:
                self._refuse(replace(messages, count=refused))

    def _refuse(self, messages: _Messages) -> None:
        """As the function does: later, or a dead letter when there is no later within the retention."""
        setup, age = self.setup, self.time - messages.arrived_at
        delay = retry_delay(messages.receives) if setup.redelivery_seconds is None else setup.redelivery_seconds
        is_late = setup.redelivery_seconds is None and not comes_back_in_time(age, delay, setup.retention_seconds)
        if messages.receives >= setup.most_receives or is_late:
            self.result.dead_letters += messages.count
            return
        self.delayed_count += messages.count
        self.delayed.setdefault(self.time + delay, []).append(replace(messages, receives=messages.receives + 1))

    def _expire(self) -> None:
        while self.visible and self.time - self.visible[0].arrived_at >= self.setup.retention_seconds:
            messages = self.visible.popleft()
            self.visible_count -= messages.count
            self.result.expired += messages.count

    def _show(self, messages: _Messages, *, first: bool = False) -> None:
        (self.visible.appendleft if first else self.visible.append)(messages)
        self.visible_count += messages.count

    def _count(self, tried: float, recorded: float, size: float, seconds: float) -> None:
        cost, result, batches = self.setup.cost, self.result, tried / size
        result.invocations += batches
        result.lambda_seconds += batches * seconds
        result.write_units += recorded * (cost.blocked_write_units + history_units(self.setup, size))
        result.read_units += tried * cost.event_read_units + batches * cost.batch_read_units
        result.log_bytes += tried * cost.event_log_bytes + batches * cost.batch_log_bytes

    def _grow(self, units: float, *, more_waits: bool) -> None:
        """More pollers while messages wait; twice the highest traffic so far, half an hour later."""
        if more_waits:
            self.pollers += aws.MORE_POLLERS_PER_MINUTE / 60 * self.step
        self.peak = max(self.peak, units)
        if self.time - self.grown_at >= aws.GROWTH_SECONDS:
            self.grown_at = self.time
            self.write_units = max(self.write_units, min(float(aws.TABLE_WRITE_UNITS_QUOTA), 2 * self.peak))

    def _meet(self, limit: str) -> None:
        self.result.first_limit = self.result.first_limit or limit
        self.result.limits.setdefault(limit, self.time)

    def _use(self, limit: str, share: float) -> None:
        self.result.utilization[limit] = max(self.result.utilization.get(limit, 0), share)


def dollars(result: Result, setup: Setup) -> dict[str, float]:
    """What a storm costs, by service. Without free tiers, warm throughput, and what is there anyway."""
    million = 1e6
    return {
        "SNS": (result.recorded + result.dead_letters) / million * aws.SNS_DOLLARS_PER_MILLION,
        "SQS": 2 * result.invocations / million * aws.SQS_DOLLARS_PER_MILLION,
        "Lambda": result.invocations / million * aws.LAMBDA_DOLLARS_PER_MILLION
        + result.lambda_seconds * setup.memory_mb / 1_024 * aws.LAMBDA_DOLLARS_PER_GB_SECOND,
        "DynamoDB": result.write_units / million * aws.WRITE_UNIT_DOLLARS_PER_MILLION
        + result.read_units / million * aws.READ_UNIT_DOLLARS_PER_MILLION,
        "logs": result.log_bytes / 1e9 * aws.LOG_DOLLARS_PER_GB,
    }


def main() -> int:
    """Print a few figures; docs/scale.md has all."""
    lost = 0.0
    for per_second in (1, 100, 10_000):
        for name, setup in (("default", Setup()), ("fitting", fitting(per_second)), ("before", BEFORE)):
            result = simulate(Storm(per_second), setup)
            lost += result.expired
            print(f"simulation: a million bounces at {per_second:,} a second, settings: {name}")
            print_figure("first limit that made a message wait", result.first_limit or "none")
            print_figure("drained after", f"{result.seconds:,.0f} s", f"arrived after {1e6 / per_second:,.0f} s")
            print_figure("largest backlog", f"{result.largest_backlog:,.0f}")
            print_figure("the longest wait of a message", f"{result.oldest_seconds:,.0f} s")
            print_figure("dead letters", f"{result.dead_letters:,.0f}")
            print_figure("dollars", f"${sum(dollars(result, setup).values()):.2f}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
