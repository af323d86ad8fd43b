"""Brings a list into the tables: each row an act of its own, in batches, each of which is kept before it is passed."""

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
from ses_feedback_cli.lists.position import Position, Rejects
from ses_feedback_cli.lists.rows import Row
from ses_feedback_cli.times import parse_time

AGAIN = 2
"""How often what failed among others is tried again. The writer itself has tried for two minutes then."""

Write = Callable[[Sequence[Event]], list[Result]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What holds for all rows; ``note``, ``reason`` and ``until`` for those that say nothing of their own."""

    actor: str
    at: datetime
    note: str = ""
    reason: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row and the act that it is; without one, ``problem`` says why, or it counts as ``skipped``."""

    line: int
    end: int
    raw: bytes
    event: Event | None = None
    problem: str = ""
    skipped: str = "expired"


def entries(rows: Iterable[Row], plan: Plan) -> Iterator[Entry]:
    """What each row is."""
    for row in rows:
        event, problem = None, row.problem
        if not problem:
            try:
                event = act(row.fields["address"], plan, **{k: v for k, v in row.fields.items() if k != "address"})
            except ValueError as error:
                problem = str(error)
        yield Entry(row.line, row.end, row.raw, event, problem)


def act(
    address: str, plan: Plan, *, reason: str = "", subtype: str = "", note: str = "", until: str = ""
) -> Event | None:
    """The import of an address; None when its block is over at the time that the import counts from.

    The same address, time and words are the same act, so a second import changes nothing.
    Raises: ValueError, without the address.
    """
    key = address_key(address)
    ends = plan.until
    if until:
        try:
            ends = parse_time(until)
        except ValueError as error:
            raise ValueError(f"until {error}") from None
    if ends is not None and ends <= plan.at:
        return None
    # An export says of an import that it is one, and what its source called it: that is to survive a second import.
    said = (subtype or plan.reason) if reason in ("", "import") else reason
    note = note or plan.note
    return manual_event(
        "import",
        key,
        actor=plan.actor,
        note=note,
        at=plan.at,
        subtype=said,
        expires_at=ends,
        act_id=_act_id(said, note, ends),
    )


@lru_cache(maxsize=1_024)  # most rows of a list say the same
def _act_id(said: str, note: str, ends: datetime | None) -> str:
    words = json.dumps([said, note, ends and ends.timestamp()])
    return hashlib.blake2b(words.encode(), digest_size=8).hexdigest()


def bring_in(
    source: Iterable[Entry], write: Write, position: Position, rejects: Rejects, kept: Callable[[], None]
) -> None:
    """Write all acts. ``kept`` is called when the tables and the rejects hold everything before the position.

    Raises: TableError when nothing of a batch could be written: then the fault is not in the rows.
    """
    rest = iter(source)
    while batch := list(islice(rest, BATCH_SIZE)):
        results = iter(_written(write, [entry.event for entry in batch if entry.event is not None]))
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
        position.end, position.line, position.rejects = batch[-1].end, batch[-1].line, rejects.kept()
        kept()


def _written(write: Write, events: Sequence[Event]) -> list[Result]:
    results = write(events) if events else []
    for _ in range(AGAIN):
        failed = [place for place, result in enumerate(results) if result.outcome is Outcome.FAILED]
        if not failed:
            break
        if len(failed) == len(events):
            raise TableError(results[0].reason)
        for place, result in zip(failed, write([events[place] for place in failed]), strict=True):
            results[place] = result
    return results


def examine(source: Iterable[Entry], blocklist: Blocklist, told: Callable[[Entry], None]) -> Iterator[Counter[str]]:
    """Count what an import would do, batch by batch, and write nothing; ``told`` hears of rows that are refused.

    Addresses already seen are held in a temporary file, not in memory.
    """
    seen = sqlite3.connect("")
    seen.execute("CREATE TABLE seen (key TEXT PRIMARY KEY) WITHOUT ROWID")
    rest = iter(source)
    try:
        while batch := list(islice(rest, BATCH_SIZE)):
            counts = Counter(rows=len(batch))
            fresh: list[str] = []
            for entry in batch:
                if entry.problem:
                    counts["rejected"] += 1
                    told(entry)
                elif entry.event is None:
                    counts[entry.skipped] += 1
                elif seen.execute("INSERT OR IGNORE INTO seen VALUES (?)", (entry.event.address,)).rowcount:
                    fresh.append(entry.event.address)
                else:
                    counts["repeated"] += 1
            blocked = sum(not answer.allowed for answer in blocklist.check(fresh))
            yield counts + Counter({"already blocked": blocked, "new": len(fresh) - blocked})
    finally:
        seen.close()
