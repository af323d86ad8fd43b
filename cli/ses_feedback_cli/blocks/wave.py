"""Selects the blocks of a wave: those that a filter takes, unless something else blocks the address as well."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import State

from ses_feedback_cli import blocked
from ses_feedback_cli.blocked import Filter
from ses_feedback_cli.blocks.records import alive, states
from ses_feedback_cli.context import Context
from ses_feedback_cli.selection import Because

FEEDBACK = (Because.BOUNCE, Because.SOFT_BOUNCES)
"""What a wave is made of unless it is said: not the word of a person, be it a complaint, an act or an import."""

_SAMPLE = 10
_TOGETHER = 100


@dataclass
class Wave:
    """What was selected; complete once ``items`` is through."""

    context: Context
    filter: Filter
    because: Sequence[Because]
    now: datetime
    count: int = 0
    sample: list[dict[str, Any]] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    """How many blocks the filter takes that are left, by why."""

    def items(self) -> Iterator[dict[str, Any]]:
        """The items to lift, streaming. Needs dynamodb:Scan on the blocked table, BatchGetItem on the history."""
        policy = self.context.policy()
        rest = blocked.scan(self.context, self.filter, self.now)
        while some := list(islice(rest, _TOGETHER)):
            known = states(self.context, (item["value"] for item in some))
            for item in some:
                if why := self._left(item, known[item["value"]], policy):
                    self.left[why] += 1
                    continue
                self.count += 1
                if len(self.sample) < _SAMPLE:
                    self.sample.append(item)
                yield item

    def _left(self, item: dict[str, Any], state: State, policy: SoftBouncePolicy) -> str:
        """Why the item is left; empty if it is not. Everything that blocks the address must be selected: an unblock
        lifts all of it, and beneath the bounce of a wave may be somebody's wish never to be mailed."""
        if item.get("reason") not in self.because:
            return f"blocked because of {_known(item)}"
        block: dict[str, Any] | None = item
        while block is not None:
            if block.get("reason") not in self.because or not self.filter.takes(block):
                return f"also blocked because of {_known(block)}"
            remaining = state.without(block)
            if remaining == state:  # an item of others: the history knows nothing of it
                return ""
            state = remaining
            beneath = alive(state.blocked_item(policy), self.now)
            block = {"value": item["value"], **beneath} if beneath else None
        return ""


def _known(item: dict[str, Any]) -> str:
    reason = item.get("reason")
    return str(reason) if reason in set(Because) else "something else"
