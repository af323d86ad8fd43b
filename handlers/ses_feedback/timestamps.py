"""Timestamps: their formats, and when a feedback happened, as far as the times that SES gives are possible. Pure."""

import re
from datetime import UTC, datetime, timedelta

CLOCK_TOLERANCE = timedelta(minutes=15)
"""How far a provider's clock may be off before its time is not used."""

_SPACE_BEFORE_OFFSET = re.compile(r"\s+(?=[+-]\d{2}:?\d{2}$)")


def happened_at(
    reported_at: datetime | None, mailed_at: datetime | None, *, sent_at: datetime, now: datetime
) -> datetime | None:
    """The provider's time (``reported_at``) if it is possible, or the next best; None without any time.

    A bounce cannot precede its mail (``mailed_at``, SES's own clock) nor follow its arrival in the queue (``sent_at``).
    A provider whose clock is off must not date a bounce after every later unblock (2099) or before every earlier one
    (1970): then the time of the mail counts.
    """
    if reported_at is None and mailed_at is None:
        return None
    # A record cannot have arrived before its mail was sent: then the time of the record is wrong, as in test events.
    arrived_at = sent_at if mailed_at is not None and mailed_at <= sent_at + CLOCK_TOLERANCE else now
    latest = arrived_at + CLOCK_TOLERANCE
    occurred_at = reported_at
    if occurred_at is None or occurred_at > latest or (mailed_at and occurred_at < mailed_at - CLOCK_TOLERANCE):
        occurred_at = mailed_at
    return arrived_at if occurred_at is None or occurred_at > latest else occurred_at


def parse(value: object) -> datetime | None:
    """A timestamp in any of the forms that AWS gives; without an offset it is UTC. None if it is not one."""
    if not isinstance(value, str):
        return None
    try:
        timestamp = datetime.fromisoformat(_SPACE_BEFORE_OFFSET.sub("", value.strip()))
        return (timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def iso(timestamp: datetime) -> str:
    """ISO 8601 in UTC with milliseconds: as strings these sort by time."""
    return timestamp.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
