"""The state of an address as a row of the history table. Pure.

A state that follows from one feedback alone is not written beside it: the row of that feedback is embedded in the state
row, as its attribute ``event``, and has no row of its own: that saves two write units, of six for a hard bounce. When
more happens to the address, the transaction that writes the new state also moves the embedded row out.

Whoever reads rows of the history reads them through ``with_embedded_events``: an embedded row is then like any other.
It may be deleted from its own ``expires_at`` on, and is deleted with the state row, which lasts at least as long.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ses_feedback.history.occurrence import Occurrence
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import Effect, State
from ses_feedback.history.stored_feedback import feedback_entry, stored_feedback
from ses_feedback.table import TableError

STATE = "state"
"""The sort key of the state row."""

EVENT = "event"
"""The attribute of a state row that holds the embedded row, without the key that follows from it."""

SCHEMA = 2
"""The format of a state row, its attribute ``schema``. Rows of schema 1 have no such attribute, no embedded row, and
call their revision ``version``: they are read, and become schema 2 with the next write. What writes schema 1 cannot
read schema 2, and leaves the feedback of such an address in its queue."""

POLICY = "policy"
"""The attribute of a state row with soft bounces that says when these blocked as it was written: threshold, days of the
window, days of the block. The blocked item follows from it, until the row is written under other settings."""

_SINGLE_OCCURRENCES = ("bounce", "complaint", "clear", "unblock", "manual")
_LISTS_OF_OCCURRENCES = ("expiring", "soft", "holds")
_KEY = ("value", "entry")


def read_state(row: Mapping[str, Any] | None) -> State:
    """The state that a row holds; an empty one without a row.

    Raises: TableError when the row cannot be read, or a later version wrote it in a schema of its own.
    """
    if row is None:
        return State()
    try:
        schema = int(row.get("schema", 1))
        if schema > SCHEMA:
            raise TableError(f"the state row of an address has schema {schema}, this version knows up to {SCHEMA}")
        revision = int(row["version" if schema == 1 else "revision"])
        if EVENT in row:
            return replace(_state_after(row[EVENT]), revision=revision)
        single: dict[str, Any] = {name: _stored_occurrence(row[name]) for name in _SINGLE_OCCURRENCES if name in row}
        lists: dict[str, Any] = {
            name: tuple(map(_stored_occurrence, row[name])) for name in _LISTS_OF_OCCURRENCES if name in row
        }
        return State(**single, **lists, revision=revision)
    except (KeyError, TypeError, ValueError) as error:
        raise TableError(f"the state row of an address cannot be read ({type(error).__name__})") from None


def state_row(
    address: str,
    state: State,
    policy: SoftBouncePolicy,
    expires_at: int | None,
    embedded: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The row of a state, one revision later.

    ``policy``: what decides when soft bounces block; ``expires_at``: from when on the row may be deleted (epoch
    seconds; None: never); ``embedded``: the row of the feedback that the state follows from (``is_whole_state``).
    """
    row: dict[str, Any] = {"value": address, "entry": STATE, "schema": SCHEMA, "revision": state.revision + 1}
    if embedded is not None:
        row[EVENT] = {name: value for name, value in embedded.items() if name not in _KEY}
    else:
        row |= {name: _occurrence(occurrence) for name in _SINGLE_OCCURRENCES if (occurrence := getattr(state, name))}
        row |= {
            name: list(map(_occurrence, occurrences))
            for name in _LISTS_OF_OCCURRENCES
            if (occurrences := getattr(state, name))
        }
    if state.soft:
        row[POLICY] = [policy.threshold, policy.window_days, policy.block_days]
    if expires_at is not None:
        row["expires_at"] = expires_at
    return row


def written_policy(row: Mapping[str, Any] | None, current: SoftBouncePolicy) -> SoftBouncePolicy:
    """When soft bounces blocked as the row was written; ``current`` if it does not say, as none are in it.

    Raises: TableError when the row cannot be read.
    """
    if row is None or POLICY not in row:
        return current
    try:
        return SoftBouncePolicy(*map(int, row[POLICY]))
    except (TypeError, ValueError) as error:
        raise TableError(f"the state row of an address cannot be read ({type(error).__name__})") from None


def is_whole_state(row: Mapping[str, Any], state: State) -> bool:
    """Whether the state follows from this row alone, and the row can be embedded. No operator's act can: it is kept for
    good, and a state is not."""
    if row["entry"] != feedback_entry(row.get("feedback_id", "")) or stored_feedback(row)[0] is Effect.NONE:
        return False
    return replace(_state_after(row), revision=state.revision) == state


def embedded_event(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The row that is embedded in a row of the history, with its key; None if there is none that this version knows."""
    if row is None or row["entry"] != STATE or row.get("schema") != SCHEMA:
        return None
    event = row.get(EVENT)
    if not isinstance(event, Mapping) or "feedback_id" not in event:
        return None
    return {"value": row["value"], "entry": feedback_entry(event["feedback_id"]), **event}


def with_embedded_events(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows of the history, and after each state row the row that is embedded in it, as if it were one of its own."""
    for row in rows:
        yield row
        if (event := embedded_event(row)) is not None:
            yield event


def _state_after(feedback_row: Mapping[str, Any]) -> State:
    """The state of an address of which nothing else is known. No policy can drop its only occurrence."""
    return State().add(*stored_feedback(feedback_row), SoftBouncePolicy())


def _occurrence(occurrence: Occurrence) -> dict[str, Any]:
    return {"at": occurrence.at, "id": occurrence.id, **occurrence.attributes}


def _stored_occurrence(stored: Mapping[str, Any]) -> Occurrence:
    attributes = dict(stored)
    return Occurrence(attributes.pop("at"), attributes.pop("id"), attributes)
