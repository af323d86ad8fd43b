"""What one address needs in the tables: the actions of its transaction. No calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ses_feedback.history.event import Event
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import Effect, State
from ses_feedback.history.state_row import embedded_event, is_whole_state, read_state, state_row, written_policy
from ses_feedback.table import Item, encode

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tables:
    """ARNs of the two tables, or names."""

    blocked: str
    history: str


def transaction_actions(
    new_events: Sequence[Event], old_row: Row | None, tables: Tables, policy: SoftBouncePolicy
) -> list[Item]:
    """The actions that write events of one address, new to the history, into tables whose state row is ``old_row``.

    They take effect together or, if the rows have changed since they were read, not at all. There are at most three
    more than events: the state, the blocked item, and the event that was embedded in the state.
    Raises: TableError when the state row cannot be read.
    """
    address = new_events[0].address
    old = new = read_state(old_row)
    for event in new_events:
        new = new.add(event.effect, event.occurrence, policy)
    # The settings may be others than at the last write: what the table has follows from those.
    before, after = old.blocked_item(written_policy(old_row, policy)), new.blocked_item(policy)
    # An operator's act changes the table even if it does not change the state: others may have put an item there.
    # The state is written with it, or an item that follows from an outdated state could be written.
    manual = any(event.effect in (Effect.MANUAL, Effect.UNBLOCK) for event in new_events)
    rows: list[Row] = [{"value": address, "entry": event.entry, **event.row} for event in new_events]
    if new == old and before == after and not manual:
        return [_put_new(tables.history, row) for row in rows]
    embedded = next((row for row in rows if is_whole_state(row, new)), None)
    actions = [_put_new(tables.history, row) for row in rows if row is not embedded]
    expires_at = new.row_expiry(after, max(event.expires_at for event in new_events))
    row = state_row(address, new, policy, expires_at, embedded)
    actions += _put_state(tables.history, row, new.revision, embedded_event(old_row))
    if before != after or manual:
        actions.append(_set_blocked(tables.blocked, address, after))
    return actions


def rewrite_actions(
    rewritten: Sequence[tuple[Row, Row]],
    act: Event,
    old_row: Row | None,
    new: State,
    tables: Tables,
    policy: SoftBouncePolicy,
) -> list[Item]:
    """The actions that give rows of one address another verdict (each as it is, and as it is to be), with the trace.

    ``new`` follows from all rows of the address once these are written, ``old_row`` is the state row as it was read.
    All take effect together or, if row or state have changed since, not at all. If the state stays the same, it does
    not matter what else is written meanwhile.
    Raises: TableError when the state row cannot be read.
    """
    old, embedded = read_state(old_row), embedded_event(old_row)
    before, after = old.blocked_item(written_policy(old_row, policy)), new.blocked_item(policy)
    actions: list[Item] = []
    for row, rewritten_row in rewritten:
        if embedded and row["entry"] == embedded["entry"]:
            embedded = dict(rewritten_row)  # it is the whole state, which is written then: another verdict changes it
        else:
            actions.append(_put_rewritten(tables.history, row, rewritten_row))
    # Not conditional: the further steps of one act write the same row.
    actions.append(_put(tables.history, {"value": act.address, "entry": act.entry, **act.row}))
    if new != old:
        kept = embedded if embedded and is_whole_state(embedded, new) else None
        expires_at = new.row_expiry(after, act.expires_at)
        state = state_row(act.address, new, policy, expires_at, kept)
        actions += _put_state(tables.history, state, new.revision, None if kept else embedded)
        if before != after:
            actions.append(_set_blocked(tables.blocked, act.address, after))
    return actions


def _put_state(table: str, row: Row, old_revision: int, moved_out: Row | None) -> list[Item]:
    """Write the state's row, if it has the revision that was read, and the event that was embedded in it.

    The event's row is put without a condition. That of the state says that it was embedded, and only there, but for one
    case: a worker whose rules ignore this feedback may have recorded it at the same moment. What the state has counts.
    """
    actions = [_put(table, moved_out)] if moved_out else []
    if old_revision == 0:
        return [*actions, _put_new(table, row)]
    # A row of schema 1 has its revision as its version.
    names = {"#r": "revision", "#v": "version"}
    values = encode({":n": old_revision})
    return [*actions, _put(table, row, "#r = :n OR #v = :n", names, ExpressionAttributeValues=values)]


def _set_blocked(table: str, address: str, item: Row | None) -> Item:
    if item is None:
        return {"Delete": {"TableName": table, "Key": encode({"value": address})}}
    return _put(table, {"value": address, **item})


def _put_new(table: str, row: Row) -> Item:
    return _put(table, row, "attribute_not_exists(#v)", {"#v": "value"})


def _put_rewritten(table: str, row: Row, rewritten: Row) -> Item:
    values = encode({":r": row["rule"], ":d": row["verdict"]})
    names = {"#r": "rule", "#d": "verdict"}
    return _put(table, rewritten, "#r = :r AND #d = :d", names, ExpressionAttributeValues=values)


def _put(table: str, row: Row, condition: str = "", names: Mapping[str, str] | None = None, **options: Item) -> Item:
    put: Item = {"TableName": table, "Item": encode(row)}
    if condition:
        put |= {"ConditionExpression": condition, "ExpressionAttributeNames": names, **options}
    return {"Put": put}
