"""`python -m rollout drift`."""

from rollout.graceful_stop import graceful_stop
from rollout.options import DeployerOptions, JsonOption, OnlyOption, TargetsPath, UntilOption, with_deployer_options
from rollout.previews import detect_drift
from rollout.printing import progress_console
from rollout.progress import ProgressDisplay
from rollout.selection import select

from .app import app
from .shared import create_deployer, print_and_exit, read_plan


@app.command(name="drift")
@with_deployer_options
def _drift(
    options: DeployerOptions,
    targets: TargetsPath,
    *,
    only: OnlyOption = None,
    until: UntilOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which stacks have drifted from the state after their last update. Changes nothing."""
    plan = read_plan(targets)
    selected = select(plan, only or (), until)
    deployer = create_deployer(options)
    with graceful_stop(deployer.stop), ProgressDisplay(progress_console()) as display:
        record = detect_drift(plan, deployer, parallel=options.parallel, selected=selected, on_change=display)
    print_and_exit(record, as_json, "nothing was changed")
