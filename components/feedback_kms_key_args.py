"""The inputs of a key: their meaning, range and default."""

from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict

import pulumi

from components import inputs


class FeedbackKmsKeyArgs(TypedDict):
    region: NotRequired[pulumi.Input[str]]
    """Region of the key. Default: the provider's Region."""
    table_principals: NotRequired[list[str]]
    """Principals of other accounts that read or write tables under this key, in the forms that `reader_principals`
    takes. Default: none."""
    deletion_window_days: NotRequired[pulumi.Input[int]]
    """Days that AWS waits before it deletes the key, 7 to 30; what it encrypted is lost then. Default: 30."""
    deletion_protection: NotRequired[bool]
    """Whether Pulumi refuses to delete the key. Default: true."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags of the key. Default: none."""


RULES: dict[str, inputs.Rule[Any]] = {
    "region": inputs.region,
    "table_principals": inputs.each(inputs.principal),
    "deletion_window_days": inputs.IntegerRange(7, 30, "days"),  # KMS API reference, ScheduleKeyDeletion
    "deletion_protection": inputs.boolean,
    "tags": inputs.tags,
}


@dataclass(frozen=True, kw_only=True)
class FeedbackKmsKeyInputs:
    """The checked inputs of a key, and their defaults."""

    region: pulumi.Input[str] | None = None
    table_principals: list[str] = field(default_factory=list)
    deletion_window_days: pulumi.Input[int] = 30
    deletion_protection: bool = True
    tags: pulumi.Input[inputs.Tags] = field(default_factory=dict)


def read(args: FeedbackKmsKeyArgs) -> FeedbackKmsKeyInputs:
    """The checked inputs. Raises: ValueError, naming the input and its value."""
    return inputs.read_inputs(FeedbackKmsKeyInputs, args, RULES)
