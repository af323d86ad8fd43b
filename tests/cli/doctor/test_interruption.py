"""Ctrl-C while AWS does not respond ends the command at once, without a traceback. A local server stands in for AWS."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cli.doctor.healthy import ACCOUNT_ID, REGION
from tests.cli.doctor.test_inspection import OUTPUTS

CALLER_IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{ACCOUNT_ID}:root</Arn><UserId>{ACCOUNT_ID}</UserId><Account>{ACCOUNT_ID}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>""".encode()


class UnresponsiveServer(BaseHTTPRequestHandler):
    """Answers GetCallerIdentity, and no other call."""

    called, released = threading.Event(), threading.Event()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if b"GetCallerIdentity" not in body:
            return self.do_GET()
        self.send_response(200)
        self.send_header("content-length", str(len(CALLER_IDENTITY)))
        self.end_headers()
        self.wfile.write(CALLER_IDENTITY)
        return None

    def do_GET(self) -> None:
        self.called.set()
        self.released.wait(60)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), UnresponsiveServer)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    UnresponsiveServer.released.set()
    server.shutdown()
    server.server_close()


def test_ctrl_c_ends_the_command_although_calls_hang(endpoint: str, tmp_path: Path) -> None:
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(OUTPUTS))
    environment = {
        "PATH": os.defpath,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
    }
    command = [sys.executable, "-m", "ses_feedback_cli", "doctor", "--outputs", str(outputs)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert UnresponsiveServer.called.wait(60)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=20)  # shorter than the calls would hang
    assert process.returncode == 130
    assert (stdout, stderr) == (b"", b"ses-feedback: interrupted\n")
