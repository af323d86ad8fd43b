"""Takes addresses off SES's own suppression lists, in several Regions at once.

A call a second decides how long it takes. Few addresses are deleted unasked, in the spellings they may have. Of many,
most are often not there, and their spelling is not known: then the list is read first, a thousand addresses a call.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from botocore.exceptions import ClientError
from ses_feedback.address import NotAnAddressError, address_key
from ses_feedback.table import describe

from ses_feedback_cli.context import Context
from ses_feedback_cli.suppression import Suppressed, SuppressionList

_T = TypeVar("_T")

_OF_THE_ADDRESS = ("BadRequestException", "TooManyRequestsException")
"""Errors that may concern one address only: the others go on. Any other error would be the same for all of them."""


@dataclass(frozen=True)
class Wanted:
    """An address to take off: entries made after ``at`` stay, they say something new."""

    address: str
    spellings: Sequence[str]
    at: datetime


@dataclass(frozen=True)
class Removed:
    """What became of an address on one Region's list."""

    region: str
    was_there: bool = False
    newer: datetime | None = None
    """Since when it is there again, and left there."""
    problem: str = ""


class Removal:
    """The lists of an account in some Regions."""

    def __init__(self, context: Context, regions: Sequence[str]) -> None:
        self.regions = regions
        self._lists = [SuppressionList(context, region) for region in regions]
        self._entries: dict[str, dict[str, list[Suppressed]]] | None = None

    def read(self, addresses: Collection[str], told: Callable[[int], None]) -> None:
        """Find the addresses' entries on all lists, and tell how many more were read. In the memory of the addresses.

        Needs ses:ListSuppressedDestinations.
        """

        def one(listed: SuppressionList, stop: threading.Event) -> dict[str, list[Suppressed]]:
            found: dict[str, list[Suppressed]] = {}
            for page in listed.pages():
                for entry in page:
                    if (key := _key(entry.address)) in addresses:
                        found.setdefault(key, []).append(entry)
                told(len(page))
                if stop.is_set():
                    break
            return found

        self._entries = dict(zip(self.regions, self._everywhere(one), strict=True))

    def remove(self, wanted: Sequence[Wanted]) -> dict[str, list[Removed]]:
        """Take addresses off all lists; of each, one result per Region. Needs ses:DeleteSuppressedDestination.

        Raises: ClientError, BotoCoreError for what would be the same for every address.
        """

        def one(listed: SuppressionList, stop: threading.Event) -> list[Removed]:
            return [self._remove(listed, each) for each in wanted if not stop.is_set()]

        regions = self._everywhere(one)
        return {each.address: list(results) for each, *results in zip(wanted, *regions, strict=True)}

    def _remove(self, listed: SuppressionList, wanted: Wanted) -> Removed:
        spellings = wanted.spellings
        if self._entries is not None:
            entries = self._entries[listed.region].get(wanted.address, [])
            if newer := [entry.at for entry in entries if entry.at > wanted.at]:
                return Removed(listed.region, newer=max(newer))
            spellings = [entry.address for entry in entries]
        try:
            deleted = [listed.delete(spelling) for spelling in spellings]
            return Removed(listed.region, was_there=any(deleted))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _OF_THE_ADDRESS:
                raise
            return Removed(listed.region, problem=describe(error))

    def _everywhere(self, work: Callable[[SuppressionList, threading.Event], _T]) -> list[_T]:
        """Do the work for all Regions at once. Ctrl-C ends it after the call under way."""
        stop = threading.Event()
        with ThreadPoolExecutor(len(self._lists), thread_name_prefix="ses") as pool:
            try:
                return list(pool.map(lambda listed: work(listed, stop), self._lists))
            finally:
                stop.set()


def _key(address: str) -> str:
    try:
        return address_key(address)
    except NotAnAddressError:
        return ""  # SES takes some addresses that cannot be a key: they are on its list only
