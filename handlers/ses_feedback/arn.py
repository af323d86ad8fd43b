"""Amazon Resource Names, taken apart. Pure."""

import re
from typing import NamedTuple

TABLE_ARN = re.compile(r"arn:[a-z-]+:dynamodb:[a-z0-9-]+:\d{12}:table/[A-Za-z0-9_.-]{3,255}")
"""The ARN of a DynamoDB table."""


class Arn(NamedTuple):
    """The parts of an ARN (AWS General Reference, "Amazon Resource Names")."""

    prefix: str
    partition: str
    service: str
    region: str
    account: str
    resource: str
    """What follows the account; it may have colons itself."""

    @classmethod
    def parse(cls, value: str) -> "Arn | None":
        """The parts of ``value``; None if it is not an ARN."""
        parts = value.split(":", 5)
        return cls(*parts) if len(parts) == len(cls._fields) and parts[0] == "arn" else None
