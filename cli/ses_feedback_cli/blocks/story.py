"""All that is known about one address: what happened to it, in order, and what follows from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import State
from ses_feedback.history.transaction import STATE, read_state
from ses_feedback.table import decode, encode
from ses_feedback.timestamps import parse

from ses_feedback_cli.blocks.records import alive, blocked_items
from ses_feedback_cli.context import Context


@dataclass(frozen=True)
class Story:
    """``events`` are rows of the history, oldest first. The history forgets feedback after a year, the state does not
    forget what blocks: so there may be a block without an event."""

    address: str
    item: dict[str, Any] | None
    """What the blocked table says, also if it is over."""
    state: State
    events: list[dict[str, Any]]
    policy: SoftBouncePolicy
    now: datetime

    @property
    def block(self) -> dict[str, Any] | None:
        """The item of the blocked table, if it blocks."""
        return alive(self.item, self.now)

    @property
    def expected(self) -> dict[str, Any] | None:
        """The block that follows from the history."""
        return alive(self.state.blocked_item(self.policy), self.now)

    @property
    def soft_bounces(self) -> int:
        """Mails that bounced softly within the window that ends now, as they count."""
        return self.state.soft_bounce_mails(self.policy, self.now)


def read(context: Context, address: str, now: datetime) -> Story:
    """Everything about the address with this key. Needs dynamodb:Query on the history table and dynamodb:BatchGetItem
    on the blocked table."""
    rows = {row["entry"]: row for row in _rows(context, address)}
    state = read_state(rows.pop(STATE, None))
    events = sorted(rows.values(), key=_order)
    return Story(address, blocked_items(context, [address]).get(address), state, events, context.policy(), now)


def recorded_late(event: dict[str, Any]) -> bool:
    """Whether it became known so much later that the story would be misread without it."""
    happened, recorded = (parse(str(event.get(name, ""))) for name in ("occurred_at", "recorded_at"))
    return bool(happened and recorded and recorded - happened > timedelta(minutes=15))


def _rows(context: Context, address: str) -> Iterator[dict[str, Any]]:
    name = context.history_table()
    pages = (
        context.dynamodb(name)
        .get_paginator("query")
        .paginate(
            TableName=name,
            ConsistentRead=True,
            KeyConditionExpression="#v = :v",
            ExpressionAttributeNames={"#v": "value"},
            ExpressionAttributeValues=encode({":v": address}),
        )
    )
    return (decode(row) for page in pages for row in page["Items"])


def _order(event: dict[str, Any]) -> tuple[str, str]:
    return (str(event.get("occurred_at", "")), str(event["entry"]))
