"""Amazon Resource Names, taken apart. Pure."""

from typing import NamedTuple


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
