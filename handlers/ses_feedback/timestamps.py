"""When a feedback happened: the times that SES gives, as far as they can be believed. Pure."""

import re
from datetime import UTC, datetime, timedelta

CLOCK_TOLERANCE = timedelta(minutes=15)
"""How far a provider's clock may be off before the time it gives is not believed."""

_SPACE_BEFORE_OFFSET = re.compile(r"\s+(?=[+-]\d{2}:?\d{2}$)")


def happened_at(
    given: datetime | None, mailed: datetime | None, *, sent_at: datetime, now: datetime
) -> datetime | None:
    """The provider's time within what is possible; None without any time.

    A bounce cannot precede its mail (``mailed``, SES's own clock) nor follow its arrival in the queue (``sent_at``). A
    provider whose clock is off must not date a bounce after every later unblock (2099) or before every earlier one
    (1970): then the time of the mail counts.
    """
    if given is None and mailed is None:
        return None
    # A record cannot have arrived before its mail was sent: then it is the record's time that is made up.
    arrived = sent_at if mailed is not None and mailed <= sent_at + CLOCK_TOLERANCE else now
    latest = arrived + CLOCK_TOLERANCE
    if given is None or given > latest or (mailed is not None and given < mailed - CLOCK_TOLERANCE):
        given = mailed
    return arrived if given is None or given > latest else given


def parse(text: object) -> datetime | None:
    """A time in any of the forms that AWS gives; without an offset it is UTC. None if it is none."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(_SPACE_BEFORE_OFFSET.sub("", text.strip()))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds: two of them compare as texts as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
