"""The Pulumi CLI as the Automation API runs it, but for Ctrl-C, which reaches it in good order."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import IO, Any

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error

from .executor import StoppedError


class Command(PulumiCommand):
    """The Pulumi CLI. Ctrl-C reaches it only through `stop`, so that each process gets exactly one at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Interrupt all; the CLI then ends what is under way and keeps its state, or at the second time just ends."""
        with self._lock:
            self._stopped.set()
            for process in self._running:
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
            self._running.add(process)
        errors: list[str] = []
        output: list[str] = []
        with process:
            reader = threading.Thread(target=_read, args=(process.stderr, errors, on_error))
            reader.start()
            _read(process.stdout, output, on_output)
            reader.join()
            code = process.wait()
        with self._lock:
            self._running.discard(process)
        result = CommandResult(stdout="\n".join(output), stderr="\n".join(errors), code=code)
        if code:
            raise StoppedError if self._stopped.is_set() else create_command_error(result)
        return result


def _read(stream: IO[str] | None, lines: list[str], also: Callable[[str], Any] | None) -> None:
    for line in stream or ():
        lines.append(line.rstrip())
        if also:
            also(lines[-1])
