"""Retires stacks that leave: destroys each, and then takes the rights of their accounts from the hub.

In this order, since a function without rights loses feedback. Everything can be repeated: the record forgets a stack
only when both are done.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from .accounts import check_accounts
from .deployer import Changes, LostResource, OnProgress, RetiringDeployer, StackError, StoppedError
from .leaving import with_leaving
from .parallel import run_in_parallel
from .plan import Plan, PlannedStack
from .record import Record, StackRecord, Status, WaveRecord, format_timestamp, plan_digest
from .record_store import RecordStore
from .target_config import PRINCIPAL_KEYS, PROJECT

Operation = Callable[[PlannedStack, OnProgress], Changes]


def choose_stacks(plan: Plan, record: Record, names: Collection[str]) -> list[PlannedStack]:
    """The leaving stacks of these names; without names, all. Raises: ValueError for another name, or a hub's."""
    leaving = {stack.name: stack for stack in plan.leaving}
    for name in names:
        if name not in leaving:
            reason = (
                "it is in the targets file"
                if any(name == stack.name for stack in plan.stacks)
                else "it is not deployed"
            )
            raise ValueError(f"{name} does not leave, since {reason}; what leaves: {', '.join(leaving) or 'nothing'}")
    stacks = [stack for name, stack in leaving.items() if name in names or not names]
    for stack in stacks:
        members = [other.name for other in record.deployed.values() if stack.name in other.depends_on]
        if not stack.hub_output_keys and (members or stack.config.get(f"{PROJECT}:{PRINCIPAL_KEYS[0]}")):
            message = (
                "is a hub: its tables have what blocks the addresses of all accounts, and `retire` does not remove them"
            )
            raise ValueError(f"{stack.name} {message}")
    return stacks


class Retirement:
    """Retires some stacks of a record. `stop` may be called at any time and from any thread."""

    def __init__(
        self,
        file_plan: Plan,
        stacks: Sequence[PlannedStack],
        record: Record,
        record_store: RecordStore,
        deployer: RetiringDeployer,
        *,
        parallel: int = 4,
        allow_loss: Sequence[str] = (),
        on_change: Callable[[Record], None] = lambda _: None,
    ) -> None:
        """`file_plan` is that of the targets file alone; `on_change` gets the progress after every change."""
        self._file_plan = file_plan
        self._stacks = stacks
        self._record = record
        self._record_store = record_store
        self._deployer = deployer
        self._parallel = parallel
        self._allow_loss = allow_loss
        self._on_change = on_change
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Begin nothing new, and stop the running operations."""
        self._stopping.set()
        self._deployer.stop()

    def preview(self) -> Record:
        """What `run` would do. Changes nothing. Raises: WrongAccountError."""
        hub = self._plan_without({stack.name for stack in self._stacks}).hub
        existing = [stack for stack in self._stacks if self._deployer.exists(stack)]
        check_accounts(self._deployer, [*existing, hub], self._parallel)
        progress = self._progress(hub)
        self._run_wave(progress, 0, self._stacks, Status.PREVIEWING, self._preview_destroy)
        self._run_wave(progress, 1, [hub], Status.PREVIEWING, self._preview_hub)
        return progress

    def run(self) -> Record:
        """Destroy the stacks, then update the hub, and forget the stacks that are gone."""
        progress = self._progress(self._file_plan.hub)
        self._run_wave(progress, 0, self._stacks, Status.UPDATING, self._destroy)
        gone = {stack.name for stack in progress.waves[0].stacks if stack.status is Status.SUCCEEDED}
        plan = self._plan_without(gone)
        if gone:
            self._run_wave(progress, 1, [plan.hub], Status.UPDATING, self._update_hub)
        if progress.waves[1].status is Status.SUCCEEDED:
            self._forget(gone, plan)
        return progress

    def _plan_without(self, names: Collection[str]) -> Plan:
        deployed = {name: stack for name, stack in self._record.deployed.items() if name not in names}
        return with_leaving(self._file_plan, deployed)

    def _forget(self, names: Collection[str], plan: Plan) -> None:
        for name in names:
            del self._record.deployed[name]
        self._record.deployed[plan.hub.name] = plan.hub
        self._record.plan, self._record.plan_digest = plan, plan_digest(plan)
        self._record_store.save(self._record)
        self._record_store.save_last_success(self._record)

    def _preview_destroy(self, stack: PlannedStack, on_progress: OnProgress) -> Changes:
        if not self._deployer.exists(stack):
            return Changes({})
        changes = self._deployer.preview_destroy(stack, on_progress)
        dead_letters = self._deployer.dead_letters(stack, self._deployer.outputs(stack))
        losses = tuple(LostResource(f"delete {count}", name) for name, count in dead_letters.items())
        return self._refuse_loss(Changes(changes.counts, (*changes.lost_resources, *losses)))

    def _preview_hub(self, hub: PlannedStack, on_progress: OnProgress) -> Changes:
        return self._refuse_loss(self._deployer.preview(hub, hub.config, on_progress))

    def _destroy(self, stack: PlannedStack, on_progress: OnProgress) -> Changes:
        return self._deployer.destroy(stack, on_progress) if self._deployer.exists(stack) else Changes({})

    def _update_hub(self, hub: PlannedStack, on_progress: OnProgress) -> Changes:
        self._preview_hub(hub, on_progress)
        return self._deployer.update(hub, hub.config, on_progress)

    def _refuse_loss(self, changes: Changes) -> Changes:
        if losses := changes.losses_not_allowed(self._allow_loss):
            raise StackError(f"this would lose data: {losses}; --allow-loss NAME allows it")
        return changes

    def _progress(self, hub: PlannedStack) -> Record:
        """A record for the display: the stacks that are destroyed, and then the hub."""
        waves = [
            WaveRecord(name, 0, [StackRecord(stack.name, stack.account_id, stack.region) for stack in stacks])
            for name, stacks in (("retire", self._stacks), ("hub", [hub]))
        ]
        return Record(self._record.plan_digest, format_timestamp(datetime.now(UTC)), self._file_plan, waves)

    def _run_wave(
        self, progress: Record, index: int, stacks: Sequence[PlannedStack], status: Status, operation: Operation
    ) -> None:
        wave = progress.waves[index]

        def run(pair: tuple[PlannedStack, StackRecord]) -> None:
            self._run_stack(progress, *pair, status, operation)

        run_in_parallel(run, list(zip(stacks, wave.stacks, strict=True)), self._parallel)
        succeeded = all(stack.status is Status.SUCCEEDED for stack in wave.stacks)
        wave.status = Status.SUCCEEDED if succeeded else Status.FAILED
        self._on_change(progress)

    def _run_stack(
        self, progress: Record, stack: PlannedStack, stack_record: StackRecord, status: Status, operation: Operation
    ) -> None:
        def on_progress(activity: str) -> None:
            stack_record.activity = activity
            self._on_change(progress)

        if self._stopping.is_set():
            return
        stack_record.status = status
        self._on_change(progress)
        try:
            stack_record.changes = dict(operation(stack, on_progress).counts)
            stack_record.status = Status.SUCCEEDED
        except StackError as error:
            stack_record.status, stack_record.error = Status.FAILED, str(error)
        except StoppedError:
            stack_record.status = Status.INTERRUPTED if status is Status.UPDATING else Status.PENDING
        stack_record.activity = ""
        self._on_change(progress)
