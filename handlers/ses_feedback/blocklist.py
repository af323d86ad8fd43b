"""What a sender asks before it sends."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ses_feedback.address import NotAnAddressError, address_key
from ses_feedback.envelope import string
from ses_feedback.moment import parse
from ses_feedback.table import READ_LIMIT, encode, make_client, read_many

_LAST_SECOND = 253_402_300_799  # of the year 9999, beyond which there is no datetime

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


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
    """When that happened, UTC."""
    expires_at: datetime | None = None
    """When the block ends, UTC; None: it does not."""
    problem: str | None = None
    """Why the text cannot be an address."""


class Blocklist:
    """Reads the blocked table, given by ARN (any Region or account) or by name (Region of the environment).

    The caller's role needs ``dynamodb:BatchGetItem`` on the table and nothing else.
    """

    def __init__(self, table: str, client: "DynamoDBClient | None" = None, *, patience: float = 10.0) -> None:
        """``patience``: seconds that one check goes on trying while DynamoDB throttles or fails."""
        if not table:
            raise ValueError("the blocked table is empty; its ARN or name is needed")
        self._table = table
        self._client = client or make_client(table, connections=10)
        self._patience = patience

    def check(self, addresses: Iterable[str], *, now: datetime | None = None) -> list[Answer]:
        """One answer per address, in the order given. Reads are eventually consistent, 100 addresses a call.

        Raises: TableError when DynamoDB does not answer; never "allowed" for want of an answer. TypeError for one text
        in place of a list.
        """
        if isinstance(addresses, str):
            raise TypeError('check takes a list of addresses, this is one text: check(["jane@example.org"])')
        given = list(addresses)
        moment = now or datetime.now(UTC)
        keys = [_key_or_problem(text) for text in given]
        wanted = list(dict.fromkeys(key for key, problem in keys if problem is None))
        deadline = time.monotonic() + self._patience
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(wanted), READ_LIMIT):
            batch = [encode({"value": key}) for key in wanted[start : start + READ_LIMIT]]
            found |= {item["value"]: item for item in read_many(self._client, self._table, batch, deadline)}
        return [
            Answer(text, None, allowed=False, problem=problem)
            if problem
            else _answer(text, key, found.get(key), moment)
            for text, (key, problem) in zip(given, keys, strict=True)
        ]


def _key_or_problem(text: str) -> tuple[str, str | None]:
    try:
        return address_key(text), None
    except NotAnAddressError as error:
        return "", str(error)


def _answer(given: str, key: str, item: dict[str, Any] | None, now: datetime) -> Answer:
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
