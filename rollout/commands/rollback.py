"""`python -m rollout rollback`."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from rollout.hooks import Hooks
from rollout.leaving import leaving_note, with_leaving
from rollout.options import (
    AllowLossOption,
    ApproveOption,
    DeployerOptions,
    JsonOption,
    NotifyOption,
    RecordOption,
    TargetsPath,
    YesOption,
    with_deployer_options,
)
from rollout.program import program_at, resolve_commit
from rollout.record import new_record
from rollout.record_location import find_record_store
from rollout.rollback import choose_rollback
from rollout.words import count_of

from .app import app
from .shared import confirm, create_deployer, run_rollout


@app.command(name="rollback")
@with_deployer_options
def _rollback(  # noqa: PLR0913 # one parameter per option
    options: DeployerOptions,
    targets: TargetsPath,
    *,
    commit: Annotated[
        str | None, typer.Option(help="Commit of the program. Default: that of the last rollout that succeeded.")
    ] = None,
    allow_loss: AllowLossOption = None,
    approve: ApproveOption = None,
    notify: NotifyOption = None,
    yes: YesOption = False,
    record: RecordOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go back to the program and the plan of the last rollout that succeeded wholly, with the same waves and checks."""
    hooks = Hooks(approve, notify)
    record_store = find_record_store(targets, record, options.program)
    with record_store.locked():
        old_record = record_store.load()
        good_record, good_commit = choose_rollback(record_store, old_record, commit)
        good_commit = resolve_commit(options.program, good_commit)
        previous = old_record or good_record
        plan = with_leaving(good_record.plan, previous.deployed)  # accounts that are newer than the plan leave it
        if note := leaving_note(plan):
            sys.stderr.write(f"{note}\n")
        with program_at(options, good_commit) as options_at_commit:
            deployer = create_deployer(options_at_commit)
            date = good_record.started_at.partition("T")[0]
            question = (
                f"Update {count_of(len(plan.stacks), 'stack')} to commit {good_commit[:12]}, with the plan of {date}?"
            )
            confirm(question, yes)
            rollout_record = new_record(plan, datetime.now(UTC), previous)
            rollout_record.program_commit, rollout_record.is_rollback = good_commit, True
            run_rollout(rollout_record, record_store, deployer, options.parallel, allow_loss, as_json, hooks)
