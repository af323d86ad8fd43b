"""`python -m rollout`: plan, preview, up, resume, status, drift and files, all from one targets file."""

import json
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from textwrap import indent
from typing import Annotated

import typer
from rich.console import Console

from .executor import Executor, StackError
from .live import Follow, failures, table
from .looks import drift, preview
from .options import AllowLoss, AsJson, RecordFile, Setup, Targets, Yes, with_setup
from .plan import Plan, plan
from .record import Record, RecordError, Store, begin, digest
from .runner import Outcome, Runner, WrongAccountError
from .screen import show
from .signals import told_to_stop
from .stacks import file_of, files, hub_outputs, write

INTERRUPTED = 130  # as a shell counts Ctrl-C
app = typer.Typer(
    help="One stack per account and Region, in waves.", no_args_is_help=True, pretty_exceptions_enable=False
)


@app.command(name="plan")
def _plan(targets: Targets, as_json: AsJson = False) -> None:
    """Show the waves, the stacks and what each gets. Asks nobody, changes nothing."""
    made = _read(targets)
    if as_json:
        _write_json(made.as_json())
    else:
        show(made, _console())


@app.command(name="files")
def _files(
    targets: Targets,
    hub_outputs_file: Annotated[
        Path | None, typer.Option("--hub-outputs", help="What `pulumi stack output --json` says of the hub's stack.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where to write.")] = Path(),
) -> None:
    """Write the Pulumi.<stack>.yaml of the hub or, with its outputs, of all stacks."""
    made = _read(targets)
    from_hub = None
    if hub_outputs_file is not None:
        read = json.loads(hub_outputs_file.read_text(encoding="utf-8"))
        if not isinstance(read, dict):
            raise ValueError(
                f"{hub_outputs_file} is a {type(read).__name__}: the JSON map of the hub's outputs is needed"
            )
        from_hub = hub_outputs(made, read)
    for name, config in files(made, from_hub).items():
        write(folder, name, config)
        typer.echo(file_of(folder, name))


@app.command(name="preview")
@with_setup
def _preview(
    setup: Setup,
    targets: Targets,
    *,
    allow_loss: AllowLoss = None,
    as_json: AsJson = False,
) -> None:
    """Show what `up` would do to every stack, under the policy pack. Changes nothing in AWS."""
    made = _read(targets)
    executor = _engine(setup)
    with told_to_stop(executor.stop), Follow(_progress()) as follow:
        record = preview(made, executor, parallel=setup.parallel, allow_loss=allow_loss or (), on_change=follow)
    _end(record, as_json, "nothing was changed")


@app.command(name="drift")
@with_setup
def _drift(
    setup: Setup,
    targets: Targets,
    *,
    as_json: AsJson = False,
) -> None:
    """Show which stacks are no longer as their last update left them. Changes nothing."""
    made = _read(targets)
    executor = _engine(setup)
    with told_to_stop(executor.stop), Follow(_progress()) as follow:
        record = drift(made, executor, parallel=setup.parallel, on_change=follow)
    _end(record, as_json, "nothing was changed")


@app.command(name="up")
@with_setup
def _up(
    setup: Setup,
    targets: Targets,
    *,
    allow_loss: AllowLoss = None,
    yes: Yes = False,
    restart: Annotated[bool, typer.Option("--restart", help="Forget an unfinished rollout and begin again.")] = False,
    record_file: RecordFile = None,
    as_json: AsJson = False,
) -> None:
    """Update all stacks, wave after wave: previewed and judged by the policy pack first, watched afterwards."""
    made = _read(targets)
    store = _store(targets, record_file)
    executor = _engine(setup)
    with store.held():
        if (old := store.load()) and not old.done and not restart:
            raise RecordError(f"{store.path} is of a rollout that is not finished: `resume`, or `up --restart`")
        accounts = len({stack.account_id for stack in made.stacks})
        _confirm(f"Update {len(made.stacks)} stacks in {accounts} accounts?", yes)
        _carry_out(made, begin(made, datetime.now(UTC)), store, executor, setup.parallel, allow_loss, as_json)


@app.command(name="resume")
@with_setup
def _resume(
    setup: Setup,
    targets: Targets,
    *,
    allow_loss: AllowLoss = None,
    record_file: RecordFile = None,
    as_json: AsJson = False,
) -> None:
    """Go on where `up` stopped, failed or was interrupted. What is done is not done again."""
    made = _read(targets)
    store = _store(targets, record_file)
    executor = _engine(setup)
    with store.held():
        record = _recorded(store, made)
        record.settle()
        _carry_out(made, record, store, executor, setup.parallel, allow_loss, as_json)


@app.command(name="status")
def _status(targets: Targets, record_file: RecordFile = None, as_json: AsJson = False) -> None:
    """Show how far the rollout is, from its record. Asks nobody."""
    store = _store(targets, record_file)
    record = _recorded(store, _read(targets))
    under_way = "under way"
    with suppress(RecordError), store.held():
        record.settle()
        under_way = ""
    _end(record, as_json, under_way)


def _read(targets: Path) -> Plan:
    return plan(targets.read_text(encoding="utf-8"), str(targets))


def _store(targets: Path, given: Path | None) -> Store:
    return Store(given or targets.with_suffix(".rollout.json"))


def _recorded(store: Store, made: Plan) -> Record:
    record = store.load()
    if record is None:
        raise RecordError(f"{store.path} does not exist: `up` begins a rollout and writes it")
    if record.plan != digest(made):
        raise RecordError(f"{store.path} is of another plan: the targets file has changed since; `up --restart`")
    return record


def _engine(setup: Setup) -> Executor:
    from .engine import Engine  # noqa: PLC0415 - `plan` and `status` need none of Pulumi and AWS

    return Engine(setup)


def _carry_out(
    made: Plan,
    record: Record,
    store: Store,
    executor: Executor,
    parallel: int,
    allow_loss: list[str] | None,
    as_json: bool,
) -> None:
    with Follow(_progress(), record) as follow:
        runner = Runner(made, executor, store, record, parallel=parallel, allow_loss=allow_loss or (), on_change=follow)
        with told_to_stop(runner.stop):
            outcome = runner.run()
    _end(record, as_json, "" if outcome is Outcome.DONE else f"{outcome}; `resume` goes on", outcome)


def _confirm(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise ValueError("there is no terminal to ask at: --yes says that it is meant")
    typer.confirm(question, abort=True, err=True)


def _end(record: Record, as_json: bool, more: str, outcome: Outcome | None = None) -> None:
    """Write what became of each stack, and end with the exit code."""
    if as_json:
        _write_json(asdict(record))
    else:
        console = _console()
        console.print(table(record))
        for error, stacks in failures(record).items():
            console.print(f"{', '.join(stacks)}:\n{indent(error, '  ')}\n", markup=False, soft_wrap=True)
    counts = Counter(stack.step.value for stack in record.stacks)
    told = ", ".join(f"{count} {step}" for step, count in counts.items())
    sys.stderr.write(f"{told}{f'; {more}' if more else ''}\n")
    stopped = outcome is Outcome.STOPPED
    raise typer.Exit(INTERRUPTED if stopped else 0 if record.done else 1)


def _write_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=120)


def _progress() -> Console:
    return Console(stderr=True, highlight=False)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its exit code: 0 if all is well, 1 if not, 2 for a wrong command, 130 if it was interrupted."""
    try:
        app(arguments, prog_name="python -m rollout")
    except (OSError, ValueError, StackError, WrongAccountError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except SystemExit as end:
        return int(end.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
