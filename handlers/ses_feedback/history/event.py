"""One thing that happened to one address, ready to be stored. Pure."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ses_feedback.history.occurrence import Occurrence, Value
from ses_feedback.history.state import Effect
from ses_feedback.timestamps import iso

Act = Literal["block", "unblock", "import"]
"""What an operator does."""

RETENTION = timedelta(days=365)
"""How long the history keeps a feedback. It is also how long a second delivery is recognised, so it must outlast a
message: 14 days in the queue, 14 more in the dead-letter queue, and a redrive starts both again."""

NOTE_LIMIT = 1_000
"""Characters of an operator's note, and of the operator's name."""


@dataclass(frozen=True, slots=True)
class Event:
    """``entry`` is the sort key in the history: equal for two deliveries of the same."""

    address: str
    entry: str
    effect: Effect
    occurrence: Occurrence
    row: Mapping[str, Value]
    keep_until: int
    """When the history may forget it, epoch seconds."""


def manual_event(
    act: Act,
    address: str,
    *,
    actor: str,
    note: str,
    at: datetime,
    subtype: str = "",
    expires_at: datetime | None = None,
    act_id: str = "",
) -> Event:
    """An operator's act on the address with key ``address``: it counts from ``at``.

    ``subtype`` says what an import's source called it; ``expires_at`` ends a block (None: for good). ``act_id`` makes a
    repetition the same act; without one, each call is an act of its own. The history keeps acts for good.

    Raises: ValueError, naming input and limit.
    """
    for name, text in (("actor", actor), ("note", note), ("subtype", subtype), ("act_id", act_id)):
        if len(text) > NOTE_LIMIT:
            raise ValueError(f"{name} has {len(text)} characters; at most {NOTE_LIMIT} are kept")
    if not actor:
        raise ValueError("actor is empty; it must say who acts")
    if expires_at is not None and (act == "unblock" or expires_at <= at):
        raise ValueError(
            f"expires_at ({iso(expires_at)}) must be later than the act ({iso(at)}), and only a block can end"
        )
    act_id = act_id or uuid.uuid4().hex
    moment = iso(at)
    said = without_empty(
        {"actor": actor, "note": note, "subtype": subtype, "reason": "import" if act == "import" else "manual"}
    )
    if expires_at is not None:
        said["expires_at"] = int(expires_at.timestamp())
    row = {**said, "act": act, "occurred_at": moment, "recorded_at": moment}
    row["block_expires_at"] = row.pop("expires_at", "")  # the row itself does not end with the block
    unblock = act == "unblock"
    return Event(
        address=address,
        entry=f"manual#{moment}#{act_id}",
        effect=Effect.UNBLOCK if unblock else Effect.MANUAL,
        occurrence=Occurrence(moment, act_id, {} if unblock else said),
        row=without_empty(row),
        keep_until=int((at + RETENTION).timestamp()),
    )


def without_empty(values: Mapping[str, Value]) -> dict[str, Value]:
    """Without what says nothing: empty texts and flags that are off."""
    return {name: value for name, value in values.items() if value != "" and value is not False}
