"""The inputs of the tables: their meaning and default."""

from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict

import pulumi

from components import capacity, inputs


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
    warm_write_units_per_second: NotRequired[int]
    """Write units a second that each table takes at once, 4000 to 10000000: for storms above what a new table takes.
    It can be raised, not lowered. Default: AWS's own, 4000."""
    warm_read_units_per_second: NotRequired[int]
    """Read units a second, likewise, 12000 to 10000000. Default: AWS's own, 12000."""
    max_write_request_units: NotRequired[int]
    """Write units a second beyond which each table refuses writes, 25 to 10000000: a limit on costs. Default: none."""
    max_read_request_units: NotRequired[int]
    """Read units a second, likewise, 25 to 10000000; senders read too. Default: none."""
    deletion_protection: NotRequired[bool]
    """Whether the tables are protected from deletion, by Pulumi and by DynamoDB. Default: true."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags of both tables. Default: none."""


RULES: dict[str, inputs.Rule[Any]] = {
    "region": inputs.region,
    "replica_regions": inputs.each(inputs.region),
    "reader_principals": inputs.each(inputs.principal),
    "writer_principals": inputs.each(inputs.principal),
    "kms_key_arn": inputs.kms_key_arn,
    "warm_write_units_per_second": inputs.IntegerRange(
        capacity.NEW_TABLE_WRITE_UNITS, capacity.MAX_UNITS, "write units a second"
    ),
    "warm_read_units_per_second": inputs.IntegerRange(
        capacity.NEW_TABLE_READ_UNITS, capacity.MAX_UNITS, "read units a second"
    ),
    "max_write_request_units": inputs.IntegerRange(capacity.MIN_UNITS, capacity.MAX_UNITS, "write units a second"),
    "max_read_request_units": inputs.IntegerRange(capacity.MIN_UNITS, capacity.MAX_UNITS, "read units a second"),
    "deletion_protection": inputs.boolean,
    "tags": inputs.tags,
}


@dataclass(frozen=True, kw_only=True)
class BlockedTableInputs:
    """The checked inputs of the tables, and their defaults."""

    region: pulumi.Input[str] | None = None
    replica_regions: list[str] = field(default_factory=list)
    reader_principals: list[str] = field(default_factory=list)
    writer_principals: list[str] = field(default_factory=list)
    kms_key_arn: pulumi.Input[str] | None = None
    warm_write_units_per_second: int | None = None
    warm_read_units_per_second: int | None = None
    max_write_request_units: int | None = None
    max_read_request_units: int | None = None
    deletion_protection: bool = True
    tags: pulumi.Input[inputs.Tags] = field(default_factory=dict)


def read(args: BlockedTableArgs) -> BlockedTableInputs:
    """The checked inputs. Raises: ValueError, naming the input and its value."""
    checked = inputs.read_inputs(BlockedTableInputs, args, RULES)
    if checked.replica_regions and checked.kms_key_arn is not None:
        requirement = "leave it out with kms_key_arn; a replica would need a key in its own Region"
        raise inputs.InputError("replica_regions", checked.replica_regions, requirement)
    return checked
