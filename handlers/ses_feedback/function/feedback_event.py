"""The event that the history stores of a judged feedback. Pure."""

from datetime import datetime
from functools import partial

from ses_feedback.function.notification import Feedback
from ses_feedback.function.verdict import PROTECTED, SURGE_HOLD, Rule, Verdict
from ses_feedback.history.event import RETENTION, Event, drop_empty
from ses_feedback.history.holds import HOLD_DAYS, held_until
from ses_feedback.history.occurrence import Value
from ses_feedback.history.state import Effect
from ses_feedback.history.stored_feedback import feedback_entry, stored_feedback
from ses_feedback.history.surges import SIMULATOR_DOMAIN, recipient_domain
from ses_feedback.timestamps import iso


def feedback_event(
    feedback: Feedback, rule: Rule, *, pipeline: str, now: datetime, hold_days: int = HOLD_DAYS
) -> Event:
    """The event of a feedback to which ``rule`` applies, recorded at ``now``; a hold lasts ``hold_days`` days.

    The writer makes it anew with what it reads from the table: the days of a hold, the breaker, what is protected.
    """
    make = partial(feedback_event, feedback, pipeline=pipeline, now=now)
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
        entry=feedback_entry(feedback.feedback_id),
        effect=effect,
        occurrence=occurrence,
        row=row,
        expires_at=expires_at,
        with_hold_days=(lambda days: make(rule, hold_days=days)) if effect is Effect.HOLD else None,
        in_surge=(lambda days: make(SURGE_HOLD, hold_days=days)) if effect is Effect.BOUNCE and not is_test else None,
        # A "not spam" blocks nothing: it must still lift the complaint from before the address was protected.
        if_protected=partial(make, PROTECTED) if effect not in (Effect.NONE, Effect.CLEAR) else None,
    )
