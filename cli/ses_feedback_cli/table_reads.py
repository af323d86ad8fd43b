"""Reads the tables: the whole blocked table page by page, or both tables consistently for some addresses."""

import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from ses_feedback.history.state import State
from ses_feedback.history.state_row import STATE, read_state, with_embedded_events
from ses_feedback.history.table_settings import SETTINGS_KEY, TableSettings
from ses_feedback.table import READ_LIMIT, decode, encode, read_many

from ses_feedback_cli.block_filter import ItemFilter
from ses_feedback_cli.context import Context

_READ_SECONDS = 30
"""How long one read of up to a hundred keys is tried while DynamoDB throttles."""


def scan_blocked_items(context: Context, block_filter: ItemFilter, now: datetime) -> Iterator[dict[str, Any]]:
    """The unexpired items that match a filter, in no order, one page in memory. Needs dynamodb:Scan on the table."""
    table = context.blocked_table()
    for page in context.dynamodb_client(table).get_paginator("scan").paginate(TableName=table):
        for item in map(decode, page["Items"]):
            if not is_expired(item, now) and block_filter.matches(item):
                yield item


def read_blocked_items(context: Context, addresses: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The items of the blocked table by address, expired ones too. Needs dynamodb:BatchGetItem on the blocked table."""
    keys = ({"value": address} for address in addresses)
    return {item["value"]: item for item in _read_keys(context, context.blocked_table(), keys)}


def read_states(context: Context, addresses: Iterable[str]) -> dict[str, State]:
    """The state by address, an empty one if there is none. Needs dynamodb:BatchGetItem on the history table."""
    addresses = list(addresses)
    keys = ({"value": address, "entry": STATE} for address in addresses)
    states = {row["value"]: read_state(row) for row in _read_keys(context, context.history_table(), keys)}
    return {address: states.get(address, State()) for address in addresses}


def read_history_row(context: Context, value: str, entry: str) -> dict[str, Any] | None:
    """One row of the history table. Needs dynamodb:BatchGetItem on it."""
    return next(_read_keys(context, context.history_table(), [{"value": value, "entry": entry}]), None)


def read_table_settings(context: Context) -> TableSettings:
    """What decides for everybody who writes to the tables. Needs dynamodb:BatchGetItem on the history table.

    Raises: TableError for settings that this version cannot use.
    """
    return TableSettings.read(read_history_row(context, **SETTINGS_KEY) or {})


def history_rows(context: Context, value: str) -> Iterator[dict[str, Any]]:
    """All rows of the history with this key, an embedded one too, page by page. Needs dynamodb:Query on the table."""
    table = context.history_table()
    pages = (
        context.dynamodb_client(table)
        .get_paginator("query")
        .paginate(
            TableName=table,
            ConsistentRead=True,
            KeyConditionExpression="#v = :v",
            ExpressionAttributeNames={"#v": "value"},
            ExpressionAttributeValues=encode({":v": value}),
        )
    )
    return with_embedded_events(decode(row) for page in pages for row in page["Items"])


def is_expired(item: dict[str, Any], now: datetime) -> bool:
    """Whether a block is over, and its item only waits for DynamoDB to delete it."""
    expires_at = item.get("expires_at")
    return type(expires_at) is int and 0 <= expires_at <= int(now.timestamp())


def unexpired(item: dict[str, Any] | None, now: datetime) -> dict[str, Any] | None:
    """The item, or None if its block is over."""
    return None if item is None or is_expired(item, now) else item


def _read_keys(context: Context, table: str, keys: Iterable[dict[str, str]]) -> Iterator[dict[str, Any]]:
    client = context.dynamodb_client(table)
    distinct_keys = iter(dict.fromkeys(tuple(key.items()) for key in keys))
    while batch := [encode(dict(key)) for key in islice(distinct_keys, READ_LIMIT)]:
        yield from read_many(client, table, batch, time.monotonic() + _READ_SECONDS, ConsistentRead=True)
