# ruff: noqa: ARG002 # the interface has more parameters than a fake needs
"""A deployer that deploys nothing and remembers its calls, and plans for it."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rollout.deployer import Changes, HealthFindings, LostResource, OnProgress, StackError, Step, StoppedError
from rollout.plan import Plan, PlannedStack, PlannedWave
from rollout.record import Record
from rollout.record_file import RecordFile
from rollout.runner import Runner

HUB = "hub-eu-central-1"
HUB_ACCOUNT_ID = "1" * 12
TABLE_ARN_KEYS = ("blockedTableArn", "historyTableArn")
TABLE_ARNS = {key: f"arn:aws:dynamodb:eu-central-1:{HUB_ACCOUNT_ID}:table/{key[:7]}" for key in TABLE_ARN_KEYS}


def member_stack(name: str, account_id: str = "2" * 12) -> PlannedStack:
    config = {"aws:region": "eu-west-1"}
    return PlannedStack(name, name, account_id, "eu-west-1", (), config, TABLE_ARN_KEYS, (HUB,))


def plan_of(*waves: Iterable[str], soak_minutes: int = 0) -> Plan:
    """A plan with the hub, and waves of members by the names of their stacks."""
    hub = PlannedStack(HUB, "hub", HUB_ACCOUNT_ID, "eu-central-1", (), {"aws:region": "eu-central-1"}, (), ())
    member_waves = [
        PlannedWave(f"w{index}", soak_minutes, tuple(map(member_stack, names))) for index, names in enumerate(waves)
    ]
    return Plan((PlannedWave("hub", 0, (hub,)), *member_waves))


class FakeDeployer:
    """`failures`: how often each `(operation, stack)` fails before it succeeds. `on_call` is called first in each."""

    def __init__(self, plan: Plan, failures: Mapping[tuple[str, str], int] | None = None) -> None:
        self.account_ids = {stack.name: stack.account_id for stack in plan.stacks}
        self.failures = dict(failures or {})
        self.on_call: Callable[[str, str], None] = lambda _operation, _stack_name: None
        self.on_health_check: Callable[[str], None] = lambda _stack_name: None
        self.begun: list[tuple[str, str]] = []
        """Operations that began, as (operation, stack)."""
        self.succeeded: list[tuple[str, str]] = []
        self.configs: dict[str, Mapping[str, object]] = {}
        self.max_running = 0
        self.lost_resources: dict[str, tuple[LostResource, ...]] = {}
        self.steps: dict[str, tuple[Step, ...]] = {}
        self.drifted_names: dict[str, tuple[str, ...]] = {}
        self.health_checks: dict[str, list[HealthFindings | StackError]] = {}
        """The results of a stack's health checks in their order; the last one repeats."""
        self.messages_in_queues: dict[str, HealthFindings] = {}
        self.missing_stacks: set[str] = set()
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._running = 0

    @contextmanager
    def _operation(self, operation: str, stack_name: str) -> Iterator[None]:
        with self._lock:
            self.begun.append((operation, stack_name))
            self._running += 1
            self.max_running = max(self.max_running, self._running)
        try:
            self.on_call(operation, stack_name)
            if self.stopped.is_set():
                raise StoppedError
            with self._lock:
                remaining_failures = self.failures.get((operation, stack_name), 0)
                self.failures[operation, stack_name] = remaining_failures - 1
            if remaining_failures > 0:
                raise StackError(f"{operation} of {stack_name} failed")
            yield
            self.succeeded.append((operation, stack_name))
        finally:
            with self._lock:
                self._running -= 1

    def account_id(self, stack: PlannedStack) -> str:
        return self.account_ids[stack.name]

    def outputs(self, stack: PlannedStack) -> Mapping[str, object]:
        return TABLE_ARNS if stack.name == HUB else {}

    def preview(self, stack: PlannedStack, config: Mapping[str, object], on_progress: OnProgress) -> Changes:
        with self._operation("preview", stack.name):
            on_progress("create queue")
            lost_resources, steps = self.lost_resources.get(stack.name, ()), self.steps.get(stack.name, ())
            return Changes({"create": 1}, lost_resources, (), steps)

    def update(self, stack: PlannedStack, config: Mapping[str, object], on_progress: OnProgress) -> Changes:
        self.configs[stack.name] = config
        with self._operation("update", stack.name):
            return Changes({"create": 1})

    def exists(self, stack: PlannedStack) -> bool:
        return ("destroy", stack.name) not in self.succeeded and stack.name not in self.missing_stacks

    def _require(self, stack: PlannedStack) -> None:
        if not self.exists(stack):
            raise StackError("there is no such stack")

    def preview_destroy(self, stack: PlannedStack, on_progress: OnProgress) -> Changes:
        self._require(stack)
        with self._operation("preview destroy", stack.name):
            return Changes({"delete": 2}, self.lost_resources.get(stack.name, ()))

    def destroy(self, stack: PlannedStack, on_progress: OnProgress) -> Changes:
        self._require(stack)
        with self._operation("destroy", stack.name):
            on_progress("delete queue")
            return Changes({"delete": 2})

    def dead_letters(self, stack: PlannedStack, outputs: Mapping[str, object]) -> HealthFindings:
        return self.messages_in_queues.get(stack.name, {})

    def detect_drift(self, stack: PlannedStack, config: Mapping[str, object], on_progress: OnProgress) -> Changes:
        with self._operation("drift", stack.name):
            names = self.drifted_names.get(stack.name, ())
            return Changes({"update": len(names)}, (), names)

    def check_health(self, stack: PlannedStack, outputs: Mapping[str, object]) -> HealthFindings:
        self.on_health_check(stack.name)
        results = self.health_checks.get(stack.name, [{}])
        result = results[0] if len(results) == 1 else results.pop(0)
        if isinstance(result, StackError):
            raise result
        return result

    def stop(self) -> None:
        self.stopped.set()

    def update_count(self, stack_name: str) -> int:
        """How many updates of a stack succeeded."""
        return self.succeeded.count(("update", stack_name))


def create_runner(plan: Plan, deployer: FakeDeployer, record: Record, folder: Path, **options: Any) -> Runner:
    return Runner(plan, deployer, RecordFile(folder / "record.json"), record, **options)
