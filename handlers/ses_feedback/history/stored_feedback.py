"""The row of a feedback: its sort key, and what it does to the state of its address. Pure."""

from collections.abc import Mapping
from typing import Any

from ses_feedback.history.event import drop_empty
from ses_feedback.history.occurrence import Occurrence
from ses_feedback.history.state import Effect

FEEDBACK = "feedback#"
"""How the sort keys of feedback begin."""

_STATE_ATTRIBUTES = (
    "feedback_id", "rule", "subtype", "status", "message_id", "identity", "account", "region", "ambiguous", "forwarded",
)  # fmt: skip
_HOLD_ATTRIBUTES = ("held_until", "confirmable", "kind")
_EFFECTS = {"hold": Effect.HOLD, "count": Effect.SOFT, "clear": Effect.CLEAR, "ignore": Effect.NONE}
"""By verdict; a block has the effect of its kind."""


def feedback_entry(feedback_id: str) -> str:
    """The sort key of a feedback: the same for each delivery of it."""
    return f"{FEEDBACK}{feedback_id}"


def stored_feedback(row: Mapping[str, Any]) -> tuple[Effect, Occurrence]:
    """What the history row of a feedback does to the state of its address, under the verdict that it has.

    Raises: KeyError or ValueError for a row that no version wrote.
    """
    effect = Effect(row["kind"]) if row["verdict"] == "block" else _EFFECTS[row["verdict"]]
    names = [*_STATE_ATTRIBUTES]
    # The state row has a dozen soft bounces: with their diagnostics it would cost a write unit more for each.
    names += [] if effect is Effect.SOFT else ["diagnostic"]
    names += _HOLD_ATTRIBUTES if effect is Effect.HOLD else []
    attributes = drop_empty({name: row[name] for name in names if name in row})
    return effect, Occurrence(row["occurred_at"], row["feedback_id"], attributes)
