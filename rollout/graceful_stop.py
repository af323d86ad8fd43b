"""Turns Ctrl-C, SIGTERM and a closed terminal into a graceful stop."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def graceful_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` for each of these signals that arrives inside the block."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        sys.stderr.write("\nStopping: running operations end first. A second signal stops them at once.\n")
        threading.Thread(target=stop).start()  # not in this thread, which may hold a lock that `stop` needs

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores SIGHUP, and so does the rollout then
        numbers.append(signal.SIGHUP)
    previous_handlers = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)
