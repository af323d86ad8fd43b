"""Which items of the blocked table a command works on, as its options say."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from ses_feedback.address import NotAnAddressError, address_key
from ses_feedback.timestamps import parse

from ses_feedback_cli import times


class BlockReason(StrEnum):
    """Why an address is blocked: the `reason` of an item of the blocked table."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    HOLD = "hold"
    SOFT_BOUNCES = "soft-bounces"
    MANUAL = "manual"
    IMPORT = "import"


class ItemFilter(Protocol):
    """Which items of the blocked table are meant."""

    def matches(self, item: dict[str, Any]) -> bool:
        """Whether it is one of them."""


@dataclass(frozen=True)
class BlockFilter:
    """What an item must have; None takes every item. ``since`` and ``until`` bound when the block began."""

    reason: str | None = None
    domain: str | None = None
    identity: str | None = None
    rule: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, item: dict[str, Any]) -> bool:
        """Whether an item of the blocked table has all of it."""
        exact = {"reason": self.reason, "identity": self.identity, "rule": self.rule}
        if any(value is not None and item.get(name) != value for name, value in exact.items()):
            return False
        if self.domain is not None and item["value"].rpartition("@")[2] != self.domain.lower():
            return False
        if self.since is None and self.until is None:
            return True
        blocked_at = parse(str(item.get("blocked_at", "")))
        if blocked_at is None:
            return False
        return (self.since is None or blocked_at >= self.since) and (self.until is None or blocked_at < self.until)


def parse_block_filter(
    now: datetime,
    *,
    reason: BlockReason | None = None,
    domain: str | None = None,
    identity: str | None = None,
    rule: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> BlockFilter:
    """The filter that options describe. Raises: ValueError, naming the option and its value."""
    first, end = times.parse_past(since, "--since", now), times.parse_past(until, "--until", now)
    if first and end and first >= end:
        raise ValueError(f"--since {since} is not before --until {until}")
    return BlockFilter(reason, _normalized_domain(domain), identity, rule, first, end)


def _normalized_domain(domain: str | None) -> str | None:
    """A domain as keys have it, in lower case and ASCII."""
    if domain is None:
        return None
    try:
        return address_key(f"x@{domain.removeprefix('@')}").removeprefix("x@")
    except NotAnAddressError as error:
        raise ValueError(f"--domain {domain}: {error}") from None
