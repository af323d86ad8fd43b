"""Removes addresses from SES's suppression lists, in several Regions at the same time.

One call a second decides how long it takes. A few addresses are deleted in each spelling that they may have, without
asking whether they are on the list. Of many addresses most are not on it, and their spelling is not known: then the
list is read first, a thousand addresses a call; and where there is a bucket for them, import jobs delete what is on it.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from botocore.exceptions import ClientError
from ses_feedback.address import NotAnAddressError, address_key
from ses_feedback.table import describe

from ses_feedback_cli.context import Context
from ses_feedback_cli.import_jobs import JOB_LIMITS, SINGLE_CALLS, ImportBuckets, ImportJobs, JobProgress
from ses_feedback_cli.suppression_list import SuppressedDestination, SuppressionList

_Result = TypeVar("_Result")

JOBS_AT_ONCE = 5
"""Import jobs of one Region at the same time. SES runs 20 (SES guide): the rest is left to other programs."""

_CALL_BATCH = 20
"""At one call a second, nobody should wait longer than for 20 addresses before the tables are read again."""

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

    def __init__(
        self, context: Context, regions: Sequence[str], buckets: ImportBuckets, report_job: JobProgress
    ) -> None:
        self.regions = regions
        self._context = context
        self._buckets = buckets
        self._report_job = report_job
        self._lists = [SuppressionList(context, region) for region in regions]
        self._processed: dict[str, int] = {}
        self._entries: dict[str, dict[str, list[SuppressedDestination]]] | None = None

    @property
    def has_read_lists(self) -> bool:
        """Whether it knows what is listed."""
        return self._entries is not None

    @property
    def batch_size(self) -> int:
        """How many addresses to give to `remove` at a time."""
        return JOBS_AT_ONCE * JOB_LIMITS["DELETE"] if self.has_read_lists and self._buckets.names else _CALL_BATCH

    def read_lists(self, addresses: Collection[str], advance: Callable[[int], None]) -> None:
        """Read all lists and remember the addresses' entries. ``advance`` is called with the size of each page.

        Needs ses:ListSuppressedDestinations.
        """

        def matching_entries(
            suppression_list: SuppressionList, stop: threading.Event
        ) -> dict[str, list[SuppressedDestination]]:
            return _matching_entries(suppression_list, addresses, stop, advance)

        self._entries = dict(zip(self.regions, self._in_all_regions(matching_entries), strict=True))

    def is_listed(self, address: str) -> bool:
        """Whether an address is on a list that was read."""
        return any(address in entries for entries in (self._entries or {}).values())

    def listed_counts(self) -> dict[str, int]:
        """How many entries are to be removed from each list that was read."""
        return {region: sum(map(len, entries.values())) for region, entries in (self._entries or {}).items()}

    def remove(self, requests: Sequence[RemovalRequest]) -> dict[str, list[RemovalResult]]:
        """Remove addresses from all lists; results by address, one per Region. Needs ses:DeleteSuppressedDestination,
        or what `ImportJobs` needs.

        Raises: ClientError, BotoCoreError for an error that would be the same for every address.
        """

        def remove_each(suppression_list: SuppressionList, stop: threading.Event) -> list[RemovalResult]:
            spellings = self._spellings(suppression_list.region, requests)
            if suppression_list.region in self._buckets.names and len(spellings) > SINGLE_CALLS:
                return self._remove_by_jobs(suppression_list, requests, spellings, stop)
            return [self._remove(suppression_list, request) for request in requests if not stop.is_set()]

        results_by_region = self._in_all_regions(remove_each)
        return {request.address: list(results) for request, *results in zip(requests, *results_by_region, strict=True)}

    def _spellings(self, region: str, requests: Sequence[RemovalRequest]) -> dict[str, str]:
        """Address by each spelling on the list of a Region that may go; empty if the lists were not read."""
        return {
            entry.address: request.address
            for request in requests
            if not self._newer_entry(region, request)
            for entry in self._entries_of(region, request)
        }

    def _entries_of(self, region: str, request: RemovalRequest) -> list[SuppressedDestination]:
        return self._entries[region].get(request.address, []) if self._entries is not None else []

    def _newer_entry(self, region: str, request: RemovalRequest) -> datetime | None:
        newer = [entry.updated_at for entry in self._entries_of(region, request) if entry.updated_at > request.at]
        return max(newer, default=None)

    def _remove_by_jobs(
        self,
        suppression_list: SuppressionList,
        requests: Sequence[RemovalRequest],
        spellings: dict[str, str],
        stop: threading.Event,
    ) -> list[RemovalResult]:
        def report(job_id: str, size: int, processed: int) -> None:
            if stop.is_set():
                raise CancelledError
            if self._processed.get(job_id) != processed:
                self._processed[job_id] = processed
                self._report_job(job_id, size, processed)

        region = suppression_list.region
        jobs = ImportJobs(self._context, suppression_list, self._buckets).delete(spellings, JOBS_AT_ONCE, report)
        incomplete = [f"{job.id} {job.status}, {job.failed} failed" for job in jobs if not job.is_complete]
        remaining: dict[str, list[SuppressedDestination]] = {}
        if incomplete:  # SES names the failed records only in a file whose format it does not document
            remaining = _matching_entries(suppression_list, set(spellings.values()), stop, lambda _: None)
        problem = f"import job {'; '.join(incomplete)}"
        return [
            RemovalResult(
                region,
                was_listed=bool(self._entries_of(region, request)),
                newer_entry_at=self._newer_entry(region, request),
                problem=problem if request.address in remaining else "",
            )
            for request in requests
        ]

    def _remove(self, suppression_list: SuppressionList, request: RemovalRequest) -> RemovalResult:
        region = suppression_list.region
        if newer := self._newer_entry(region, request):
            return RemovalResult(region, newer_entry_at=newer)
        spellings = request.spellings
        if self._entries is not None:
            spellings = [entry.address for entry in self._entries_of(region, request)]
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


def _matching_entries(
    suppression_list: SuppressionList, addresses: Collection[str], stop: threading.Event, advance: Callable[[int], None]
) -> dict[str, list[SuppressedDestination]]:
    """The entries of a list that are of these addresses, by address."""
    entries: dict[str, list[SuppressedDestination]] = {}
    for page in suppression_list.pages():
        for entry in page:
            if (key := _key(entry.address)) in addresses:
                entries.setdefault(key, []).append(entry)
        advance(len(page))
        if stop.is_set():
            break
    return entries


def _key(address: str) -> str:
    try:
        return address_key(address)
    except NotAnAddressError:
        return ""  # SES accepts some addresses that cannot be a key; these are only on its list
