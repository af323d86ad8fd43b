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

_SINGLE = ("bounce", "complaint", "clear", "unblock", "manual")
_MANY = ("expiring", "soft")
NAMES = {f"#{number}": name for number, name in enumerate(("value", "entry", "version", *_SINGLE, *_MANY))}
"""What must be read of a row: all of a state, of an event only that it is there. Placeholder -> attribute."""


@dataclass(frozen=True, slots=True)
class Tables:
    """ARNs of the two tables, or names."""

    blocked: str
    history: str


def actions(
    fresh: Sequence[Event], row: Mapping[str, Any] | None, tables: Tables, policy: SoftBouncePolicy
) -> list[Item]:
    """Actions that bring events of one address, not in the history yet, into tables whose state row is ``row``.

    They take effect together or, if the rows are no longer as they were read, not at all.
    Raises: TableError when the state row cannot be read.
    """
    address = fresh[0].address
    old = new = read_state(row)
    for event in fresh:
        new = new.add(event.effect, event.occurrence, policy)
    before, after = old.blocked_item(policy), new.blocked_item(policy)
    found = [_put_new(tables.history, {"value": address, "entry": event.entry, **event.row}) for event in fresh]
    # An operator's act reaches the table even if the history sees no change: an item may be there that others put.
    # The state goes with it, or an item made from a state that is no longer true could be written.
    manual = any(event.effect in (Effect.MANUAL, Effect.UNBLOCK) for event in fresh)
    if new != old or manual:
        expires_at = new.row_expiry(after, max(event.keep_until for event in fresh))
        found.append(_put_state(tables.history, address, new, expires_at))
    if before != after or manual:
        found.append(_set_blocked(tables.blocked, address, after))
    return found


def read_state(row: Mapping[str, Any] | None) -> State:
    """The state that a row holds; of no row, the empty one. Raises: TableError when it holds none."""
    if row is None:
        return State()
    try:
        single: dict[str, Any] = {name: _mark_in(row[name]) for name in _SINGLE if name in row}
        many: dict[str, Any] = {name: tuple(map(_mark_in, row[name])) for name in _MANY if name in row}
        return State(**single, **many, version=int(row["version"]))
    except (KeyError, TypeError, ValueError) as error:
        raise TableError(f"the state row of an address cannot be read ({type(error).__name__})") from None


def _put_state(table: str, address: str, state: State, expires_at: int | None) -> Item:
    row: dict[str, Any] = {"value": address, "entry": STATE, "version": state.version + 1}
    row |= {name: _mark_out(mark) for name in _SINGLE if (mark := getattr(state, name))}
    row |= {name: [_mark_out(mark) for mark in marks] for name in _MANY if (marks := getattr(state, name))}
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


def _put(table: str, row: Mapping[str, Any], condition: str, names: Mapping[str, str], **more: Item) -> Item:
    given = {"TableName": table, "Item": encode(row), "ConditionExpression": condition}
    return {"Put": {**given, "ExpressionAttributeNames": names, **more}}


def _mark_out(mark: Occurrence) -> dict[str, Any]:
    return {"at": mark.at, "id": mark.id, **mark.attributes}


def _mark_in(stored: Mapping[str, Any]) -> Occurrence:
    facts = dict(stored)
    return Occurrence(facts.pop("at"), facts.pop("id"), facts)
