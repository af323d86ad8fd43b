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
    """What stands behind the account; it may itself hold colons."""

    @classmethod
    def parse(cls, text: str) -> "Arn | None":
        """The parts of ``text``; None if it is no ARN."""
        parts = text.split(":", 5)
        return cls(*parts) if len(parts) == len(cls._fields) and parts[0] == "arn" else None
