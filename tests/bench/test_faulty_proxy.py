"""The proxy of the outages does to a call what it is told to, and sees what was written. Against a server of HTTP."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, EndpointConnectionError
from botocore.session import get_session

from bench.faulty_proxy import WRITE, Fault, FaultyProxy

FEEDBACK_ID = "0102-feedback-00000007-000000"


class Server(ThreadingHTTPServer):
    """DynamoDB that accepts everything."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.operations: list[str] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.operations.append(self.headers["X-Amz-Target"].rpartition(".")[2])
        body = json.dumps({}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy(server: Server) -> Iterator[FaultyProxy]:
    with FaultyProxy(server.endpoint) as proxy:
        yield proxy


def write(proxy: FaultyProxy, read_timeout: float = 5) -> Any:
    client: Any = get_session().create_client(
        "dynamodb",
        region_name="eu-central-1",
        endpoint_url=proxy.endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout, proxies={}),
    )
    put = {"TableName": "history", "Item": {"value": {"S": FEEDBACK_ID}}}
    try:
        return client.transact_write_items(TransactItems=[{"Put": put}])
    finally:
        client.close()


def test_a_call_goes_through_and_its_feedback_is_seen(proxy: FaultyProxy, server: Server) -> None:
    write(proxy)
    assert server.operations == [WRITE]
    assert (list(proxy.written_at), proxy.calls) == ([FEEDBACK_ID], {"NONE": 1})


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.EXCEEDED, Fault.INTERNAL])
def test_a_call_is_answered_with_the_error(proxy: FaultyProxy, server: Server, fault: Fault) -> None:
    proxy.choose_fault = lambda operation: fault if operation == WRITE else Fault.NONE
    with pytest.raises(ClientError) as error:
        write(proxy)
    response: Any = error.value.response
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == fault.value
    assert (server.operations, proxy.written_at) == ([], {})


def test_a_connection_is_cut_after_the_write_was_done(proxy: FaultyProxy, server: Server) -> None:
    proxy.choose_fault = lambda _: Fault.CUT
    with pytest.raises((ConnectionClosedError, BotoCoreError)):
        write(proxy)
    assert (server.operations, list(proxy.written_at)) == ([WRITE], [FEEDBACK_ID])


def test_a_call_is_never_answered(proxy: FaultyProxy, server: Server) -> None:
    proxy.choose_fault = lambda _: Fault.HANG
    with pytest.raises(BotoCoreError):
        write(proxy, read_timeout=0.2)
    assert server.operations == []


def test_connections_are_refused_until_it_listens_again(proxy: FaultyProxy, server: Server) -> None:
    proxy.refuse()
    with pytest.raises(EndpointConnectionError):
        write(proxy)
    proxy.listen()
    write(proxy)
    assert server.operations == [WRITE]
