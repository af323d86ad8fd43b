"""Delays Ctrl-C and signals like it for a block that must not be interrupted."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def signals_deferred(on_arrival: Callable[[], object] = lambda: None) -> Iterator[list[int]]:
    """Delay signals until the end of the block. Yields a list of those that have arrived.

    `on_arrival` is called, in the signal handler, when one arrives. A signal mask is not used: a child process would
    inherit it.
    """
    arrived: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield arrived
        return

    def remember(number: int, _frame: object) -> None:
        arrived.append(number)
        on_arrival()

    handlers = {number: signal.getsignal(number) for number in NUMBERS}
    handlers = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}
    for number in handlers:
        signal.signal(number, remember)
    try:
        yield arrived
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for late in arrived:
            signal.raise_signal(late)
