"""What one address needs in the tables: the actions of its transaction, and its state as a row. No calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ses_feedback.history.event import Event
from ses_feedback.history.occurrence import Occurrence
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import Effect, State
from ses_feedback.table import Item, TableError, encode

STATE = "state"
"""The sort key of the state row."""

_SINGLE_OCCURRENCES = ("bounce", "complaint", "clear", "unblock", "manual")
_LISTS_OF_OCCURRENCES = ("expiring", "soft", "holds")


@dataclass(frozen=True, slots=True)
class Tables:
    """ARNs of the two tables, or names."""

    blocked: str
    history: str


def transaction_actions(
    new_events: Sequence[Event], state_row: Mapping[str, Any] | None, tables: Tables, policy: SoftBouncePolicy
) -> list[Item]:
    """The actions that write events of one address, new to the history, into tables whose state row is ``state_row``.

    They take effect together or, if the rows have changed since they were read, not at all.
    Raises: TableError when the state row cannot be read.
    """
    address = new_events[0].address
    old = new = read_state(state_row)
    for event in new_events:
        new = new.add(event.effect, event.occurrence, policy)
    before, after = old.blocked_item(policy), new.blocked_item(policy)
    actions = [_put_new(tables.history, {"value": address, "entry": event.entry, **event.row}) for event in new_events]
    # An operator's act changes the table even if it does not change the state: others may have put an item there.
    # The state is written with it, or an item that follows from an outdated state could be written.
    manual = any(event.effect in (Effect.MANUAL, Effect.UNBLOCK) for event in new_events)
    if new != old or manual:
        expires_at = new.row_expiry(after, max(event.expires_at for event in new_events))
        actions.append(_put_state(tables.history, address, new, expires_at))
    if before != after or manual:
        actions.append(_set_blocked(tables.blocked, address, after))
    return actions


def rewrite_actions(
    rewritten: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
    act: Event,
    old: State,
    new: State,
    tables: Tables,
    policy: SoftBouncePolicy,
) -> list[Item]:
    """The actions that give rows of one address another verdict (each as it is, and as it is to be), with the trace.

    ``new`` follows from all rows of the address once these are written, ``old`` is the state as it was read. All take
    effect together or, if row or state have changed since, not at all. If the state stays the same, it does not matter
    what else is written meanwhile.
    """
    before, after = old.blocked_item(policy), new.blocked_item(policy)
    actions = [_put_rewritten(tables.history, *rows) for rows in rewritten]
    # Not conditional: the further steps of one act write the same row.
    act_row = {"value": act.address, "entry": act.entry, **act.row}
    actions.append({"Put": {"TableName": tables.history, "Item": encode(act_row)}})
    if new != old:
        actions.append(_put_state(tables.history, act.address, new, new.row_expiry(after, act.expires_at)))
    if before != after:
        actions.append(_set_blocked(tables.blocked, act.address, after))
    return actions


def read_state(row: Mapping[str, Any] | None) -> State:
    """The state that a row holds; an empty one without a row. Raises: TableError when the row cannot be read."""
    if row is None:
        return State()
    try:
        single: dict[str, Any] = {name: _stored_occurrence(row[name]) for name in _SINGLE_OCCURRENCES if name in row}
        lists: dict[str, Any] = {
            name: tuple(map(_stored_occurrence, row[name])) for name in _LISTS_OF_OCCURRENCES if name in row
        }
        return State(**single, **lists, version=int(row["version"]))
    except (KeyError, TypeError, ValueError) as error:
        raise TableError(f"the state row of an address cannot be read ({type(error).__name__})") from None


def _put_state(table: str, address: str, state: State, expires_at: int | None) -> Item:
    row: dict[str, Any] = {"value": address, "entry": STATE, "version": state.version + 1}
    row |= {name: _occurrence_row(occurrence) for name in _SINGLE_OCCURRENCES if (occurrence := getattr(state, name))}
    row |= {
        name: list(map(_occurrence_row, occurrences))
        for name in _LISTS_OF_OCCURRENCES
        if (occurrences := getattr(state, name))
    }
    if expires_at is not None:
        row["expires_at"] = expires_at
    if state.version == 0:
        return _put_new(table, row)
    return _put(table, row, "#n = :n", {"#n": "version"}, ExpressionAttributeValues=encode({":n": state.version}))


def _set_blocked(table: str, address: str, item: Mapping[str, Any] | None) -> Item:
    if item is None:
        return {"Delete": {"TableName": table, "Key": encode({"value": address})}}
    return {"Put": {"TableName": table, "Item": encode({"value": address, **item})}}


def _put_new(table: str, row: Mapping[str, Any]) -> Item:
    return _put(table, row, "attribute_not_exists(#v)", {"#v": "value"})


def _put_rewritten(table: str, row: Mapping[str, Any], rewritten: Mapping[str, Any]) -> Item:
    values = encode({":r": row["rule"], ":d": row["verdict"]})
    names = {"#r": "rule", "#d": "verdict"}
    return _put(table, rewritten, "#r = :r AND #d = :d", names, ExpressionAttributeValues=values)


def _put(table: str, row: Mapping[str, Any], condition: str, names: Mapping[str, str], **options: Item) -> Item:
    put = {"TableName": table, "Item": encode(row), "ConditionExpression": condition}
    return {"Put": {**put, "ExpressionAttributeNames": names, **options}}


def _occurrence_row(occurrence: Occurrence) -> dict[str, Any]:
    return {"at": occurrence.at, "id": occurrence.id, **occurrence.attributes}


def _stored_occurrence(stored: Mapping[str, Any]) -> Occurrence:
    attributes = dict(stored)
    return Occurrence(attributes.pop("at"), attributes.pop("id"), attributes)
