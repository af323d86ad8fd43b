"""Counts by name in bounded memory, and shows no name that stands for too few people. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

ENOUGH = 3
"""Addresses that a name must stand for to be shown: a domain with fewer may be one person's."""

SHOWN = 15
"""Names of one chart."""

_NAMES_LIMIT = 10_000  # kept while counting: some 5 MB


@dataclass(frozen=True, slots=True)
class Line:
    """A name and how often each verdict was given."""

    name: str
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """Of all verdicts."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Ranking:
    """The names with the largest counts, largest first, and the sum of all others."""

    lines: tuple[Line, ...] = ()
    others: Mapping[str, int] | None = None
    """None when there are none."""
    missed: int = 0
    """By how much a line may be too low, because there were too many names to keep; 0: exact."""

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)


class _Entry:
    __slots__ = ("counts", "people", "weight")

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.people: set[int] = set()
        self.weight = 0


class Tally:
    """Counts by name and verdict.

    Exact up to ``limit`` names. Beyond, it forgets names by the rule of Misra and Gries: whatever the order, a name's
    count is too low by at most twice the sum of all counts over ``limit``, and what was forgotten stays in the sum of
    the others. It keeps of at most ENOUGH addresses per name a hash, to know whether there are so many.
    """

    def __init__(self, limit: int = _NAMES_LIMIT) -> None:
        self._limit = limit
        self._entries: dict[str, _Entry] = {}
        self._forgotten: Counter[str] = Counter()
        self._missed = 0

    def add(self, name: str, verdict: str, address: str) -> None:
        """Count one."""
        entry = self._entries.get(name)
        if entry is None:
            if len(self._entries) >= self._limit:
                self._forget()
            entry = self._entries[name] = _Entry()
        entry.counts[verdict] += 1
        entry.weight += 1
        if len(entry.people) < ENOUGH:
            entry.people.add(hash(address))

    def ranking(self, enough: int, shown: int = SHOWN) -> Ranking:
        """The ``shown`` largest of the names that stand for ``enough`` addresses or more (at most ENOUGH)."""
        lines = sorted(
            (Line(name, dict(entry.counts)) for name, entry in self._entries.items() if len(entry.people) >= enough),
            key=lambda line: (-line.total, line.name),
        )[:shown]
        everything = _sum((entry.counts for entry in self._entries.values()), self._forgotten)
        others = everything - _sum(line.counts for line in lines)
        return Ranking(tuple(lines), dict(others) or None, self._missed)

    def _forget(self) -> None:
        """Take the median weight from every name, and forget those that have none left: half of them or more."""
        weights = sorted(entry.weight for entry in self._entries.values())
        median = weights[len(weights) // 2]
        self._missed += median
        for name, entry in list(self._entries.items()):
            entry.weight -= median
            if entry.weight <= 0:
                self._forgotten.update(entry.counts)
                del self._entries[name]


def _sum(counts: Iterable[Mapping[str, int]], start: Mapping[str, int] | None = None) -> Counter[str]:
    found = Counter(start or {})
    for one in counts:
        found.update(one)
    return found
