"""All that is known about one address: its events in order, its state, and whether it is blocked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import State
from ses_feedback.history.state_row import STATE, read_state, written_policy
from ses_feedback.timestamps import parse

from ses_feedback_cli.context import Context
from ses_feedback_cli.table_reads import (
    history_rows,
    is_expired,
    read_blocked_items,
    read_table_settings,
    unexpired,
)

LATE = timedelta(minutes=15)
"""An event that was recorded so long after it happened is shown with both times."""


@dataclass(frozen=True)
class AddressHistory:
    """What both tables hold about an address.

    The history keeps feedback for a year, and the state for as long as it blocks: an old block may have no event.
    """

    address: str
    item: dict[str, Any] | None
    """The item of the blocked table, even if its block is over."""
    state: State
    events: list[dict[str, Any]]
    """Rows of the history, oldest first."""
    policy: SoftBouncePolicy
    """When soft bounces block, by the settings of today."""
    written_policy: SoftBouncePolicy
    """When they did as the state was written: the item follows from that."""
    now: datetime

    @property
    def block(self) -> dict[str, Any] | None:
        """The item of the blocked table, unless its block is over."""
        return unexpired(self.item, self.now)

    @property
    def expected_block(self) -> dict[str, Any] | None:
        """The block that follows from the history."""
        return unexpired(self.state.blocked_item(self.written_policy), self.now)

    @property
    def ended_block(self) -> dict[str, Any] | None:
        """The block that is over, if there is one, also when DynamoDB has deleted its item."""
        item = self.item or self.state.blocked_item(self.written_policy)
        return item if item and is_expired(item, self.now) else None

    @property
    def soft_bounce_mails(self) -> int:
        """How many mails bounced softly within the window that ends now."""
        return self.state.soft_bounce_mails(self.policy, self.now)


def read_address_history(context: Context, address: str, now: datetime) -> AddressHistory:
    """All about the address with this key.

    Needs dynamodb:Query on the history table and dynamodb:BatchGetItem on both.
    """
    rows = {row["entry"]: row for row in history_rows(context, address)}
    state_row = rows.pop(STATE, None)
    state, policy = read_state(state_row), read_table_settings(context).soft_bounces
    events = sorted(rows.values(), key=_sort_key)
    item = read_blocked_items(context, [address]).get(address)
    return AddressHistory(address, item, state, events, policy, written_policy(state_row, policy), now)


def was_recorded_late(event: dict[str, Any]) -> bool:
    """Whether an event was recorded so long after it happened that the order of the events would mislead."""
    occurred_at, recorded_at = (parse(str(event.get(name, ""))) for name in ("occurred_at", "recorded_at"))
    return bool(occurred_at and recorded_at and recorded_at - occurred_at > LATE)


def _sort_key(event: dict[str, Any]) -> tuple[str, str]:
    return (str(event.get("occurred_at", "")), str(event["entry"]))
