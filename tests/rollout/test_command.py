"""The Pulumi CLI under the rollout's hand, with a script in its place. Does not prove what the CLI does on Ctrl-C."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest
from pulumi.automation import CommandError

from rollout.command import Command
from rollout.executor import StoppedError

SCRIPT = f"""#!{sys.executable} -SE
import os, signal, sys
if sys.argv[1:] == ["version"]:
    sys.exit(print("v3.999.0"))
print("got", *sys.argv[1:])
if "fails" in sys.argv:
    sys.exit("error: it failed")
if "waits" in sys.argv:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    print("ready", file=sys.stderr, flush=True)
    for _ in range(int(os.environ["NEEDED"])):
        signal.sigwait([signal.SIGINT])
        with open(os.environ["LOG"], "a") as log:
            log.write("interrupted\\n")
    sys.exit(1)
"""


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    script = tmp_path / "pulumi"
    script.write_text(SCRIPT)
    script.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return Command()


def test_it_answers_with_what_the_cli_wrote(command: Command, tmp_path: Path) -> None:
    lines: list[str] = []
    result = command.run(["stack", "ls"], str(tmp_path), {}, on_output=lines.append)
    assert (result.code, result.stdout) == (0, "got --non-interactive stack ls")
    assert lines == ["got --non-interactive stack ls"]


def test_a_failure_has_what_was_written_to_stderr(command: Command, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="stderr: error: it failed"):
        command.run(["fails"], str(tmp_path), {})


@pytest.mark.parametrize("needed", [1, 2])
def test_stopping_interrupts_what_runs_once_each_time_and_lets_nothing_begin(
    command: Command, tmp_path: Path, needed: int
) -> None:
    log = tmp_path / "log"
    ready = threading.Event()
    ended: list[BaseException] = []

    def run() -> None:
        try:
            command.run(
                ["waits"], str(tmp_path), {"LOG": str(log), "NEEDED": str(needed)}, on_error=lambda _: ready.set()
            )
        except StoppedError as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(20)
    for stops in range(1, needed + 1):
        command.stop()
        deadline = time.monotonic() + 20
        while not log.exists() or log.read_text().count("interrupted") < stops:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    thread.join(20)
    assert not thread.is_alive()
    assert len(ended) == 1
    assert log.read_text().count("interrupted") == needed
    with pytest.raises(StoppedError):
        command.run(["stack", "ls"], str(tmp_path), {})
