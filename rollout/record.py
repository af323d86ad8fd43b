"""The record of a rollout: how far each stack is. Written whole at every step, so that a crash loses none of it."""

import contextlib
import fcntl
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from .plan import Plan


class Step(StrEnum):
    """How far a stack or a wave is."""

    WAITING = "waiting"
    PREVIEWING = "previewing"
    UPDATING = "updating"
    SOAKING = "soaking"
    DONE = "done"
    FAILED = "failed"
    HALF_DONE = "half done"
    """Told to stop in the middle of an update, or found so after a crash."""


class RecordError(ValueError):
    """A record cannot be read, belongs to another plan, or is in use."""


@dataclass
class StackRecord:
    """One stack. Times are ISO 8601, UTC."""

    name: str
    account: str
    region: str
    step: Step = Step.WAITING
    doing: str = ""
    started: str = ""
    finished: str = ""
    changes: dict[str, int] = field(default_factory=dict)
    error: str = ""
    before: dict[str, int] | None = None
    """What was wrong with it before the rollout touched it; None until it was looked at."""


@dataclass
class WaveRecord:
    """One wave; `updated` is when its last stack was done, from which it soaks."""

    name: str
    soak_minutes: int
    stacks: list[StackRecord]
    step: Step = Step.WAITING
    updated: str = ""
    problems: list[str] = field(default_factory=list)


@dataclass
class Record:
    """A rollout. `plan` is the digest of the plan that it carries out."""

    plan: str
    started: str
    waves: list[WaveRecord]
    finished: str = ""

    @property
    def stacks(self) -> list[StackRecord]:
        """All stacks in their order."""
        return [stack for wave in self.waves for stack in wave.stacks]

    def settle(self) -> None:
        """Of a run that ended without a word: what was under way is half done, what was only looked at, waiting."""
        left = {Step.UPDATING: Step.HALF_DONE, Step.PREVIEWING: Step.WAITING}
        for stack in self.stacks:
            stack.step, stack.doing = left.get(stack.step, stack.step), ""
        for wave in self.waves:
            wave.step = Step.WAITING if wave.step in {Step.UPDATING, Step.SOAKING} else wave.step

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return all(wave.step is Step.DONE for wave in self.waves)


def digest(plan: Plan) -> str:
    """Equal for two plans that say the same of every stack."""
    return hashlib.sha256(json.dumps(plan.as_json(), sort_keys=True).encode()).hexdigest()


def begin(plan: Plan, now: datetime) -> Record:
    """The record of a rollout that has not begun."""
    waves = [
        WaveRecord(
            wave.name, wave.soak_minutes, [StackRecord(one.name, one.account_id, one.region) for one in wave.stacks]
        )
        for wave in plan.waves
    ]
    return Record(digest(plan), stamp(now), waves)


def stamp(moment: datetime) -> str:
    """A time as the record holds it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


class Store:
    """The record's file. Many threads may save; one rollout at a time may hold it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def load(self) -> Record | None:
        """The record, or None if there is none. Raises: RecordError when the file is none."""
        try:
            read = json.loads(self.path.read_text(encoding="utf-8"))
            return _record(read)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            right = "what `up` wrote is needed; move the file away to start over"
            raise RecordError(f"{self.path} is no record of a rollout ({error!r}): {right}") from None

    def save(self, record: Record) -> None:
        """Replace the file, all or nothing."""
        with self._lock:
            text = json.dumps(asdict(record), indent=2)
            new = self.path.with_name(f".{self.path.name}.new")
            new.write_text(text + "\n", encoding="utf-8")
            new.replace(self.path)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep others out. Raises: RecordError when another rollout is under way."""
        lock = self.path.with_name(f".{self.path.name}.lock")
        with lock.open("w", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RecordError(f"{self.path} is in use: another rollout of it is under way") from None
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)


def _record(read: Mapping[str, Any]) -> Record:
    waves = [
        WaveRecord(**{**wave, "step": Step(wave["step"]), "stacks": [_stack(one) for one in wave["stacks"]]})
        for wave in read["waves"]
    ]
    return Record(**{**read, "waves": waves})


def _stack(read: Mapping[str, Any]) -> StackRecord:
    return StackRecord(**{**read, "step": Step(read["step"])})
