"""Ctrl-C and its like, at a moment when they do no harm."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def signals_deferred(on_arrival: Callable[[], object] = lambda: None) -> Iterator[list[int]]:
    """Let signals wait until the end of the block, and call `on_arrival` when one comes; gives those that came.

    Not by a mask: a child would inherit it.
    """
    arrived: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield arrived
        return

    def note(number: int, _frame: object) -> None:
        arrived.append(number)
        on_arrival()

    before = {number: signal.getsignal(number) for number in NUMBERS}
    taken = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, note)
    try:
        yield arrived
    finally:
        for number in taken:
            signal.signal(number, before[number])
        for late in arrived:
            signal.raise_signal(late)
