"""`python -m rollout resume`."""

from rollout.hooks import Hooks
from rollout.options import (
    AllowLossOption,
    ApproveOption,
    DeployerOptions,
    JsonOption,
    NotifyOption,
    OnlyOption,
    RecordOption,
    TargetsPath,
    UntilOption,
    with_deployer_options,
)
from rollout.program import program_of_record
from rollout.record_location import find_record_store
from rollout.selection import select

from .app import app
from .shared import create_deployer, load_record, read_plan, run_rollout


@app.command(name="resume")
@with_deployer_options
def _resume(  # noqa: PLR0913 # one parameter per option
    options: DeployerOptions,
    targets: TargetsPath,
    *,
    only: OnlyOption = None,
    until: UntilOption = None,
    allow_loss: AllowLossOption = None,
    approve: ApproveOption = None,
    notify: NotifyOption = None,
    record: RecordOption = None,
    as_json: JsonOption = False,
) -> None:
    """Continue a rollout that failed or was interrupted. Stacks that succeeded are not updated again."""
    plan = read_plan(targets)
    hooks = Hooks(approve, notify)
    record_store = find_record_store(targets, record, options.program)
    with record_store.locked():
        rollout_record = load_record(record_store, plan)
        rollout_record.mark_interrupted()
        # The plan of a rollback is not that of the targets file.
        selected = select(rollout_record.plan, only or (), until)
        with program_of_record(options, rollout_record.program_commit, [targets]) as options_of_record:
            deployer = create_deployer(options_of_record)
            run_rollout(
                rollout_record,
                record_store,
                deployer,
                options.parallel,
                allow_loss,
                as_json,
                hooks,
                selected=selected,
            )
