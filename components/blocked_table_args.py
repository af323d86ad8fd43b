"""The inputs of the tables: their meaning, range and default."""

from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict

import pulumi

from components import inputs


class BlockedTableArgs(TypedDict):
    region: NotRequired[pulumi.Input[str]]
    """Region of both tables. Default: the provider's Region."""
    replica_regions: NotRequired[list[str]]
    """Further Regions in which senders read the blocked table; every write goes to `region`. Default: none."""
    reader_principals: NotRequired[list[str]]
    """Principals of other accounts that may read the blocked table: account ids, ARNs of roles or users, an
    organisation id. Default: none."""
    writer_principals: NotRequired[list[str]]
    """Principals of other accounts that may write to both tables, such as the roles of their pipelines; the same forms
    as `reader_principals`. Default: none."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """Customer managed key of both tables; not together with `replica_regions`. Default: a key that AWS owns."""
    soft_bounce_threshold: NotRequired[pulumi.Input[int]]
    """Number of soft bounces that blocks an address, 1 to 20. Default: 5."""
    soft_bounce_window_days: NotRequired[pulumi.Input[int]]
    """Days within which the soft bounces must happen, 1 to 365. Default: 30."""
    soft_block_days: NotRequired[pulumi.Input[int]]
    """Days for which soft bounces block an address, 1 to 365 and at most 12 windows. Default: 30."""
    hold_days: NotRequired[pulumi.Input[int]]
    """Days for which evidence that may pass holds an address, 1 to 90; the same evidence afterwards blocks it for good.
    Default: 14."""
    surge_hourly_floor: NotRequired[pulumi.Input[int]]
    """Hard bounces of one recipient domain in an hour below which there is no surge, 1 to 1000000. Default: 100."""
    surge_factor: NotRequired[pulumi.Input[int]]
    """How many times its usual hour a domain's hard bounces must reach to be a surge, 1 to 100; those of a surge only
    hold. Default: 3."""
    deletion_protection: NotRequired[bool]
    """Whether the tables are protected from deletion, by Pulumi and by DynamoDB. Default: true."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags of both tables. Default: none."""


MAX_WINDOWS_PER_BLOCK = 12
"""A block after soft bounces lasts at most so many windows; that bounds the soft bounces kept in an address's state,
since a DynamoDB item holds at most 400 KB."""

RULES: dict[str, inputs.Rule[Any]] = {
    "region": inputs.region,
    "replica_regions": inputs.each(inputs.region),
    "reader_principals": inputs.each(inputs.principal),
    "writer_principals": inputs.each(inputs.principal),
    "kms_key_arn": inputs.kms_key_arn,
    # The handler library has the same limits (tests/test_limits.py compares them).
    "soft_bounce_threshold": inputs.IntegerRange(1, 20, "soft bounces"),
    "soft_bounce_window_days": inputs.IntegerRange(1, 365, "days"),
    "soft_block_days": inputs.IntegerRange(1, 365, "days"),
    "hold_days": inputs.IntegerRange(1, 90, "days"),
    "surge_hourly_floor": inputs.IntegerRange(1, 1_000_000, "hard bounces"),
    "surge_factor": inputs.IntegerRange(1, 100, "times the usual hour"),
    "deletion_protection": inputs.boolean,
    "tags": inputs.tags,
}


@dataclass(frozen=True, kw_only=True)
class TableSettings:
    """What decides for every pipeline that writes to the tables: checked inputs and their defaults."""

    soft_bounce_threshold: pulumi.Input[int] = 5
    soft_bounce_window_days: pulumi.Input[int] = 30
    soft_block_days: pulumi.Input[int] = 30
    hold_days: pulumi.Input[int] = 14
    surge_hourly_floor: pulumi.Input[int] = 100
    surge_factor: pulumi.Input[int] = 3


@dataclass(frozen=True, kw_only=True)
class BlockedTableInputs(TableSettings):
    """The checked inputs of the tables, and their defaults."""

    region: pulumi.Input[str] | None = None
    replica_regions: list[str] = field(default_factory=list)
    reader_principals: list[str] = field(default_factory=list)
    writer_principals: list[str] = field(default_factory=list)
    kms_key_arn: pulumi.Input[str] | None = None
    deletion_protection: bool = True
    tags: pulumi.Input[inputs.Tags] = field(default_factory=dict)


def read(args: BlockedTableArgs) -> BlockedTableInputs:
    """The checked inputs. Raises: ValueError, naming the input and its value."""
    checked = inputs.read_inputs(BlockedTableInputs, args, RULES)
    if checked.replica_regions and checked.kms_key_arn is not None:
        requirement = "leave it out with kms_key_arn; a replica would need a key in its own Region"
        raise inputs.InputError("replica_regions", checked.replica_regions, requirement)
    inputs.check_together(check_soft_bounces, checked.soft_bounce_window_days, checked.soft_block_days)
    return checked


def check_soft_bounces(window_days: int, block_days: int, input_name: inputs.InputName = str) -> None:
    """Raises: ValueError for a block that lasts more than `MAX_WINDOWS_PER_BLOCK` windows."""
    if block_days > MAX_WINDOWS_PER_BLOCK * window_days:
        window = f"{input_name('soft_bounce_window_days')} ({window_days})"
        raise inputs.InputError(
            input_name("soft_block_days"), block_days, f"at most {MAX_WINDOWS_PER_BLOCK} times {window} is needed"
        )
