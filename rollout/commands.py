"""The subcommands of `python -m rollout`: plan, files, preview, drift, up, resume and status."""

import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from .deployer import Deployer
from .graceful_stop import graceful_stop
from .hub_outputs import read_hub_outputs
from .options import (
    AllowLossOption,
    DeployerOptions,
    JsonOption,
    RecordOption,
    TargetsPath,
    YesOption,
    with_deployer_options,
)
from .plan import Plan, build_plan
from .plan_table import print_plan
from .previews import detect_drift, preview_updates
from .printing import output_console, print_json, print_record, progress_console
from .progress import ProgressDisplay
from .record import Record, RecordError, RecordFile, new_record, plan_digest
from .runner import Outcome, Runner
from .stack_files import complete_configs, stack_file, write_stack_file

EXIT_NOT_SUCCEEDED = 1
EXIT_INTERRUPTED = 130  # what a shell reports after Ctrl-C
app = typer.Typer(
    help="One stack per account and Region, updated in waves.", no_args_is_help=True, pretty_exceptions_enable=False
)


@app.command(name="plan")
def _plan(targets: TargetsPath, as_json: JsonOption = False) -> None:
    """Show the waves, their stacks and where the tables are. Makes no calls, changes nothing."""
    plan = _read_plan(targets)
    if as_json:
        print_json(plan.as_json())
    else:
        print_plan(plan, output_console())


@app.command(name="files")
def _files(
    targets: TargetsPath,
    hub_outputs: Annotated[
        Path | None, typer.Option(help="File with what `pulumi stack output --json` prints for the hub's stack.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Folder to write into.")] = Path(),
) -> None:
    """Write the Pulumi.<stack>.yaml of the hub's stack or, with --hub-outputs, of all stacks."""
    plan = _read_plan(targets)
    outputs = None if hub_outputs is None else _read_outputs_file(plan, hub_outputs)
    for stack_name, config in complete_configs(plan, outputs).items():
        write_stack_file(folder, stack_name, config)
        typer.echo(stack_file(folder, stack_name))


@app.command(name="preview")
@with_deployer_options
def _preview(
    options: DeployerOptions, targets: TargetsPath, *, allow_loss: AllowLossOption = None, as_json: JsonOption = False
) -> None:
    """Show what `up` would do to every stack, under the policy pack. Changes nothing in AWS."""
    plan = _read_plan(targets)
    deployer = _create_deployer(options)
    with graceful_stop(deployer.stop), ProgressDisplay(progress_console()) as display:
        record = preview_updates(
            plan, deployer, parallel=options.parallel, allow_loss=allow_loss or (), on_change=display
        )
    _print_and_exit(record, as_json, "nothing was changed")


@app.command(name="drift")
@with_deployer_options
def _drift(options: DeployerOptions, targets: TargetsPath, *, as_json: JsonOption = False) -> None:
    """Show which stacks have drifted from the state after their last update. Changes nothing."""
    plan = _read_plan(targets)
    deployer = _create_deployer(options)
    with graceful_stop(deployer.stop), ProgressDisplay(progress_console()) as display:
        record = detect_drift(plan, deployer, parallel=options.parallel, on_change=display)
    _print_and_exit(record, as_json, "nothing was changed")


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
    plan = _read_plan(targets)
    record_file = _record_file(targets, record)
    deployer = _create_deployer(options)
    with record_file.locked():
        old_record = record_file.load()
        if old_record and not old_record.succeeded and not restart:
            message = "records an unfinished rollout: run `resume`, or `up --restart` to begin again"
            raise RecordError(f"{record_file.path} {message}")
        account_count = len({stack.account_id for stack in plan.stacks})
        _confirm(f"Update {len(plan.stacks)} stacks in {account_count} accounts?", yes)
        rollout_record = new_record(plan, datetime.now(UTC))
        _run(plan, rollout_record, record_file, deployer, options.parallel, allow_loss, as_json)


@app.command(name="resume")
@with_deployer_options
def _resume(
    options: DeployerOptions,
    targets: TargetsPath,
    *,
    allow_loss: AllowLossOption = None,
    record: RecordOption = None,
    as_json: JsonOption = False,
) -> None:
    """Continue a rollout that failed or was interrupted. Stacks that succeeded are not updated again."""
    plan = _read_plan(targets)
    record_file = _record_file(targets, record)
    deployer = _create_deployer(options)
    with record_file.locked():
        rollout_record = _load_record(record_file, plan)
        rollout_record.mark_interrupted()
        _run(plan, rollout_record, record_file, deployer, options.parallel, allow_loss, as_json)


@app.command(name="status")
def _status(targets: TargetsPath, record: RecordOption = None, as_json: JsonOption = False) -> None:
    """Show the status of each stack, from the record. Makes no calls."""
    record_file = _record_file(targets, record)
    rollout_record = _load_record(record_file, _read_plan(targets))
    note = "running"
    with suppress(RecordError), record_file.locked():
        rollout_record.mark_interrupted()
        note = ""
    _print_and_exit(rollout_record, as_json, note)


def _read_plan(targets: Path) -> Plan:
    return build_plan(targets.read_text(encoding="utf-8"), str(targets))


def _read_outputs_file(plan: Plan, path: Path) -> dict[str, str]:
    outputs = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(outputs, dict):
        return read_hub_outputs(plan, outputs)
    raise ValueError(f"{path} is a {type(outputs).__name__}: the JSON object of the hub's outputs is needed")


def _record_file(targets: Path, path: Path | None) -> RecordFile:
    return RecordFile(path or targets.with_suffix(".rollout.json"))


def _load_record(record_file: RecordFile, plan: Plan) -> Record:
    record = record_file.load()
    if record is None:
        raise RecordError(f"{record_file.path} does not exist: `up` begins a rollout and writes it")
    if record.plan_digest != plan_digest(plan):
        message = "belongs to another plan, since the targets file has changed: run `up --restart`"
        raise RecordError(f"{record_file.path} {message}")
    return record


def _create_deployer(options: DeployerOptions) -> Deployer:
    from .pulumi_deployer import PulumiDeployer  # noqa: PLC0415 - slow, and `plan` and `status` need no Pulumi or AWS

    return PulumiDeployer(options)


def _run(
    plan: Plan,
    record: Record,
    record_file: RecordFile,
    deployer: Deployer,
    parallel: int,
    allow_loss: list[str] | None,
    as_json: bool,
) -> None:
    with ProgressDisplay(progress_console(), record) as display:
        runner = Runner(
            plan, deployer, record_file, record, parallel=parallel, allow_loss=allow_loss or (), on_change=display
        )
        with graceful_stop(runner.stop):
            outcome = runner.run()
    note = "" if outcome is Outcome.SUCCEEDED else f"{outcome}; `resume` continues"
    _print_and_exit(record, as_json, note, outcome)


def _confirm(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise ValueError("there is no terminal to ask for confirmation: --yes updates without it")
    typer.confirm(question, abort=True, err=True)


def _print_and_exit(record: Record, as_json: bool, note: str, outcome: Outcome | None = None) -> None:
    print_record(record, as_json=as_json, note=note)
    if outcome is Outcome.STOPPED:
        raise typer.Exit(EXIT_INTERRUPTED)
    raise typer.Exit(0 if record.succeeded else EXIT_NOT_SUCCEEDED)
