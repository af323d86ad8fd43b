"""SES's account-level suppression list: reads it, adds addresses and removes them, at the rate that SES allows.

SES allows one call per second, account and Region, for all callers together, and AWS does not raise this quota. The
list keeps an address with the capitals of the mail that bounced, and finds it only by this exact spelling.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError

CALL_SECONDS = 1.0
"""Between two calls in one Region: SES allows one a second and does not raise this (SES guide, Service quotas)."""

PAGE_SIZE = 1_000
"""Entries that one call lists."""


@dataclass(frozen=True, slots=True)
class SuppressedDestination:
    """One entry of the list of a Region, spelt as SES has it."""

    region: str
    address: str
    reason: str
    """BOUNCE or COMPLAINT."""
    updated_at: datetime
    """When SES added the address to the list, or last changed it."""


@dataclass
class CallPacer:
    """Allows one call each ``CALL_SECONDS``."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next_call: float = field(default=float("-inf"), init=False)

    def wait(self) -> None:
        """Wait until the next call is allowed."""
        if (pause := self._next_call - self.clock()) > 0:
            self.sleep(pause)
        self._next_call = self.clock() + CALL_SECONDS


class SuppressionList:
    """The account's list in one Region, not that of a tenant. Methods raise what botocore raises."""

    def __init__(self, context: Context, region: str, pacer: CallPacer | None = None) -> None:
        self.region = region
        self._context = context
        self._client = context.client("sesv2", region)
        self._pacer = pacer or CallPacer()

    def get(self, spelling: str) -> SuppressedDestination | None:
        """The entry of an address. Needs ses:GetSuppressedDestination."""
        self._pacer.wait()
        try:
            entry = self._client.get_suppressed_destination(EmailAddress=spelling)["SuppressedDestination"]
        except self._client.exceptions.NotFoundException:
            return None
        return self._destination(entry)

    def delete(self, spelling: str) -> bool:
        """Remove an address; returns whether it was on the list. Needs ses:DeleteSuppressedDestination."""
        self._pacer.wait()
        try:
            self._client.delete_suppressed_destination(EmailAddress=spelling)
        except self._client.exceptions.NotFoundException:
            return False
        return True

    def pages(self) -> Iterator[list[SuppressedDestination]]:
        """The whole list. Needs ses:ListSuppressedDestinations."""
        token: dict[str, str] = {}
        while True:
            self._pacer.wait()
            page = self._client.list_suppressed_destinations(PageSize=PAGE_SIZE, **token)
            yield [self._destination(entry) for entry in page.get("SuppressedDestinationSummaries", ())]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def put(self, address: str, reason: str) -> None:
        """Add one address. Needs ses:PutSuppressedDestination."""
        self._pacer.wait()
        self._client.put_suppressed_destination(EmailAddress=address, Reason=reason)

    def create_import_job(self, action: str, s3_url: str) -> str:
        """Start a job that reads JSON lines from S3; returns its id. Needs ses:CreateImportJob."""
        self._pacer.wait()
        job = self._client.create_import_job(
            ImportDestination={"SuppressionListDestination": {"SuppressionListImportAction": action}},
            ImportDataSource={"S3Url": s3_url, "DataFormat": "JSON"},
        )
        return str(job["JobId"])

    def get_import_job(self, job_id: str) -> dict[str, Any]:
        """How far a job is. Needs ses:GetImportJob."""
        self._pacer.wait()
        job: dict[str, Any] = self._client.get_import_job(JobId=job_id)
        return job

    def pause(self, seconds: float) -> None:
        """Wait, with the clock that also paces the calls."""
        self._pacer.sleep(seconds)

    def _destination(self, entry: dict[str, Any]) -> SuppressedDestination:
        return SuppressedDestination(self.region, entry["EmailAddress"], entry["Reason"], entry["LastUpdateTime"])


def interleave_pages(lists: Iterable[SuppressionList]) -> Iterator[list[SuppressedDestination]]:
    """All pages of several Regions, one of each in turn: so the Regions' pauses of a second pass at the same time."""
    unfinished = [suppression_list.pages() for suppression_list in lists]
    while unfinished:
        for pages in list(unfinished):
            if (page := next(pages, None)) is None:
                unfinished.remove(pages)
            else:
                yield page


def suppression_regions(context: Context, ses_regions: list[str] | None) -> list[str]:
    """The Regions whose lists to use: --ses-region, else --region, else those of the stacks. Raises: UsageError.

    Never the Region of the environment: perhaps no mail is sent from it, and then its list would not have the address.
    """
    regions = list(dict.fromkeys(ses_regions or context.regions or context.pipeline_regions()))
    if not regions:
        raise UsageError(
            "no Region of SES's suppression list is given: --ses-region REGION, --outputs FILE or --stack NAME; "
            "or leave the list out: `show` without --ses, `unblock` with --no-ses"
        )
    return regions
