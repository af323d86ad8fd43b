"""Writes the events of a person's actions into the history, and the blocks that follow from them, batch by batch."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from ses_feedback.history.event import Event
from ses_feedback.history.writer import HistoryWriter, Result

from ses_feedback_cli.context import Context

BATCH_SIZE = 960
"""Events in a batch: full transactions (32 addresses), three for each of the writer's threads, and little to repeat."""

BATCH_SECONDS = 120


def batch_writer(context: Context) -> Callable[[Sequence[Event]], list[Result]]:
    """A function that writes one batch and returns a result for each event, in order.

    Call it from one thread only; it keeps threads of its own.
    """
    blocked_table, history_table = context.blocked_table(), context.history_table()
    client = context.dynamodb_client(history_table)
    writer = HistoryWriter(blocked_table, history_table, client)
    return lambda batch: writer.apply(batch, deadline=time.monotonic() + BATCH_SECONDS)


def apply_events(context: Context, events: Iterable[Event]) -> Iterator[tuple[Event, Result]]:
    """Write events in batches; each with its result, in order. An event with a known act_id is a duplicate."""
    write_batch = batch_writer(context)
    remaining = iter(events)
    while batch := list(islice(remaining, BATCH_SIZE)):
        yield from zip(batch, write_batch(batch), strict=True)
