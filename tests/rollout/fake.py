# ruff: noqa: ARG002 # the protocol has more than a fake needs
"""An executor that changes nothing and remembers what it was asked, and plans to ask it with."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rollout.executor import Changes, Health, StackError, StoppedError, Tell
from rollout.plan import Plan, PlannedStack, PlannedWave
from rollout.record import Record, Store
from rollout.runner import Runner

HUB = "hub-eu-central-1"
HUB_ACCOUNT = "1" * 12
ARNS = {
    key: f"arn:aws:dynamodb:eu-central-1:{HUB_ACCOUNT}:table/{key[:7]}"
    for key in ("blockedTableArn", "historyTableArn")
}


def stack(name: str, account: str = "2" * 12) -> PlannedStack:
    return PlannedStack(
        name, name, account, "eu-west-1", {"aws:region": "eu-west-1"}, ("blockedTableArn", "historyTableArn"), (HUB,)
    )


def a_plan(*waves: Iterable[str], soak: int = 0) -> Plan:
    """The hub, then waves of stacks by name."""
    hub = PlannedStack(HUB, "hub", HUB_ACCOUNT, "eu-central-1", {"aws:region": "eu-central-1"}, (), ())
    later = [PlannedWave(f"w{number}", soak, tuple(map(stack, names))) for number, names in enumerate(waves)]
    return Plan((PlannedWave("hub", 0, (hub,)), *later))


class FakeExecutor:
    """`fails`: how often each `(verb, stack)` fails before it succeeds. `before` is called first in every call."""

    def __init__(self, plan: Plan, fails: Mapping[tuple[str, str], int] | None = None) -> None:
        self.accounts = {one.name: one.account_id for one in plan.stacks}
        self.fails = dict(fails or {})
        self.before: Callable[[str, str], None] = lambda _verb, _name: None
        self.calls: list[tuple[str, str]] = []
        """What was begun, as (verb, stack)."""
        self.ended: list[tuple[str, str]] = []
        """What succeeded."""
        self.configs: dict[str, Mapping[str, object]] = {}
        self.most = 0
        self.lost: dict[str, tuple[str, ...]] = {}
        self.wrong: dict[str, list[Health | StackError]] = {}
        """What `health` finds of a stack at each look; the last of it from then on."""
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._busy = 0

    @contextmanager
    def _call(self, verb: str, name: str) -> Iterator[None]:
        with self._lock:
            self.calls.append((verb, name))
            self._busy += 1
            self.most = max(self.most, self._busy)
        try:
            self.before(verb, name)
            if self.stopped.is_set():
                raise StoppedError
            with self._lock:
                left = self.fails.get((verb, name), 0)
                self.fails[verb, name] = left - 1
            if left > 0:
                raise StackError(f"{verb} of {name} failed")
            yield
            self.ended.append((verb, name))
        finally:
            with self._lock:
                self._busy -= 1

    def account(self, stack: PlannedStack) -> str:
        return self.accounts[stack.name]

    def outputs(self, stack: PlannedStack) -> Mapping[str, object]:
        return ARNS if stack.name == HUB else {}

    def preview(self, stack: PlannedStack, config: Mapping[str, object], tell: Tell) -> Changes:
        with self._call("preview", stack.name):
            tell("looking")
            return Changes({"create": 1}, self.lost.get(stack.name, ()))

    def up(self, stack: PlannedStack, config: Mapping[str, object], tell: Tell) -> Changes:
        self.configs[stack.name] = config
        with self._call("up", stack.name):
            return Changes({"create": 1})

    def drift(self, stack: PlannedStack, config: Mapping[str, object], tell: Tell) -> Changes:
        with self._call("drift", stack.name):
            names = self.lost.get(stack.name, ())
            return Changes({"update": len(names)}, (), names)

    def health(self, stack: PlannedStack, outputs: Mapping[str, object]) -> Health:
        found = self.wrong.get(stack.name, [{}])
        look = found[0] if len(found) == 1 else found.pop(0)
        if isinstance(look, StackError):
            raise look
        return look

    def stop(self) -> None:
        self.stopped.set()

    def ups(self, name: str) -> int:
        return self.ended.count(("up", name))


def runner(
    plan: Plan, executor: FakeExecutor, record: Record, folder: Path, **given: Any
) -> Runner:  # as Runner has them
    return Runner(plan, executor, Store(folder / "record.json"), record, **given)
