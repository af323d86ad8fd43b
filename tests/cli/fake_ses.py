"""SES's account suppression lists behind boto3's real client: what neither moto nor the emulator has.

It answers HTTP requests, so botocore has checked every call against AWS's model and made it. It holds what the guide
says ("Using the Amazon SES account-level suppression list"): lists per Region, addresses as they were given, and import
jobs of JSON lines from S3, which it reads when the job is first asked for.
"""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.awsrequest import AWSResponse
from moto.core.models import botocore_stubber


@dataclass
class FakeSes:
    """``lists``: Region -> address -> (reason, time). ``calls``: (Region, method, path), as they came."""

    s3: Any
    lists: dict[str, dict[str, tuple[str, datetime]]] = field(default_factory=dict)
    page: int = 1_000
    now: datetime = field(default_factory=lambda: datetime.fromisoformat("2026-11-24T12:00:00+00:00"))
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    job_status: str = "COMPLETED"
    refuses: Callable[[str], bool] = lambda _: False
    """Which addresses an import job does not take."""
    before: Callable[[str, str], int | None] = lambda _method, _path: None
    """Called before each request: an HTTP status to fail it with."""

    def attach(self, client: Any) -> Any:
        """Answer what this client sends, in place of moto."""
        client.meta.events.unregister("before-send", botocore_stubber)
        client.meta.events.register("before-send.sesv2", self._answer, unique_id="fake-ses")
        return client

    def _answer(self, request: Any, **_: object) -> AWSResponse:
        url = urlsplit(request.url)
        region, path = str(url.hostname).split(".")[1], url.path.removeprefix("/v2/email/")
        self.calls.append((region, request.method, path))
        body = json.loads(request.body) if request.body else {}
        status = self.before(request.method, path)
        found: dict[str, Any] = {}
        if status is None:
            status = 200
            match request.method, path.split("/"):
                case "GET", ["suppression", "addresses"]:
                    found = self._page(region, parse_qs(url.query))
                case "PUT", ["suppression", "addresses"]:
                    self.lists.setdefault(region, {})[body["EmailAddress"]] = (body["Reason"], self.now)
                case "POST", ["import-jobs"]:
                    assert body["ImportDestination"] == {
                        "SuppressionListDestination": {"SuppressionListImportAction": "PUT"}
                    }
                    found = {"JobId": f"job-{len(self.jobs)}"}
                    self.jobs[found["JobId"]] = {**body["ImportDataSource"], "region": region, "JobStatus": "CREATED"}
                case "GET", ["import-jobs", job_id]:
                    found = self._job(job_id)
                case unknown:
                    raise AssertionError(f"this fake does not know {unknown}")
        raw: Any = io.BytesIO(json.dumps(found).encode())
        raw.stream = lambda **_: iter([raw.read()])
        headers: Any = {"Content-Type": "application/json"}
        return AWSResponse(request.url, status, headers, raw)

    def _page(self, region: str, query: dict[str, list[str]]) -> dict[str, Any]:
        size = min(self.page, int(query["PageSize"][0]))
        assert size <= 1_000
        start = int(query.get("NextToken", ["0"])[0])
        entries = list(self.lists.get(region, {}).items())
        answer: dict[str, Any] = {
            "SuppressedDestinationSummaries": [
                {"EmailAddress": address, "Reason": reason, "LastUpdateTime": at.timestamp()}
                for address, (reason, at) in entries[start : start + size]
            ]
        }
        if start + size < len(entries):
            answer["NextToken"] = str(start + size)
        return answer

    def _job(self, job_id: str) -> dict[str, Any]:
        job = self.jobs[job_id]
        if job["JobStatus"] == "CREATED":
            job["JobStatus"] = "PROCESSING"
            bucket, _, key = job["S3Url"].removeprefix("s3://").partition("/")
            read = self.s3.get_object(Bucket=bucket, Key=key)
            job["encryption"] = (read["ServerSideEncryption"], read.get("SSEKMSKeyId"))
            rows = [json.loads(line) for line in read["Body"].read().splitlines()]
            assert len(rows) <= 100_000
            job["FailedRecordsCount"] = sum(self.refuses(row["emailAddress"]) for row in rows)
            job["ProcessedRecordsCount"] = len(rows)
            if self.job_status == "COMPLETED":
                self.lists.setdefault(job["region"], {}).update(
                    {
                        row["emailAddress"]: (row["reason"], self.now)
                        for row in rows
                        if not self.refuses(row["emailAddress"])
                    }
                )
        elif job["JobStatus"] == "PROCESSING":
            job["JobStatus"] = self.job_status
        return {
            "JobId": job_id,
            "JobStatus": job["JobStatus"],
            **{name: job[name] for name in ("FailedRecordsCount", "ProcessedRecordsCount") if name in job},
        }
