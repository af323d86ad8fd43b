"""SES's account-level suppression list: reads it, adds addresses and removes them, at the rate that SES allows.

SES allows one call per second, account and Region, for all callers together, and AWS does not raise this quota. The
list keeps an address with the capitals of the mail that bounced, and finds it only by this exact spelling.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError

CALL_SECONDS = 1.0
"""Between two calls in one Region: SES allows one a second and does not raise this (SES guide, Service quotas)."""

PAGE_SIZE = 1_000
"""Entries that one call lists."""

IMPORT_JOB_LIMIT = 100_000
"""Addresses of one import job (SES guide, Using the account-level suppression list)."""

POLL_SECONDS = 5.0
"""Between two looks at an import job."""

JobProgress = Callable[[str, int, int], None]
"""Called with the id of an import job, how many addresses it has, and how many of them SES has processed."""


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


@dataclass(frozen=True, slots=True)
class ImportJob:
    """An import job of SES that has ended."""

    region: str
    id: str
    status: str
    size: int
    failed: int
    """Records that SES refused."""


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

    def put_by_import_jobs(
        self, entries: Iterable[tuple[str, str]], bucket: str, kms_key: str | None, report: JobProgress
    ) -> Iterator[ImportJob]:
        """Add (address, reason) pairs by import jobs, one after another; yields each job when it has ended.

        The addresses are in the bucket, encrypted, until the job has ended or this is interrupted. Needs s3:PutObject
        and s3:DeleteObject in the bucket, ses:CreateImportJob and ses:GetImportJob.
        """
        s3 = self._context.client("s3", self.region)
        # A bucket of this name may belong to another account: then S3 refuses before it has the addresses.
        owner = self._context.client("sts", self.region).get_caller_identity()["Account"]
        remaining = iter(entries)
        while part := list(islice(remaining, IMPORT_JOB_LIMIT)):
            key = f"ses-feedback/{uuid.uuid4()}.json"
            lines = "".join(json.dumps({"emailAddress": address, "reason": reason}) + "\n" for address, reason in part)
            encryption = (
                {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
                if kms_key
                else {"ServerSideEncryption": "AES256"}
            )
            try:
                s3.put_object(Bucket=bucket, Key=key, Body=lines.encode(), ExpectedBucketOwner=owner, **encryption)
                job = self._run_import_job(f"s3://{bucket}/{key}", len(part), report)
            finally:
                s3.delete_object(Bucket=bucket, Key=key, ExpectedBucketOwner=owner)
            yield job

    def _destination(self, entry: dict[str, Any]) -> SuppressedDestination:
        return SuppressedDestination(self.region, entry["EmailAddress"], entry["Reason"], entry["LastUpdateTime"])

    def _run_import_job(self, url: str, size: int, report: JobProgress) -> ImportJob:
        self._pacer.wait()
        job_id = self._client.create_import_job(
            ImportDestination={"SuppressionListDestination": {"SuppressionListImportAction": "PUT"}},
            ImportDataSource={"S3Url": url, "DataFormat": "JSON"},
        )["JobId"]
        while True:
            self._pacer.wait()
            job: dict[str, Any] = self._client.get_import_job(JobId=job_id)
            report(job_id, size, job.get("ProcessedRecordsCount", 0))
            if job["JobStatus"] in ("COMPLETED", "FAILED", "CANCELLED"):
                return ImportJob(self.region, job_id, job["JobStatus"], size, job.get("FailedRecordsCount", 0))
            self._pacer.sleep(POLL_SECONDS)


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
