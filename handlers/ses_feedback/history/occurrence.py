"""One thing that happened to one address, as its state and the blocked table hold it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Value = str | int | bool


@dataclass(frozen=True, slots=True)
class Occurrence:
    """When it happened (ISO 8601, UTC, milliseconds), its id, and what the blocked table says about it."""

    at: str
    id: str
    attributes: Mapping[str, Value]

    def sort_key(self) -> tuple[str, str]:
        """The newest is the largest; for the same millisecond the id decides, so that every worker sorts alike."""
        return (self.at, self.id)

    @property
    def epoch_milliseconds(self) -> int:
        """When it happened."""
        return round(datetime.fromisoformat(self.at).timestamp() * 1_000)

    @property
    def mail(self) -> Value:
        """What tells its mail from other mails: SES's message id, or, if SES gave none, the id of the occurrence."""
        return self.attributes.get("message_id") or self.id
