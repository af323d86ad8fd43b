"""Keeps a record in a file."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from .record import RecordError
from .record_store import LockHolder, RecordStore, last_success_name, locked_error, parse_lock_holder, this_process

_ADVICE = "wait until it has ended"


class RecordFile(RecordStore):
    """A record in a file. The lock is `flock` on a file beside it: it ends with its process, also by a crash."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path
        self._lock_path = path.with_name(f".{path.name}.lock")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock. Its file stays: once it is deleted, two processes could hold locks on two files of a name."""
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock_path.open("a+", encoding="utf-8") as lock_file:
            if not _try_lock(lock_file):
                raise locked_error(self.location, self._read_holder(), _ADVICE)
            _replace_content(lock_file, this_process().as_json())
            try:
                yield
            finally:
                _replace_content(lock_file, "")

    def lock_holder(self) -> LockHolder | None:
        """Who holds the lock; None: nobody."""
        try:
            with self._lock_path.open(encoding="utf-8") as lock_file:
                return None if _try_lock(lock_file) else self._read_holder()
        except FileNotFoundError:
            return None

    def unlock(self) -> None:
        """Nothing is left to do for a process that has ended. Raises: RecordError when it is running."""
        if holder := self.lock_holder():
            raise RecordError(f"{self.location} cannot be unlocked: the rollout of {holder} is running; {_ADVICE}")

    def _read_holder(self) -> LockHolder:
        return parse_lock_holder(self._lock_path.read_text(encoding="utf-8"))

    def _read(self) -> str | None:
        return _read_file(self.path)

    def _write(self, content: str) -> None:
        _write_file(self.path, content)

    def _read_last_success(self) -> str | None:
        return _read_file(Path(last_success_name(self.location)))

    def _write_last_success(self, content: str) -> None:
        _write_file(Path(last_success_name(self.location)), content)


def _try_lock(lock_file: IO[str]) -> bool:
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _replace_content(file: IO[str], content: str) -> None:
    file.truncate(0)
    file.write(content)
    file.flush()


def _read_file(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _write_file(path: Path, content: str) -> None:
    """Replace the file atomically, also on a machine that loses its power."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new_path = path.with_name(f".{path.name}.new")
    with new_path.open("w", encoding="utf-8") as new_file:
        new_file.write(content)
        new_file.flush()
        os.fsync(new_file.fileno())
    new_path.replace(path)
