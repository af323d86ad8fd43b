"""The addresses that a command is given, as arguments or on stdin."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import parseaddr

from ses_feedback.address import NotAnAddressError, address_key
from ses_feedback.history.event import NOTE_LIMIT

from ses_feedback_cli.output import write_json, write_line


@dataclass(frozen=True)
class Given:
    """One address; without ``key`` it is none, and ``problem`` says why."""

    text: str
    key: str
    problem: str = ""

    def spellings(self) -> list[str]:
        """How SES may have it on its list: it keeps the capitals of the local part, and finds no other spelling."""
        local, _, domain = self.key.rpartition("@")
        typed = parseaddr(self.text)[1].rpartition("@")[0]
        return list(dict.fromkeys([self.key, f"{typed}@{domain}" if typed.lower() == local else self.key]))


def read(texts: Iterable[str]) -> list[Given]:
    """One per address, in order, an address given twice once; `-` stands for the lines of stdin."""
    known: dict[str, Given] = {}
    for one in map(parse, expanded(texts)):
        known.setdefault(one.key or one.text, one)
    return list(known.values())


def parse(text: str) -> Given:
    """The address in a text, with or without a name."""
    try:
        return Given(text, address_key(text))
    except NotAnAddressError as error:
        return Given(text, "", str(error))


def expanded(texts: Iterable[str]) -> Iterator[str]:
    """The texts, with the lines of stdin in the place of `-`."""
    for text in texts:
        yield from (line.strip() for line in sys.stdin if line.strip()) if text == "-" else [text]


def note(reason: str) -> str:
    """A --reason that the history keeps whole. Raises: ValueError."""
    if len(reason) > NOTE_LIMIT:
        raise ValueError(f"--reason has {len(reason)} characters; at most {NOTE_LIMIT} are kept")
    return reason


def tell_problems(problems: Iterable[Given], *, as_json: bool) -> int:
    """Tell of what is no address, as a result; how many there are."""
    number = 0
    for one in problems:
        number += 1
        if as_json:
            write_json({"address": one.text, "changed": False, "problem": f"no address: {one.problem}"})
        else:
            write_line(f"{one.text}  NO ADDRESS: {one.problem}")
    return number
