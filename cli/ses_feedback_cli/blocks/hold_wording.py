"""A hold for people: why it holds, and what would confirm it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ses_feedback.function.verdict import RULES, SURGE_HOLD, Verdict
from ses_feedback.history.holds import CONFIRMATION_DAYS

from ses_feedback_cli.output import format_time

_RULES = {rule.name: rule for rule in (*RULES, SURGE_HOLD) if rule.verdict is Verdict.HOLD}


def explain_hold(item: dict[str, Any], now: datetime) -> Iterator[str]:
    """Why the rule of a hold in the blocked table holds, and what can still make it a block for good ``now``."""
    rule, expires_at = _RULES.get(str(item.get("rule"))), item.get("expires_at")
    if rule is None or type(expires_at) is not int:  # of another version, or of another program
        return
    yield rule.reason
    if not rule.confirmable:
        yield "Nothing like it makes it a block for good: each only holds anew."
    elif rule.kind == "complaint":
        yield "Another complaint by this rule, about another mail, makes it a block for good, whenever it comes."
    elif now < (last := datetime.fromtimestamp(expires_at, UTC) + timedelta(days=CONFIRMATION_DAYS)):
        yield (
            f"Another bounce by this rule, after the hold and before {format_time(last)}, makes it a block for good; "
            "one during the hold only lengthens it."
        )


def explain_confirmation(item: dict[str, Any]) -> str:
    """What made the hold of a confirmed block a block for good."""
    rule = item.get("rule", "?")
    if item.get("reason") == "complaint":
        return f"It was a hold by the rule {rule}; complaints about two mails named the address, which confirms it."
    return f"It was a hold by the rule {rule}; after its end the address bounced by the same rule, which confirms it."
