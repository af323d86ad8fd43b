"""Files that hold addresses: readable by their owner only, complete or absent; and file errors on one line."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO


def open_private(path: Path) -> TextIO:
    """Open a file to write, empty, that only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)  # it may have existed, with other permissions
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="")


@contextmanager
def atomic_write(path: Path) -> Iterator[TextIO]:
    """A new file, for its owner only: it replaces ``path`` when the block ends, and is deleted if the block fails."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open_private(temporary) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(temporary):
            error.filename = str(path)  # the name that the user gave
        raise


def sync_folder(folder: Path) -> None:
    """Write a folder to the disk: without it the name of a new file in it may be lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock_file(file: BinaryIO, path: Path) -> None:
    """Lock a file until it is closed. Raises: ValueError when another process has locked it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ValueError(f"{path}: another import of this file is running") from None


@contextmanager
def file_errors() -> Iterator[None]:
    """Turn an error of the file system into a ValueError that names file and reason. A closed pipe stays an OSError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ValueError(f"{error.filename or 'a file'}: {error.strerror}") from None
    except sqlite3.Error as error:
        raise ValueError(f"the temporary file: {error}; TMPDIR says where it is made") from None
