"""One address judged again: what its history says under today's rules, and the steps that write it. No calls."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from ses_feedback.function.verdict import Verdict
from ses_feedback.history.event import Event
from ses_feedback.history.occurrence import Occurrence
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state import Effect, State
from ses_feedback.history.state_row import STATE, read_state
from ses_feedback.history.stored_feedback import FEEDBACK, stored_feedback
from ses_feedback.history.transaction import Tables, rewrite_actions
from ses_feedback.table import Item, TableError

from ses_feedback_cli.rejudgement.rebuilt_state import rebuilt_state, stored_act
from ses_feedback_cli.table_reads import unexpired

ACT = "manual#"
"""How the sort keys of operators' acts begin."""

ROWS_LIMIT = 90
"""Rows of one step: with the act, the state and the blocked item they stay within the 100 actions of a transaction."""

Row = Mapping[str, Any]


class Change(StrEnum):
    """What becomes of a block, in the order in which it is shown."""

    UNBLOCKED = "unblocked"
    BLOCKED = "blocked"
    WEAKER = "weaker"
    STRONGER = "stronger"
    NONE = "none"
    """Only rules and verdicts in the history change."""


@dataclass(frozen=True)
class Difference:
    """What judging an address again changes. ``revision`` is that of the state which it was computed from."""

    address: str
    change: Change
    before: dict[str, Any] | None
    """The block that follows from the history as it is; None: not blocked."""
    after: dict[str, Any] | None
    rule_before: str
    rule_after: str
    """The rule that judges the same feedback now."""
    rows: int
    revision: int

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Difference":
        """What ``document`` gave."""
        return cls(**{**document, "change": Change(document["change"])})


@dataclass(frozen=True)
class Step:
    """One transaction of an address; ``revision`` is that of the state after it."""

    actions: list[Item]
    revision: int
    is_last: bool


@dataclass(frozen=True)
class Rejudgement:
    """An address of whose feedback at least one row gets another rule or verdict."""

    address: str
    state_row: Row | None
    old: State
    """The state that the row holds."""
    rows: Sequence[Row]
    """All rows of the address but its state."""
    rewritten: Sequence[tuple[Row, Row]]
    """Rows as they are and as they are to be, the strongest new verdict first: no step unblocks what stays blocked."""

    @classmethod
    def of_rows(cls, rows: Sequence[Row], judge_row: Callable[[Row], Row | None]) -> "Rejudgement | None":
        """From all rows of one address; None if today's rules say what they say, of each row as ``judge_row`` tells.

        Raises: TableError for a row that no version wrote.
        """
        try:
            changed = [
                (row, new) for row in rows if row["entry"].startswith(FEEDBACK) and (new := judge_row(row)) is not None
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise TableError(f"a row of the history cannot be read ({type(error).__name__})") from None
        if not changed:
            return None
        strengths = list(Verdict)
        changed.sort(key=lambda pair: (strengths.index(pair[1]["verdict"]), pair[1]["entry"]))
        state_row = next((row for row in rows if row["entry"] == STATE), None)
        others = [row for row in rows if row["entry"] != STATE]
        return cls(changed[0][0]["value"], state_row, read_state(state_row), others, changed)

    def state_after(self, rewritten_rows: int, policy: SoftBouncePolicy) -> State:
        """The state once so many rows are rewritten. Raises: TableError for a row that no version wrote."""
        new_rows = {new["entry"]: new for _, new in self.rewritten[:rewritten_rows]}
        try:
            return rebuilt_state(self.old, _events([new_rows.get(row["entry"], row) for row in self.rows]), policy)
        except (KeyError, TypeError, ValueError) as error:
            raise TableError(f"a row of the history cannot be read ({type(error).__name__})") from None

    def difference(self, policy: SoftBouncePolicy, now: datetime) -> Difference:
        """What it changes for a sender. Raises: TableError."""
        before = unexpired(self.old.blocked_item(policy), now)
        after = unexpired(self.state_after(len(self.rewritten), policy).blocked_item(policy), now)
        change = _change(before, after)
        rule_before, rule_after = _rule(before), _rule(after)
        if change is Change.UNBLOCKED:
            rule_after = self._other_rule(before, 1)
        elif change is Change.BLOCKED:
            rule_before = self._other_rule(after, 0)
        return Difference(
            address=self.address,
            change=change,
            before={"value": self.address, **before} if before else None,
            after={"value": self.address, **after} if after else None,
            rule_before=rule_before,
            rule_after=rule_after,
            rows=len(self.rewritten),
            revision=self.old.revision,
        )

    def next_step(self, act: Event, tables: Tables, policy: SoftBouncePolicy) -> Step:
        """The next transaction. Raises: TableError."""
        new = self.state_after(ROWS_LIMIT, policy)
        actions = rewrite_actions(self.rewritten[:ROWS_LIMIT], act, self.state_row, new, tables, policy)
        return Step(actions, self.old.revision + (new != self.old), is_last=len(self.rewritten) <= ROWS_LIMIT)

    def _other_rule(self, item: dict[str, Any] | None, side: int) -> str:
        """The rule that the feedback behind an item had (``side`` 0) or gets (1)."""
        feedback_id = item.get("feedback_id") if item else None
        rules = (str(pair[side]["rule"]) for pair in self.rewritten if pair[1]["feedback_id"] == feedback_id)
        return next(rules, "")


def _events(rows: Sequence[Row]) -> Iterator[tuple[Effect, Occurrence]]:
    for row in rows:
        if row["entry"].startswith(FEEDBACK):
            yield stored_feedback(row)
        elif row["entry"].startswith(ACT):
            yield stored_act(row)


def _rule(item: dict[str, Any] | None) -> str:
    return str(item.get("rule") or item.get("reason", "")) if item else ""


def _change(before: dict[str, Any] | None, after: dict[str, Any] | None) -> Change:
    if before is None or after is None:
        return Change.NONE if before is after else Change.BLOCKED if before is None else Change.UNBLOCKED
    ends_before, ends_after = (item.get("expires_at", math.inf) for item in (before, after))
    if ends_before == ends_after:
        return Change.NONE
    return Change.WEAKER if ends_after < ends_before else Change.STRONGER
