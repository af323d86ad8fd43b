"""SES's own account suppression list: asks it, puts addresses on it and takes them off, at SES's pace.

AWS allows one call per second, account and Region, for everybody who makes them, and raises that for nobody. Addresses
are kept with the capitals of the mail that bounced, and found only by that spelling.
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
"""Between two calls in one Region: SES allows one a second, for good (SES guide, Service quotas)."""

PAGE = 1_000
"""Entries of one call."""

JOB_LIMIT = 100_000
"""Addresses of one import job (SES guide, Using the account-level suppression list)."""

FEW = 50
"""Up to so many addresses a call each, which is a minute; more go through an import job."""

POLL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One entry of the list of a Region, spelt as SES has it."""

    region: str
    address: str
    reason: str
    """BOUNCE or COMPLAINT."""
    at: datetime
    """When SES put it there, or changed it."""


@dataclass
class Pace:
    """Lets one call through each ``CALL_SECONDS``."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = field(default=float("-inf"), init=False)

    def wait(self) -> None:
        """Wait until the next call is allowed."""
        if (pause := self._next - self.clock()) > 0:
            self.sleep(pause)
        self._next = self.clock() + CALL_SECONDS


class SuppressionList:
    """The account's list in one Region, not that of a tenant. Methods raise what botocore raises."""

    def __init__(self, context: Context, region: str, pace: Pace | None = None) -> None:
        self.region = region
        self._context = context
        self._client = context.client("sesv2", region)
        self._pace = pace or Pace()

    def get(self, spelling: str) -> Suppressed | None:
        """The entry of an address. Needs ses:GetSuppressedDestination."""
        self._pace.wait()
        try:
            found = self._client.get_suppressed_destination(EmailAddress=spelling)["SuppressedDestination"]
        except self._client.exceptions.NotFoundException:
            return None
        return self._entry(found)

    def delete(self, spelling: str) -> bool:
        """Take an address off the list; whether it was on it. Needs ses:DeleteSuppressedDestination."""
        self._pace.wait()
        try:
            self._client.delete_suppressed_destination(EmailAddress=spelling)
        except self._client.exceptions.NotFoundException:
            return False
        return True

    def pages(self) -> Iterator[list[Suppressed]]:
        """The whole list. Needs ses:ListSuppressedDestinations."""
        token: dict[str, str] = {}
        while True:
            self._pace.wait()
            answer = self._client.list_suppressed_destinations(PageSize=PAGE, **token)
            yield [self._entry(one) for one in answer.get("SuppressedDestinationSummaries", ())]
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def put(self, address: str, reason: str) -> None:
        """Put one address on the list. Needs ses:PutSuppressedDestination."""
        self._pace.wait()
        self._client.put_suppressed_destination(EmailAddress=address, Reason=reason)

    def put_many(
        self,
        entries: Iterable[tuple[str, str]],
        bucket: str,
        kms_key: str | None,
        told: Callable[[str, int, int], None],
    ) -> Iterator["Job"]:
        """Put (address, reason) on the list by import jobs, one after another; each when it has ended.

        ``told`` hears of the job's id, of how many addresses, and of how many it has read. The addresses lie in the
        bucket, encrypted, until the job has ended or this is interrupted. Needs s3:PutObject and s3:DeleteObject in
        the bucket, ses:CreateImportJob and ses:GetImportJob.
        """
        s3 = self._context.client("s3", self.region)
        # A bucket of that name may be a stranger's: S3 then refuses, before it has the addresses.
        owner = self._context.client("sts", self.region).get_caller_identity()["Account"]
        rest = iter(entries)
        while part := list(islice(rest, JOB_LIMIT)):
            key = f"ses-feedback/{uuid.uuid4()}.json"
            lines = "".join(json.dumps({"emailAddress": address, "reason": reason}) + "\n" for address, reason in part)
            encryption = (
                {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
                if kms_key
                else {"ServerSideEncryption": "AES256"}
            )
            try:
                s3.put_object(Bucket=bucket, Key=key, Body=lines.encode(), ExpectedBucketOwner=owner, **encryption)
                job = self._job(f"s3://{bucket}/{key}", len(part), told)
            finally:
                s3.delete_object(Bucket=bucket, Key=key, ExpectedBucketOwner=owner)
            yield job

    def _entry(self, found: dict[str, Any]) -> Suppressed:
        return Suppressed(self.region, found["EmailAddress"], found["Reason"], found["LastUpdateTime"])

    def _job(self, url: str, size: int, told: Callable[[str, int, int], None]) -> "Job":
        self._pace.wait()
        job_id = self._client.create_import_job(
            ImportDestination={"SuppressionListDestination": {"SuppressionListImportAction": "PUT"}},
            ImportDataSource={"S3Url": url, "DataFormat": "JSON"},
        )["JobId"]
        while True:
            self._pace.wait()
            job: dict[str, Any] = self._client.get_import_job(JobId=job_id)
            told(job_id, size, job.get("ProcessedRecordsCount", 0))
            if job["JobStatus"] in ("COMPLETED", "FAILED", "CANCELLED"):
                return Job(self.region, job_id, job["JobStatus"], size, job.get("FailedRecordsCount", 0))
            self._pace.sleep(POLL_SECONDS)


@dataclass(frozen=True, slots=True)
class Job:
    """An import job of SES that has ended."""

    region: str
    id: str
    status: str
    size: int
    failed: int
    """Records of it that SES refused."""


def in_turns(lists: Iterable[SuppressionList]) -> Iterator[list[Suppressed]]:
    """All pages of several Regions, one of each in turn: so the second that each of them takes is waited for once."""
    waiting = [one.pages() for one in lists]
    while waiting:
        for pages in list(waiting):
            if (page := next(pages, None)) is None:
                waiting.remove(pages)
            else:
                yield page


def buckets(given: Iterable[str], regions: list[str]) -> dict[str, str]:
    """The bucket of each Region, given as NAME for a single one, else as REGION=NAME. Raises: MissingError."""
    found: dict[str, str] = {}
    for one in given:
        region, equals, name = one.rpartition("=")
        if not equals and len(regions) > 1:
            raise UsageError(
                f"--bucket {one}: SES reads a bucket of its own Region only; with {len(regions)} Regions give "
                f"--bucket REGION=NAME for each"
            )
        region = region or regions[0]
        if region not in regions:
            raise UsageError(f"--bucket {one}: {region} is none of the Regions {', '.join(regions)}")
        found[region] = name
    return found


def regions_of(context: Context, given: list[str] | None) -> list[str]:
    """The Regions whose lists are meant: those given, else --region, else those of the stacks. Raises: MissingError.

    Not that of the environment: it need not be one that mail is sent from, and its list would say "not there".
    """
    found = list(dict.fromkeys(given or context.regions or context.pipeline_regions()))
    if not found:
        raise UsageError(
            "no Region of SES's own suppression list is given: --ses-region REGION, --outputs FILE or --stack NAME; "
            "or leave that list alone"
        )
    return found
