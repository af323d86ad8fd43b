"""Selects the blocks of a bulk unblock: those that match a filter, unless something else also blocks the address."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import State

from ses_feedback_cli.block_filter import BlockReason, ItemFilter
from ses_feedback_cli.context import Context
from ses_feedback_cli.table_reads import read_states, read_table_settings, scan_blocked_items, unexpired

_DEFAULT_REASONS = (BlockReason.BOUNCE, BlockReason.HOLD, BlockReason.SOFT_BOUNCES)

_SAMPLE_SIZE = 10
_BATCH_SIZE = 100


@dataclass
class BlockSelection:
    """The blocks that are selected. Count, sample and skipped are complete once ``items`` has ended."""

    context: Context
    block_filter: ItemFilter
    reasons: Sequence[BlockReason] | None
    """None: what mail servers reported, not what a person wanted (a complaint, a hold after one, a manual block or an
    import)."""
    now: datetime
    lifts: bool = True
    """Whether they are to be lifted. Else the filter alone selects, whatever else blocks an address."""
    count: int = 0
    sample: list[dict[str, Any]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    """How many blocks match the filter and are not selected, by why."""

    def items(self) -> Iterator[dict[str, Any]]:
        """The blocks to lift. Needs dynamodb:Scan on the blocked table and BatchGetItem on the history table."""
        policy = read_table_settings(self.context).soft_bounces
        remaining = scan_blocked_items(self.context, self.block_filter, self.now)
        while batch := list(islice(remaining, _BATCH_SIZE)):
            states = read_states(self.context, (item["value"] for item in batch if self.lifts))
            for item in batch:
                if self.lifts and (why := self._why_skipped(item, states[item["value"]], policy)):
                    self.skipped[why] += 1
                    continue
                self.count += 1
                if len(self.sample) < _SAMPLE_SIZE:
                    self.sample.append(item)
                yield item

    def _why_skipped(self, item: dict[str, Any], state: State, policy: SoftBouncePolicy) -> str:
        """Why the item is not selected; empty if it is.

        Everything that blocks the address must be selected, because an unblock lifts all of it: under a bounce there
        may be the block of a person who never wants mail.
        """
        if not self._has_reason(item):
            return f"blocked because of {_reason(item)}"
        block: dict[str, Any] | None = item
        while block is not None:
            if not (self._has_reason(block) and self.block_filter.matches(block)):
                return f"also blocked because of {_reason(block)}"
            remaining = state.without(block)
            if remaining == state:  # another program made the item: the history knows nothing of it
                return ""
            state = remaining
            next_block = unexpired(state.blocked_item(policy), self.now)
            block = {"value": item["value"], **next_block} if next_block else None
        return ""

    def _has_reason(self, block: dict[str, Any]) -> bool:
        if self.reasons is not None:
            return block.get("reason") in self.reasons
        return block.get("reason") in _DEFAULT_REASONS and block.get("kind") != "complaint"


def _reason(item: dict[str, Any]) -> str:
    reason = item.get("reason")
    if reason == BlockReason.HOLD and item.get("kind") == "complaint":
        return "hold after a complaint"
    return str(reason) if reason in set(BlockReason) else "something else"
