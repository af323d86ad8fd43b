"""`python -m rollout up`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from rollout.options import (
    AllowLossOption,
    DeployerOptions,
    JsonOption,
    RecordOption,
    TargetsPath,
    YesOption,
    with_deployer_options,
)
from rollout.record import RecordError, new_record
from rollout.words import count_of

from .app import app
from .shared import confirm, create_deployer, open_record_file, read_plan, run_rollout


@app.command(name="up")
@with_deployer_options
def _up(
    options: DeployerOptions,
    targets: TargetsPath,
    *,
    allow_loss: AllowLossOption = None,
    yes: YesOption = False,
    restart: Annotated[bool, typer.Option("--restart", help="Discard an unfinished rollout and begin again.")] = False,
    record: RecordOption = None,
    as_json: JsonOption = False,
) -> None:
    """Update all stacks, wave after wave. Each is previewed under the policy pack first; each wave soaks afterwards."""
    plan = read_plan(targets)
    record_file = open_record_file(targets, record)
    deployer = create_deployer(options)
    with record_file.locked():
        old_record = record_file.load()
        if old_record and not old_record.succeeded and not restart:
            message = "records an unfinished rollout: run `resume`, or `up --restart` to begin again"
            raise RecordError(f"{record_file.path} {message}")
        account_count = len({stack.account_id for stack in plan.stacks})
        confirm(f"Update {count_of(len(plan.stacks), 'stack')} in {count_of(account_count, 'account')}?", yes)
        rollout_record = new_record(plan, datetime.now(UTC), old_record)
        run_rollout(plan, rollout_record, record_file, deployer, options.parallel, allow_loss, as_json)
