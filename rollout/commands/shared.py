"""What several subcommands do: read the plan, open the record, create the deployer, run, ask and report."""

import sys
from collections.abc import Collection
from pathlib import Path

import typer

from rollout.deployer import Deployer, RetiringDeployer
from rollout.graceful_stop import graceful_stop
from rollout.hooks import Hooks
from rollout.leaving import with_leaving
from rollout.options import DeployerOptions
from rollout.plan import Plan, build_plan
from rollout.printing import print_record, progress_console
from rollout.progress import ProgressDisplay
from rollout.record import Record, RecordError, plan_digest
from rollout.record_store import RecordStore
from rollout.runner import Outcome, Runner
from rollout.yaml_reader import read_text

EXIT_NOT_SUCCEEDED = 1
EXIT_INTERRUPTED = 130  # what a shell reports after Ctrl-C


def read_plan(targets: Path, record_store: RecordStore | None = None) -> Plan:
    """The plan of a targets file; with a store, also what leaves according to its record.

    Raises: OSError, TargetsError, RecordError, and ValueError for a deployed account with another name or id.
    """
    plan = build_plan(read_text(targets), str(targets))
    record = record_store.load() if record_store else None
    return with_leaving(plan, record.deployed) if record else plan


def load_record(record_store: RecordStore, plan: Plan) -> Record:
    """The record of a rollout of this plan, or of a rollback, which has a plan of its own. Raises: RecordError."""
    record = record_store.load()
    if record is None:
        raise RecordError(f"{record_store.location} does not exist: `up` begins a rollout and writes it")
    if record.plan_digest != plan_digest(with_leaving(plan, record.deployed)) and not record.is_rollback:
        message = "belongs to another plan, since the targets file has changed: run `up --restart`"
        raise RecordError(f"{record_store.location} {message}")
    return record


def create_deployer(options: DeployerOptions) -> RetiringDeployer:
    """The deployer that runs Pulumi and calls AWS. Raises: StackError."""
    from rollout.pulumi_deployer import PulumiDeployer  # noqa: PLC0415 - slow, and `plan` and `status` need no Pulumi or AWS

    return PulumiDeployer(options)


def run_rollout(
    record: Record,
    record_store: RecordStore,
    deployer: Deployer,
    parallel: int,
    allow_loss: list[str] | None,
    as_json: bool,
    hooks: Hooks | None = None,
    *,
    selected: Collection[str] | None = None,
) -> None:
    """Run the plan of a record from where it is, print the record and end the program with its exit code.

    `selected` has the names of the stacks to update; None: all.
    """
    with ProgressDisplay(progress_console(), record) as display:
        runner = Runner(
            record.plan,
            deployer,
            record_store,
            record,
            parallel=parallel,
            allow_loss=allow_loss or (),
            selected=selected,
            hooks=hooks,
            on_change=display,
        )
        with graceful_stop(runner.stop):
            outcome = runner.run()
    note = "" if record.succeeded else f"{outcome}; `resume` continues"
    if outcome is Outcome.SUCCEEDED and not record.succeeded:
        note = "all that was selected has succeeded; `resume` continues with the rest"
    print_and_exit(record, as_json, note, outcome)


def confirm(question: str, yes: bool) -> None:
    """Ask, unless `yes`. Raises: typer.Abort for a no, ValueError without a terminal."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ValueError("there is no terminal to ask for confirmation: --yes goes on without it")
    typer.confirm(question, abort=True, err=True)


def print_and_exit(record: Record, as_json: bool, note: str, outcome: Outcome | None = None) -> None:
    """Print a record and end the program: with 0 if it or the run succeeded, with 130 after a signal, else with 1."""
    print_record(record, as_json=as_json, note=note)
    if outcome is Outcome.STOPPED:
        raise typer.Exit(EXIT_INTERRUPTED)
    succeeded = record.succeeded if outcome is None else outcome is Outcome.SUCCEEDED
    raise typer.Exit(0 if succeeded else EXIT_NOT_SUCCEEDED)
