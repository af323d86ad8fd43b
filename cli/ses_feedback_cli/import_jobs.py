"""SES's import jobs for the account-level suppression list: they add or remove many addresses that they read from S3.

Facts are those of the SES guide, "Using the Amazon SES account-level suppression list" (read November 2026), and of
CreateImportJob and GetImportJob in AWS's model of the API.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.suppression_list import SuppressionList

Action = Literal["PUT", "DELETE"]

JOB_LIMITS: dict[Action, int] = {"PUT": 100_000, "DELETE": 10_000}
"""Addresses of one job (SES guide: "bulk add limit of 100,000 addresses in an Amazon S3 object per API call", "bulk
delete limit of 10,000")."""

SINGLE_CALLS = 50
"""Up to so many addresses are put or deleted by one call each, which takes a minute; more by import jobs."""

POLL_SECONDS = 5.0
"""Between two looks at an import job."""

JobProgress = Callable[[str, int, int], None]
"""Called with the id of an import job, how many addresses it has, and how many of them SES has processed."""


@dataclass(frozen=True, slots=True)
class ImportJob:
    """An import job of SES that has ended."""

    region: str
    id: str
    status: str
    size: int
    failed: int
    """Records that SES refused."""

    @property
    def is_complete(self) -> bool:
        """Whether SES did what it was told with every record."""
        return self.status == "COMPLETED" and not self.failed


@dataclass(frozen=True, slots=True)
class ImportBuckets:
    """The S3 buckets that import jobs read from."""

    names: Mapping[str, str] = field(default_factory=dict)
    """By Region: SES reads only from a bucket in its own."""
    kms_key: str | None = None
    """Customer managed key to encrypt the objects with; None: S3's keys."""

    @classmethod
    def parse(cls, options: Iterable[str], kms_key: str | None, regions: Sequence[str]) -> "ImportBuckets":
        """From --bucket NAME for a single Region, else REGION=NAME, and --kms-key. Raises: UsageError."""
        names: dict[str, str] = {}
        for option in options:
            region, equals, name = option.rpartition("=")
            if not equals and len(regions) > 1:
                raise UsageError(
                    f"--bucket {option}: SES reads only from a bucket in its own Region; with {len(regions)} Regions "
                    "give --bucket REGION=NAME for each"
                )
            region = region or regions[0]
            if region not in regions:
                raise UsageError(f"--bucket {option}: {region} is none of the Regions {', '.join(regions)}")
            names[region] = name
        if kms_key and not names:
            raise UsageError(f"--kms-key {kms_key} encrypts the objects in a bucket: give --bucket too")
        return cls(names, kms_key)


class ImportJobs:
    """Runs import jobs on the list of one Region that has a bucket. Methods raise what botocore raises.

    Needs s3:PutObject and s3:DeleteObject in the bucket (s3:DeleteObjectVersion if it keeps versions),
    ses:CreateImportJob and ses:GetImportJob. SES needs s3:GetObject there, by the bucket's policy.
    """

    def __init__(self, context: Context, suppression_list: SuppressionList, buckets: ImportBuckets) -> None:
        self._list = suppression_list
        self._bucket = buckets.names[suppression_list.region]
        self._kms_key = buckets.kms_key
        self._s3 = context.client("s3", suppression_list.region)
        # A bucket of this name may belong to another account: then S3 refuses before it has the addresses.
        self._owner = context.client("sts", suppression_list.region).get_caller_identity()["Account"]

    def put(self, entries: Iterable[tuple[str, str]], report: JobProgress) -> Iterator[ImportJob]:
        """Add (address, reason) pairs by jobs one after another; yields each when it has ended."""
        return self._run("PUT", ({"emailAddress": address, "reason": reason} for address, reason in entries), 1, report)

    def delete(self, spellings: Iterable[str], at_once: int, report: JobProgress) -> Iterator[ImportJob]:
        """Remove addresses, each spelt as SES has it, by up to ``at_once`` jobs at the same time."""
        return self._run("DELETE", ({"emailAddress": spelling} for spelling in spellings), at_once, report)

    def _run(
        self, action: Action, records: Iterable[dict[str, str]], at_once: int, report: JobProgress
    ) -> Iterator[ImportJob]:
        """The addresses are in the bucket, encrypted, until the jobs have ended or this fails or is interrupted."""
        remaining = iter(records)
        while True:
            with ExitStack() as objects:
                started: dict[str, int] = {}
                while len(started) < at_once and (part := list(islice(remaining, JOB_LIMITS[action]))):
                    url = objects.enter_context(self._uploaded(part))
                    started[self._list.create_import_job(action, url)] = len(part)
                ended = [self._wait(job_id, size, report) for job_id, size in started.items()]
            if not ended:
                return
            yield from ended

    @contextmanager
    def _uploaded(self, records: Sequence[dict[str, str]]) -> Iterator[str]:
        key = f"ses-feedback/{uuid.uuid4()}.json"
        body = "".join(json.dumps(record) + "\n" for record in records).encode()
        encryption: dict[str, Any] = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._kms_key}
            if self._kms_key
            else {"ServerSideEncryption": "AES256"}
        )
        place = {"Bucket": self._bucket, "Key": key, "ExpectedBucketOwner": self._owner}
        version: dict[str, str] = {}
        try:
            response = self._s3.put_object(**place, Body=body, **encryption)
            if "VersionId" in response:  # deleting without it would leave the addresses there, as an older version
                version = {"VersionId": response["VersionId"]}
            yield f"s3://{self._bucket}/{key}"
        finally:
            self._s3.delete_object(**place, **version)

    def _wait(self, job_id: str, size: int, report: JobProgress) -> ImportJob:
        while True:
            job = self._list.get_import_job(job_id)
            report(job_id, size, job.get("ProcessedRecordsCount", 0))
            if job["JobStatus"] in ("COMPLETED", "FAILED", "CANCELLED"):
                return ImportJob(self._list.region, job_id, job["JobStatus"], size, job.get("FailedRecordsCount", 0))
            self._list.pause(POLL_SECONDS)
