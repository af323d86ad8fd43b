"""Carries out a plan, wave after wave, through a `Deployer`; knows nothing of Pulumi or AWS.

The stacks of a wave are updated in parallel. When more of them have failed than the wave tolerates, those in progress
finish, and no other stack and no other wave begins. Every step is recorded: to resume is to run again with the same
record.
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from .accounts import check_accounts
from .deployer import Changes, Deployer, StackError, StoppedError
from .health import HealthChecker, HealthProblem, remember_worse
from .hooks import Hooks, approval_report, end_report, needs_approval, wave_report
from .hub_outputs import read_hub_outputs
from .parallel import run_in_parallel
from .plan import Plan, PlannedStack, PlannedWave
from .record import Record, StackRecord, Status, WaveRecord, format_timestamp
from .record_store import RecordStore
from .reviewed_plan import check_steps
from .rights import check_rights
from .selection import select
from .stack_files import complete_config
from .tolerance import WaveFailures

HEALTH_CHECK_SECONDS = 60
"""Between two health checks of a wave during its soak time."""
StackPair = tuple[PlannedStack, StackRecord]


class Outcome(StrEnum):
    """How a run ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNHEALTHY = "unhealthy"
    NOT_APPROVED = "not approved"
    STOPPED = "stopped"


class Runner:
    """One run of a rollout. `stop` may be called at any time and from any thread."""

    def __init__(  # noqa: PLR0913 # what it works with, options, and a clock for the tests
        self,
        plan: Plan,
        deployer: Deployer,
        record_store: RecordStore,
        record: Record,
        *,
        parallel: int = 4,
        allow_loss: Sequence[str] = (),
        selected: Collection[str] | None = None,
        hooks: Hooks | None = None,
        on_change: Callable[[Record], None] = lambda _: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: Callable[[float], bool] | None = None,
    ) -> None:
        """`selected` has the names of the stacks to update; None: all.

        `on_change` gets the record after every change. `pause` waits some seconds; True: the rollout was stopped.
        """
        self._plan = plan
        self._deployer = deployer
        self._record_store = record_store
        self._record = record
        self._parallel = parallel
        self._allow_loss = allow_loss
        self._selected = select(plan) if selected is None else selected
        self._hooks = hooks or Hooks()
        self._on_change = on_change
        self._now = now
        self._stopping = threading.Event()
        self._pause = pause or self._stopping.wait
        self._hub_outputs: Mapping[str, str] = {}
        self._health_checker = HealthChecker(deployer)

    def stop(self) -> None:
        """Begin nothing new, and stop the running operations."""
        self._stopping.set()
        self._hooks.stop()
        self._deployer.stop()

    def run(self) -> Outcome:
        """Update every selected stack that is not yet updated. Returns what was first not a success, if anything.

        Raises: WrongAccountError before anything is changed.
        """
        outcome = self._run_waves()
        self._hooks.notify(end_report(self._record, outcome))
        return outcome

    def _run_waves(self) -> Outcome:
        waves = [
            (wave, wave_record, pairs)
            for wave, wave_record in zip(self._plan.waves, self._record.waves, strict=True)
            if wave_record.status is not Status.SUCCEEDED and (pairs := self._selected_pairs(wave, wave_record))
        ]
        check_accounts(self._deployer, [stack for *_, pairs in waves for stack, _ in pairs], self._parallel)
        outcome = Outcome.SUCCEEDED
        for wave, wave_record, pairs in waves:
            if not self._approve(wave_record):
                return Outcome.STOPPED if self._stopping.is_set() else Outcome.NOT_APPROVED
            failures = WaveFailures(wave.failure_tolerance)
            wave_outcome = self._run_wave(wave, wave_record, pairs, failures)
            self._hooks.notify(wave_report(self._record, wave_record, self._selected, wave_outcome))
            if wave_outcome is Outcome.STOPPED or failures.exceeded:
                return wave_outcome
            outcome = wave_outcome if outcome is Outcome.SUCCEEDED else outcome
        if self._record.succeeded:
            self._record.finished_at = self._timestamp()
            self._record_store.save_last_success(self._record)
        self._save()
        return outcome

    def _approve(self, wave_record: WaveRecord) -> bool:
        """Ask the user's command whether a wave may begin, and record that it may."""
        if self._stopping.is_set():
            return False
        if not needs_approval(self._record, wave_record):
            return True
        if not self._hooks.approve(approval_report(self._record, wave_record, self._selected)):
            return False
        wave_record.approved_at = self._timestamp()
        self._save()
        return not self._stopping.is_set()

    def _selected_pairs(self, wave: PlannedWave, wave_record: WaveRecord) -> list[StackPair]:
        pairs = zip(wave.stacks, wave_record.stacks, strict=True)
        return [(stack, stack_record) for stack, stack_record in pairs if stack.name in self._selected]

    def _run_wave(
        self, wave: PlannedWave, wave_record: WaveRecord, pairs: Sequence[StackPair], failures: WaveFailures
    ) -> Outcome:
        wave_record.health_problems = []
        pending = [pair for pair in pairs if pair[1].status is not Status.SUCCEEDED]
        if pending:
            self._set_status(wave_record, Status.UPDATING)
            run_in_parallel(lambda pair: self._update_stack(*pair, failures), pending, self._parallel)
        if failures.exceeded or all(stack_record.status is Status.FAILED for _, stack_record in pairs):
            self._set_status(wave_record, Status.FAILED)
            return Outcome.FAILED
        if self._stopping.is_set():
            self._set_status(wave_record, Status.PENDING)
            return Outcome.STOPPED
        if any(stack_record.status is Status.SUCCEEDED for _, stack_record in pending):
            wave_record.soak_started_at = self._timestamp()
        outcome = self._soak(wave, wave_record, failures)
        if outcome is Outcome.SUCCEEDED and any(stack_record.status is Status.FAILED for _, stack_record in pairs):
            return Outcome.FAILED
        return outcome

    def _update_stack(self, stack: PlannedStack, stack_record: StackRecord, failures: WaveFailures) -> None:
        """Check health, preview and update one stack, and record the result."""
        if self._stopping.is_set() or failures.exceeded:
            return

        def on_progress(activity: str) -> None:
            stack_record.activity = activity
            self._on_change(self._record)

        stack_record.error = ""
        stack_record.started_at, stack_record.finished_at = self._timestamp(), ""
        try:
            if stack_record.findings_before is None:
                findings = self._deployer.check_health(stack, self._deployer.outputs(stack))
                stack_record.findings_before = dict(findings)
            check_rights(self._record, stack)
            self._set_status(stack_record, Status.PREVIEWING)
            config = complete_config(stack, self._hub_outputs_for(stack))
            changes = self._deployer.preview(stack, config, on_progress)
            self._refuse_loss(changes)
            check_steps(self._record, stack_record, changes.steps)
            self._record.deployed[stack.name], stack_record.update_begun = stack, True
            self._set_status(stack_record, Status.UPDATING)
            stack_record.changes = dict(self._deployer.update(stack, config, on_progress).counts)
            stack_record.status = Status.SUCCEEDED
        except StackError as error:
            stack_record.status, stack_record.error = Status.FAILED, str(error)
            failures.add(stack.name)
        except StoppedError:
            interrupted = stack_record.status is Status.UPDATING
            stack_record.status = Status.INTERRUPTED if interrupted else Status.PENDING
        stack_record.activity, stack_record.finished_at = "", self._timestamp()
        self._save()

    def _hub_outputs_for(self, stack: PlannedStack) -> Mapping[str, str]:
        if stack.hub_output_keys and not self._hub_outputs:
            hub = self._plan.hub
            outputs = self._deployer.outputs(hub)
            if not outputs:
                message = f"the tables are in the hub's stack {hub.name}, which is not deployed: update it first"
                raise StackError(message)
            try:
                self._hub_outputs = read_hub_outputs(self._plan, outputs)
            except ValueError as error:
                message = f"the hub's stack {hub.name} does not export what its members need: {error}"
                raise StackError(message) from None
        return self._hub_outputs

    def _refuse_loss(self, changes: Changes) -> None:
        if losses := changes.losses_not_allowed(self._allow_loss):
            message = f"the update would replace or delete resources with data: {losses}; --allow-loss NAME allows it"
            raise StackError(message)

    def _soak(self, wave: PlannedWave, wave_record: WaveRecord, failures: WaveFailures) -> Outcome:
        """Check the health of a wave until its soak time is over, and once more at its end.

        A stack that was worse once has failed, also if it is well again.
        """
        wave_record.soak_started_at = wave_record.soak_started_at or self._timestamp()
        self._set_status(wave_record, Status.SOAKING)
        soak_end = datetime.fromisoformat(wave_record.soak_started_at) + timedelta(minutes=wave.soak_minutes)
        while True:
            remaining_seconds = (soak_end - self._now()).total_seconds()
            problems = remember_worse(wave_record.health_problems, self._check_health(wave, wave_record))
            wave_record.health_problems = problems
            if self._stopping.is_set():
                return Outcome.STOPPED
            for problem in problems:
                if remaining_seconds <= 0 or not problem.unreachable:
                    failures.add(problem.stack)
            if remaining_seconds <= 0 or failures.exceeded:
                self._set_status(wave_record, wave_record.status_after_soak)
                return Outcome.UNHEALTHY if problems else Outcome.SUCCEEDED
            self._save()
            if self._pause(min(remaining_seconds, HEALTH_CHECK_SECONDS)) or self._stopping.is_set():
                return Outcome.STOPPED

    def _check_health(self, wave: PlannedWave, wave_record: WaveRecord) -> list[HealthProblem]:
        def check(pair: StackPair) -> list[HealthProblem]:
            stack, stack_record = pair
            return self._health_checker.check(stack, stack_record.findings_before or {})

        pairs = zip(wave.stacks, wave_record.stacks, strict=True)
        updated = [pair for pair in pairs if pair[1].status is Status.SUCCEEDED]
        return [problem for problems in run_in_parallel(check, updated, self._parallel) for problem in problems]

    def _timestamp(self) -> str:
        return format_timestamp(self._now())

    def _set_status(self, record: StackRecord | WaveRecord, status: Status) -> None:
        record.status = status
        self._save()

    def _save(self) -> None:
        self._record_store.save(self._record)
        self._on_change(self._record)
