"""What the reader sees of a rollout: a table that follows it, or a line per step where there is no terminal."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from .record import Record, StackRecord, Step, WaveRecord

_STYLES = {Step.DONE: "green", Step.FAILED: "red", Step.HALF_DONE: "red", Step.WAITING: "dim"}
_QUIET = ("same", "read", "refresh")
_LONGEST = 60  # of an error in the table; the whole text follows it


class Follow:
    """Shows a record as it changes, from several threads."""

    def __init__(self, console: Console, known: Record | None = None) -> None:
        """`known`: what the reader has seen before, as it is when a rollout goes on."""
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._lock = threading.Lock()
        self._told: dict[str, Step] = {name: step for name, step, _ in _steps(known)} if known else {}

    def __enter__(self) -> "Follow":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def __call__(self, record: Record) -> None:
        """Show how far it is."""
        with self._lock:
            if self._live:
                self._live.update(table(record, room=self._console.height - 8), refresh=True)
            else:
                self._lines(record)

    def _lines(self, record: Record) -> None:
        for name, step, more in _steps(record):
            if step is not Step.WAITING and self._told.get(name) is not step:
                self._told[name] = step
                self._console.print(f"{name}: {step}{f': {more}' if more else ''}", markup=False, soft_wrap=True)


def _steps(record: Record) -> Iterator[tuple[str, Step, str]]:
    for wave in record.waves:
        yield from ((one.name, one.step, _result(one)) for one in wave.stacks)
        yield f"wave {wave.name}", wave.step, "; ".join(wave.problems)


def table(record: Record, room: int = 10_000) -> Table:
    """All stacks by wave; where there is no room for all, a line for each wave that does not need a look."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("wave", "stack", "account", "state", "changes"):
        made.add_column(title, overflow="fold")
    for wave in record.waves:
        if len(record.stacks) > room and wave.step in {Step.WAITING, Step.DONE}:
            made.add_row(wave.name, f"{len(wave.stacks)} stacks", "", _coloured(wave.step), _sum(wave))
            continue
        for index, stack in enumerate(wave.stacks):
            name = wave.name if index == 0 else ""
            made.add_row(name, stack.name, stack.account, _coloured(stack.step), escape(stack.doing or _result(stack)))
        for problem in wave.problems or ([f"watched for {wave.soak_minutes} min"] if wave.step is Step.SOAKING else []):
            made.add_row("", "", "", _coloured(wave.step), escape(problem))
    return made


def _coloured(step: Step) -> str:
    style = _STYLES.get(step, "yellow")
    return f"[{style}]{step}[/]"


def failures(record: Record) -> dict[str, list[str]]:
    """What went wrong, each text once, with the stacks that it happened to."""
    found: dict[str, list[str]] = {}
    for stack in record.stacks:
        if stack.error:
            found.setdefault(stack.error, []).append(stack.name)
    return found


def _result(stack: StackRecord) -> str:
    first = stack.error.partition("\n")[0]
    return f"{first[:_LONGEST]}…" if len(first) > _LONGEST else first or counted(stack.changes)


def _sum(wave: WaveRecord) -> str:
    total: Counter[str] = Counter()
    for stack in wave.stacks:
        total.update(stack.changes)
    return counted(total)


def counted(changes: Mapping[str, int]) -> str:
    """Changes in words: `3 create, 1 update`; `no change`; nothing where nothing is known."""
    if not changes:
        return ""
    return ", ".join(f"{count} {what}" for what, count in sorted(changes.items()) if what not in _QUIET) or "no change"
