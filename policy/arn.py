"""Parses Amazon Resource Names."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Arn:
    """The parts of an ARN; a part may be empty or hold wildcards."""

    partition: str
    service: str
    region: str
    account: str
    resource: str
    """All that follows the account, such as `table/blocked` or `log-group:/aws/lambda/f`."""

    @classmethod
    def parse(cls, text: str) -> "Arn | None":
        """The parts of `text`; None where it is not an ARN."""
        prefix, *parts = text.split(":", 5)
        return cls(*parts) if prefix == "arn" and len(parts) == 5 else None  # noqa: PLR2004 - the fields above
