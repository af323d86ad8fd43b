"""Starts the emulator of AWS on this machine, and ends it with everything it started.

An emulator has one process group (the server and its Lambda workers) and one private directory. Both are removed when
the block of `start_emulator()` ends, also by an exception or Ctrl-C, and when this process is killed.
"""

import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from .errors import SandboxError
from .signals import signals_deferred

LOOPBACK = "127.0.0.1"
DEFAULT_ACCOUNT = "000000000000"
START_SECONDS = 30
STOP_SECONDS = 5
_SESSION_LOCK = threading.Lock()  # a boto3 session is not thread-safe
SERVER = Path(__file__).resolve().with_name("server.py")


@dataclass
class Account:
    """One AWS account in an emulator. Accounts are separate from each other, so each test can have its own."""

    endpoint: str
    id: str = DEFAULT_ACCOUNT
    _clients: dict[tuple[str, str, str], Any] = field(default_factory=dict, repr=False)

    def client(self, service: str, region: str, credentials: tuple[str, str] | None = None) -> Any:
        """Return the boto3 client of a service in a Region, with the rights of the account's root or of `credentials`.

        `credentials`: access key id and secret. The client reaches this emulator only: it reads no profile, no variable
        of the environment and no file of the user.
        """
        key, secret = credentials or (self.id, "sandbox")
        with _SESSION_LOCK:
            if (service, region, key) not in self._clients:
                self._clients[service, region, key] = _isolated_session().client(
                    service,  # type: ignore[call-overload] # the stubs know only literal names
                    region_name=region,
                    endpoint_url=self.endpoint,
                    aws_access_key_id=key,
                    aws_secret_access_key=secret,
                    config=Config(proxies={}, connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 2}),
                )
            return self._clients[service, region, key]


@dataclass
class Emulator:
    """A running emulator."""

    port: int
    directory: Path
    process: "subprocess.Popen[bytes]"
    keeps_state: bool = False

    @property
    def endpoint(self) -> str:
        """The URL that replaces every AWS endpoint."""
        return f"http://{LOOPBACK}:{self.port}"

    def account(self, account_id: str = DEFAULT_ACCOUNT) -> Account:
        """Return the account of an id of twelve digits; it need not exist before."""
        return Account(self.endpoint, account_id)

    def restart(self) -> None:
        """Stop it as an operator would, and start it again on its port, with what it stored when it stopped.

        Its Lambda workers are killed first, with what they are at. For one that was started with ``keeps_state``.

        Raises: SandboxError, as `start_emulator`; or it keeps no state, or did not stop within 30 seconds.
        """
        if not self.keeps_state:
            raise SandboxError("the emulator would start empty; start_emulator(keeps_state=True) is needed")
        for worker in self.worker_ids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        self.process.terminate()
        try:
            self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            raise SandboxError(f"the emulator (MiniStack) did not stop within {START_SECONDS} s") from None
        with signals_deferred():
            _stop(self)
            with _listen(self.port) as listener:
                self.process = _start(listener, self.directory, verbose=False, keeps_state=True)
        _wait_until_ready(self)

    def worker_ids(self) -> list[int]:
        """The process ids of its functions' workers."""
        command = ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="]
        lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()  # noqa: S603
        processes = (line.split(maxsplit=2) for line in lines)
        return [
            int(pid)
            for pid, parent, arguments in processes
            if int(parent) == self.process.pid and "_worker" in arguments
        ]

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines of the emulator's log."""
        log = self.directory / "emulator.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


@contextlib.contextmanager
def start_emulator(port: int = 0, *, verbose: bool = False, keeps_state: bool = False) -> Iterator[Emulator]:
    """Run an emulator for the length of a block.

    Args:
        port: port on loopback; 0 takes a free one, so that several emulators can run at the same time.
        verbose: log every request and every line of the functions, not only warnings.
        keeps_state: store everything when it stops, so that it can be restarted within the block.

    Raises:
        SandboxError: the port is taken, or the emulator did not start within 30 seconds.
    """
    listener = _listen(port)
    directory: Path | None = None
    emulator: Emulator | None = None
    try:
        with listener, signals_deferred():  # so that `directory` and `emulator` are set when they exist
            directory = Path(tempfile.mkdtemp(prefix="ses-feedback-sandbox-"))
            process = _start(listener, directory, verbose=verbose, keeps_state=keeps_state)
            emulator = Emulator(listener.getsockname()[1], directory, process, keeps_state)
        _wait_until_ready(emulator)
        yield emulator
    finally:
        with signals_deferred():
            if emulator is not None:
                _stop(emulator)
            if directory is not None:
                _remove(directory)


@functools.cache
def _isolated_session() -> boto3.session.Session:
    """Return a session that reads neither the environment nor a file: every setting has its default."""
    session = botocore.session.Session(
        session_vars={
            name: (None, None, os.devnull if name in {"config_file", "credentials_file"} else default, convert)
            for name, (_, _, default, convert) in botocore.session.Session.SESSION_VARIABLES.items()
        }
    )
    return boto3.session.Session(botocore_session=session)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SandboxError(
            f"port {port} on {LOOPBACK} cannot be opened ({error.strerror}); without --port a free one is used"
        ) from error
    return listener


def _start(listener: socket.socket, directory: Path, *, verbose: bool, keeps_state: bool) -> "subprocess.Popen[bytes]":
    descriptor, port = listener.fileno(), listener.getsockname()[1]
    environment = {
        "PATH": os.defpath,
        "HOME": str(directory),
        "TMPDIR": str(directory),
        "PYTHONUTF8": "1",
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "AUTH": "true",  # policies of roles, users, topics and queues are evaluated
        "LAMBDA_EXECUTOR": "local",  # functions are processes of this machine, not containers
        "DOCKER_HOST": f"unix://{directory}/no-docker",
        "PERSIST_STATE": str(int(keeps_state)),
        "STATE_DIR": str(directory / "state"),
        "IOT_MTLS_ENABLED": "0",  # this and the next would open further ports
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "INFO" if verbose else "WARNING",
    }
    with (directory / "emulator.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and file
            [sys.executable, "-I", str(SERVER), str(descriptor), str(directory)],
            env=environment,
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[descriptor],
            start_new_session=True,
        )


def _wait_until_ready(emulator: Emulator) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and emulator.process.poll() is None:
        try:
            with opener.open(f"{emulator.endpoint}/_ministack/ready", timeout=START_SECONDS):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    code = emulator.process.poll()
    problem = f"ended with {code}" if code is not None else f"did not answer within {START_SECONDS} s"
    raise SandboxError(f"the emulator (MiniStack) {problem}. The end of its log:\n{emulator.log_tail()}")


def _stop(emulator: Emulator) -> None:
    """Kill the server and its workers: they hold nothing that must be saved."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(emulator.process.pid, signal.SIGKILL)
    emulator.process.wait()
    if emulator.process.stdin:
        emulator.process.stdin.close()


def _remove(directory: Path) -> None:
    """Remove a directory, again if a worker that is ending has written another file meanwhile."""
    deadline = time.monotonic() + STOP_SECONDS
    while directory.exists() and time.monotonic() < deadline:
        shutil.rmtree(directory, ignore_errors=True)
