"""Words of messages for people: plurals, lists, and the name that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def count_of(count: int, noun: str) -> str:
    """`1 stack`, `2 stacks`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(words: Iterable[object]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *others, last = map(str, words)
    return f"{', '.join(others)} and {last}" if others else last


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant; None where none is near."""
    return next(iter(get_close_matches(name, sorted(names), n=1)), None)


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """`; did you mean 'shop'?`, or nothing where no name is near."""
    meant = nearest(name, names)
    return f"; did you mean {meant!r}?" if meant else ""
