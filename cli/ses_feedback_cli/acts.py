"""Writes what a person does into the history, and what follows from it into the blocked table."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from ses_feedback.history.event import Event
from ses_feedback.history.writer import HistoryWriter, Result

from ses_feedback_cli.context import Context

BATCH = 990
"""Acts in one go: whole transactions (33 addresses), three for each of the writer's threads, and little to repeat."""

BATCH_SECONDS = 120


def writer(context: Context) -> Callable[[Sequence[Event]], list[Result]]:
    """Applies one batch of acts, with a result for each, in order. For one thread; it keeps threads of its own."""
    blocked, history = context.blocked_table(), context.history_table()
    made = HistoryWriter(blocked, history, context.policy(), client=context.dynamodb(history))
    return lambda batch: made.apply(batch, deadline=time.monotonic() + BATCH_SECONDS)


def apply(context: Context, events: Iterable[Event]) -> Iterator[tuple[Event, Result]]:
    """Apply acts in batches, each with its result, in order. An act that is repeated with its act_id is a duplicate."""
    write = writer(context)
    rest = iter(events)
    while batch := list(islice(rest, BATCH)):
        yield from zip(batch, write(batch), strict=True)
