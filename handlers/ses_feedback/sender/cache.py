"""What a sender remembers of earlier answers: bounded in number and in age, for any number of threads."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Found = Mapping[str, Any] | None
"""An item as far as a reader needs it; None: there is none."""


class Cache:
    """Items by key. What was longest in it goes first, when it is full and when its time is over."""

    def __init__(self, seconds: float, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._size = size
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, tuple[float, Found]] = OrderedDict()

    def get(self, keys: Iterable[str]) -> dict[str, Found]:
        """What is known, and still fresh, of these keys."""
        now = self._clock()
        with self._lock:
            entries = ((key, self._entries.get(key)) for key in keys)
            return {key: entry[1] for key, entry in entries if entry is not None and entry[0] > now}

    def put(self, found: Mapping[str, Found], asked_at: float) -> None:
        """Remember answers to a question of ``asked_at``: their age counts from the question, not from the answer."""
        until = asked_at + self._seconds
        with self._lock:
            for key, item in found.items():
                self._entries[key] = (until, item)
                self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
