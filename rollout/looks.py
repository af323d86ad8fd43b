"""Looks at all stacks of a plan and changes none: what an update would do, and what has drifted."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from .config import FROM_HUB, stand_ins
from .executor import Changes, Executor, StackError, StoppedError, Tell
from .plan import Plan, PlannedStack
from .record import Record, StackRecord, Step, begin
from .runner import check_accounts, refused, spread
from .stacks import config_of, hub_outputs

Look = Callable[[PlannedStack, Mapping[str, object], Tell], Changes]


def preview(
    plan: Plan,
    executor: Executor,
    *,
    parallel: int = 4,
    allow_loss: Sequence[str] = (),
    on_change: Callable[[Record], None] = lambda _: None,
) -> Record:
    """What `up` would do to each stack. Before the hub is up, its members are given ARNs of the right form.

    Raises: WrongAccountError.
    """
    record = begin(plan, datetime.now(UTC))
    check_accounts(executor, plan.stacks, parallel)
    hub = plan.hub
    outputs = executor.outputs(hub)
    known = set(FROM_HUB) <= set(outputs)
    from_hub = hub_outputs(plan, outputs) if known else stand_ins(hub.region, hub.account_id)

    def look(stack: PlannedStack, config: Mapping[str, object], tell: Tell) -> Changes:
        changes = executor.preview(stack, config, tell)
        if lost := refused(changes, allow_loss):
            raise StackError(f"`up` will refuse it without --allow-loss, for what holds data: {', '.join(lost)}")
        return changes

    return _all(plan, record, from_hub, look, parallel, on_change)


def drift(
    plan: Plan,
    executor: Executor,
    *,
    parallel: int = 4,
    on_change: Callable[[Record], None] = lambda _: None,
) -> Record:
    """What is no longer as the last update left it. Raises: WrongAccountError, ValueError when the hub is not up."""
    record = begin(plan, datetime.now(UTC))
    check_accounts(executor, plan.stacks, parallel)
    from_hub = hub_outputs(plan, executor.outputs(plan.hub))

    def look(stack: PlannedStack, config: Mapping[str, object], tell: Tell) -> Changes:
        changes = executor.drift(stack, config, tell)
        if changes.names:
            raise StackError(f"not as it was left: {', '.join(changes.names)}")
        return changes

    return _all(plan, record, from_hub, look, parallel, on_change)


def _all(
    plan: Plan,
    record: Record,
    from_hub: Mapping[str, str],
    look: Look,
    parallel: int,
    on_change: Callable[[Record], None],
) -> Record:
    def one(pair: tuple[PlannedStack, StackRecord]) -> None:
        stack, entry = pair

        def tell(what: str) -> None:
            entry.doing = what
            on_change(record)

        entry.step = Step.PREVIEWING
        on_change(record)
        try:
            entry.changes = dict(look(stack, config_of(stack, from_hub), tell).counts)
            entry.step = Step.DONE
        except StackError as error:
            entry.step, entry.error = Step.FAILED, str(error)
        except StoppedError:
            entry.step = Step.WAITING
        entry.doing = ""
        on_change(record)

    spread(one, list(zip(plan.stacks, record.stacks, strict=True)), parallel)
    for wave in record.waves:
        wave.step = Step.DONE if all(stack.step is Step.DONE for stack in wave.stacks) else Step.FAILED
    return record
