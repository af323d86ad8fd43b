"""What a sender is told about one address, and how it follows from the item in the blocked table. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ses_feedback.timestamps import parse

NAMES = {"#v": "value", "#r": "reason", "#b": "blocked_at", "#e": "expires_at"}
"""Placeholders of the attributes that are read; more of an item is nobody's business here."""

_LAST_SECOND = 253_402_300_799  # of the year 9999, beyond which there is no datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a mail may go to one address."""

    address: str
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
        blocked_at=parse(item.get("blocked_at")),
        expires_at=expires_at,
    )


class BlockedError(Exception):
    """A mail was not sent, since not everybody in it may be mailed. The text has numbers, ``answers`` the addresses."""

    def __init__(self, operation: str, answers: tuple[Answer, ...], asked: int) -> None:
        """``answers``: those that are not allowed, of ``asked`` addresses."""
        kinds = {
            "blocked": sum(answer.problem is None for answer in answers),
            "not an address": sum(answer.problem is not None and not answer.unknown for answer in answers),
            "unknown, since the table did not answer": sum(answer.unknown for answer in answers),
        }
        why = ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number)
        super().__init__(
            f"{operation}: {len(answers)} of {asked} recipients may not be mailed ({why}); nothing was sent"
        )
        self.operation = operation
        self.answers = answers
        self.asked = asked

    def __reduce__(self) -> tuple[type["BlockedError"], tuple[str, tuple[Answer, ...], int]]:
        """Without it an error could not travel between processes, as task queues let it do."""
        return BlockedError, (self.operation, self.answers, self.asked)


@dataclass(frozen=True, slots=True)
class Stripped:
    """What was left out of a call that is sent to the others."""

    operation: str
    answers: tuple[Answer, ...]
    """Of the recipients that were left out, each with its reason."""
    left_out: tuple[int, ...] = ()
    """Places of the mails of a bulk call that are not sent at all, since nobody was left; the first is 0."""
