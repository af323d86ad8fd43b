"""The state of an address, built again from the rows of its history. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ses_feedback.history.event import drop_empty
from ses_feedback.history.occurrence import Occurrence
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import Effect, State

_ACT_EFFECTS = {
    "block": Effect.MANUAL,
    "import": Effect.MANUAL,
    "unblock": Effect.UNBLOCK,
    "rejudge": Effect.NONE,
}


def rebuilt_state(old: State, events: Iterable[tuple[Effect, Occurrence]], policy: SoftBouncePolicy) -> State:
    """The state that follows from ``events``: all that the history has of the address, in any order.

    What ``old`` holds and the history no longer has stays: a feedback's row ends after a year, its block does not.
    """
    state = State(revision=old.revision)
    stored = set()
    for effect, occurrence in events:
        stored.add(occurrence.sort_key())
        state = state.add(effect, occurrence, policy)
    for effect, occurrence in _occurrences(old):
        if occurrence.sort_key() not in stored:
            state = state.add(effect, occurrence, policy)
    return state


def stored_act(row: Mapping[str, Any]) -> tuple[Effect, Occurrence]:
    """What the row of an operator's act does to the state. Raises: KeyError for a row that no version wrote."""
    effect = _ACT_EFFECTS[row["act"]]
    attributes: dict[str, Any] = {}
    if effect is Effect.MANUAL:
        attributes = drop_empty({name: row.get(name, "") for name in ("actor", "note", "subtype", "reason")})
        if "block_expires_at" in row:
            attributes["expires_at"] = row["block_expires_at"]
    _, _, act_id = row["entry"].split("#", 2)
    return effect, Occurrence(row["occurred_at"], act_id, attributes)


def _occurrences(state: State) -> Iterator[tuple[Effect, Occurrence]]:
    """All that a state holds."""
    single = {
        Effect.BOUNCE: state.bounce,
        Effect.COMPLAINT: state.complaint,
        Effect.CLEAR: state.clear,
        Effect.UNBLOCK: state.unblock,
        Effect.MANUAL: state.manual,
    }
    yield from ((effect, occurrence) for effect, occurrence in single.items() if occurrence)
    several = ((Effect.MANUAL, state.expiring), (Effect.SOFT, state.soft), (Effect.HOLD, state.holds))
    yield from ((effect, occurrence) for effect, occurrences in several for occurrence in occurrences)
