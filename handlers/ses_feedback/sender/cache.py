"""Items that a sender has read: bounded in number and in age, for any number of threads."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

ItemOrNone = Mapping[str, Any] | None
"""The attributes of an item that a reader needs; None: the table has no item with that key."""


class Cache:
    """Items by key, read at most ``seconds`` ago; of more than ``size`` the oldest are dropped."""

    def __init__(self, seconds: float, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._size = size
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, tuple[float, ItemOrNone]] = OrderedDict()

    def get(self, keys: Iterable[str]) -> dict[str, ItemOrNone]:
        """Of these keys, those that were read recently enough."""
        now = self._clock()
        with self._lock:
            entries = ((key, self._entries.get(key)) for key in keys)
            return {key: entry[1] for key, entry in entries if entry is not None and entry[0] > now}

    def put(self, items: Mapping[str, ItemOrNone], requested_at: float) -> None:
        """Keep items. Their age counts from the request (``requested_at``), not from the response."""
        fresh_until = requested_at + self._seconds
        with self._lock:
            for key, item in items.items():
                self._entries[key] = (fresh_until, item)
                self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
