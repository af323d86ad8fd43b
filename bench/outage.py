"""Outages of the deployed program in the emulator, one after another: `make faults`, `python -m bench.outage [name]`.

Each scenario has an account, a stack and a workload of its own: mixed feedback, every message three times and shuffled,
with poison in between. Nobody helps. In the end the queues must be empty, the dead letters exactly the poison with its
reason, and both tables what a model in memory computes.

The emulator's time is real, so the outages are short; tests/handlers/function/test_outage.py has outages of a week,
with the same function in virtual time. A killed function's messages come back after the queue's visibility timeout,
which follows from the retention: one day here, so that it is a minute and a half.

Not proved: how AWS's own services fail; here each fault is one that the SDK's documentation knows.
"""

import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from bench.emulated_chain import EmulatedChain
from bench.expected_tables import differences
from bench.faulty_proxy import WRITE, Fault, FaultyProxy
from bench.handler import print_figure
from bench.machine import measured_on
from bench.workload import Notification, mixed_feedback, poison
from sandbox import Emulator, start_emulator

_NUMBER, _POISON, _DELIVERIES = 200, 7, 3
_SETTINGS = {"messageRetentionDays": 1, "functionTimeoutSeconds": 14}
_SECONDS = 600
"""Within which the queues must be empty after the outage."""


@dataclass
class Outage:
    """One scenario under way."""

    emulator: Emulator
    proxy: FaultyProxy
    chain: EmulatedChain
    seed: int

    @cached_property
    def notifications(self) -> list[Notification]:
        """All that is published, in order; each several times."""
        now = datetime.now(UTC)
        once = [*mixed_feedback(_NUMBER, self.chain.origin, now, self.seed), *poison(_POISON, self.chain.origin, now)]
        return self.random.sample(once * _DELIVERIES, len(once) * _DELIVERIES)

    @cached_property
    def random(self) -> random.Random:
        """The same each time."""
        return random.Random(self.seed)  # noqa: S311

    def publish(self) -> None:
        """Publish all, in the midst of the trouble."""
        self.chain.publish(self.notifications)

    def fail(self, share: float, *faults: Fault, operation: str = "") -> None:
        """Let a share of the calls, or of one operation's, go wrong, until ``recover``."""

        def choose(called: str) -> Fault:
            affected = operation in ("", called) and self.random.random() < share
            return self.random.choice(faults) if affected else Fault.NONE

        self.proxy.choose_fault = choose

    def recover(self) -> None:
        """DynamoDB is well again."""
        self.proxy.choose_fault = lambda _: Fault.NONE
        self.proxy.after_write = lambda: None

    def kill_functions(self) -> None:
        """Kill every worker of every function, without a warning."""
        for worker in self.emulator.worker_ids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)

    def check(self) -> list[str]:
        """What is wrong in the end: empty if nothing is."""
        wrong = []
        if depth := self.chain.depth():
            wrong.append(f"{depth} messages are still in the queues after {_SECONDS} s")
        letters = self.chain.dead_letters()
        if {letter["Body"] for letter in letters} != {each.body for each in self.notifications if each.unreadable}:
            wrong.append(f"the {len(letters)} dead letters are not exactly the poison")
        reasons = {letter.get("MessageAttributes", {}).get("Reason", {}).get("StringValue") for letter in letters}
        if reasons != {"unreadable"}:
            wrong.append(f"the reasons of the dead letters are {reasons}")
        return wrong + differences(self.notifications, self.chain.rows("blocked"), self.chain.rows("history"))


def _away(outage: Outage) -> None:
    """DynamoDB cannot be reached for 60 s"""
    outage.proxy.refuse()
    outage.publish()
    time.sleep(60)
    outage.proxy.listen()


def _silent(outage: Outage) -> None:
    """DynamoDB takes calls and answers none for 30 s"""
    outage.fail(1, Fault.HANG)
    outage.publish()
    time.sleep(30)


def _throttled(outage: Outage) -> None:
    """DynamoDB takes two calls a second and throttles all others for 60 s"""
    next_at = time.monotonic()

    def choose(_: str) -> Fault:
        nonlocal next_at
        if time.monotonic() >= next_at:
            next_at = time.monotonic() + 0.5
            return Fault.NONE
        return outage.random.choice((Fault.THROTTLED, Fault.EXCEEDED))

    outage.proxy.choose_fault = choose
    outage.publish()
    time.sleep(60)


def _unreliable(outage: Outage) -> None:
    """half of all calls end in an internal error, all the time"""
    outage.fail(0.5, Fault.INTERNAL)
    outage.publish()
    outage.chain.wait_until_drained(_SECONDS)


def _unanswered_writes(outage: Outage) -> None:
    """a third of the writes are done, and the connection is cut before the answer, all the time"""
    outage.fail(0.33, Fault.CUT, operation=WRITE)
    outage.publish()
    outage.chain.wait_until_drained(_SECONDS)


def _killed(outage: Outage) -> None:
    """all functions are killed in mid-batch, six times: before a write, and after it"""
    writes = kills = 0

    def choose(operation: str) -> Fault:
        nonlocal writes, kills
        writes += operation == WRITE
        if operation == WRITE and writes % 7 == 3 and kills < 6:  # noqa: PLR2004
            kills += 1
            if kills % 2:
                outage.kill_functions()
                return Fault.INTERNAL
            outage.proxy.after_write = kill_after_write
        return Fault.NONE

    def kill_after_write() -> None:
        outage.proxy.after_write = lambda: None
        outage.kill_functions()

    outage.proxy.choose_fault = choose
    outage.publish()
    outage.chain.wait_until_drained(_SECONDS)


def _restarted(outage: Outage) -> None:
    """the emulator of all services is stopped and started again, twice, with its functions killed"""
    outage.publish()
    for _ in range(2):
        time.sleep(2)
        outage.emulator.restart()


SCENARIOS: dict[str, Callable[[Outage], None]] = {
    "away": _away,
    "silent": _silent,
    "throttled": _throttled,
    "unreliable": _unreliable,
    "unanswered-writes": _unanswered_writes,
    "killed": _killed,
    "restarted": _restarted,
}


def main(*names: str) -> int:
    """Print the figures; the exit status says whether every outage healed."""
    failed = 0
    print(f"outages: {measured_on()}")
    with start_emulator(keeps_state=True) as emulator:
        for number, name in enumerate(names or SCENARIOS, 1):
            with FaultyProxy(emulator.endpoint) as proxy:
                chain = EmulatedChain.deploy(emulator.account(f"{number:012}"), proxy, **_SETTINGS)
                outage = Outage(emulator, proxy, chain, seed=number)
                print(f"{name}: {SCENARIOS[name].__doc__}")
                SCENARIOS[name](outage)
                outage.recover()
                over = time.monotonic()
                chain.wait_until_drained(_SECONDS)
                drained_after = time.monotonic() - over
                wrong = outage.check()
            faults = ", ".join(f"{n:,} {fault.lower()}" for fault, n in sorted(proxy.calls.items()) if fault != "NONE")
            print_figure("messages, each of them three times", f"{len(outage.notifications):,}")
            print_figure("calls to DynamoDB that went through", f"{proxy.calls['NONE']:,}", faults)
            print_figure("queues empty after the outage", f"{drained_after:.0f} s")
            print_figure("wrong in dead letters or tables", "none" if not wrong else "see below", "goal none")
            print("\n".join(wrong), end="\n" if wrong else "", flush=True)
            failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
