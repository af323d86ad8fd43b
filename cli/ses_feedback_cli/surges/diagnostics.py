"""Hides the personal part of a diagnostic: only what cannot be a name or an address is shown. Pure."""

import re
from collections import Counter

from ses_feedback_cli.dead_letters.masking import MASK

MINIMUM_ADDRESSES = 3
"""An answer is shown if this many addresses got it: what it says is then about none of them."""

_SHOWN = 3
_KEPT = 1_000
_LENGTH_LIMIT = 160
_SHORTEST_NAME = 2
_SAFE_WORD = re.compile(
    r"[(\[\"']?(?:[A-Za-z][A-Za-z'/-]*|[2-5]\d\d|(?:[2-5]\d\d-)?[245](?:\.\d{1,3}){2})[)\]\"'.,:;!?]*"
)
_MASKS = re.compile(rf"{re.escape(MASK)}(?:\s+{re.escape(MASK)})+")


class DiagnosticSample:
    """The most frequent answers of servers, in little memory, however many there are."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, diagnostic: str, address: str) -> None:
        """Count what a server answered about an address."""
        masked = mask_diagnostic(diagnostic, address)
        if masked in self._counts or len(self._counts) < _KEPT:
            self._counts[masked] += 1

    def most_frequent(self) -> dict[str, int]:
        """Answers that several addresses got, masked, and how many."""
        return {text: count for text, count in self._counts.most_common(_SHOWN) if count >= MINIMUM_ADDRESSES}


def mask_diagnostic(diagnostic: str, address: str) -> str:
    """What a server answered about an address, without anything that may say whom it is about.

    Shown are words of letters and the codes of SMTP, but no part of the address. Everything else, such as addresses,
    links, host names and the ids of mails, is masked: so the answers to many addresses are often the same.
    """
    names = {name for name in re.split(r"[^a-z]", address.rpartition("@")[0].lower()) if len(name) >= _SHORTEST_NAME}
    words = (_mask_word(word, names) for word in diagnostic.split())
    return _MASKS.sub(MASK, " ".join(words))[:_LENGTH_LIMIT]


def _mask_word(word: str, names: set[str]) -> str:
    is_personal = not names.isdisjoint(re.split(r"[^a-z]", word.lower()))
    return word if _SAFE_WORD.fullmatch(word) and not is_personal else MASK
