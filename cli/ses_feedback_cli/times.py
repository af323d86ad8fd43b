"""Times as options and files give them."""

import re
from datetime import UTC, datetime, timedelta

from ses_feedback.timestamps import parse

_DURATION = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

PAST_FORMATS = "a date (its midnight UTC), an ISO 8601 time, or how long ago: 90m, 12h, 7d, 2w"
FUTURE_FORMATS = "a date (its midnight UTC), an ISO 8601 time, or how long from now: 90m, 12h, 7d, 2w"


def parse_past(value: str | None, option: str, now: datetime) -> datetime | None:
    """The time that an option gives (`7d`: seven days before ``now``), None for None.

    Raises: ValueError, naming option and value.
    """
    return _parse(value, option, now, -1, PAST_FORMATS)


def parse_future(value: str | None, option: str, now: datetime) -> datetime | None:
    """The time that an option gives (`7d`: seven days after ``now``), None for None.

    Raises: ValueError, naming option and value.
    """
    return _parse(value, option, now, 1, FUTURE_FORMATS)


def _parse(value: str | None, option: str, now: datetime, sign: int, formats: str) -> datetime | None:
    if value is None:
        return None
    if duration := _DURATION.fullmatch(value.strip()):
        try:
            return now + sign * timedelta(**{_UNITS[duration[2]]: int(duration[1])})
        except OverflowError:
            raise ValueError(f"{option} {value}: that is outside the calendar") from None
    try:
        return parse_time(value)
    except ValueError:
        raise ValueError(f"{option} {value}: needed is {formats}") from None


def parse_time(value: str) -> datetime:
    """A time: ISO 8601 (UTC without an offset, midnight without a time) or epoch seconds. Raises: ValueError."""
    value = value.strip()
    is_epoch = value.isdecimal() and len(value) > len("20261124")
    try:
        time = datetime.fromtimestamp(int(value), UTC) if is_epoch else parse(value)
    except (ValueError, OverflowError, OSError):
        time = None
    if time is None:
        raise ValueError("is no time; 2026-11-24, 2026-11-24T12:00:00Z or epoch seconds are")
    return time
