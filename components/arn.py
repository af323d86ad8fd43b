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
    """Everything after the account; it may itself hold colons."""

    @classmethod
    def parse(cls, text: str) -> "Arn | None":
        """The parts of `text`; None if it is not an ARN."""
        parts = text.split(":", 5)
        return cls(*parts) if len(parts) == len(cls._fields) and parts[0] == "arn" else None

    @classmethod
    def of(cls, text: str) -> "Arn":
        """The parts of `text`, which AWS returned or a rule has checked. Raises: ValueError if it is not an ARN."""
        arn = cls.parse(text)
        if arn is None:
            raise ValueError(f"the ARN is {text!r}: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE is needed")
        return arn

    def in_region(self, region: str) -> str:
        """The ARN of the same resource in another Region, such as a table's replica."""
        return ":".join(self._replace(region=region))
