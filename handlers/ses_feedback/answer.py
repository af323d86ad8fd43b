"""What a sender is told about one address, and how it follows from the item in the blocked table. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ses_feedback.envelope import string
from ses_feedback.moment import parse

NAMES = {"#v": "value", "#r": "reason", "#b": "blocked_at", "#e": "expires_at"}
"""Placeholders of the attributes that are read; more of an item is nobody's business here."""

_LAST_SECOND = 253_402_300_799  # of the year 9999, beyond which there is no datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a mail may go to one address."""

    given: str
    """The text as it was asked for."""
    key: str | None
    """The key that it is kept under; None if the text cannot be an address."""
    allowed: bool
    reason: str | None = None
    """Why not: bounce, complaint, soft-bounces, manual or import."""
    blocked_at: datetime | None = None
    """Since when it is blocked, UTC."""
    expires_at: datetime | None = None
    """When the block ends, UTC; None: it does not."""
    problem: str | None = None
    """Why there is no answer from the table: the text cannot be an address, or (``unknown``) the table did not say."""
    unknown: bool = False
    """The table could not be asked in time; ``allowed`` is then what the caller chose for that case."""


def judge(given: str, key: str, item: Mapping[str, Any] | None, now: datetime) -> Answer:
    """What the item of an address, if there is one, means for a mail that goes out ``now``."""
    if item is None:
        return Answer(given, key, allowed=True)
    # Others may have put the item: what is no time here ends nothing, as DynamoDB's own TTL sees it.
    ends = item.get("expires_at")
    expires_at = datetime.fromtimestamp(ends, UTC) if type(ends) is int and 0 <= ends <= _LAST_SECOND else None
    if expires_at is not None and expires_at <= now:  # DynamoDB deletes it within days, not at once
        return Answer(given, key, allowed=True)
    reason = item.get("reason")
    return Answer(
        given,
        key,
        allowed=False,
        reason=reason if isinstance(reason, str) else None,
        blocked_at=parse(string(item.get("blocked_at"))),
        expires_at=expires_at,
    )
