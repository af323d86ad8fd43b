"""Which reports named an address that the mail did not go to, as earlier versions recorded it. On disk.

They recorded such a report twice, under one feedback id: for the address that it names, as if that had been mailed;
and, marked ``forwarded``, for the only address that was. So whoever else has feedback with that id was not mailed.
"""

import sqlite3
import threading
from collections.abc import Iterable, Mapping
from typing import Any


class ForwardedReports:
    """Feedback ids, in a SQLite database without a name, as in `lists.comparison`. Any thread may use it."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        self._db.execute("CREATE TABLE reports (id TEXT PRIMARY KEY) WITHOUT ROWID")
        self._lock = threading.Lock()

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add the ids of rows that are marked ``forwarded``."""
        ids = [(str(row["feedback_id"]),) for row in rows if "feedback_id" in row]
        with self._lock:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT OR IGNORE INTO reports VALUES (?)", ids)
            self._db.execute("COMMIT")

    def name_unmailed(self, row: Mapping[str, Any]) -> bool:
        """Whether the mail that the row's feedback is about went to another address only."""
        if row.get("forwarded"):
            return False
        with self._lock:
            found = self._db.execute("SELECT 1 FROM reports WHERE id = ?", (str(row.get("feedback_id")),)).fetchone()
        return found is not None

    def close(self) -> None:
        """Delete them."""
        self._db.close()
