"""Runs the Pulumi CLI for the Automation API, and stops it gracefully."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import IO, Any

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error

from .deployer import StoppedError


class PulumiCli(PulumiCommand):
    """The Pulumi CLI. Ctrl-C reaches it only through `stop`, so that each process gets exactly one signal at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[str]] = set()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Interrupt all processes: the CLI finishes the resources in progress. Called again: it ends at once."""
        with self._lock:
            self._stopped.set()
            for process in self._processes:
                process.send_signal(signal.SIGINT)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> CommandResult:
        """Run a command. Raises: StoppedError, CommandError."""
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        with self._lock:
            if self._stopped.is_set():
                raise StoppedError
            process = subprocess.Popen(  # noqa: S603
                [self.command, "--non-interactive", *args],
                cwd=cwd,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                start_new_session=True,
            )
            self._processes.add(process)
        error_lines: list[str] = []
        output_lines: list[str] = []
        with process:
            error_thread = threading.Thread(target=_read_lines, args=(process.stderr, error_lines, on_error))
            error_thread.start()
            _read_lines(process.stdout, output_lines, on_output)
            error_thread.join()
            code = process.wait()
        with self._lock:
            self._processes.discard(process)
        result = CommandResult(stdout="\n".join(output_lines), stderr="\n".join(error_lines), code=code)
        if code:
            raise StoppedError if self._stopped.is_set() else create_command_error(result)
        return result


def _read_lines(stream: IO[str] | None, lines: list[str], on_line: Callable[[str], Any] | None) -> None:
    for line in stream or ():
        lines.append(line.rstrip())
        if on_line:
            on_line(lines[-1])
