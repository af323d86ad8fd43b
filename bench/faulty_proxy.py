"""A proxy between the deployed functions and DynamoDB: it sees every call, and lets go wrong what it is told to.

The function reaches it by AWS_ENDPOINT_URL_DYNAMODB, a variable of botocore: its code and its settings stay as they
are. HTTP/1.1 as botocore and the emulator speak it: every body has a Content-Length.
"""

import asyncio
import contextlib
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from enum import Enum
from typing import Any, Self
from urllib.parse import urlsplit

WRITE = "TransactWriteItems"
_FEEDBACK_ID = re.compile(rb"0102-feedback-\d{8}-000000")  # as bench.workload makes them
_STOP_SECONDS = 5


class Fault(Enum):
    """What happens to a call: the status and AWS code that the proxy answers with, or what it does."""

    NONE = (0, "")
    HANG = (0, "never answered")
    CUT = (0, "done, and the connection cut before the answer")
    THROTTLED = (400, "ThrottlingException")
    EXCEEDED = (400, "ProvisionedThroughputExceededException")
    INTERNAL = (500, "InternalServerError")


class FaultyProxy:
    """Listens on loopback while its block lasts.

    ``choose_fault`` is called with the operation of each call; ``after_write`` after each write that DynamoDB has done,
    before it is answered. Both run in the proxy's thread.
    """

    def __init__(self, upstream: str) -> None:
        """``upstream``: the endpoint of the emulator."""
        parts = urlsplit(upstream)
        self._upstream = str(parts.hostname), int(parts.port or 0)
        self.choose_fault: Callable[[str], Fault] = lambda _: Fault.NONE
        self.after_write: Callable[[], None] = lambda: None
        self.written_at: dict[str, float] = {}
        """When the write with a feedback was done, by its id (time.monotonic)."""
        self.calls: Counter[str] = Counter()
        """By what happened to them."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def endpoint(self) -> str:
        """The URL that takes the place of DynamoDB's."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self._run(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def listen(self) -> None:
        """Accept connections, on the same port as before."""
        self._run(self._listen())

    def refuse(self) -> None:
        """Close every connection and refuse new ones, as when there is no way to DynamoDB."""
        self._run(self._refuse())

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_STOP_SECONDS)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=2**24)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._server:
            self._server.close()
        for connection in list(self._connections):
            connection.transport.abort()

    async def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            upstream = await asyncio.open_connection(*self._upstream, limit=2**24)
            while await self._answer(reader, writer, *upstream):
                pass
        except (asyncio.IncompleteReadError, OSError):
            pass  # one side has closed the connection, which is for the other to handle
        finally:
            self._connections.discard(writer)
            for each in (writer, *(upstream[1:] if upstream else ())):
                with contextlib.suppress(OSError):
                    each.transport.abort()

    async def _answer(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream_reader: asyncio.StreamReader,
        upstream_writer: asyncio.StreamWriter,
    ) -> bool:
        """Answer one call; whether the connection stays open."""
        head, body = await _read_message(reader)
        target = re.search(rb"(?i)x-amz-target: *\S+\.(\w+)", head)
        operation = target[1].decode() if target else ""
        fault = self.choose_fault(operation)
        self.calls[fault.name] += 1
        status, code = fault.value
        if fault is Fault.HANG:
            await reader.read()  # until the caller gives up
            return False
        if status:
            writer.write(_error(status, code))
            return True
        upstream_writer.write(head + body)
        answer_head, answer_body = await _read_message(upstream_reader)
        if operation == WRITE and answer_head.startswith(b"HTTP/1.1 200"):
            now = time.monotonic()
            for feedback_id in _FEEDBACK_ID.findall(body):
                self.written_at.setdefault(feedback_id.decode(), now)
            self.after_write()
        if fault is Fault.CUT:
            return False
        writer.write(answer_head + answer_body)
        await writer.drain()
        return True


async def _read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return head, await reader.readexactly(int(length[1])) if length else b""


def _error(status: int, code: str) -> bytes:
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "by the proxy"}).encode()
    head = f"HTTP/1.1 {status} Fault\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
