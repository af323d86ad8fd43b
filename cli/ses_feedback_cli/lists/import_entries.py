"""Writes the entries of an import into the tables, each as an event, batch by batch; or only counts them.

A batch is in the tables, and its rejected rows are in their file, before the position moves beyond it.
"""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice

from ses_feedback.address import address_key
from ses_feedback.history.event import Event, manual_event
from ses_feedback.history.writer import Outcome, Result
from ses_feedback.sender.blocklist import Blocklist
from ses_feedback.table import TableError

from ses_feedback_cli.event_batches import BATCH_SIZE
from ses_feedback_cli.lists.import_position import ImportPosition, Rejects
from ses_feedback_cli.lists.rows import Row
from ses_feedback_cli.times import parse_time

RETRIES = 2
"""How often events that failed in a batch are tried again. By then the writer itself has tried for two minutes."""

WriteBatch = Callable[[Sequence[Event]], list[Result]]


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """What holds for all entries; ``note``, ``reason`` and ``until`` for those that have none of their own."""

    actor: str
    at: datetime
    """The time from which the blocks count."""
    note: str = ""
    reason: str = ""
    until: datetime | None = None
    at_is_given: bool = False
    """Whether ``at`` comes from --at."""


@dataclass(frozen=True, slots=True)
class ImportEntry:
    """A row and its event. Without an event ``problem`` says why, or the row counts as ``skipped``."""

    line: int
    end: int
    raw: bytes
    event: Event | None = None
    problem: str = ""
    skipped: str = "expired"


def entries_of_rows(rows: Iterable[Row], settings: ImportSettings) -> Iterator[ImportEntry]:
    """An entry for each row."""
    for row in rows:
        event, problem = None, row.problem
        if not problem:
            fields = dict(row.fields)
            try:
                event = import_event(fields.pop("address"), settings, **fields)
            except ValueError as error:
                problem = str(error)
        yield ImportEntry(row.line, row.end, row.raw, event, problem)


def import_event(
    address: str, settings: ImportSettings, *, reason: str = "", subtype: str = "", note: str = "", until: str = ""
) -> Event | None:
    """The event that imports an address; None when its block is over at the time from which the import counts.

    The same address, time, reason, note and end make the same event, so a second import changes nothing.
    Raises: ValueError, without the address.
    """
    key = address_key(address)
    ends = settings.until
    if until:
        try:
            ends = parse_time(until)
        except ValueError as error:
            raise ValueError(f"until {error}") from None
    if ends is not None and ends <= settings.at:
        return None
    # An export has the reason "import" for an import, and its source's reason as subtype: a second import keeps that.
    source_reason = (subtype or settings.reason) if reason in ("", "import") else reason
    note = note or settings.note
    return manual_event(
        "import",
        key,
        actor=settings.actor,
        note=note,
        at=settings.at,
        subtype=source_reason,
        expires_at=ends,
        act_id=_act_id(source_reason, note, ends),
    )


@lru_cache(maxsize=1_024)  # most rows of a list have the same reason, note and end
def _act_id(reason: str, note: str, ends: datetime | None) -> str:
    content = json.dumps([reason, note, ends and ends.timestamp()])
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def write_entries(
    entries: Iterable[ImportEntry],
    write: WriteBatch,
    position: ImportPosition,
    rejects: Rejects,
    position_moved: Callable[[], None],
) -> None:
    """Write all events. ``position_moved`` is called when tables and rejects hold everything before the position.

    Raises: TableError when nothing of a batch could be written: then the rows are not the reason.
    """
    remaining = iter(entries)
    while batch := list(islice(remaining, BATCH_SIZE)):
        results = iter(_write_with_retries(write, [entry.event for entry in batch if entry.event is not None]))
        counts = Counter(rows=len(batch))
        for entry in batch:
            if entry.problem:
                rejects.add(entry.line, entry.problem, entry.raw)
                counts["rejected"] += 1
            elif entry.event is None:
                counts[entry.skipped] += 1
            else:
                result = next(results)
                counts[result.outcome.value] += 1
                if result.outcome is Outcome.FAILED:
                    rejects.add(entry.line, f"not written: {result.reason}", entry.raw)
        position.counts = position.counts + counts
        position.end, position.line, position.rejects_size = batch[-1].end, batch[-1].line, rejects.save()
        position_moved()


def _write_with_retries(write: WriteBatch, events: Sequence[Event]) -> list[Result]:
    results = write(events) if events else []
    for _ in range(RETRIES):
        failed = [index for index, result in enumerate(results) if result.outcome is Outcome.FAILED]
        if not failed:
            break
        if len(failed) == len(events):
            raise TableError(results[0].reason)
        for index, result in zip(failed, write([events[index] for index in failed]), strict=True):
            results[index] = result
    return results


def count_entries(
    entries: Iterable[ImportEntry], blocklist: Blocklist, report_rejected: Callable[[ImportEntry], None]
) -> Iterator[Counter[str]]:
    """Count what an import would do, and write nothing: yields the counts of each batch.

    ``report_rejected`` is called with each entry that would be rejected. The addresses of the list are kept in a
    temporary file, not in memory, to find those that are in it more than once.
    """
    seen = sqlite3.connect("")
    seen.execute("CREATE TABLE seen (key TEXT PRIMARY KEY) WITHOUT ROWID")
    remaining = iter(entries)
    try:
        while batch := list(islice(remaining, BATCH_SIZE)):
            counts = Counter(rows=len(batch))
            addresses: list[str] = []
            for entry in batch:
                if entry.problem:
                    counts["rejected"] += 1
                    report_rejected(entry)
                elif entry.event is None:
                    counts[entry.skipped] += 1
                elif seen.execute("INSERT OR IGNORE INTO seen VALUES (?)", (entry.event.address,)).rowcount:
                    addresses.append(entry.event.address)
                else:
                    counts["repeated"] += 1
            blocked = sum(not answer.allowed for answer in blocklist.check(addresses))
            yield counts + Counter(already_blocked=blocked, new=len(addresses) - blocked)
    finally:
        seen.close()
