"""Where a record is kept, and the lock that lets only one rollout at a time write it."""

import getpass
import json
import os
import socket
import threading
import uuid
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

from .record import Record, RecordError, format_timestamp, parse_record


@dataclass(frozen=True)
class LockHolder:
    """Who holds a lock. `since` is ISO 8601, UTC."""

    user: str
    host: str
    process_id: int
    since: str
    id: str = ""
    """Tells two locks apart that are otherwise equal."""

    def __str__(self) -> str:
        return f"{self.user} on {self.host} (process {self.process_id}) since {self.since}"

    def as_json(self) -> str:
        """The holder as it is written into the lock."""
        return json.dumps(asdict(self)) + "\n"


class RecordStore(ABC):
    """Keeps a record and, beside it, that of the last rollout that succeeded wholly. Several threads may save."""

    def __init__(self, location: str) -> None:
        """`location` names the record in messages: its path, or its URL."""
        self.location = location
        self._save_lock = threading.Lock()

    def load(self) -> Record | None:
        """The record, or None if there is none. Raises: RecordError."""
        content = self._read()
        return None if content is None else parse_record(content, self.location)

    def save(self, record: Record) -> None:
        """Replace the record as a whole. Raises: RecordError, for one when somebody else has changed it."""
        with self._save_lock:  # else an older state could be written after a newer one
            self._write(_as_json(record))

    def load_last_success(self) -> Record | None:
        """The record of the last rollout that succeeded wholly, or None. Raises: RecordError."""
        content = self._read_last_success()
        return None if content is None else parse_record(content, last_success_name(self.location))

    def save_last_success(self, record: Record) -> None:
        """Replace the record of the last rollout that succeeded wholly. Raises: RecordError."""
        self._write_last_success(_as_json(record))

    @abstractmethod
    def locked(self) -> AbstractContextManager[None]:
        """Hold the lock. Raises: RecordError, naming the holder, when somebody else holds it."""

    @abstractmethod
    def lock_holder(self) -> LockHolder | None:
        """Who holds the lock; None: nobody. Changes nothing. Raises: RecordError."""

    @abstractmethod
    def unlock(self) -> None:
        """Remove the lock of a rollout that has crashed. Raises: RecordError when it is surely still running."""

    @abstractmethod
    def _read(self) -> str | None: ...

    @abstractmethod
    def _write(self, content: str) -> None: ...

    @abstractmethod
    def _read_last_success(self) -> str | None: ...

    @abstractmethod
    def _write_last_success(self, content: str) -> None: ...


def last_success_name(name: str) -> str:
    """The name, path or URL of the last success of a record: `targets.last-success.json` for `targets.json`."""
    path = PurePosixPath(name)
    return name.removesuffix(path.name) + f"{path.stem}.last-success{path.suffix}"


def this_process() -> LockHolder:
    """This process, as the holder of a lock from now on."""
    since = format_timestamp(datetime.now(UTC))
    return LockHolder(getpass.getuser(), socket.gethostname(), os.getpid(), since, uuid.uuid4().hex)


def parse_lock_holder(content: str) -> LockHolder:
    """The holder that is written in a lock; with empty names if it was only just being written."""
    try:
        return LockHolder(**json.loads(content))
    except (ValueError, TypeError):
        return LockHolder("unknown", "unknown", 0, "unknown")


def locked_error(location: str, holder: LockHolder, advice: str) -> RecordError:
    """The error for a rollout that finds the lock held."""
    return RecordError(f"{location} is locked: another rollout with this record is running, by {holder}; {advice}")


def _as_json(record: Record) -> str:
    # A copy, made in one step: while one stack is saved, another thread may add a stack to what is deployed.
    return json.dumps(asdict(replace(record, deployed=dict(record.deployed))), indent=2) + "\n"
