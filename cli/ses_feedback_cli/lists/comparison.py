"""Two lists of any length side by side: SES's, per Region, and ours. On disk, so that memory stays that of a page.

The disk is a database of SQLite without a name: a file in TMPDIR that nobody else can open, and that is gone with the
process, however it ends.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from ses_feedback.address import NotAnAddressError, address_key

from ses_feedback_cli.suppression import Suppressed

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE ses (region TEXT, key TEXT, address TEXT, reason TEXT, at REAL, PRIMARY KEY (region, key)) WITHOUT ROWID;
CREATE TABLE ours (key TEXT PRIMARY KEY, reason TEXT, kept TEXT) WITHOUT ROWID;
"""
_ONLY_SES = "FROM ses WHERE region = ? AND NOT EXISTS (SELECT 1 FROM ours WHERE ours.key = ses.key)"
_ONLY_OURS = "FROM ours WHERE NOT EXISTS (SELECT 1 FROM ses WHERE ses.region = ? AND ses.key = ours.key)"


class Comparison:
    """Fill it from both sides, then ask. SES's spelling of an address is kept; compared is its key."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(_TABLES)
        self.unreadable = 0
        """Entries of SES that are no address as the table has them."""

    def __enter__(self) -> "Comparison":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def add_ses(self, entries: Iterable[Suppressed]) -> None:
        """Entries of SES. Of two spellings of one address in a Region the newest counts."""
        rows = []
        for one in entries:
            try:
                key = address_key(one.address)
            except NotAnAddressError:
                self.unreadable += 1
                continue
            rows.append((one.region, key, one.address, one.reason, one.at.timestamp()))
        self._write(
            "INSERT INTO ses VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET address = excluded.address, "
            "reason = excluded.reason, at = excluded.at WHERE excluded.at > ses.at",
            rows,
        )

    def add_ours(self, items: Iterable[dict[str, Any]]) -> None:
        """Items of the blocked table."""
        self._write(
            "INSERT OR REPLACE INTO ours VALUES (?, ?, ?)",
            ((one["value"], *ses_reason(one)) for one in items),
        )

    def only_ses(self, region: str, most: int = -1) -> Iterator[Suppressed]:
        """What SES has in a Region and the table has not, by address."""
        rows = self._db.execute(f"SELECT address, reason, at {_ONLY_SES} ORDER BY key LIMIT ?", (region, most))
        for address, reason, at in rows:
            yield Suppressed(region, address, reason, datetime.fromtimestamp(at, UTC))

    def only_ours(self, region: str, most: int = -1) -> Iterator[tuple[str, str]]:
        """What the table has, SES has not in a Region, and SES has a reason for: (key, BOUNCE or COMPLAINT)."""
        query = f"SELECT key, reason {_ONLY_OURS} AND reason <> '' ORDER BY key LIMIT ?"
        yield from self._db.execute(query, (region, most))

    def counts(self, region: str) -> dict[str, int]:
        """How many: in SES, only there, only here, and of these how many SES has no reason for, by why."""
        return {
            "in_ses": self._count("FROM ses WHERE region = ?", region),
            "only_in_ses": self._count(_ONLY_SES, region),
            "only_here": self._count(f"{_ONLY_OURS} AND reason <> ''", region),
            "kept_because_it_ends": self._count(f"{_ONLY_OURS} AND kept = 'ends'", region),
            "kept_without_reason": self._count(f"{_ONLY_OURS} AND kept = 'reason'", region),
        }

    def _count(self, query: str, region: str) -> int:
        return int(self._db.execute(f"SELECT count(*) {query}", (region,)).fetchone()[0])

    def _write(self, query: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(query, rows)
        self._db.execute("COMMIT")


def ses_reason(item: dict[str, Any]) -> tuple[str, str]:
    """The reason that SES knows for a block of ours, or none and why not: "ends" or "reason".

    SES knows bounces and complaints, for good. An import counts as what its source called it.
    """
    if "expires_at" in item:
        return "", "ends"
    reason = item.get("subtype") if item.get("reason") == "import" else item.get("reason")
    known = str(reason).upper()
    return (known, "") if known in ("BOUNCE", "COMPLAINT") else ("", "reason")
