"""Times as people and files give them."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from ses_feedback.moment import parse


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


def _option(text: str) -> datetime:
    try:
        return moment(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} {error}") from None


def time_option(name: str, text: str) -> object:
    """An option that takes a time."""
    return typer.Option(name, parser=_option, metavar="TIME", help=text)


Since = Annotated[datetime | None, time_option("--since", "Blocked at this time or later.")]
Before = Annotated[datetime | None, time_option("--until", "Blocked before this time.")]
