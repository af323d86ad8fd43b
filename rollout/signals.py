"""Ctrl-C and its like, told to whatever can stop in good order."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def told_to_stop(stop: Callable[[], None]) -> Iterator[None]:
    """While something runs, Ctrl-C, SIGTERM and a lost terminal tell it to stop; once more: at once."""

    def told(_number: int, _frame: FrameType | None) -> None:
        sys.stderr.write("\nStopping: what is under way ends first; once more stops it at once.\n")
        threading.Thread(target=stop).start()  # not here: this thread may hold a lock that stopping needs

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # under nohup it goes on
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, told) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
