"""The addresses that a person gives to a command, as arguments or on stdin."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import parseaddr

from ses_feedback.address import NotAnAddressError, address_key
from ses_feedback.history.event import NOTE_LIMIT

from ses_feedback_cli.output import write_json, write_line


@dataclass(frozen=True)
class AddressArgument:
    """One address as it was typed, and its key; an empty key if it is no address, and then ``problem`` says why."""

    typed: str
    key: str
    problem: str = ""

    def spellings(self) -> list[str]:
        """How SES's suppression list may spell it: SES keeps capitals of the local part and finds no other spelling.

        Dots that only a quoted local part may have (``a..b``) are possible with and without the quotes.
        """
        local_part, _, domain = self.key.rpartition("@")
        typed_local_part = parseaddr(self.typed)[1].rpartition("@")[0]
        if not local_part.startswith('"'):
            typed_local_part = typed_local_part.strip('"')
        local_parts = [local_part, typed_local_part] if typed_local_part.lower() == local_part else [local_part]
        if "" in local_part.split("."):
            local_parts += [f'"{spelling}"' for spelling in local_parts]
        return list(dict.fromkeys(f"{spelling}@{domain}" for spelling in local_parts))


def read_addresses(arguments: Iterable[str]) -> list[AddressArgument]:
    """The addresses in order, each once; `-` stands for the lines of stdin."""
    addresses: dict[str, AddressArgument] = {}
    for address in map(parse_address, expand_stdin(arguments)):
        addresses.setdefault(address.key or address.typed, address)
    return list(addresses.values())


def parse_address(typed: str) -> AddressArgument:
    """An address, with or without a display name."""
    try:
        return AddressArgument(typed, address_key(typed))
    except NotAnAddressError as error:
        return AddressArgument(typed, "", str(error))


def expand_stdin(arguments: Iterable[str]) -> Iterator[str]:
    """The arguments, with the lines of stdin in place of `-`."""
    for argument in arguments:
        yield from (line.strip() for line in sys.stdin if line.strip()) if argument == "-" else [argument]


def check_note(note: str) -> str:
    """A --note that says something, and is short enough for the history. Raises: ValueError."""
    if not note.strip():
        raise ValueError("--note is empty: say why, for the history")
    if len(note) > NOTE_LIMIT:
        raise ValueError(f"--note has {len(note)} characters; at most {NOTE_LIMIT} are kept")
    return note


def report_invalid_addresses(addresses: Iterable[AddressArgument], *, as_json: bool) -> int:
    """Write a result for each of them that is no address; returns how many there are."""
    count = 0
    for address in addresses:
        if not address.problem:
            continue
        count += 1
        if as_json:
            write_json({"address": address.typed, "changed": False, "problem": f"no address: {address.problem}"})
        else:
            write_line(f"{address.typed}  NO ADDRESS: {address.problem}")
    return count
