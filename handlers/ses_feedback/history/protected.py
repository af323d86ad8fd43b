"""Addresses that no feedback may block: those of the settings, and those of a list in the history table. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from ses_feedback.address import NotAnAddressError, address_key

LIST_KEY = {"value": "protected", "entry": "list"}
"""The history table's item with the list, in its attribute ``patterns``. No address has this key: it has no @."""

PATTERNS_LIMIT = 200
"""Patterns that the list may have: each batch reads it."""


_NO_PATTERN = "it is no address (jane@example.org), domain (example.org) or local part of any domain (abuse@)"


def pattern_key(text: str) -> str:
    """The form in which a pattern is compared: an address, a domain, or ``abuse@``, a local part of any domain.

    Raises: ValueError that says why it is none of these; it does not repeat the text, which may be personal.
    """
    text = text.strip()
    if "*" in text:
        raise ValueError("it has a *, which is no wildcard here: a domain is example.org, a local part is abuse@")
    try:
        if text.endswith("@"):
            return address_key(f"{text}example.org").removesuffix("example.org")
        if "@" in text:
            return address_key(text)
        domain = address_key(f"a@{text}").removeprefix("a@")
    except NotAnAddressError as error:
        raise ValueError(f"{_NO_PATTERN}: {error}") from None
    if "." not in domain:
        raise ValueError(f"{_NO_PATTERN}: a domain has a dot")
    return domain


@dataclass(frozen=True, slots=True)
class Protected:
    """A set of patterns, each as ``pattern_key`` gives it."""

    patterns: frozenset[str] = frozenset()

    @classmethod
    def read(cls, texts: Iterable[str]) -> "Protected":
        """Raises: ValueError for what is no pattern."""
        return cls(frozenset(map(pattern_key, texts)))

    def covers(self, key: str) -> bool:
        """Whether feedback about the address with this key must not block it."""
        local, _, domain = key.rpartition("@")
        return not self.patterns.isdisjoint((key, domain, f"{local}@"))
