"""Reads the whole blocked table, page by page, in the memory of a page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ses_feedback.table import decode
from ses_feedback.timestamps import parse

from ses_feedback_cli.context import Context


@dataclass(frozen=True)
class Filter:
    """Which items to take; what is not given takes all. ``since`` and ``until`` bound when the block began."""

    reason: str | None = None
    domain: str | None = None
    identity: str | None = None
    rule: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, item: dict[str, Any]) -> bool:
        """Whether an item of the blocked table is one of those asked for."""
        exact = {"reason": self.reason, "identity": self.identity, "rule": self.rule}
        if any(value is not None and item.get(name) != value for name, value in exact.items()):
            return False
        if self.domain is not None and item["value"].rpartition("@")[2] != self.domain.lower():
            return False
        if self.since is None and self.until is None:
            return True
        began = parse(str(item.get("blocked_at", "")))
        if began is None:
            return False
        return (self.since is None or began >= self.since) and (self.until is None or began < self.until)


def scan(context: Context, wanted: Filter, now: datetime) -> Iterator[dict[str, Any]]:
    """The unexpired items that a filter takes, in no order. Needs dynamodb:Scan on the blocked table."""
    name = context.blocked_table()
    for page in context.dynamodb(name).get_paginator("scan").paginate(TableName=name):
        for stored in page["Items"]:
            item = decode(stored)
            if not expired(item, now) and wanted.takes(item):
                yield item


def expired(item: dict[str, Any], now: datetime) -> bool:
    """Whether an item only waits for DynamoDB to delete it."""
    ends = item.get("expires_at")
    return type(ends) is int and 0 <= ends <= int(now.timestamp())
