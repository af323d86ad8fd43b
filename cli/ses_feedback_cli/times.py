"""Times as people and files give them."""

import re
from datetime import UTC, datetime, timedelta

from ses_feedback.timestamps import parse

_RELATIVE = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

PAST = "a date (its midnight UTC), an ISO 8601 time, or how long ago: 90m, 12h, 7d, 2w"
FUTURE = "a date (its midnight UTC), an ISO 8601 time, or how long from now: 90m, 12h, 7d, 2w"


def past(text: str | None, option: str, now: datetime) -> datetime | None:
    """The time that an option gives, `7d` before ``now``; None of None. Raises: ValueError naming option and text."""
    return _moment(text, option, now, -1, PAST)


def future(text: str | None, option: str, now: datetime) -> datetime | None:
    """The time that an option gives, `7d` after ``now``; None of None. Raises: ValueError naming option and text."""
    return _moment(text, option, now, 1, FUTURE)


def _moment(text: str | None, option: str, now: datetime, sign: int, form: str) -> datetime | None:
    if text is None:
        return None
    if relative := _RELATIVE.fullmatch(text.strip()):
        try:
            return now + sign * timedelta(**{_UNITS[relative[2]]: int(relative[1])})
        except OverflowError:
            raise ValueError(f"{option} {text}: that is outside the calendar") from None
    try:
        return moment(text)
    except ValueError:
        raise ValueError(f"{option} {text}: needed is {form}") from None


def moment(text: str) -> datetime:
    """A time: ISO 8601 (UTC without an offset, midnight without a time) or epoch seconds. Raises: ValueError."""
    text = text.strip()
    try:
        read = (
            datetime.fromtimestamp(int(text), UTC) if text.isdecimal() and len(text) > len("20261124") else parse(text)
        )
    except (ValueError, OverflowError, OSError):
        read = None
    if read is None:
        raise ValueError("is no time; 2026-11-24, 2026-11-24T12:00:00Z or epoch seconds are")
    return read
