"""One thing that happened to one address, ready to be stored: a judged feedback or an operator's act. Pure."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ses_feedback.moment import iso
from ses_feedback.notification import Feedback
from ses_feedback.state import Effect, Mark, Value
from ses_feedback.verdict import Rule, Verdict

Act = Literal["block", "unblock", "import"]
"""What an operator does."""

RETENTION = timedelta(days=365)
"""How long the history keeps a feedback. It is also how long a second delivery is recognised, so it must outlast a
message: 14 days in the queue, 14 more in the dead-letter queue, and a redrive starts both again."""

NOTE_LIMIT = 1_000
"""Characters of an operator's note, and of the operator's name."""


@dataclass(frozen=True, slots=True)
class Event:
    """``entry`` is the sort key in the history: equal for two deliveries of the same."""

    address: str
    entry: str
    effect: Effect
    mark: Mark
    row: Mapping[str, Value]
    keep_until: int
    """When the history may forget it, epoch seconds."""


def feedback_event(feedback: Feedback, rule: Rule, *, pipeline: str, now: datetime) -> Event:
    """A judged feedback, to be recorded at ``now``."""
    keep_until = int((now + RETENTION).timestamp())
    origin: dict[str, Value] = {
        "feedback_id": feedback.feedback_id,
        "rule": rule.name,
        "subtype": feedback.subtype,
        "status": feedback.status,
        "message_id": feedback.message_id,
        "identity": feedback.identity,
        "account": feedback.account,
        "region": feedback.region,
        "guessed": feedback.guessed,
        "forwarded": feedback.forwarded,
    }
    effect = _effect(feedback.kind, rule.verdict)
    # The state keeps a dozen soft bounces: their diagnostics stay in the history, a write unit each otherwise.
    facts = origin if effect is Effect.SOFT else {**origin, "diagnostic": feedback.diagnostic}
    row: dict[str, Value] = {
        **origin,
        "diagnostic": feedback.diagnostic,
        "kind": feedback.kind,
        "type": feedback.type,
        "action": feedback.action,
        "verdict": rule.verdict.value,
        "occurred_at": feedback.occurred_at,
        "recorded_at": iso(now),
        "pipeline": pipeline,
        "expires_at": keep_until,
    }
    return Event(
        address=feedback.address,
        entry=f"feedback#{feedback.feedback_id}",
        effect=effect,
        mark=Mark(feedback.occurred_at, feedback.feedback_id, _said(facts)),
        row=_said(row),
        keep_until=keep_until,
    )


def manual_event(
    act: Act,
    address: str,
    *,
    actor: str,
    note: str,
    at: datetime,
    subtype: str = "",
    expires_at: datetime | None = None,
    act_id: str = "",
) -> Event:
    """An operator's act on the address with key ``address``: it counts from ``at``.

    ``subtype`` says what an import's source called it; ``expires_at`` ends a block (None: for good). ``act_id`` makes a
    repetition the same act; without one, each call is an act of its own. The history keeps acts for good.

    Raises: ValueError, naming input and limit.
    """
    for name, text in (("actor", actor), ("note", note), ("subtype", subtype), ("act_id", act_id)):
        if len(text) > NOTE_LIMIT:
            raise ValueError(f"{name} has {len(text)} characters; at most {NOTE_LIMIT} are kept")
    if not actor:
        raise ValueError("actor is empty; it must say who acts")
    if expires_at is not None and (act == "unblock" or expires_at <= at):
        raise ValueError(
            f"expires_at ({iso(expires_at)}) must be later than the act ({iso(at)}), and only a block can end"
        )
    act_id = act_id or uuid.uuid4().hex
    moment = iso(at)
    said = _said(
        {"actor": actor, "note": note, "subtype": subtype, "reason": "import" if act == "import" else "manual"}
    )
    if expires_at is not None:
        said["expires_at"] = int(expires_at.timestamp())
    row = {**said, "act": act, "occurred_at": moment, "recorded_at": moment}
    row["block_expires_at"] = row.pop("expires_at", "")  # the row itself does not end with the block
    unblock = act == "unblock"
    return Event(
        address=address,
        entry=f"manual#{moment}#{act_id}",
        effect=Effect.UNBLOCK if unblock else Effect.MANUAL,
        mark=Mark(moment, act_id, {} if unblock else said),
        row=_said(row),
        keep_until=int((at + RETENTION).timestamp()),
    )


def _effect(kind: str, verdict: Verdict) -> Effect:
    match verdict:
        case Verdict.BLOCK:
            return Effect.BOUNCE if kind == "bounce" else Effect.COMPLAINT
        case Verdict.COUNT:
            return Effect.SOFT
        case Verdict.CLEAR:
            return Effect.CLEAR
        case Verdict.IGNORE:
            return Effect.NONE


def _said(values: Mapping[str, Value]) -> dict[str, Value]:
    """Without what says nothing: empty texts and flags that are off."""
    return {name: value for name, value in values.items() if value != "" and value is not False}
