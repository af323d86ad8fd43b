"""`python -m rollout preview`."""

from rollout.graceful_stop import graceful_stop
from rollout.options import (
    AllowLossOption,
    DeployerOptions,
    JsonOption,
    RecordOption,
    TargetsPath,
    with_deployer_options,
)
from rollout.previews import preview_updates
from rollout.printing import progress_console
from rollout.progress import ProgressDisplay
from rollout.record_location import find_record_store

from .app import app
from .shared import create_deployer, print_and_exit, read_plan


@app.command(name="preview")
@with_deployer_options
def _preview(
    options: DeployerOptions,
    targets: TargetsPath,
    *,
    allow_loss: AllowLossOption = None,
    record: RecordOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what `up` would do to every stack, under the policy pack. Changes nothing in AWS."""
    plan = read_plan(targets, find_record_store(targets, record, options.program))
    deployer = create_deployer(options)
    with graceful_stop(deployer.stop), ProgressDisplay(progress_console()) as display:
        result = preview_updates(
            plan, deployer, parallel=options.parallel, allow_loss=allow_loss or (), on_change=display
        )
    print_and_exit(result, as_json, "nothing was changed")
