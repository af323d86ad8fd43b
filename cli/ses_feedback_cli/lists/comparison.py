"""Compares SES's suppression lists with the blocked table, of any length: on disk, with one page in memory.

The disk is a SQLite database without a name: a file in TMPDIR that nobody else can open, and that is gone with the
process, however it ends.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from ses_feedback.address import NotAnAddressError, address_key

from ses_feedback_cli.suppression_list import SuppressedDestination

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE ses (region TEXT, key TEXT, address TEXT, reason TEXT, at REAL, PRIMARY KEY (region, key)) WITHOUT ROWID;
CREATE TABLE blocked (key TEXT PRIMARY KEY, reason TEXT, not_for_ses TEXT) WITHOUT ROWID;
"""
_ONLY_IN_SES = "FROM ses WHERE region = ? AND NOT EXISTS (SELECT 1 FROM blocked WHERE blocked.key = ses.key)"
_ONLY_IN_TABLE = "FROM blocked WHERE NOT EXISTS (SELECT 1 FROM ses WHERE ses.region = ? AND ses.key = blocked.key)"


class Comparison:
    """Add both sides, then read the differences. Addresses are compared by key; SES's spelling is kept."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(_SCHEMA)
        self.unreadable = 0
        """Entries of SES that cannot be a key of the blocked table."""

    def __enter__(self) -> "Comparison":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def add_destinations(self, destinations: Iterable[SuppressedDestination]) -> None:
        """Add entries of SES. Of two spellings of one address in a Region the newest counts."""
        rows = []
        for destination in destinations:
            try:
                key = address_key(destination.address)
            except NotAnAddressError:
                self.unreadable += 1
                continue
            updated_at = destination.updated_at.timestamp()
            rows.append((destination.region, key, destination.address, destination.reason, updated_at))
        self._write(
            "INSERT INTO ses VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET address = excluded.address, "
            "reason = excluded.reason, at = excluded.at WHERE excluded.at > ses.at",
            rows,
        )

    def add_blocked_items(self, items: Iterable[dict[str, Any]]) -> None:
        """Add items of the blocked table."""
        self._write(
            "INSERT OR REPLACE INTO blocked VALUES (?, ?, ?)",
            ((item["value"], *ses_reason(item)) for item in items),
        )

    def only_in_ses(self, region: str, limit: int = -1) -> Iterator[SuppressedDestination]:
        """Entries of a Region whose address the table does not have, by address."""
        rows = self._db.execute(f"SELECT address, reason, at {_ONLY_IN_SES} ORDER BY key LIMIT ?", (region, limit))
        for address, reason, at in rows:
            yield SuppressedDestination(region, address, reason, datetime.fromtimestamp(at, UTC))

    def only_in_table(self, region: str, limit: int = -1) -> Iterator[tuple[str, str]]:
        """Addresses that SES does not have in a Region, and has a reason for: (key, BOUNCE or COMPLAINT)."""
        query = f"SELECT key, reason {_ONLY_IN_TABLE} AND reason <> '' ORDER BY key LIMIT ?"
        yield from self._db.execute(query, (region, limit))

    def counts(self, region: str) -> dict[str, int]:
        """How many addresses are in SES, only there, only in the table, and only there because they are not for SES."""
        return {
            "in_ses": self._count("FROM ses WHERE region = ?", region),
            "only_in_ses": self._count(_ONLY_IN_SES, region),
            "only_in_table": self._count(f"{_ONLY_IN_TABLE} AND reason <> ''", region),
            "not_for_ses_ends": self._count(f"{_ONLY_IN_TABLE} AND not_for_ses = 'ends'", region),
            "not_for_ses_reason": self._count(f"{_ONLY_IN_TABLE} AND not_for_ses = 'reason'", region),
        }

    def _count(self, query: str, region: str) -> int:
        return int(self._db.execute(f"SELECT count(*) {query}", (region,)).fetchone()[0])

    def _write(self, query: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(query, rows)
        self._db.execute("COMMIT")


def ses_reason(item: dict[str, Any]) -> tuple[str, str]:
    """The reason that SES has for a block of the table, and if it has none why not: "ends" or "reason".

    SES has bounces and complaints, for good. An import has the reason that its source gave.
    """
    if "expires_at" in item:
        return "", "ends"
    reason = item.get("subtype") if item.get("reason") == "import" else item.get("reason")
    upper_reason = str(reason).upper()
    return (upper_reason, "") if upper_reason in ("BOUNCE", "COMPLAINT") else ("", "reason")
