"""From a targets file to a plan: which stack gets what, in which order. Pure; nothing is asked and nothing changed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from .checks import check, members
from .config import FROM_HUB, PROJECT, TABLE_KEY, is_hub, makes_keys, own, provider
from .document import Reader, TargetsError
from .targets import Hub, Target, Targets, read


@dataclass(frozen=True)
class PlannedStack:
    """One stack. `config` is whole but for `from_hub`, the keys that get the hub's outputs of the same names."""

    name: str
    account: str
    account_id: str
    region: str
    config: Mapping[str, object]
    from_hub: tuple[str, ...]
    depends_on: tuple[str, ...]


@dataclass(frozen=True)
class PlannedWave:
    """Stacks that may be updated at once, and how long to watch them before the next wave."""

    name: str
    soak_minutes: int
    stacks: tuple[PlannedStack, ...]


@dataclass(frozen=True)
class Plan:
    """Waves in their order.

    Raises: ValueError for an empty wave, a stack that is there twice, and a stack that is not after what it needs.
    """

    waves: tuple[PlannedWave, ...]

    def __post_init__(self) -> None:
        before: set[str] = set()
        for wave in self.waves:
            names = [stack.name for stack in wave.stacks]
            if not names:
                raise ValueError(f"wave {wave.name!r} has no stacks: at least one is needed")
            for stack in wave.stacks:
                if stack.name in before or names.count(stack.name) > 1:
                    raise ValueError(f"stack {stack.name!r} is in the plan twice: name its account and Region once")
                if late := sorted(set(stack.depends_on) - before):
                    raise ValueError(f"stack {stack.name!r} needs {late[0]!r}, which must be in an earlier wave")
            before.update(names)

    @property
    def stacks(self) -> tuple[PlannedStack, ...]:
        """All stacks in their order."""
        return tuple(stack for wave in self.waves for stack in wave.stacks)

    @property
    def hub(self) -> PlannedStack:
        """The stack that owns the tables: the first wave is its alone."""
        (hub,) = self.waves[0].stacks
        return hub

    def as_json(self) -> dict[str, object]:
        """The plan for programs."""
        return asdict(self)


def plan(text: str, file: str = "targets.yaml") -> Plan:
    """The plan of a targets file.

    Raises: TargetsError with all that is wrong, each with its line.
    """
    reader = Reader()
    targets = read(reader, text)
    if targets is not None:
        check(reader, targets)
    if reader.problems or targets is None or targets.hub is None:
        raise TargetsError(file, reader.problems)
    return _plan(targets, targets.hub)


def _plan(targets: Targets, hub: Hub) -> Plan:
    owner = next(target for target in targets.targets if is_hub(target, hub))
    named = [members(wave, targets.accounts) for wave in targets.waves]
    taken = {account.name for wave in named for account in wave}
    waves = []
    for wave, accounts in zip(targets.waves, named, strict=True):
        names = {account.name for account in accounts}
        if wave.rest:
            names |= {account.name for account in targets.accounts} - taken
        chosen = [target for target in targets.targets if target.account.name in names and target is not owner]
        waves.append(
            PlannedWave(wave.name, wave.soak_minutes, tuple(_stack(one, targets, hub, owner) for one in chosen))
        )
    first = PlannedWave("hub", 0, (_stack(owner, targets, hub, owner),))
    if waves and not waves[0].stacks:  # the first wave is the hub's account alone: its name and its soak time
        named_first = waves.pop(0)
        first = PlannedWave(named_first.name, named_first.soak_minutes, first.stacks)
    return Plan((first, *waves))


def stack_name(target: Target) -> str:
    """The name of a target's stack."""
    return f"{target.account.name}-{target.region}"


def _stack(target: Target, targets: Targets, hub: Hub, owner: Target) -> PlannedStack:
    mine = target is owner
    config = provider(target) | {f"{PROJECT}:{key}": value for key, value in own(target, targets, hub).items()}
    return PlannedStack(
        name=stack_name(target),
        account=target.account.name,
        account_id=target.account.id,
        region=target.region,
        config=config,
        from_hub=() if mine else (*FROM_HUB, TABLE_KEY) if makes_keys(targets, hub) else FROM_HUB,
        depends_on=() if mine else (stack_name(owner),),
    )
