"""How far an import has come, in a file that outlives it; and the rows it could not take."""

import csv
import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any, TextIO

from ses_feedback_cli.files import atomic_write, open_private


@dataclass
class Position:
    """``what`` tells one import from another; ``at`` is the time that its acts count from.

    All before byte ``end`` and line ``line`` is in the tables or, up to byte ``rejects`` of that file, rejected.
    """

    what: Mapping[str, Any]
    at: str
    end: int = 0
    line: int = 0
    rejects: int = 0
    done: bool = False
    counts: Counter[str] = field(default_factory=Counter)


def read_position(path: Path) -> Position | None:
    """The position in a file; None when there is none. Raises: ValueError when the file holds something else."""
    try:
        return _position(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (TypeError, ValueError):
        raise ValueError(f"{path} is no position of an import; give another name with --position") from None


def _position(read: dict[str, Any]) -> Position:
    return Position(**{**read, "counts": Counter(read["counts"])})


def save_position(path: Path, position: Position) -> None:
    """Replace the file as a whole, so that a crash leaves the old one or the new one."""
    with atomic_write(path) as file:
        json.dump(vars(position), file, indent=2)
        file.write("\n")


def digest(stream: BufferedReader) -> str:
    """What tells a list from another one of the same name."""
    found = hashlib.file_digest(stream, "sha256").hexdigest()
    stream.seek(0)
    return found


class Rejects:
    """The rows that were not taken: line, reason, row. The file is made with the first one, for its owner only."""

    def __init__(self, path: Path, size: int = 0) -> None:
        """What is behind byte ``size`` was written by a run that was cut off there; it comes again."""
        self.path = path
        self._file: TextIO | None = None
        self._size = 0
        if size and path.exists():
            self._file = path.open("r+", encoding="utf-8", errors="surrogateescape", newline="")
            self._file.seek(min(size, path.stat().st_size))
            self._file.truncate()

    def add(self, line: int, problem: str, raw: bytes) -> None:
        """Add a row."""
        if self._file is None:
            self._file = open_private(self.path)
            csv.writer(self._file).writerow(("line", "problem", "row"))
        text = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
        csv.writer(self._file).writerow((line, problem, text))

    def kept(self) -> int:
        """Bring everything to the disk; the bytes that are there."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._size = os.fstat(self._file.fileno()).st_size
        return self._size

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()
