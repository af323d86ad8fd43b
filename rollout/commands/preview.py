"""`python -m rollout preview`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rollout.deployer import Step
from rollout.graceful_stop import graceful_stop
from rollout.options import (
    AllowLossOption,
    DeployerOptions,
    JsonOption,
    OnlyOption,
    RecordOption,
    TargetsPath,
    UntilOption,
    with_deployer_options,
)
from rollout.previews import preview_updates
from rollout.printing import progress_console
from rollout.program_files import read_program_files
from rollout.progress import ProgressDisplay
from rollout.record_location import find_record_store
from rollout.reviewed_plan import ReviewedPlan, write_reviewed_plan
from rollout.selection import select

from .app import app
from .shared import create_deployer, print_and_exit, read_plan


@app.command(name="preview")
@with_deployer_options
def _preview(  # one parameter per option
    options: DeployerOptions,
    targets: TargetsPath,
    *,
    only: OnlyOption = None,
    until: UntilOption = None,
    allow_loss: AllowLossOption = None,
    record: RecordOption = None,
    out: Annotated[Path | None, typer.Option(help="File to write for `up --plan`: what each update would do.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what `up` would do to every stack, under the policy pack. Changes nothing in AWS."""
    plan = read_plan(targets, find_record_store(targets, record, options.program))
    selected = select(plan, only or (), until)
    deployer = create_deployer(options)
    if out and (out.is_dir() or not out.parent.is_dir()):  # said before the previews, which take minutes
        raise ValueError(f"--out is {out}: a file in a folder that exists is needed")
    program_files = read_program_files(options.program, [targets, out]) if out else {}
    steps: dict[str, tuple[Step, ...]] = {}
    with graceful_stop(deployer.stop), ProgressDisplay(progress_console()) as display:
        result = preview_updates(
            plan,
            deployer,
            parallel=options.parallel,
            allow_loss=allow_loss or (),
            selected=selected,
            on_change=display,
            on_steps=lambda name, stack_steps: steps.update({name: tuple(sorted(stack_steps))}),
        )
    if out and result.succeeded:
        write_reviewed_plan(out, ReviewedPlan(plan, program_files, steps))
    elif out:
        sys.stderr.write(f"{out} was not written, since not every preview has succeeded.\n")
    print_and_exit(result, as_json, "nothing was changed")
