"""The archive of discarded messages: each as it was, on the disk before it is deleted from its queue.

JSON lines, readable by their owner only, since bodies are personal data: who discarded them and why, then the messages.
If a discard is killed, the last messages may be in their queue as well, and the last line may be incomplete: then that
message is in its queue.
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

from ses_feedback.function.queue_messages import Message
from ses_feedback.timestamps import iso, parse

from ses_feedback_cli.blocks.manual_unblocks import UnblockDecision
from ses_feedback_cli.dead_letters.queues import DeadLetterQueue
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.files import sync_folder

_FORMAT = "ses-feedback dead-letters 1"


class Archive:
    """An archive that is being written."""

    def __init__(self, file: FileIO) -> None:
        self.count = 0
        """Messages in it."""
        self._file = file

    def append(self, queue: DeadLetterQueue, messages: Sequence[Message]) -> None:
        """Add messages; they are on the disk when this returns. Raises: OSError; then it has none of them."""
        self.write_lines([_document(queue, message) for message in messages])
        self.count += len(messages)

    def write_lines(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Add lines, all or none."""
        start = self._file.tell()
        lines = "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)
        remaining = memoryview(lines.encode())
        try:
            while remaining:
                remaining = remaining[self._file.write(remaining) :]
            os.fsync(self._file.fileno())
        except BaseException:
            self._file.truncate(start)
            raise


@contextmanager
def create_archive(path: Path, decision: UnblockDecision) -> Iterator[Archive]:
    """A new archive; if it has no message when the block ends, it is deleted.

    Raises: ValueError if the file exists or cannot be created.
    """
    head = {"format": _FORMAT, "at": iso(decision.at), "act_id": decision.act_id, "actor": decision.actor}
    try:
        file = FileIO(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w")
    except OSError as error:
        raise ValueError(f"the archive {path}: {error.strerror}; --archive names another file") from None
    archive = Archive(file)
    try:
        with file:
            archive.write_lines([{**head, "note": decision.note}])
            sync_folder(path.absolute().parent)
            yield archive
    finally:
        if not archive.count:
            path.unlink()


def read_archive(path: Path) -> Iterator[tuple[str, Message]]:
    """The messages of an archive, each with the name of its pipeline, one in memory.

    Raises: UsageError if it is none.
    """
    try:
        with path.open(encoding="utf-8") as file:
            if _parse_line(file.readline(), f"{path}: line 1").get("format") != _FORMAT:
                raise UsageError(f"{path} does not begin as an archive of `dead-letters discard`")
            for number, line in enumerate(file, 2):
                document = _parse_line(line, f"{path}: line {number}")
                if "body" in document:
                    yield document["pipeline"], _message(document)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{path} is no archive of `dead-letters discard`: {type(error).__name__}") from None


def _parse_line(line: str, place: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        if line.endswith("\n"):
            raise UsageError(f"{place} is no JSON; an archive of `dead-letters discard` is needed") from None
        return {}  # the discard was interrupted while it wrote this
    if not isinstance(document, dict):
        raise UsageError(f"{place} is no object; an archive of `dead-letters discard` is needed")
    return document


def _document(queue: DeadLetterQueue, message: Message) -> dict[str, Any]:
    return {
        "pipeline": queue.pipeline.name,
        "queue": queue.name,
        "id": message.id,
        "sent_at": iso(message.sent_at),
        "receive_count": message.receive_count,
        "attributes": {name: _attribute(value) for name, value in message.attributes.items()},
        "body": message.body,
    }


def _message(document: Mapping[str, Any]) -> Message:
    sent_at = parse(document["sent_at"])
    if sent_at is None:
        raise ValueError("no time")
    attributes = {
        name: {**value, **({"BinaryValue": base64.b64decode(value["BinaryValue"])} if "BinaryValue" in value else {})}
        for name, value in document["attributes"].items()
    }
    return Message(document["id"], "", sent_at, document["receive_count"], document["body"], attributes)


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: base64.b64encode(part).decode() if isinstance(part, bytes) else part for key, part in value.items()}
