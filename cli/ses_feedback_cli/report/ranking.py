"""Counts by name in bounded memory, and hides names that stand for too few addresses. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

MINIMUM_ADDRESSES = 3
"""Addresses that a name must have to be shown: a domain with fewer may identify a person."""

SHOWN_NAMES = 15
"""Names in one chart."""

_NAMES_LIMIT = 10_000  # names kept while counting: about 5 MB


@dataclass(frozen=True, slots=True)
class NameCounts:
    """A name, and how often each verdict was given."""

    name: str
    counts: Mapping[str, int]
    """By verdict."""

    @property
    def total(self) -> int:
        """The count of all verdicts."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Ranking:
    """The names with the largest counts, largest first, and the sum of all other names."""

    names: tuple[NameCounts, ...] = ()
    others: Mapping[str, int] | None = None
    """By verdict; None if there are no others."""
    undercount: int = 0
    """How much a count may be too low, because there were too many names to keep; 0: the counts are exact."""

    def __iter__(self) -> Iterator[NameCounts]:
        return iter(self.names)


class _Entry:
    __slots__ = ("address_hashes", "counts", "weight")

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.address_hashes: set[int] = set()
        self.weight = 0


class RankingBuilder:
    """Counts by name and verdict.

    Exact up to ``limit`` names. With more names it drops some by the algorithm of Misra and Gries: in any order, the
    count of a name is too low by at most twice the sum of all counts divided by ``limit``, and what is dropped counts
    as `others`. It keeps the hashes of at most MINIMUM_ADDRESSES addresses per name, to know whether there are enough.
    """

    def __init__(self, limit: int = _NAMES_LIMIT) -> None:
        self._limit = limit
        self._entries: dict[str, _Entry] = {}
        self._dropped: Counter[str] = Counter()
        self._undercount = 0

    def add(self, name: str, verdict: str, address: str) -> None:
        """Count one verdict."""
        entry = self._entries.get(name)
        if entry is None:
            if len(self._entries) >= self._limit:
                self._drop_names()
            entry = self._entries[name] = _Entry()
        entry.counts[verdict] += 1
        entry.weight += 1
        if len(entry.address_hashes) < MINIMUM_ADDRESSES:
            entry.address_hashes.add(hash(address))

    def ranking(self, minimum_addresses: int, shown: int = SHOWN_NAMES) -> Ranking:
        """The ``shown`` largest names that have at least ``minimum_addresses`` (at most MINIMUM_ADDRESSES)."""
        names = sorted(
            (
                NameCounts(name, dict(entry.counts))
                for name, entry in self._entries.items()
                if len(entry.address_hashes) >= minimum_addresses
            ),
            key=lambda name_counts: (-name_counts.total, name_counts.name),
        )[:shown]
        total = _sum((entry.counts for entry in self._entries.values()), self._dropped)
        others = total - _sum(name_counts.counts for name_counts in names)
        return Ranking(tuple(names), dict(others) or None, self._undercount)

    def _drop_names(self) -> None:
        """Subtract the median weight from every name, and drop those without weight left: at least half of them."""
        weights = sorted(entry.weight for entry in self._entries.values())
        median = weights[len(weights) // 2]
        self._undercount += median
        for name, entry in list(self._entries.items()):
            entry.weight -= median
            if entry.weight <= 0:
                self._dropped.update(entry.counts)
                del self._entries[name]


def _sum(counts: Iterable[Mapping[str, int]], start: Mapping[str, int] | None = None) -> Counter[str]:
    total = Counter(start or {})
    for count in counts:
        total.update(count)
    return total
