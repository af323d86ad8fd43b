"""Times as people give them."""

import re
from datetime import datetime, timedelta

from ses_feedback.moment import parse

_RELATIVE = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

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
            return now + sign * int(relative[1]) * _UNITS[relative[2]]
        except OverflowError:
            raise ValueError(f"{option} {text}: that is outside the calendar") from None
    moment = parse(text)
    if moment is None:
        raise ValueError(f"{option} {text}: needed is {form}")
    return moment
