"""What both tables hold about given addresses, read consistently: a person acts on it, and is told what changed."""

import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from ses_feedback.history.state import State
from ses_feedback.history.transaction import STATE, read_state
from ses_feedback.table import READ_LIMIT, encode, read_many

from ses_feedback_cli.blocked import expired
from ses_feedback_cli.context import Context

_SECONDS = 30
"""How long one read of a hundred is tried while DynamoDB throttles."""


def blocked_items(context: Context, addresses: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The items of the blocked table by address, expired ones too. Needs dynamodb:BatchGetItem on the blocked table."""
    return {
        item["value"]: item for item in _read(context, context.blocked_table(), ({"value": one} for one in addresses))
    }


def states(context: Context, addresses: Iterable[str]) -> dict[str, State]:
    """The state by address, an empty one if there is none. Needs dynamodb:BatchGetItem on the history table."""
    wanted = list(addresses)
    rows = _read(context, context.history_table(), ({"value": one, "entry": STATE} for one in wanted))
    found = {row["value"]: read_state(row) for row in rows}
    return {one: found.get(one, State()) for one in wanted}


def alive(item: dict[str, Any] | None, now: datetime) -> dict[str, Any] | None:
    """The item, unless its block is over."""
    return None if item is None or expired(item, now) else item


def _read(context: Context, table: str, keys: Iterable[dict[str, str]]) -> Iterator[dict[str, Any]]:
    client = context.dynamodb(table)
    rest = iter(dict.fromkeys(tuple(key.items()) for key in keys))
    while some := [encode(dict(key)) for key in islice(rest, READ_LIMIT)]:
        yield from read_many(client, table, some, time.monotonic() + _SECONDS, ConsistentRead=True)
