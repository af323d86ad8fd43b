"""Blocks in words, and in JSON."""

from datetime import datetime
from typing import Any

from ses_feedback.timestamps import parse

from ses_feedback_cli.output import format_time


def said(block: dict[str, Any] | None) -> str:
    """A block in words: why, since when and until when."""
    if block is None:
        return "not blocked"
    began, ends = parse(str(block.get("blocked_at", ""))), block.get("expires_at")
    until = f" until {format_time(ends)}" if type(ends) is int else ""
    return f"blocked{until} ({block.get('reason', '?')} since {format_time(began) or '?'})"


def brief(block: dict[str, Any] | None) -> dict[str, Any] | None:
    """The same for programs: no more than what decides."""
    if block is None:
        return None
    return {name: block[name] for name in ("reason", "rule", "blocked_at", "expires_at") if name in block}


def until_text(until: datetime | None) -> str:
    """For good, or until when."""
    return f"until {format_time(until)}" if until else "for good"
