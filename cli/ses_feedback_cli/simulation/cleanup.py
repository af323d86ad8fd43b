"""Unblocks the addresses of a simulation."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ses_feedback.history.event import manual_event
from ses_feedback.history.writer import Outcome
from ses_feedback.timestamps import parse

from ses_feedback_cli import event_batches
from ses_feedback_cli.context import Context
from ses_feedback_cli.simulation.journey import Journey


def unblock(context: Context, journeys: Sequence[Journey], run_id: str) -> tuple[int, int]:
    """Unblock the addresses of this run, also those whose feedback may still come: an unblock counts against all
    that happened before it, whenever it arrives. Returns how many acts were done, and how many failed.
    """
    sent = [
        journey
        for journey in journeys
        if "SES" in journey.seconds and (journey.mail.reason or (journey.answer and not journey.answer.allowed))
    ]
    occurred = [at for journey in sent if (at := parse(str(journey.row.get("occurred_at", ""))))]
    unblocked_at = max([datetime.now(UTC), *occurred]) + timedelta(milliseconds=1)
    actor = context.acting_name() if sent else ""
    events = [
        manual_event(
            "unblock", journey.address, actor=actor, note="ses-feedback simulate", at=unblocked_at, act_id=run_id
        )
        for journey in sent
    ]
    outcomes = [result.outcome for _, result in event_batches.apply_events(context, events)]
    failed = outcomes.count(Outcome.FAILED)
    return len(outcomes) - failed, failed
