"""The command as a user runs it: its exit code, what it writes, and that nothing is left of it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds, for a busy machine
Start = Callable[..., "subprocess.Popen[str]"]
pytestmark = pytest.mark.xdist_group("processes")  # they take long, and groups begin first


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the command with a directory of its own for temporary files; end what a failed test leaves running."""
    started = []

    def begin(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "sandbox", *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def left_behind(folder: Path) -> list[str]:
    """Name the files below a folder and the living processes whose command line names it."""
    found = [str(path) for path in folder.rglob("*") if path.name != "home"]
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended
            command = (entry / "cmdline").read_text()  # empty of one that only waits to be collected
            if str(folder) in command:
                found.append(command.replace("\0", " "))
    return found


def wait_for_nothing(folder: Path) -> list[str]:
    deadline = time.monotonic() + 5
    while (left := left_behind(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    assert process.stdout
    read = ""
    for line in process.stdout:
        read += line
        if text in line:
            return read
    raise AssertionError(f"{text!r} was never written; this was:\n{read}")


def hostile(folder: Path) -> dict[str, str]:
    """The environment of a user whose every AWS setting would lead astray."""
    home = folder / "home" / ".aws"
    home.mkdir(parents=True)
    for name in ("config", "credentials"):
        (home / name).write_text("this is no configuration file")
    nowhere = "http://127.0.0.1:9"
    return {
        "AWS_PROFILE": "of-nobody",
        "AWS_REGION": "mars-north-1",
        "AWS_DEFAULT_REGION": "mars-north-1",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_ENDPOINT_URL": nowhere,
        "AWS_ENDPOINT_URL_DYNAMODB": nowhere,
        "AWS_CA_BUNDLE": "/nowhere.pem",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_MAX_ATTEMPTS": "0",
        "HTTP_PROXY": nowhere,
        "http_proxy": nowhere,
        "ALL_PROXY": nowhere,
        "GATEWAY_PORT": "9",
        "PYTHONPATH": str(folder / "home"),
    }


def test_two_at_once_whatever_the_environment_says_and_ctrl_c_ends_everything(start: Start, tmp_path: Path) -> None:
    """One ends by itself, one is kept until Ctrl-C ends everything."""
    kept, ending = start("--keep"), start(**hostile(tmp_path))
    ended, _ = ending.communicate(timeout=PATIENCE)
    assert ending.returncode == 0, ended
    written = read_until(kept, "aws dynamodb scan")
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in written
    for text in (ended, written.partition("export ")[0]):  # what follows is to be copied
        assert "6 mails as expected" in text
        assert max(len(line) for line in text.splitlines() if "message" not in line) <= 80
        assert "\x1b" not in text
    assert any("ministack-lambda" in name for name in left_behind(tmp_path)), "no function runs: nothing would be shown"
    kept.send_signal(signal.SIGINT)
    assert kept.wait(PATIENCE) == 130
    assert [name for name in wait_for_nothing(tmp_path) if ".aws" not in name] == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)])
def test_a_signal_ends_everything(start: Start, tmp_path: Path, number: signal.Signals, code: int) -> None:
    process = start("--keep", "--no-deploy")
    written = read_until(process, "pulumi up")
    assert "identity shop.example in eu-west-1" in " ".join(written.split())
    process.send_signal(number)
    assert process.wait(PATIENCE) == code
    assert wait_for_nothing(tmp_path) == []


@pytest.mark.parametrize("line", ["the whole chain on this machine", "emulator", "SNS"])
def test_ctrl_c_at_any_moment_ends_everything(start: Start, tmp_path: Path, line: str) -> None:
    process = start()
    read_until(process, line)
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read() if process.stdout else ""
    assert process.wait(PATIENCE) == 130
    assert "Traceback" not in rest
    assert wait_for_nothing(tmp_path) == []


def test_a_port_that_is_taken_is_named(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        written, _ = start("--port", port).communicate(timeout=PATIENCE)
    assert f"port {port} on 127.0.0.1 cannot be opened" in written
    assert "Traceback" not in written
    assert wait_for_nothing(tmp_path) == []


def test_a_failure_ends_everything_and_is_one_message(start: Start, tmp_path: Path) -> None:
    process = start(PULUMI_CONFIG='{"ses-feedback:colour": "red"}')
    written, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "Error: the program stopped: ses-feedback:colour is 'red': there is no such key" in written
    assert "Traceback" not in written
    assert wait_for_nothing(tmp_path) == []
