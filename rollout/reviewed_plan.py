"""A plan that was previewed and reviewed: `up --plan` carries out its steps and no others."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from .deployer import StackError, Step
from .plan import Plan
from .plan_json import parse_plan, parse_step
from .record import Record, StackRecord

FORMAT_VERSION = 1
"""Goes up with every change of the file's format; a file of another version is refused."""
_MAX_NAMES = 10  # in an error


class ReviewedPlanError(ValueError):
    """The file is no reviewed plan, or that of another program or targets file."""


@dataclass(frozen=True)
class ReviewedPlan:
    """What was reviewed."""

    plan: Plan
    program_files: Mapping[str, str]
    """The SHA-256 of each file of the program."""
    steps: Mapping[str, tuple[Step, ...]]
    """What the update of each stack would do, by the stack's name."""


def write_reviewed_plan(path: Path, reviewed: ReviewedPlan) -> None:
    """Write the file of a reviewed plan."""
    path.write_text(json.dumps({"version": FORMAT_VERSION, **asdict(reviewed)}, indent=2) + "\n", encoding="utf-8")


def read_reviewed_plan(path: Path) -> ReviewedPlan:
    """Read the file of a reviewed plan. Raises: OSError, ReviewedPlanError."""
    needed = f"what `preview --out` of this version wrote is needed, with version {FORMAT_VERSION}"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        version = document.get("version")
        reviewed = _parse(document) if version == FORMAT_VERSION else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReviewedPlanError(f"{path} is not a reviewed plan ({error!r}): {needed}") from None
    if reviewed is None:
        raise ReviewedPlanError(f"{path} has version {version!r}: {needed}")
    return reviewed


def check_unchanged(reviewed: ReviewedPlan, plan: Plan, program_files: Mapping[str, str]) -> None:
    """Raises: ReviewedPlanError, with what differs, when another program or plan would be carried out."""
    differences = []
    if files := _different_keys(reviewed.program_files, program_files):
        differences.append(f"files of the program: {_listed(files)}")
    old, new = _plan_parts(reviewed.plan), _plan_parts(plan)
    if parts := _different_keys(old, new):
        differences.append(f"plan: {_listed(parts)}")
    if differences:
        message = "; ".join(differences)
        raise ReviewedPlanError(f"not what was reviewed, since these have changed: {message}. `preview --out` it again")


def check_steps(record: Record, stack_record: StackRecord, steps: Sequence[Step]) -> None:
    """Raises: StackError, with what differs, when a stack's update would take other steps than the reviewed ones.

    An update that had begun may lack some: these are done.
    """
    if record.reviewed_steps is None:
        return
    reviewed = record.reviewed_steps.get(stack_record.name)
    if reviewed is None:
        raise StackError("the update of this stack was not reviewed: `preview --out` it, then `up --restart --plan`")
    added = sorted(set(steps) - set(reviewed))
    missing = [] if stack_record.update_begun else sorted(set(reviewed) - set(steps))
    if added or missing:
        lines = [*(f"not reviewed: {step}" for step in added), *(f"only reviewed: {step}" for step in missing)]
        message = "the update would not do what was reviewed; `preview --out` it again, then `up --restart --plan`"
        raise StackError("\n".join([message, *lines]))


def _parse(document: Mapping[str, Any]) -> ReviewedPlan:
    steps = {name: tuple(map(parse_step, steps)) for name, steps in document["steps"].items()}
    return ReviewedPlan(parse_plan(document["plan"]), dict(document["program_files"]), steps)


def _plan_parts(plan: Plan) -> dict[str, str]:
    """The stacks and the waves of a plan, each as text to compare."""
    stacks = {f"stack {stack.name}": json.dumps(asdict(stack), sort_keys=True) for stack in plan.stacks}
    waves = {}
    for wave in plan.waves:
        stack_names = [stack.name for stack in wave.stacks]
        waves[f"wave {wave.name}"] = json.dumps({**asdict(wave), "stacks": stack_names}, sort_keys=True)
    return {"order of waves": json.dumps(list(waves)), **waves, **stacks}


def _different_keys(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(islice(names, _MAX_NAMES)) + more
