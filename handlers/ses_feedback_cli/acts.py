"""Writes what a person does into the history, and what follows from it into the blocked table."""

import time
from collections.abc import Iterable, Iterator
from itertools import islice

from ses_feedback.event import Event
from ses_feedback.history import History, Result

from ses_feedback_cli.where import Where

BATCH = 500
"""Acts in one go: enough to keep the writer's threads busy, and little to repeat after an interruption."""

BATCH_SECONDS = 120


def apply(where: Where, events: Iterable[Event]) -> Iterator[tuple[Event, Result]]:
    """Apply acts in batches, each with its result, in order. An act that is repeated with its act_id is a duplicate."""
    blocked, history = where.blocked_table(), where.history_table()
    writer = History(blocked, history, where.policy(), client=where.dynamodb(history))
    rest = iter(events)
    while batch := list(islice(rest, BATCH)):
        yield from zip(batch, writer.apply(batch, deadline=time.monotonic() + BATCH_SECONDS), strict=True)
