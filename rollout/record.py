"""The record of a rollout: the status of each stack. Written at every step, so that a crash loses nothing."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from .deployer import Step
from .health import HealthProblem
from .plan import Plan, PlannedStack
from .plan_json import parse_plan, parse_stack, parse_step

RECORD_VERSION = 2
"""Goes up with every change of the file's format; a record of another version is refused."""


class Status(StrEnum):
    """The status of a stack or a wave."""

    PENDING = "pending"
    PREVIEWING = "previewing"
    UPDATING = "updating"
    SOAKING = "soaking"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """The update was stopped before its end, or a crash ended it."""


class RecordError(ValueError):
    """A record cannot be read, belongs to another plan, or is locked."""


@dataclass
class StackRecord:
    """One stack. Times are ISO 8601, UTC; empty: not yet."""

    name: str
    account_id: str
    region: str
    status: Status = Status.PENDING
    activity: str = ""
    """What is happening to the stack right now, such as `create bounce-queue`."""
    started_at: str = ""
    finished_at: str = ""
    changes: dict[str, int] = field(default_factory=dict)
    """Resources by operation."""
    error: str = ""
    update_begun: bool = False
    """Whether an update of this rollout has begun, so that some of its steps may be done."""
    findings_before: dict[str, int] | None = None
    """What the health check before the update found; None until it was made."""


@dataclass
class WaveRecord:
    """One wave. `soak_started_at` is when its last stack was updated, `approved_at` when `--approve` let it begin.

    Both are ISO 8601, UTC.
    """

    name: str
    soak_minutes: int
    stacks: list[StackRecord]
    failure_tolerance: int = 0
    """How many of the stacks may fail before the rollout stops."""
    status: Status = Status.PENDING
    approved_at: str = ""
    soak_started_at: str = ""
    health_problems: list[HealthProblem] = field(default_factory=list)

    @property
    def failed_stacks(self) -> set[str]:
        """The names of the stacks whose update failed, or whose health was worse in the soak time."""
        return {stack.name for stack in self.stacks if stack.status is Status.FAILED} | {
            problem.stack for problem in self.health_problems
        }

    @property
    def status_after_soak(self) -> Status:
        """Failed after any failure, pending while stacks remain that were not selected, else succeeded."""
        statuses = {stack.status for stack in self.stacks}
        if self.failed_stacks:
            return Status.FAILED
        return Status.SUCCEEDED if statuses <= {Status.SUCCEEDED} else Status.PENDING


@dataclass
class Record:
    """A rollout. `plan_digest` identifies its plan. Times are ISO 8601, UTC."""

    version: int = field(default=RECORD_VERSION, kw_only=True)
    plan_digest: str
    started_at: str
    plan: Plan
    waves: list[WaveRecord]
    finished_at: str = ""
    program_commit: str = ""
    """Commit of the program in Git, with `-dirty` if files differ from it; empty: not in Git."""
    reviewed_steps: dict[str, tuple[Step, ...]] | None = None
    """The only steps that each stack's update may take; None: what its preview shows."""
    is_rollback: bool = False
    """Whether the plan is that of an earlier rollout, and not of the targets file."""
    deployed: dict[str, PlannedStack] = field(default_factory=dict)
    """Every stack whose update has ever begun, by name, as it was last updated; also of earlier rollouts."""

    @property
    def stacks(self) -> list[StackRecord]:
        """All stacks in their order."""
        return [stack for wave in self.waves for stack in wave.stacks]

    @property
    def succeeded(self) -> bool:
        """Whether every wave has succeeded."""
        return all(wave.status is Status.SUCCEEDED for wave in self.waves)

    def keep_only(self, stack_names: Collection[str]) -> None:
        """Remove all other stacks, and waves that then have none."""
        for wave in self.waves:
            wave.stacks = [stack for stack in wave.stacks if stack.name in stack_names]
        self.waves = [wave for wave in self.waves if wave.stacks]

    def mark_interrupted(self) -> None:
        """Correct the record of a run that has ended without updating it, by a crash for example."""
        status_after_crash = {Status.UPDATING: Status.INTERRUPTED, Status.PREVIEWING: Status.PENDING}
        for stack in self.stacks:
            stack.status, stack.activity = status_after_crash.get(stack.status, stack.status), ""
        for wave in self.waves:
            if wave.status in {Status.UPDATING, Status.SOAKING}:
                wave.status = Status.PENDING


def plan_digest(plan: Plan) -> str:
    """A digest that is equal for two plans with the same content."""
    return hashlib.sha256(json.dumps(plan.as_json(), sort_keys=True).encode()).hexdigest()


def new_record(plan: Plan, now: datetime, previous: Record | None = None) -> Record:
    """The record of a rollout that has not begun. What is deployed carries over from the `previous` one."""
    waves = [
        WaveRecord(
            wave.name,
            wave.soak_minutes,
            [StackRecord(stack.name, stack.account_id, stack.region) for stack in wave.stacks],
            wave.failure_tolerance,
        )
        for wave in plan.waves
    ]
    deployed = dict(previous.deployed) if previous else {}
    return Record(plan_digest(plan), format_timestamp(now), plan, waves, deployed=deployed)


def format_timestamp(timestamp: datetime) -> str:
    """A time as the record holds it: ISO 8601, UTC, in seconds."""
    return timestamp.astimezone(UTC).isoformat(timespec="seconds")


def parse_record(content: str, location: str) -> Record:
    """A record from its JSON; `location` is its name in errors.

    Raises: RecordError when it is no record, or has another version.
    """
    new_rollout = "move it away to begin a new rollout"
    try:
        document = json.loads(content)
        version = document.get("version")
        record = _parse_record(document) if version == RECORD_VERSION else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{location} is not a rollout record ({error!r}): what `up` wrote is needed; {new_rollout}"
        raise RecordError(message) from None
    if record is None:
        message = f"{location} has record version {version!r}: version {RECORD_VERSION} is needed; {new_rollout}"
        raise RecordError(message)
    return record


def _parse_record(document: Mapping[str, Any]) -> Record:
    parsed = {
        "waves": [_parse_wave(wave) for wave in document["waves"]],
        "plan": parse_plan(document["plan"]),
        "deployed": {name: parse_stack(stack) for name, stack in document["deployed"].items()},
    }
    if document["reviewed_steps"] is not None:
        parsed["reviewed_steps"] = {
            name: tuple(map(parse_step, steps)) for name, steps in document["reviewed_steps"].items()
        }
    return Record(**{**document, **parsed})


def _parse_wave(document: Mapping[str, Any]) -> WaveRecord:
    parsed = {
        "status": Status(document["status"]),
        "stacks": [_parse_stack(stack) for stack in document["stacks"]],
        "health_problems": [HealthProblem(**problem) for problem in document["health_problems"]],
    }
    return WaveRecord(**{**document, **parsed})


def _parse_stack(document: Mapping[str, Any]) -> StackRecord:
    return StackRecord(**{**document, "status": Status(document["status"])})
