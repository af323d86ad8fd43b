"""The event that the history stores of a judged feedback. Pure."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from ses_feedback.function.notification import Feedback
from ses_feedback.function.verdict import PROTECTED, SURGE_HOLD, Rule, Verdict
from ses_feedback.history.event import RETENTION, Event, drop_empty
from ses_feedback.history.holds import HOLD_DAYS, held_until
from ses_feedback.history.occurrence import Occurrence, Value
from ses_feedback.history.state import Effect
from ses_feedback.history.surges import SIMULATOR_DOMAIN, recipient_domain
from ses_feedback.timestamps import iso

_STATE_ATTRIBUTES = (
    "feedback_id", "rule", "subtype", "status", "message_id", "identity", "account", "region", "ambiguous", "forwarded",
)  # fmt: skip
_HOLD_ATTRIBUTES = ("held_until", "confirmable", "kind")


def feedback_event(
    feedback: Feedback, rule: Rule, *, pipeline: str, now: datetime, hold_days: int = HOLD_DAYS
) -> Event:
    """The event of a feedback to which ``rule`` applies, recorded at ``now``; a hold lasts ``hold_days`` days."""
    make = partial(feedback_event, feedback, pipeline=pipeline, now=now, hold_days=hold_days)
    expires_at = int((now + RETENTION).timestamp())
    hold: dict[str, Value] = {}
    if rule.verdict is Verdict.HOLD:
        hold["held_until"] = held_until(feedback.occurred_at, rule.hold_days or hold_days)
        hold["confirmable"] = rule.confirmable
    row: dict[str, Value] = {
        "feedback_id": feedback.feedback_id,
        "rule": rule.name,
        "subtype": feedback.subtype,
        "status": feedback.status,
        "message_id": feedback.message_id,
        "identity": feedback.identity,
        "account": feedback.account,
        "region": feedback.region,
        "ambiguous": feedback.ambiguous,
        "forwarded": feedback.forwarded,
        **hold,
        "not_mailed": not feedback.mailed,
        "destinations_unknown": not feedback.destinations_known,
        "diagnostic": feedback.diagnostic,
        "kind": feedback.kind,
        "type": feedback.type,
        "action": feedback.action,
        "verdict": rule.verdict.value,
        "occurred_at": feedback.occurred_at,
        "recorded_at": iso(now),
        "pipeline": pipeline,
        "expires_at": expires_at,
    }
    row = drop_empty(row)
    effect, occurrence = stored_feedback(row)
    is_test = recipient_domain(feedback.address) == SIMULATOR_DOMAIN
    return Event(
        address=feedback.address,
        entry=f"feedback#{feedback.feedback_id}",
        effect=effect,
        occurrence=occurrence,
        row=row,
        expires_at=expires_at,
        in_surge=partial(make, SURGE_HOLD) if effect is Effect.BOUNCE and not is_test else None,
        # A "not spam" blocks nothing: it must still lift the complaint from before the address was protected.
        if_protected=partial(make, PROTECTED) if effect not in (Effect.NONE, Effect.CLEAR) else None,
    )


def stored_feedback(row: Mapping[str, Any]) -> tuple[Effect, Occurrence]:
    """What the history row of a feedback does to the state of its address, under the verdict that it has.

    Raises: KeyError or ValueError for a row that no version wrote.
    """
    effect = _effect(row["kind"], Verdict(row["verdict"]))
    names = [*_STATE_ATTRIBUTES]
    # The state row has a dozen soft bounces: with their diagnostics it would cost a write unit more for each.
    names += [] if effect is Effect.SOFT else ["diagnostic"]
    names += _HOLD_ATTRIBUTES if effect is Effect.HOLD else []
    attributes = drop_empty({name: row[name] for name in names if name in row})
    return effect, Occurrence(row["occurred_at"], row["feedback_id"], attributes)


def _effect(kind: str, verdict: Verdict) -> Effect:
    match verdict:
        case Verdict.BLOCK:
            return Effect.BOUNCE if kind == "bounce" else Effect.COMPLAINT
        case Verdict.HOLD:
            return Effect.HOLD
        case Verdict.COUNT:
            return Effect.SOFT
        case Verdict.CLEAR:
            return Effect.CLEAR
        case Verdict.IGNORE:
            return Effect.NONE
