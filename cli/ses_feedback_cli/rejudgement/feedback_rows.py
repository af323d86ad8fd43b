"""Feedback as the history stores it, judged again by the rules of today. Pure.

Rows of earlier versions say less. Whether the mail went to their address was not stored: it is assumed, unless the rule
of then or the caller says otherwise.
"""

from collections.abc import Mapping
from typing import Any

from ses_feedback.function.feedback_event import feedback_event
from ses_feedback.function.notification import Feedback
from ses_feedback.function.verdict import PROTECTED, SURGE_HOLD, Verdict, judge
from ses_feedback.history.holds import HOLD_DAYS
from ses_feedback.timestamps import parse

Row = Mapping[str, Any]

_OF_THE_TABLES = frozenset({SURGE_HOLD.name, PROTECTED.name})
"""Rules that judged by what else was in the tables then: their verdict stays."""
_NOT_MAILED = frozenset({"no-email-other-address", "no-email-stranger"})
"""Rules of earlier versions that said it of an address, before rows said it themselves."""


def rejudge_row(
    row: Row, hold_days: int = HOLD_DAYS, *, not_mailed: bool = False, protected: bool = False
) -> dict[str, Any] | None:
    """The row of a feedback under today's rules, or None if these say what it says.

    ``first_rule`` and ``first_verdict`` keep what it was recorded with. A hold that still is one keeps its end;
    a new one lasts ``hold_days`` days from the feedback on. ``not_mailed``: it is known otherwise that the mail did not
    go to this address. ``protected``: no feedback may block it.
    Raises: KeyError, TypeError or ValueError for a row that no version wrote.
    """
    if row["rule"] in _OF_THE_TABLES:
        return None
    feedback = _feedback(row, not_mailed=not_mailed)
    rule = judge(feedback)
    if protected and rule.verdict not in (Verdict.CLEAR, Verdict.IGNORE):
        rule = PROTECTED
    is_hold = rule.verdict is Verdict.HOLD
    today = (rule.name, rule.verdict.value, is_hold and rule.confirmable)
    if (row["rule"], row["verdict"], bool(row.get("confirmable"))) == today:
        return None
    recorded_at = parse(row["recorded_at"])
    if recorded_at is None:
        raise ValueError("recorded_at is no time")
    event = feedback_event(feedback, rule, pipeline=str(row.get("pipeline", "")), now=recorded_at, hold_days=hold_days)
    kept_end = {"held_until": row["held_until"]} if is_hold and "held_until" in row else {}
    return {
        **{name: value for name, value in row.items() if name not in ("held_until", "confirmable")},
        **event.row,
        **kept_end,
        "expires_at": row["expires_at"],
        "first_rule": row.get("first_rule", row["rule"]),
        "first_verdict": row.get("first_verdict", row["verdict"]),
    }


def _feedback(row: Row, *, not_mailed: bool) -> Feedback:
    texts = ("type", "subtype", "action", "status", "diagnostic", "message_id", "identity", "account", "region")
    return Feedback(
        kind=row["kind"],
        address=row["value"],
        feedback_id=row["feedback_id"],
        occurred_at=row["occurred_at"],
        mailed=not (not_mailed or row.get("not_mailed") or row["rule"] in _NOT_MAILED),
        destinations_known=not row.get("destinations_unknown"),
        ambiguous=bool(row.get("ambiguous")),
        forwarded=bool(row.get("forwarded")),
        **{name: str(row.get(name, "")) for name in texts},
    )
