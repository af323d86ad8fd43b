"""Carries out a plan, wave after wave. Knows nothing of Pulumi or AWS: those are behind an `Executor`.

A wave's stacks are updated side by side, a bounded number at once. One that fails leaves the others of its wave to
finish, and stops the waves after it. What is done is on record, and `resume` is the same run on the same record.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TypeVar

from .executor import Changes, Executor, StackError, StoppedError
from .plan import Plan, PlannedStack, PlannedWave
from .record import Record, StackRecord, Step, Store, WaveRecord, stamp
from .stacks import config_of, hub_outputs

T = TypeVar("T")
R = TypeVar("R")
HEALTH_SECONDS = 60
"""Between two looks at a wave that soaks."""


class Outcome(StrEnum):
    """How a run ended."""

    DONE = "done"
    FAILED = "failed"
    UNHEALTHY = "unhealthy"
    STOPPED = "stopped"


class WrongAccountError(Exception):
    """Credentials that lead to another account than the plan's, or nowhere. Nothing was changed."""


class Runner:
    """One run of a rollout. `stop` may be called at any time, from a signal handler too."""

    def __init__(  # noqa: PLR0913 - what it works with, each once
        self,
        plan: Plan,
        executor: Executor,
        store: Store,
        record: Record,
        *,
        parallel: int = 4,
        allow_loss: Sequence[str] = (),
        on_change: Callable[[Record], None] = lambda _: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: Callable[[float], bool] | None = None,
    ) -> None:
        self._plan = plan
        self._executor = executor
        self._store = store
        self._record = record
        self._parallel = parallel
        self._allow_loss = allow_loss
        self._on_change = on_change
        self._now = now
        self._stopping = threading.Event()
        self._pause = pause or self._stopping.wait
        self._hub: Mapping[str, str] = {}
        self._outputs: dict[str, Mapping[str, object]] = {}  # of stacks that soak: each costs seconds to ask for

    def stop(self) -> None:
        """Begin nothing new, and tell what is under way to stop."""
        self._stopping.set()
        self._executor.stop()

    def run(self) -> Outcome:
        """Do what is left to do. Raises: WrongAccountError before anything is changed."""
        waves = list(zip(self._plan.waves, self._record.waves, strict=True))
        left = [(wave, entry) for wave, entry in waves if entry.step is not Step.DONE]
        check_accounts(self._executor, [stack for wave, _ in left for stack in wave.stacks], self._parallel)
        for wave, entry in left:
            outcome = self._wave(wave, entry)
            if outcome is not Outcome.DONE:
                return outcome
        self._record.finished = stamp(self._now())
        self._save()
        return Outcome.DONE

    def _wave(self, wave: PlannedWave, entry: WaveRecord) -> Outcome:
        entry.problems = []
        todo = [(stack, one) for stack, one in zip(wave.stacks, entry.stacks, strict=True) if one.step is not Step.DONE]
        if todo:
            self._set(entry, Step.UPDATING)
            spread(lambda pair: self._stack(*pair), todo, self._parallel)
            entry.updated = stamp(self._now())
        if any(one.step is Step.FAILED for one in entry.stacks):
            self._set(entry, Step.FAILED)
            return Outcome.FAILED
        if self._stopping.is_set():
            self._set(entry, Step.WAITING)
            return Outcome.STOPPED
        return self._soak(wave, entry)

    def _stack(self, stack: PlannedStack, entry: StackRecord) -> None:
        """Update one stack, and put down what became of it."""
        if self._stopping.is_set():
            return

        def tell(what: str) -> None:
            entry.doing = what
            self._on_change(self._record)

        entry.error = ""
        entry.started, entry.finished = stamp(self._now()), ""
        try:
            if entry.before is None:
                entry.before = dict(self._executor.health(stack, self._executor.outputs(stack)))
            self._set(entry, Step.PREVIEWING)
            config = config_of(stack, self._from_hub(stack))
            self._refuse_loss(self._executor.preview(stack, config, tell))
            self._set(entry, Step.UPDATING)
            entry.changes = dict(self._executor.up(stack, config, tell).counts)
            entry.step = Step.DONE
        except StackError as error:
            entry.step, entry.error = Step.FAILED, str(error)
        except StoppedError:
            entry.step = Step.HALF_DONE if entry.step is Step.UPDATING else Step.WAITING
        entry.doing, entry.finished = "", stamp(self._now())
        self._save()

    def _from_hub(self, stack: PlannedStack) -> Mapping[str, str]:
        if stack.from_hub and not self._hub:
            hub = self._plan.hub
            try:
                self._hub = hub_outputs(self._plan, self._executor.outputs(hub))
            except ValueError as error:
                raise StackError(f"the hub's stack {hub.name} does not export what its members need: {error}") from None
        return self._hub

    def _refuse_loss(self, changes: Changes) -> None:
        if lost := refused(changes, self._allow_loss):
            raise StackError(
                f"it would replace or delete what holds data: {', '.join(lost)}; "
                "--allow-loss NAME says that this is meant"
            )

    def _soak(self, wave: PlannedWave, entry: WaveRecord) -> Outcome:
        """Look at a wave until its time is over, and once more; DONE if nothing got worse."""
        entry.updated = entry.updated or stamp(self._now())
        self._set(entry, Step.SOAKING)
        until = datetime.fromisoformat(entry.updated) + timedelta(minutes=wave.soak_minutes)
        while True:
            left = (until - self._now()).total_seconds()
            entry.problems = self._problems(wave, entry)
            if self._stopping.is_set():
                return Outcome.STOPPED
            if entry.problems and (left <= 0 or not all(problem.endswith(_UNSEEN) for problem in entry.problems)):
                self._set(entry, Step.FAILED)
                return Outcome.UNHEALTHY
            if left <= 0:
                self._set(entry, Step.DONE)
                return Outcome.DONE
            self._save()
            if self._pause(min(left, HEALTH_SECONDS)) or self._stopping.is_set():
                return Outcome.STOPPED

    def _problems(self, wave: PlannedWave, entry: WaveRecord) -> list[str]:
        """What is worse than before the update, or cannot be seen."""

        def look(pair: tuple[PlannedStack, StackRecord]) -> list[str]:
            stack, one = pair
            try:
                if stack.name not in self._outputs:
                    self._outputs[stack.name] = self._executor.outputs(stack)
                found = self._executor.health(stack, self._outputs[stack.name])
            except StackError as error:
                return [f"{stack.name}: {error}{_UNSEEN}"]
            except StoppedError:
                return []
            before = one.before or {}
            worse = {what: count for what, count in found.items() if count > before.get(what, 0)}
            return [f"{stack.name}: {what}: {count}, before {before.get(what, 0)}" for what, count in worse.items()]

        pairs = list(zip(wave.stacks, entry.stacks, strict=True))
        return [problem for problems in spread(look, pairs, self._parallel) for problem in problems]

    def _set(self, entry: StackRecord | WaveRecord, step: Step) -> None:
        entry.step = step
        self._save()

    def _save(self) -> None:
        self._store.save(self._record)
        self._on_change(self._record)


_UNSEEN = " (could not look)"


def refused(changes: Changes, allowed: Sequence[str]) -> list[str]:
    """What would be lost and is not allowed to be, by patterns of names such as `bounce-*-queue`."""
    return [name for name in changes.lost if not any(fnmatchcase(name.split(" ")[-1], one) for one in allowed)]


def check_accounts(executor: Executor, stacks: Iterable[PlannedStack], parallel: int) -> None:
    """Raises: WrongAccountError with all stacks whose roles do not lead to their account."""
    one_each = {(stack.account_id, str(stack.config.get("aws:assumeRoles"))): stack for stack in stacks}

    def look(stack: PlannedStack) -> str | None:
        try:
            account = executor.account(stack)
        except StackError as error:
            return f"{stack.name}: {error}"
        right = f"the account of {stack.name}, {stack.account_id}, is needed"
        return None if account == stack.account_id else f"the credentials are of account {account}: {right}"

    problems = [problem for problem in spread(look, list(one_each.values()), parallel) if problem]
    if problems:
        raise WrongAccountError("\n".join([*problems, "Nothing was changed."]))


def spread(work: Callable[[T], R], things: Sequence[T], parallel: int) -> list[R]:
    """Do the work for each thing, a bounded number at once; the results in order."""
    with ThreadPoolExecutor(max(1, min(parallel, len(things)))) as pool:
        return list(pool.map(work, things))
