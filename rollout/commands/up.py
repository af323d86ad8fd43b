"""`python -m rollout up`."""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from rollout.deployer import Step
from rollout.hooks import Hooks
from rollout.leaving import with_leaving
from rollout.options import (
    AllowLossOption,
    ApproveOption,
    DeployerOptions,
    JsonOption,
    NotifyOption,
    OnlyOption,
    RecordOption,
    TargetsPath,
    UntilOption,
    YesOption,
    with_deployer_options,
)
from rollout.plan import Plan
from rollout.program import read_commit
from rollout.program_files import read_program_files
from rollout.record import RecordError, new_record
from rollout.record_location import find_record_store
from rollout.reviewed_plan import check_unchanged, read_reviewed_plan
from rollout.selection import select
from rollout.words import count_of

from .app import app
from .shared import confirm, create_deployer, read_plan, run_rollout


@app.command(name="up")
@with_deployer_options
def _up(  # noqa: PLR0913 # one parameter per option
    options: DeployerOptions,
    targets: TargetsPath,
    *,
    only: OnlyOption = None,
    until: UntilOption = None,
    allow_loss: AllowLossOption = None,
    approve: ApproveOption = None,
    notify: NotifyOption = None,
    yes: YesOption = False,
    restart: Annotated[bool, typer.Option("--restart", help="Discard an unfinished rollout and begin again.")] = False,
    reviewed: Annotated[
        Path | None, typer.Option("--plan", help="File of `preview --out`: carry out exactly what it has.")
    ] = None,
    record: RecordOption = None,
    as_json: JsonOption = False,
) -> None:
    """Update all stacks, wave after wave. Each is previewed under the policy pack first; each wave soaks afterwards."""
    plan = read_plan(targets)
    selected = select(plan, only or (), until)
    hooks = Hooks(approve, notify)
    record_store = find_record_store(targets, record, options.program)
    deployer = create_deployer(options)
    with record_store.locked():
        old_record = record_store.load()
        if old_record and not old_record.succeeded and not restart:
            message = "records an unfinished rollout: run `resume`, or `up --restart` to begin again"
            raise RecordError(f"{record_store.location} {message}")
        if old_record:
            plan = with_leaving(plan, old_record.deployed)
        reviewed_steps = None if reviewed is None else _read_reviewed_steps(options, targets, plan, reviewed, selected)
        account_count = len({stack.account_id for stack in plan.stacks if stack.name in selected})
        confirm(f"Update {count_of(len(selected), 'stack')} in {count_of(account_count, 'account')}?", yes)
        rollout_record = new_record(plan, datetime.now(UTC), old_record)
        rollout_record.program_commit = read_commit(options.program, [targets, *([reviewed] if reviewed else [])])
        rollout_record.reviewed_steps = reviewed_steps
        run_rollout(
            rollout_record,
            record_store,
            deployer,
            options.parallel,
            allow_loss,
            as_json,
            hooks,
            selected=selected,
        )


def _read_reviewed_steps(
    options: DeployerOptions, targets: Path, plan: Plan, path: Path, selected: Collection[str]
) -> dict[str, tuple[Step, ...]]:
    reviewed = read_reviewed_plan(path)
    check_unchanged(reviewed, plan, read_program_files(options.program, [targets, path]))
    if missing := sorted({*selected} - {*reviewed.steps}):
        raise ValueError(f"{path} has no steps of {', '.join(missing)}: select what `preview --out` had, with --only")
    return dict(reviewed.steps)
