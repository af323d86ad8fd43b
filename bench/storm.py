"""10,000 mixed notifications through the deployed program in the emulator, at once: `python -m bench.storm [number]`.

The emulator, the functions and this program share the processors of one machine, so the rate is that of the machine,
and no figure of AWS. What is proved is independent of it: nothing is lost, nothing counts twice, and both tables are
what a model in memory computes, with many functions at work on the same addresses.

Not proved: surges, as the breaker is kept closed (its hold depends on the order in which bounces come).
"""

import random
import statistics
import sys
import time
from datetime import UTC, datetime

from bench.emulated_chain import EmulatedChain, bodies
from bench.expected_tables import differences, expected_entries
from bench.faulty_proxy import FaultyProxy
from bench.handler import print_figure
from bench.machine import measured_on
from bench.workload import mixed_feedback, poison
from sandbox import start_emulator

_NUMBER, _POISON = 10_000, 21
_SECONDS = 1_800


def main(number: int = _NUMBER) -> int:
    """Print the figures; the exit status says whether all of it arrived and the tables are right."""
    with start_emulator() as emulator, FaultyProxy(emulator.endpoint) as proxy:
        chain = EmulatedChain.deploy(emulator.account(), proxy)
        now = datetime.now(UTC)
        feedback, unreadable = mixed_feedback(number, chain.origin, now), poison(_POISON, chain.origin, now)
        notifications = [*feedback, *unreadable]
        random.Random(13).shuffle(notifications)  # noqa: S311 - the same each time
        started = time.monotonic()
        chain.publish(notifications)
        published = time.monotonic()
        drained = chain.wait_until_drained(_SECONDS)
        ended = max(proxy.written_at.values(), default=started)
        wrong = [] if drained else [f"{chain.depth()} messages are still in the queues after {_SECONDS} s"]
        wrong += differences(notifications, chain.rows("blocked"), chain.rows("history"))
        if bodies(chain.dead_letters()) != sorted(each.body for each in unreadable):
            wrong.append("the dead letters are not exactly what is unreadable")
        waits = sorted(proxy.written_at[name] - chain.published_at[name] for name in proxy.written_at)

    print(f"storm: {measured_on()}")
    print(f"{number:,} notifications, {_POISON} unreadable ones between them, in the emulator")
    print_figure("feedback recorded, by recipient, each once", f"{expected_entries(notifications):,}")
    print_figure("published per second", f"{len(notifications) / (published - started):,.0f}")
    print_figure("from topic to table per second", f"{len(notifications) / (ended - started):,.0f}")
    if waits:
        quantiles = statistics.quantiles(waits, n=100)
        for name, seconds in (("50 %", quantiles[49]), ("95 %", quantiles[94]), ("99 %", quantiles[98])):
            print_figure(f"from published to table, {name} within", f"{seconds:.1f} s")
        print_figure("from published to table, slowest", f"{waits[-1]:.1f} s")
    print_figure("calls to DynamoDB", f"{proxy.calls.total():,}")
    print_figure("lost, counted twice, or wrong in either table", "none" if not wrong else "see below", "goal none")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
