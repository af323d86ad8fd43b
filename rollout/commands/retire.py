"""`python -m rollout retire`."""

import sys
from typing import Annotated

import typer

from rollout.graceful_stop import graceful_stop
from rollout.leaving import with_leaving
from rollout.options import (
    AllowLossOption,
    DeployerOptions,
    JsonOption,
    RecordOption,
    TargetsPath,
    YesOption,
    with_deployer_options,
)
from rollout.printing import print_record, progress_console
from rollout.program import is_exact, read_commit
from rollout.progress import ProgressDisplay
from rollout.record import Record, RecordError, Status, plan_digest
from rollout.record_location import find_record_store
from rollout.record_store import RecordStore
from rollout.retirement import Retirement, choose_stacks
from rollout.runner import Outcome

from .app import app
from .shared import confirm, create_deployer, print_and_exit, read_plan


@app.command(name="retire")
@with_deployer_options
def _retire(
    options: DeployerOptions,
    targets: TargetsPath,
    stacks: Annotated[list[str] | None, typer.Argument(help="Stacks that leave. Default: all of them.")] = None,
    *,
    allow_loss: AllowLossOption = None,
    yes: YesOption = False,
    record: RecordOption = None,
    as_json: JsonOption = False,
) -> None:
    """Destroy stacks that are no longer in the targets file, then take their accounts' rights from the hub."""
    file_plan = read_plan(targets)
    record_store = find_record_store(targets, record, options.program)
    deployer = create_deployer(options)
    with record_store.locked():
        rollout_record = _load_finished_record(record_store)
        _refuse_other_program(rollout_record, read_commit(options.program, [targets]))
        plan = with_leaving(file_plan, rollout_record.deployed)
        if rollout_record.plan_digest != plan_digest(plan):
            raise RecordError(f"{record_store.location} is of another plan than the targets file: run `up` first")
        chosen = choose_stacks(plan, rollout_record, stacks or ())
        if not chosen:
            sys.stderr.write("no stack leaves: every deployed one is in the targets file\n")
            return
        with ProgressDisplay(progress_console()) as display:
            retirement = Retirement(
                file_plan,
                chosen,
                rollout_record,
                record_store,
                deployer,
                parallel=options.parallel,
                allow_loss=allow_loss or (),
                on_change=display,
            )
            with graceful_stop(retirement.stop):
                preview = retirement.preview()
        if not preview.succeeded:
            print_and_exit(preview, as_json, "nothing was changed", _outcome(preview))
        if not as_json:
            print_record(preview, as_json=False, note="previewed")
        confirm(f"Destroy {', '.join(stack.name for stack in chosen)}?", yes)
        with ProgressDisplay(progress_console(), preview) as display, graceful_stop(retirement.stop):
            result = retirement.run()
    print_and_exit(result, as_json, "" if result.succeeded else "`retire` continues", _outcome(result))


def _load_finished_record(record_store: RecordStore) -> Record:
    rollout_record = record_store.load()
    if rollout_record is None:
        raise RecordError(f"{record_store.location} does not exist: `up` writes it, and with it what is deployed")
    if not rollout_record.succeeded:
        raise RecordError(f"{record_store.location} records an unfinished rollout: finish it with `resume` first")
    return rollout_record


def _refuse_other_program(record: Record, commit: str) -> None:
    """The hub is updated with the program as it is now, which must be the one that was rolled out to all stacks."""
    if is_exact(record.program_commit) and commit != record.program_commit:
        message = f"the last rollout was of commit {record.program_commit} of the program, and this is {commit}"
        raise RecordError(f"{message}: run `up` first, or check out that commit")


def _outcome(record: Record) -> Outcome | None:
    """None unless a signal has stopped it."""
    unfinished = {stack.status for stack in record.stacks} & {Status.INTERRUPTED, Status.PENDING}
    failed = any(stack.status is Status.FAILED for stack in record.stacks)
    return Outcome.STOPPED if unfinished and not failed else None
