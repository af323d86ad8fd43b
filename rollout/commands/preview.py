"""`python -m rollout preview`."""

from rollout.graceful_stop import graceful_stop
from rollout.options import (
    AllowLossOption,
    DeployerOptions,
    JsonOption,
    OnlyOption,
    TargetsPath,
    UntilOption,
    with_deployer_options,
)
from rollout.previews import preview_updates
from rollout.printing import progress_console
from rollout.progress import ProgressDisplay
from rollout.selection import select

from .app import app
from .shared import create_deployer, print_and_exit, read_plan


@app.command(name="preview")
@with_deployer_options
def _preview(
    options: DeployerOptions,
    targets: TargetsPath,
    *,
    only: OnlyOption = None,
    until: UntilOption = None,
    allow_loss: AllowLossOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what `up` would do to every stack, under the policy pack. Changes nothing in AWS."""
    plan = read_plan(targets)
    selected = select(plan, only or (), until)
    deployer = create_deployer(options)
    with graceful_stop(deployer.stop), ProgressDisplay(progress_console()) as display:
        record = preview_updates(
            plan,
            deployer,
            parallel=options.parallel,
            allow_loss=allow_loss or (),
            selected=selected,
            on_change=display,
        )
    print_and_exit(record, as_json, "nothing was changed")
