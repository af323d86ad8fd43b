"""The command as a user runs it: its exit code, its output, and that no process and no file remains."""

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
TIMEOUT = 60  # seconds, for a busy machine
Start = Callable[..., "subprocess.Popen[str]"]
pytestmark = pytest.mark.xdist_group("processes")  # they take long, and groups begin first


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the command with its own directory for temporary files; kills what a failed test leaves running."""
    processes = []

    def start_process(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "sandbox", *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return process

    yield start_process
    for process in processes:
        process.kill()
        process.communicate()


def remains(folder: Path) -> list[str]:
    """The files below a folder, and the running processes whose command line names it."""
    names = [str(path) for path in folder.rglob("*") if path.name != "home"]
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # the process has just ended
            command = (entry / "cmdline").read_text()  # empty for a zombie
            if str(folder) in command:
                names.append(command.replace("\0", " "))
    return names


def remains_after_a_while(folder: Path) -> list[str]:
    deadline = time.monotonic() + 5
    while (names := remains(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return names


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    assert process.stdout
    written = ""
    for line in process.stdout:
        written += line
        if text in line:
            return written
    raise AssertionError(f"{text!r} was never written; this was:\n{written}")


def misleading_environment(folder: Path) -> dict[str, str]:
    """The environment of a user whose every AWS setting is wrong for the emulator."""
    home = folder / "home" / ".aws"
    home.mkdir(parents=True)
    for name in ("config", "credentials"):
        (home / name).write_text("this is no configuration file")
    unreachable = "http://127.0.0.1:9"
    return {
        "AWS_PROFILE": "of-nobody",
        "AWS_REGION": "mars-north-1",
        "AWS_DEFAULT_REGION": "mars-north-1",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_ENDPOINT_URL": unreachable,
        "AWS_ENDPOINT_URL_DYNAMODB": unreachable,
        "AWS_CA_BUNDLE": "/nowhere.pem",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_MAX_ATTEMPTS": "0",
        "HTTP_PROXY": unreachable,
        "http_proxy": unreachable,
        "ALL_PROXY": unreachable,
        "GATEWAY_PORT": "9",
        "PYTHONPATH": str(folder / "home"),
    }


def test_two_at_once_whatever_the_environment_says_and_ctrl_c_ends_everything(start: Start, tmp_path: Path) -> None:
    """One ends by itself, one is kept until Ctrl-C ends everything."""
    kept, ending = start("--keep"), start(**misleading_environment(tmp_path))
    written_by_ending, _ = ending.communicate(timeout=TIMEOUT)
    assert ending.returncode == 0, written_by_ending
    written_by_kept = read_until(kept, "aws dynamodb scan")
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in written_by_kept
    for written in (written_by_ending, written_by_kept.partition("export ")[0]):  # what follows is to be copied
        assert "6 mails as expected" in written
        assert max(len(line) for line in written.splitlines() if "message" not in line) <= 80
        assert "\x1b" not in written
    assert any("ministack-lambda" in name for name in remains(tmp_path)), (
        "no function runs, so that this test would prove nothing"
    )
    kept.send_signal(signal.SIGINT)
    assert kept.wait(TIMEOUT) == 130
    assert [name for name in remains_after_a_while(tmp_path) if ".aws" not in name] == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)])
def test_a_signal_ends_everything(start: Start, tmp_path: Path, number: signal.Signals, code: int) -> None:
    process = start("--keep", "--no-deploy")
    written = read_until(process, "pulumi up")
    assert "identity shop.example in eu-west-1" in " ".join(written.split())
    process.send_signal(number)
    assert process.wait(TIMEOUT) == code
    assert remains_after_a_while(tmp_path) == []


@pytest.mark.parametrize("line", ["the whole chain on this machine", "emulator", "SNS"])
def test_ctrl_c_at_any_moment_ends_everything(start: Start, tmp_path: Path, line: str) -> None:
    process = start()
    read_until(process, line)
    process.send_signal(signal.SIGINT)
    further_output = process.stdout.read() if process.stdout else ""
    assert process.wait(TIMEOUT) == 130
    assert "Traceback" not in further_output
    assert remains_after_a_while(tmp_path) == []


def test_a_port_that_is_taken_is_named(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        written, _ = start("--port", port).communicate(timeout=TIMEOUT)
    assert f"port {port} on 127.0.0.1 cannot be opened" in written
    assert "Traceback" not in written
    assert remains_after_a_while(tmp_path) == []


def test_a_failure_ends_everything_and_is_one_message(start: Start, tmp_path: Path) -> None:
    process = start(PULUMI_CONFIG='{"ses-feedback:colour": "red"}')
    written, _ = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 1
    assert "Error: the program stopped: ses-feedback:colour is 'red': there is no such key" in written
    assert "Traceback" not in written
    assert remains_after_a_while(tmp_path) == []
