"""An item of the blocked table for people, and its main attributes for programs."""

from typing import Any

from ses_feedback.timestamps import parse

from ses_feedback_cli.output import format_time

_SUMMARY = ("reason", "kind", "rule", "confirmed", "blocked_at", "expires_at")


def describe_block(item: dict[str, Any] | None) -> str:
    """Why an address is blocked, since when and until when; None: it is not blocked."""
    if item is None:
        return "not blocked"
    blocked_at, expires_at = parse(str(item.get("blocked_at", ""))), item.get("expires_at")
    until = f" until {format_time(expires_at)}" if type(expires_at) is int else ""
    since = format_time(blocked_at) or "?"
    if item.get("reason") == "hold":
        return f"held{until} ({item.get('rule', '?')} since {since})"
    confirmed = f", confirmed hold by {item.get('rule', '?')}," if item.get("confirmed") else ""
    return f"blocked{until} ({item.get('reason', '?')}{confirmed} since {since})"


def block_summary(item: dict[str, Any] | None) -> dict[str, Any] | None:
    """The attributes that say why and how long."""
    if item is None:
        return None
    return {name: item[name] for name in _SUMMARY if name in item}
