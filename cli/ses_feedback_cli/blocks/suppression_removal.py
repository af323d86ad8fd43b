"""Removes addresses from SES's suppression lists, in several Regions at the same time.

One call a second decides how long it takes. A few addresses are deleted in each spelling that they may have, without
asking whether they are on the list. Of many addresses most are not on it, and their spelling is not known: then the
list is read first, a thousand addresses a call.
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
from ses_feedback_cli.suppression_list import SuppressedDestination, SuppressionList

_Result = TypeVar("_Result")

_ERRORS_OF_ONE_ADDRESS = ("BadRequestException", "TooManyRequestsException")
"""After these the other addresses may still succeed. Any other error would be the same for all of them."""


@dataclass(frozen=True)
class RemovalRequest:
    """An address to remove. Entries that SES made after ``at`` stay: they are news."""

    address: str
    spellings: Sequence[str]
    at: datetime


@dataclass(frozen=True)
class RemovalResult:
    """What happened to an address on one Region's list."""

    region: str
    was_listed: bool = False
    newer_entry_at: datetime | None = None
    """When SES listed it again; this entry stays."""
    problem: str = ""


class SuppressionRemoval:
    """Removes addresses from the account's lists in some Regions."""

    def __init__(self, context: Context, regions: Sequence[str]) -> None:
        self.regions = regions
        self._lists = [SuppressionList(context, region) for region in regions]
        self._entries: dict[str, dict[str, list[SuppressedDestination]]] | None = None

    def read_lists(self, addresses: Collection[str], advance: Callable[[int], None]) -> None:
        """Read all lists and remember the addresses' entries. ``advance`` is called with the size of each page.

        Needs ses:ListSuppressedDestinations.
        """

        def matching_entries(
            suppression_list: SuppressionList, stop: threading.Event
        ) -> dict[str, list[SuppressedDestination]]:
            entries: dict[str, list[SuppressedDestination]] = {}
            for page in suppression_list.pages():
                for entry in page:
                    if (key := _key(entry.address)) in addresses:
                        entries.setdefault(key, []).append(entry)
                advance(len(page))
                if stop.is_set():
                    break
            return entries

        self._entries = dict(zip(self.regions, self._in_all_regions(matching_entries), strict=True))

    def remove(self, requests: Sequence[RemovalRequest]) -> dict[str, list[RemovalResult]]:
        """Remove addresses from all lists; results by address, one per Region. Needs ses:DeleteSuppressedDestination.

        Raises: ClientError, BotoCoreError for an error that would be the same for every address.
        """

        def remove_each(suppression_list: SuppressionList, stop: threading.Event) -> list[RemovalResult]:
            return [self._remove(suppression_list, request) for request in requests if not stop.is_set()]

        results_by_region = self._in_all_regions(remove_each)
        return {request.address: list(results) for request, *results in zip(requests, *results_by_region, strict=True)}

    def _remove(self, suppression_list: SuppressionList, request: RemovalRequest) -> RemovalResult:
        region = suppression_list.region
        spellings = request.spellings
        if self._entries is not None:
            entries = self._entries[region].get(request.address, [])
            if newer := [entry.updated_at for entry in entries if entry.updated_at > request.at]:
                return RemovalResult(region, newer_entry_at=max(newer))
            spellings = [entry.address for entry in entries]
        try:
            deleted = [suppression_list.delete(spelling) for spelling in spellings]
            return RemovalResult(region, was_listed=any(deleted))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ERRORS_OF_ONE_ADDRESS:
                raise
            return RemovalResult(region, problem=describe(error))

    def _in_all_regions(self, work: Callable[[SuppressionList, threading.Event], _Result]) -> list[_Result]:
        """Do the work for all Regions at the same time. Ctrl-C ends it after the call that is running."""
        stop = threading.Event()
        with ThreadPoolExecutor(len(self._lists), thread_name_prefix="ses") as pool:
            try:
                return list(pool.map(lambda suppression_list: work(suppression_list, stop), self._lists))
            finally:
                stop.set()


def _key(address: str) -> str:
    try:
        return address_key(address)
    except NotAnAddressError:
        return ""  # SES accepts some addresses that cannot be a key; these are only on its list
