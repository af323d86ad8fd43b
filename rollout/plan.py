"""Turns a targets file into a plan: the stacks, their configuration and their waves. Makes no calls."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from .canary import CANARY_WAVE
from .target_config import (
    PROJECT,
    TABLE_ARN_KEYS,
    TABLE_KMS_KEY_ARN,
    has_own_tables,
    hub_creates_kms_keys,
    is_canary,
    is_hub,
    program_config,
    provider_config,
)
from .targets import Hub, Target, TargetsError, TargetsFile, read_targets_file
from .tolerance import tolerated_failures
from .validation import validate
from .wave_validation import accounts_of
from .yaml_reader import YamlReader


@dataclass(frozen=True)
class PlannedStack:
    """One stack. `config` is complete but for the keys in `hub_output_keys`: their values are outputs of the hub."""

    name: str
    account_name: str
    account_id: str
    region: str
    role_arns: tuple[str, ...]
    """Roles to assume, one after the other, to reach the account."""
    config: Mapping[str, object]
    hub_output_keys: tuple[str, ...]
    depends_on: tuple[str, ...]


@dataclass(frozen=True)
class PlannedWave:
    """Stacks that may be updated at the same time; their health is checked for `soak_minutes` before the next wave."""

    name: str
    soak_minutes: int
    stacks: tuple[PlannedStack, ...]
    failure_tolerance: int = 0
    """How many of the stacks may fail before the rollout stops."""


@dataclass(frozen=True)
class Plan:
    """Waves in their order; the canary stack and the hub's each have a wave of their own, before all others.

    Raises: ValueError for an empty wave, a duplicate stack, or a stack that does not come after those it depends on.
    """

    waves: tuple[PlannedWave, ...]
    leaving: tuple[PlannedStack, ...] = ()
    """Stacks that are deployed and no longer in the targets file, as they were last updated."""

    def __post_init__(self) -> None:
        earlier_names: set[str] = set()
        for wave in self.waves:
            names = [stack.name for stack in wave.stacks]
            if not names:
                raise ValueError(f"wave {wave.name!r} has no stacks: at least one is needed")
            for stack in wave.stacks:
                if stack.name in earlier_names or names.count(stack.name) > 1:
                    raise ValueError(f"stack {stack.name!r} is in the plan twice: name its account and Region once")
                if missing := sorted(set(stack.depends_on) - earlier_names):
                    raise ValueError(f"stack {stack.name!r} needs {missing[0]!r}, which must be in an earlier wave")
            earlier_names.update(names)

    @property
    def stacks(self) -> tuple[PlannedStack, ...]:
        """All stacks in their order."""
        return tuple(stack for wave in self.waves for stack in wave.stacks)

    @property
    def hub(self) -> PlannedStack:
        """The stack that owns the tables of the members: the last with tables of its own, after the canary stack."""
        return [stack for stack in self.stacks if not stack.hub_output_keys][-1]

    def as_json(self) -> dict[str, object]:
        """The plan as `plan --json` prints it."""
        return asdict(self)


def build_plan(content: str, file: str = "targets.yaml") -> Plan:
    """The plan of a targets file; `file` is its name in errors.

    Raises: TargetsError with every mistake and its line.
    """
    reader = YamlReader()
    targets_file = read_targets_file(reader, content)
    if targets_file is not None:
        validate(reader, targets_file)
    if reader.problems or targets_file is None or targets_file.hub is None:
        raise TargetsError(file, reader.problems)
    return Plan(_build_waves(targets_file, targets_file.hub))


def _build_waves(targets_file: TargetsFile, hub: Hub) -> tuple[PlannedWave, ...]:
    hub_target = next(target for target in targets_file.targets if is_hub(target, hub))
    listed_accounts = [accounts_of(wave, targets_file.accounts) for wave in targets_file.waves]
    listed_names = {account.name for accounts in listed_accounts for account in accounts}
    waves = []
    for wave, accounts in zip(targets_file.waves, listed_accounts, strict=True):
        names = {account.name for account in accounts}
        if wave.remaining_accounts:
            names |= {account.name for account in targets_file.accounts} - listed_names
        stacks = [
            _build_stack(target, targets_file, hub, hub_target)
            for target in targets_file.targets
            if target.account.name in names and not has_own_tables(target, targets_file)
        ]
        tolerance = tolerated_failures(len(stacks), wave.tolerance_count, wave.tolerance_percentage)
        waves.append(PlannedWave(wave.name, wave.soak_minutes, tuple(stacks), tolerance))
    hub_wave = PlannedWave("hub", 0, (_build_stack(hub_target, targets_file, hub, hub_target),))
    if waves and not waves[0].stacks:  # the first wave lists only the hub: its name and soak time apply
        first_wave = waves.pop(0)
        hub_wave = PlannedWave(first_wave.name, first_wave.soak_minutes, hub_wave.stacks)
    canary_waves = [
        PlannedWave(CANARY_WAVE, canary.soak_minutes, (_build_stack(target, targets_file, hub, hub_target),))
        for canary in [targets_file.canary]
        for target in targets_file.targets
        if canary and is_canary(target, canary)
    ]
    return (*canary_waves, hub_wave, *waves)


def _build_stack(target: Target, targets_file: TargetsFile, hub: Hub, hub_target: Target) -> PlannedStack:
    config = program_config(target, targets_file, hub)
    hub_output_keys: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    if not has_own_tables(target, targets_file):
        depends_on = (_stack_name(hub_target),)
        hub_output_keys = TABLE_ARN_KEYS
        if hub_creates_kms_keys(targets_file, hub):
            hub_output_keys = (*TABLE_ARN_KEYS, TABLE_KMS_KEY_ARN)
    return PlannedStack(
        name=_stack_name(target),
        account_name=target.account.name,
        account_id=target.account.id,
        region=target.region,
        role_arns=target.account.role_arns,
        config=provider_config(target) | {f"{PROJECT}:{key}": value for key, value in config.items()},
        hub_output_keys=hub_output_keys,
        depends_on=depends_on,
    )


def _stack_name(target: Target) -> str:
    return f"{target.account.name}-{target.region}"
