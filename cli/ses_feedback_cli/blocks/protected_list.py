"""The list of protected addresses in the history table: changes it with a trace, and finds blocks that it comes too
late for.
"""

import time
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from ses_feedback.history.event import drop_empty
from ses_feedback.history.protected import LIST_KEY, PATTERNS_LIMIT, Protected
from ses_feedback.table import encode, retry
from ses_feedback.timestamps import iso

from ses_feedback_cli.block_filter import BlockFilter, BlockReason
from ses_feedback_cli.context import Context
from ses_feedback_cli.table_reads import (
    history_rows,
    read_blocked_items,
    read_history_row,
    scan_blocked_items,
    unexpired,
)

Act = Literal["protect", "unprotect"]

_WRITE_SECONDS = 30
_PATTERNS_PER_WRITE = 99  # and the list: DynamoDB takes 100 actions in a transaction
SAMPLE_SIZE = 10
_OF_FEEDBACK = frozenset((BlockReason.BOUNCE, BlockReason.COMPLAINT, BlockReason.HOLD, BlockReason.SOFT_BOUNCES))


@dataclass(frozen=True)
class PatternTrace:
    """A pattern of the list, and who put it there; empty if the history does not say."""

    pattern: str
    since: str = ""
    actor: str = ""
    note: str = ""


@dataclass
class CoveredBlocks:
    """The blocks of the addresses that a pattern covers."""

    reasons: Counter[str] = field(default_factory=Counter)
    sample: list[dict[str, Any]] = field(default_factory=list)
    """A few of them; those that feedback made come first."""

    def add(self, item: dict[str, Any]) -> None:
        """Count a block."""
        self.reasons[str(item.get("reason", "?"))] += 1
        self.sample = sorted([*self.sample, item], key=lambda block: not is_of_feedback(block))[:SAMPLE_SIZE]


def read_patterns(context: Context) -> list[str]:
    """The patterns, in the order in which they came. Needs dynamodb:BatchGetItem on the history table."""
    row = read_history_row(context, **LIST_KEY)
    return list(row["patterns"]) if row else []


def read_traces(context: Context) -> list[PatternTrace]:
    """The patterns, and who put them there. Needs dynamodb:BatchGetItem and Query on the history table."""
    rows = {
        str(row["pattern"]): row
        for row in history_rows(context, LIST_KEY["value"])  # oldest first, so the last one counts
        if row.get("act") == "protect"
    }
    return [_trace(pattern, rows.get(pattern, {})) for pattern in read_patterns(context)]


def changed_patterns(act: Act, listed: Sequence[str], patterns: Iterable[str]) -> list[str]:
    """Those of the patterns that the act adds to the list, or removes. Raises: ValueError for a list too long."""
    changed = [pattern for pattern in dict.fromkeys(patterns) if (pattern in listed) == (act == "unprotect")]
    if act == "protect" and len(listed) + len(changed) > PATTERNS_LIMIT:
        raise ValueError(
            f"the list would have {len(listed) + len(changed)} patterns, and at most {PATTERNS_LIMIT} are possible: a "
            "domain covers all its addresses, and `ses-feedback unprotect` removes what is not needed"
        )
    return changed


def change_patterns(
    context: Context, act: Act, patterns: Sequence[str], *, actor: str, note: str, at: datetime
) -> list[str]:
    """Add patterns to the list, or remove them; returns those that changed. Each leaves a trace in the history.

    List and traces are written together, if nobody has changed the list since it was read; else it is read again.
    Needs dynamodb:BatchGetItem and PutItem on the history table. Raises: TableError; ValueError for a list too long.
    """
    changed_patterns(act, read_patterns(context), patterns)  # before the first of several writes
    changed: list[str] = []
    for start in range(0, len(patterns), _PATTERNS_PER_WRITE):
        part = patterns[start : start + _PATTERNS_PER_WRITE]

        def attempt(part: Sequence[str] = part) -> bool:
            listed = read_patterns(context)
            if new := changed_patterns(act, listed, part):
                traces = [_trace_row(act, pattern, actor, note, iso(at)) for pattern in new]
                _write(context, listed, _changed_list(act, listed, new), traces)
            changed.extend(new)
            return True

        retry("TransactWriteItems", attempt, time.monotonic() + _WRITE_SECONDS)
    return changed


def find_covered_blocks(context: Context, patterns: Sequence[str], now: datetime) -> dict[str, CoveredBlocks]:
    """The blocks that each pattern covers, a few of them in memory.

    Needs dynamodb:BatchGetItem on the blocked table; for a domain or a local part dynamodb:Scan.
    """
    covered = {pattern: CoveredBlocks() for pattern in patterns}
    addresses = [pattern for pattern in patterns if is_address(pattern)]
    for address, item in read_blocked_items(context, addresses).items():
        if block := unexpired(item, now):
            covered[address].add(block)
    wider = {pattern: Protected(frozenset([pattern])) for pattern in patterns if not is_address(pattern)}
    for item in scan_blocked_items(context, BlockFilter(), now) if wider else ():
        for pattern, protected in wider.items():
            if protected.covers(item["value"]):
                covered[pattern].add(item)
    return covered


def is_of_feedback(item: dict[str, Any]) -> bool:
    """Whether feedback made a block, not a person or an import."""
    return item.get("reason") in _OF_FEEDBACK


def is_address(pattern: str) -> bool:
    """Whether a pattern is one address, not a domain or a local part of any domain."""
    return "@" in pattern and not pattern.endswith("@")


def _trace(pattern: str, row: dict[str, Any]) -> PatternTrace:
    return PatternTrace(pattern, *(str(row.get(name, "")) for name in ("occurred_at", "actor", "note")))


def _trace_row(act: Act, pattern: str, actor: str, note: str, at: str) -> dict[str, Any]:
    entry = f"manual#{at}#{uuid.uuid4().hex}"
    row = {"act": act, "pattern": pattern, "actor": actor, "note": note, "occurred_at": at, "recorded_at": at}
    return {"value": LIST_KEY["value"], "entry": entry, **drop_empty(row)}


def _changed_list(act: Act, listed: Sequence[str], changed: Sequence[str]) -> list[str]:
    return [*listed, *changed] if act == "protect" else [pattern for pattern in listed if pattern not in changed]


def _write(context: Context, old: Sequence[str], new: Sequence[str], traces: Sequence[dict[str, Any]]) -> None:
    table = context.history_table()
    put: dict[str, Any] = {"TableName": table, "Item": encode({**LIST_KEY, "patterns": list(new)})}
    put["ConditionExpression"] = "#p = :old" if old else "attribute_not_exists(#p) OR #p = :old"
    put["ExpressionAttributeNames"] = {"#p": "patterns"}
    put["ExpressionAttributeValues"] = encode({":old": list(old)})
    actions = [{"Put": put}, *({"Put": {"TableName": table, "Item": encode(trace)}} for trace in traces)]
    context.dynamodb_client(table).transact_write_items(TransactItems=actions)
