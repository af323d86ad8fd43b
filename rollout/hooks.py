"""Commands of the user between the waves: one approves the next wave, one is told what happened."""

import json
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping, Sequence

from .record import Record, Status, WaveRecord

NOTIFY_SECONDS = 60
"""After which a notification is ended: it must not hold a rollout up."""
_STDERR = 2  # also for the command's stdout: that of the rollout has its result


class Hooks:
    """Runs the commands, without a shell, with a report as JSON on stdin. `stop` may be called from any thread."""

    def __init__(self, approve: str | None = None, notify: str | None = None) -> None:
        """Raises: ValueError for a command that there is not."""
        self._approve = _split("--approve", approve)
        self._notify = _split("--notify", notify)
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def approve(self, report: Mapping[str, object]) -> bool:
        """Whether the next wave may begin: exit code 0, or no command. Waits as long as the command takes.

        After `stop` no command is asked, and the answer is no.
        """
        return not self._approve or self._run(self._approve, report, None) == 0

    def notify(self, report: Mapping[str, object]) -> None:
        """Tell what happened. A command that fails is a warning on stderr."""
        if self._notify and (code := self._run(self._notify, report, NOTIFY_SECONDS)):
            sys.stderr.write(f"warning: --notify {shlex.join(self._notify)}: {code}\n")

    def stop(self) -> None:
        """End a command that is running; only notifications begin afterwards."""
        with self._lock:
            self._stopped = True
            if self._process:
                self._process.terminate()

    def _run(self, command: Sequence[str], report: Mapping[str, object], seconds: float | None) -> int | str:
        """Run a command; returns 0, or what went wrong."""
        with self._lock:  # a stop comes before the command or finds it
            if self._stopped and command is self._approve:
                return "stopped"
            try:
                process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=_STDERR, encoding="utf-8")  # noqa: S603
            except OSError as error:
                return str(error)
            self._process = process
        try:
            process.communicate(json.dumps(report), timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return f"ended after {seconds} seconds"
        finally:
            with self._lock:
                self._process = None
        return process.returncode and f"exit code {process.returncode}"


def needs_approval(record: Record, wave: WaveRecord) -> bool:
    """Whether a wave is asked for: not the first one, and not one that was approved or has begun already."""
    earlier = record.waves[: record.waves.index(wave)]
    return any(map(_has_begun, earlier)) and not _has_begun(wave) and not wave.approved_at


def approval_report(record: Record, wave: WaveRecord, selected: Collection[str]) -> dict[str, object]:
    """What a command gets that is asked for `wave`: the last one that has begun before it, and its selected stacks."""
    begun = [earlier for earlier in record.waves[: record.waves.index(wave)] if _has_begun(earlier)]
    return {"event": "approve", "wave": _wave(begun[-1]), "next": _next([wave], selected)}


def wave_report(record: Record, wave: WaveRecord, selected: Collection[str], outcome: str) -> dict[str, object]:
    """What a command gets at the end of a wave. Without errors, since these quote what Pulumi prints."""
    later = record.waves[record.waves.index(wave) + 1 :]
    return {"event": "wave", "outcome": outcome, "wave": _wave(wave), "next": _next(later, selected)}


def end_report(record: Record, outcome: str) -> dict[str, object]:
    """What a command gets at the end of a run."""
    return {"event": "end", "outcome": outcome, "waves": [_wave(wave) for wave in record.waves]}


def _wave(wave: WaveRecord) -> dict[str, object]:
    stacks = [
        {
            "name": stack.name,
            "accountId": stack.account_id,
            "region": stack.region,
            "status": stack.status,
            "changes": stack.changes,
        }
        for stack in wave.stacks
    ]
    health_problems = [str(problem) for problem in wave.health_problems]
    return {"name": wave.name, "status": wave.status, "stacks": stacks, "healthProblems": health_problems}


def _next(waves: Sequence[WaveRecord], selected: Collection[str]) -> dict[str, object] | None:
    """The first of the waves that is not done and has selected stacks."""
    for wave in waves:
        names = [stack.name for stack in wave.stacks if stack.name in selected]
        if names and wave.status is not Status.SUCCEEDED:
            return {"name": wave.name, "stacks": names}
    return None


def _has_begun(wave: WaveRecord) -> bool:
    return any(stack.started_at for stack in wave.stacks)


def _split(option: str, command: str | None) -> list[str]:
    """The words of a command, as a shell would split it."""
    if command is None:
        return []
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ValueError(f"{option} is {command!r}: {error}; a command is needed, with balanced quotes") from None
    if not words or shutil.which(words[0]) is None:
        raise ValueError(f"{option} is {command!r}: a command on PATH, or the path of one, is needed")
    return words
