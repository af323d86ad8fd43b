"""SES's suppression lists, as far as the commands ask them, on loopback: neither moto nor the emulator has them.

Behind botocore, so that requests and errors are those of its model of SES. Not proved: what SES itself answers, above
all to a spelling with other capitals, which is taken from AWS's documentation: list calls need the exact one.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_PATH = "/v2/email/suppression/addresses"


@dataclass
class SesLists:
    """Entries by Region and spelling; ``calls`` are (Region, method, spelling). ``refuse`` answers with this error."""

    entries: dict[str, dict[str, str]] = field(default_factory=dict)
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    """Spelling -> code of the error."""
    since: dict[str, datetime] = field(default_factory=dict)
    """Spelling -> when it was put there; the others long ago."""
    page: int = 2
    url: str = ""

    def put(self, region: str, *spellings: str, reason: str = "BOUNCE") -> None:
        self.entries.setdefault(region, {}).update(dict.fromkeys(spellings, reason))

    def answer(self, region: str, method: str, path: str, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        spelling = unquote(path.removeprefix(_PATH).removeprefix("/"))
        self.calls.append((region, method, spelling))
        there = self.entries.get(region, {})
        if code := self.refuse.get(spelling):
            return 403 if code == "AccessDeniedException" else 400, {"__type": code, "message": f"about {spelling}"}
        if not spelling:
            first = int(query.get("NextToken", ["0"])[0])
            names = list(there)[first : first + self.page]
            more = {"NextToken": str(first + self.page)} if first + self.page < len(there) else {}
            return 200, {"SuppressedDestinationSummaries": [self._entry(name, there[name]) for name in names], **more}
        if spelling not in there:
            return 404, {"__type": "NotFoundException", "message": f"{spelling} does not exist on your list"}
        if method == "DELETE":
            del there[spelling]
            return 200, {}
        return 200, {"SuppressedDestination": self._entry(spelling, there[spelling])}

    def _entry(self, spelling: str, reason: str) -> dict[str, Any]:
        since = self.since.get(spelling, datetime(2025, 11, 24, 12, tzinfo=UTC))
        return {"EmailAddress": spelling, "Reason": reason, "LastUpdateTime": since.timestamp()}


@contextmanager
def serve() -> Iterator[SesLists]:
    lists = SesLists()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/", self.headers["Authorization"])
            assert scope is not None
            url = urlsplit(self.path)
            status, document = lists.answer(scope[1], self.command, url.path, parse_qs(url.query))
            body = json.dumps(document).encode()
            self.send_response(status)
            if "__type" in document:
                self.send_header("x-amzn-ErrorType", document["__type"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_DELETE = _serve  # noqa: N815 - the base class's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    lists.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield lists
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
