"""Previews all stacks of a plan and changes none: what an update would do, and what has drifted."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from .accounts import check_accounts
from .deployer import Changes, Deployer, OnProgress, StackError, Step, StoppedError
from .hub_outputs import read_hub_outputs
from .parallel import run_in_parallel
from .plan import Plan, PlannedStack
from .record import Record, StackRecord, Status, new_record
from .stack_files import complete_config
from .target_config import TABLE_ARN_KEYS, placeholder_outputs

PreviewStack = Callable[[PlannedStack, Mapping[str, object], OnProgress], Changes]


def preview_updates(
    plan: Plan,
    deployer: Deployer,
    *,
    parallel: int = 4,
    allow_loss: Sequence[str] = (),
    selected: Collection[str] | None = None,
    on_change: Callable[[Record], None] = lambda _: None,
    on_steps: Callable[[str, Sequence[Step]], None] = lambda _name, _steps: None,
) -> Record:
    """What `up` would do to each stack. Before the hub is deployed, its members get placeholder ARNs.

    `selected` has the names of the stacks to preview, and the record has no others; None: all.
    `on_steps` gets the steps of each stack, by the stack's name, from several threads.

    Raises: WrongAccountError, and ValueError when the hub's outputs belong to another account or Region.
    """
    stacks = _selected_stacks(plan, selected)
    check_accounts(deployer, stacks, parallel)
    hub = plan.hub
    outputs = deployer.outputs(hub)
    if set(TABLE_ARN_KEYS) <= set(outputs):
        hub_outputs = read_hub_outputs(plan, outputs)
    else:
        hub_outputs = placeholder_outputs(hub.region, hub.account_id)

    def preview_stack(stack: PlannedStack, config: Mapping[str, object], on_progress: OnProgress) -> Changes:
        changes = deployer.preview(stack, config, on_progress)
        if losses := changes.losses_not_allowed(allow_loss):
            message = (
                f"`up` will refuse to replace or delete resources with data: {losses}; --allow-loss NAME allows it"
            )
            raise StackError(message)
        on_steps(stack.name, changes.steps)
        return changes

    return _preview_stacks(plan, stacks, hub_outputs, preview_stack, parallel, on_change)


def detect_drift(
    plan: Plan,
    deployer: Deployer,
    *,
    parallel: int = 4,
    selected: Collection[str] | None = None,
    on_change: Callable[[Record], None] = lambda _: None,
) -> Record:
    """How AWS differs from the state after the last update of each stack, of all or of the `selected`.

    Raises: WrongAccountError, and ValueError when the hub is not deployed.
    """
    stacks = _selected_stacks(plan, selected)
    check_accounts(deployer, stacks, parallel)
    has_members = any(stack.hub_output_keys for stack in stacks)
    hub_outputs = read_hub_outputs(plan, deployer.outputs(plan.hub)) if has_members else {}

    def detect_stack_drift(stack: PlannedStack, config: Mapping[str, object], on_progress: OnProgress) -> Changes:
        changes = deployer.detect_drift(stack, config, on_progress)
        if changes.changed_names:
            raise StackError(f"drifted: {', '.join(changes.changed_names)}")
        return changes

    return _preview_stacks(plan, stacks, hub_outputs, detect_stack_drift, parallel, on_change)


def _selected_stacks(plan: Plan, selected: Collection[str] | None) -> list[PlannedStack]:
    return [stack for stack in plan.stacks if selected is None or stack.name in selected]


def _preview_stacks(
    plan: Plan,
    stacks: Sequence[PlannedStack],
    hub_outputs: Mapping[str, str],
    preview_stack: PreviewStack,
    parallel: int,
    on_change: Callable[[Record], None],
) -> Record:
    record = new_record(plan, datetime.now(UTC))
    record.keep_only({stack.name for stack in stacks})

    def preview_and_record(pair: tuple[PlannedStack, StackRecord]) -> None:
        stack, stack_record = pair

        def on_progress(activity: str) -> None:
            stack_record.activity = activity
            on_change(record)

        stack_record.status = Status.PREVIEWING
        on_change(record)
        try:
            changes = preview_stack(stack, complete_config(stack, hub_outputs), on_progress)
            stack_record.changes = dict(changes.counts)
            stack_record.status = Status.SUCCEEDED
        except StackError as error:
            stack_record.status, stack_record.error = Status.FAILED, str(error)
        except StoppedError:
            stack_record.status = Status.PENDING
        stack_record.activity = ""
        on_change(record)

    run_in_parallel(preview_and_record, list(zip(stacks, record.stacks, strict=True)), parallel)
    for wave in record.waves:
        succeeded = all(stack.status is Status.SUCCEEDED for stack in wave.stacks)
        wave.status = Status.SUCCEEDED if succeeded else Status.FAILED
    return record
