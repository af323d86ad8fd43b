"""`python -m rollout resume`."""

from rollout.options import (
    AllowLossOption,
    DeployerOptions,
    JsonOption,
    RecordOption,
    TargetsPath,
    with_deployer_options,
)

from .app import app
from .shared import create_deployer, load_record, open_record_file, read_plan, run_rollout


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
    plan = read_plan(targets)
    record_file = open_record_file(targets, record)
    deployer = create_deployer(options)
    with record_file.locked():
        rollout_record = load_record(record_file, plan)
        rollout_record.mark_interrupted()
        run_rollout(plan, rollout_record, record_file, deployer, options.parallel, allow_loss, as_json)
