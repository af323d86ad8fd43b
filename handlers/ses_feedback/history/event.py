"""What is stored of one thing that happened to one address: a feedback, or an operator's act. Pure."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from ses_feedback.history.occurrence import Occurrence, Value
from ses_feedback.history.state import Effect
from ses_feedback.timestamps import iso

Act = Literal["block", "unblock", "import", "rejudge"]
"""What an operator does to an address. A rejudge is a trace only: it changes what the feedback before it does."""

RETENTION = timedelta(days=365)
"""How long the history keeps a feedback. A second delivery is recognised as long, so it must be more than a message can
last: 14 days in the queue, 14 more in the dead-letter queue, and a redrive starts both again."""

NOTE_LIMIT = 1_000
"""Characters of an operator's note, and of the operator's name."""


@dataclass(frozen=True, slots=True)
class Event:
    """``entry`` is its sort key in the history: two deliveries of one feedback have the same."""

    address: str
    entry: str
    effect: Effect
    occurrence: Occurrence
    row: Mapping[str, Value]
    """The other attributes of its history row."""
    expires_at: int
    """Until when it is kept, epoch seconds. The row of an operator's act is kept for good."""
    with_hold_days: "Callable[[int], Event] | None" = field(default=None, compare=False)
    """A hold that lasts as long as the table's settings say: makes the event that is written, with that many days."""
    in_surge: "Callable[[int], Event] | None" = field(default=None, compare=False)
    """A hard bounce: makes the event that is written instead while its domain's breaker is open, a hold of so many
    days."""
    if_protected: "Callable[[], Event] | None" = field(default=None, compare=False)
    """A feedback that can block: makes the event that is written instead if its address is protected."""


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

    ``subtype`` is the reason that an import's source gives; ``expires_at`` ends a block (None: for good). Calls with
    one ``act_id`` are one act; without it, each call is an act of its own. The history keeps acts for good.

    Raises: ValueError, naming input and limit.
    """
    for name, value in (("actor", actor), ("note", note), ("subtype", subtype), ("act_id", act_id)):
        if len(value) > NOTE_LIMIT:
            raise ValueError(f"{name} has {len(value)} characters; at most {NOTE_LIMIT} are kept")
    if not actor:
        raise ValueError("actor is empty; it must say who acts")
    if expires_at is not None and (act in ("unblock", "rejudge") or expires_at <= at):
        raise ValueError(
            f"expires_at ({iso(expires_at)}) must be later than the act ({iso(at)}), and only a block can end"
        )
    act_id = act_id or uuid.uuid4().hex
    occurred_at = iso(at)
    attributes = drop_empty(
        {"actor": actor, "note": note, "subtype": subtype, "reason": "import" if act == "import" else "manual"}
    )
    if expires_at is not None:
        attributes["expires_at"] = int(expires_at.timestamp())
    row = {**attributes, "act": act, "occurred_at": occurred_at, "recorded_at": occurred_at}
    row["block_expires_at"] = row.pop("expires_at", "")  # the row itself does not end with the block
    effect = {"unblock": Effect.UNBLOCK, "rejudge": Effect.NONE}.get(act, Effect.MANUAL)
    return Event(
        address=address,
        entry=f"manual#{occurred_at}#{act_id}",
        effect=effect,
        occurrence=Occurrence(occurred_at, act_id, attributes if effect is Effect.MANUAL else {}),
        row=drop_empty(row),
        expires_at=int((at + RETENTION).timestamp()),
    )


def drop_empty(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values without empty strings and flags that are off."""
    return {name: value for name, value in values.items() if value != "" and value is not False}
