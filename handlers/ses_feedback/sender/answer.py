"""The answer to a sender about one address, and how it follows from the item in the blocked table. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ses_feedback.timestamps import parse

ATTRIBUTE_NAMES = {"#v": "value", "#r": "reason", "#b": "blocked_at", "#e": "expires_at"}
"""Placeholders of the attributes that are read: a sender needs no others."""

_LAST_SECOND = 253_402_300_799  # of the year 9999, beyond which there is no datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a mail may go to one address."""

    address: str
    """As the caller gave it, perhaps with a display name."""
    key: str | None
    """Its key in the blocked table; None if it is not an address."""
    allowed: bool
    reason: str | None = None
    """Why not: bounce, complaint, hold (which ends, if nothing confirms it), soft-bounces, manual or import."""
    blocked_at: datetime | None = None
    """Since when it is blocked, UTC."""
    expires_at: datetime | None = None
    """When the block ends, UTC, as each hold and soft-bounces do; None: it does not."""
    problem: str | None = None
    """Why the table gave no answer: it is not an address, or (``unknown``) the table could not be read in time."""
    unknown: bool = False
    """The table could not be read in time; ``allowed`` is then what the caller chose for that case."""


def answer_for(address: str, key: str, item: Mapping[str, Any] | None, now: datetime) -> Answer:
    """What the item of an address, if there is one, means for a mail that is sent ``now``."""
    if item is None:
        return Answer(address, key, allowed=True)
    # Others may have put the item. An ``expires_at`` that is not a time ends nothing, as with DynamoDB's own TTL.
    epoch = item.get("expires_at")
    expires_at = datetime.fromtimestamp(epoch, UTC) if type(epoch) is int and 0 <= epoch <= _LAST_SECOND else None
    if expires_at is not None and expires_at <= now:  # DynamoDB deletes it within days, not at once
        return Answer(address, key, allowed=True)
    reason = item.get("reason")
    return Answer(
        address,
        key,
        allowed=False,
        reason=reason if isinstance(reason, str) else None,
        blocked_at=parse(item.get("blocked_at")),
        expires_at=expires_at,
    )


class BlockedError(Exception):
    """A mail was not sent, as recipients may not be mailed. ``answers`` have their addresses, the message has none."""

    def __init__(self, operation: str, answers: tuple[Answer, ...], recipient_count: int) -> None:
        """``answers``: of the recipients that are not allowed, of ``recipient_count`` that were checked."""
        counts = {
            "blocked": sum(answer.problem is None for answer in answers),
            "not an address": sum(answer.problem is not None and not answer.unknown for answer in answers),
            "unknown, since the table did not answer": sum(answer.unknown for answer in answers),
        }
        reasons = ", ".join(f"{count} {reason}" for reason, count in counts.items() if count)
        super().__init__(
            f"{operation}: {len(answers)} of {recipient_count} recipients may not be mailed ({reasons}); "
            "nothing was sent"
        )
        self.operation = operation
        self.answers = answers
        self.recipient_count = recipient_count

    def __reduce__(self) -> tuple[type["BlockedError"], tuple[str, tuple[Answer, ...], int]]:
        """For pickle: task queues pass errors from process to process."""
        return BlockedError, (self.operation, self.answers, self.recipient_count)


@dataclass(frozen=True, slots=True)
class Stripped:
    """The recipients that were removed from a call, which is sent to the others."""

    operation: str
    answers: tuple[Answer, ...]
    """Of the removed recipients, each with its reason."""
    unsent_positions: tuple[int, ...] = ()
    """Which mails of a call that sends several are not sent, as they have no recipient left; the first is 0."""
