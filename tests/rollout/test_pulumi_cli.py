"""Running and stopping the Pulumi CLI, with a script in its place. Does not prove what the CLI does on Ctrl-C."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest
from pulumi.automation import CommandError

from rollout.deployer import StoppedError
from rollout.pulumi_cli import PulumiCli

SCRIPT = f"""#!{sys.executable} -SE
import os, signal, sys
if sys.argv[1:] == ["version"]:
    sys.exit(print("v3.999.0"))
print("arguments", *sys.argv[1:])
if "fails" in sys.argv:
    sys.exit("error: it failed")
if "waits" in sys.argv:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    print("ready", file=sys.stderr, flush=True)
    for _ in range(int(os.environ["INTERRUPTS_NEEDED"])):
        signal.sigwait([signal.SIGINT])
        with open(os.environ["LOG"], "a") as log:
            log.write("interrupted\\n")
    sys.exit(1)
"""


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PulumiCli:
    script = tmp_path / "pulumi"
    script.write_text(SCRIPT)
    script.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return PulumiCli()


def test_the_result_has_what_the_cli_wrote(cli: PulumiCli, tmp_path: Path) -> None:
    lines: list[str] = []
    result = cli.run(["stack", "ls"], str(tmp_path), {}, on_output=lines.append)
    assert (result.code, result.stdout) == (0, "arguments --non-interactive stack ls")
    assert lines == ["arguments --non-interactive stack ls"]


def test_a_failure_has_what_was_written_to_stderr(cli: PulumiCli, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="stderr: error: it failed"):
        cli.run(["fails"], str(tmp_path), {})


@pytest.mark.parametrize("interrupts_needed", [1, 2])
def test_stopping_interrupts_what_runs_once_each_time_and_lets_nothing_begin(
    cli: PulumiCli, tmp_path: Path, interrupts_needed: int
) -> None:
    log = tmp_path / "log"
    ready = threading.Event()
    errors: list[BaseException] = []

    def run() -> None:
        try:
            environment = {"LOG": str(log), "INTERRUPTS_NEEDED": str(interrupts_needed)}
            cli.run(["waits"], str(tmp_path), environment, on_error=lambda _: ready.set())
        except StoppedError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(20)
    for stop_count in range(1, interrupts_needed + 1):
        cli.stop()
        deadline = time.monotonic() + 20
        while not log.exists() or log.read_text().count("interrupted") < stop_count:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    thread.join(20)
    assert not thread.is_alive()
    assert len(errors) == 1
    assert log.read_text().count("interrupted") == interrupts_needed
    with pytest.raises(StoppedError):
        cli.run(["stack", "ls"], str(tmp_path), {})
