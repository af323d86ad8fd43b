"""How far an import is, in a file that outlives the process; and the file of rejected rows."""

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
class ImportPosition:
    """How far an import is: all before byte ``end`` and line ``line`` is in the tables or in the file of rejects."""

    inputs: Mapping[str, Any]
    """The list, the tables and the options: what tells one import from another."""
    at: str
    """The time from which its blocks count."""
    end: int = 0
    line: int = 0
    rejects_size: int = 0
    """Bytes of the file of rejects that belong to what was read before ``end``."""
    done: bool = False
    counts: Counter[str] = field(default_factory=Counter)


def read_position(path: Path) -> ImportPosition | None:
    """The position in a file; None without the file. Raises: ValueError when the file holds something else."""
    try:
        return _from_document(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (TypeError, ValueError):
        raise ValueError(f"{path} is no position of an import; give another name with --position-file") from None


def _from_document(document: dict[str, Any]) -> ImportPosition:
    return ImportPosition(**{**document, "counts": Counter(document["counts"])})


def save_position(path: Path, position: ImportPosition) -> None:
    """Replace the file at once, so that after a crash it is the old one or the new one."""
    with atomic_write(path) as file:
        json.dump(vars(position), file, indent=2)
        file.write("\n")


def list_digest(stream: BufferedReader) -> str:
    """SHA-256 of a list, to tell it from another one of the same name. The stream is at its start afterwards."""
    digest = hashlib.file_digest(stream, "sha256").hexdigest()
    stream.seek(0)
    return digest


class Rejects:
    """The file of rejected rows (line, problem, row); the first row creates it, readable by its owner only."""

    def __init__(self, path: Path, size: int = 0) -> None:
        """``size``: bytes to keep of an existing file. The rest is of an interrupted run, whose rows are read again."""
        self.path = path
        self._file: TextIO | None = None
        self._saved_size = 0
        if size and path.exists():
            self._file = path.open("r+", encoding="utf-8", errors="surrogateescape", newline="")
            self._file.seek(min(size, path.stat().st_size))
            self._file.truncate()

    def add(self, line: int, problem: str, raw: bytes) -> None:
        """Add a row."""
        if self._file is None:
            self._file = open_private(self.path)
            csv.writer(self._file).writerow(("line", "problem", "row"))
        row = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
        csv.writer(self._file).writerow((line, problem, row))

    def save(self) -> int:
        """Write everything to the disk; returns the size of the file."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._saved_size = os.fstat(self._file.fileno()).st_size
        return self._saved_size

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()
