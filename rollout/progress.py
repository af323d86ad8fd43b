"""Shows a rollout while it runs: a live table on a terminal, or one line per change of status."""

import threading
from collections.abc import Iterator

from rich.console import Console
from rich.live import Live

from .record import Record, Status
from .record_table import record_table, stack_result

_LINES_AROUND_TABLE = 8


class ProgressDisplay:
    """Shows a record at each change; called from several threads."""

    def __init__(self, console: Console, resumed: Record | None = None) -> None:
        """`resumed` is the record from which a rollout resumes: its statuses are not printed again."""
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._lock = threading.Lock()
        self._shown: dict[str, Status] = {name: status for name, status, _ in _statuses(resumed)} if resumed else {}

    def __enter__(self) -> "ProgressDisplay":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def __call__(self, record: Record) -> None:
        """Show the record."""
        with self._lock:
            if self._live:
                max_stacks = self._console.height - _LINES_AROUND_TABLE
                self._live.update(record_table(record, max_stacks), refresh=True)
            else:
                self._print_new_statuses(record)

    def _print_new_statuses(self, record: Record) -> None:
        for name, status, detail in _statuses(record):
            if status is not Status.PENDING and self._shown.get(name) is not status:
                self._shown[name] = status
                line = f"{name}: {status}: {detail}" if detail else f"{name}: {status}"
                self._console.print(line, markup=False, soft_wrap=True)


def _statuses(record: Record) -> Iterator[tuple[str, Status, str]]:
    for wave in record.waves:
        yield from ((stack.name, stack.status, stack_result(stack)) for stack in wave.stacks)
        yield f"wave {wave.name}", wave.status, "; ".join(map(str, wave.health_problems))
