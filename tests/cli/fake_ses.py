"""A fake of SES's account-level suppression lists behind boto3's real client: neither moto nor the emulator has them.

It answers HTTP requests, so botocore has checked every call against AWS's model and built the request. It does what
the guide says ("Using the Amazon SES account-level suppression list"): a list per Region, addresses in the spelling in
which they were added, and found in no other; and import jobs that read JSON lines from S3, within the guide's limits.
Not proved: what SES itself answers.
"""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from moto.core.models import botocore_stubber

LONG_AGO = datetime(2025, 11, 24, 12, tzinfo=UTC)
_ADDRESSES = "suppression/addresses"


@dataclass
class FakeSes:
    """``lists``: Region -> spelling -> (reason, time). ``calls``: (Region, method, path), in order."""

    lists: dict[str, dict[str, tuple[str, datetime]]] = field(default_factory=dict)
    page_size: int = 2
    """At most; SES has up to 1,000. Small, so that lists have several pages."""
    now: datetime = field(default_factory=lambda: datetime(2026, 11, 24, 12, tzinfo=UTC))
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    """Spelling -> code of the error that a call about it gets."""
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    job_status: str = "COMPLETED"
    is_refused_by_job: Callable[[str], bool] = lambda _: False
    """Whether an import job refuses an address."""
    before_call: Callable[[str, str], int | None] = lambda _method, _path: None
    """Called with method and path before each call; may return an HTTP status with which the call then fails."""

    def attach(self, client: Any) -> Any:
        """Answer the requests of this client, in place of moto."""
        client.meta.events.unregister("before-send", botocore_stubber)
        client.meta.events.register("before-send.sesv2", self._respond, unique_id="fake-ses")
        return client

    def add(self, region: str, *spellings: str, reason: str = "BOUNCE", at: datetime = LONG_AGO) -> None:
        """Put addresses on the list of a Region."""
        self.lists.setdefault(region, {}).update(dict.fromkeys(spellings, (reason, at)))

    def spellings(self) -> dict[str, set[str]]:
        """What is on the list of each Region."""
        return {region: set(entries) for region, entries in self.lists.items()}

    def _respond(self, request: Any, **_: object) -> AWSResponse:
        url = urlsplit(request.url)
        region, path = str(url.hostname).split(".")[1], url.path.removeprefix("/v2/email/")
        self.calls.append((region, request.method, path))
        document = json.loads(request.body) if request.body else {}
        spelling = unquote(path.removeprefix(_ADDRESSES).removeprefix("/")) if path.startswith(_ADDRESSES) else ""
        content: dict[str, Any] = {}
        if status := self.before_call(request.method, path):
            pass
        elif code := self.errors.get(spelling):
            status = 403 if code == "AccessDeniedException" else 400
            content = {"__type": code, "message": f"about {spelling}"}
        elif spelling:
            status, content = self._address_call(region, request.method, spelling)
        else:
            status, content = 200, self._list_or_job_call(region, request.method, path, url.query, document)
        raw: Any = io.BytesIO(json.dumps(content).encode())
        raw.stream = lambda **_: iter([raw.read()])
        headers: Any = {"Content-Type": "application/json"}
        if "__type" in content:
            headers["x-amzn-ErrorType"] = content["__type"]
        return AWSResponse(request.url, status, headers, raw)

    def _address_call(self, region: str, method: str, spelling: str) -> tuple[int, dict[str, Any]]:
        entries = self.lists.get(region, {})
        if spelling not in entries:
            return 404, {"__type": "NotFoundException", "message": f"{spelling} does not exist on your list"}
        if method == "DELETE":
            del entries[spelling]
            return 200, {}
        return 200, {"SuppressedDestination": _destination(spelling, entries[spelling])}

    def _list_or_job_call(
        self, region: str, method: str, path: str, query: str, document: dict[str, Any]
    ) -> dict[str, Any]:
        match method, path.split("/"):
            case "GET", ["suppression", "addresses"]:
                return self._page(region, parse_qs(query))
            case "PUT", ["suppression", "addresses"]:
                self.add(region, document["EmailAddress"], reason=document["Reason"], at=self.now)
                return {}
            case "POST", ["import-jobs"]:
                action = document["ImportDestination"]["SuppressionListDestination"]["SuppressionListImportAction"]
                running = [job for job in self.jobs.values() if job["JobStatus"] in {"CREATED", "PROCESSING"}]
                assert len(running) < 20
                job_id = f"job-{len(self.jobs)}"
                self.jobs[job_id] = {**document["ImportDataSource"], "action": action}
                self.jobs[job_id] |= {"region": region, "JobStatus": "CREATED"}
                return {"JobId": job_id}
            case "GET", ["import-jobs", job_id]:
                return self._job(job_id)
            case unknown:
                raise AssertionError(f"this fake does not know {unknown}")

    def _page(self, region: str, query: dict[str, list[str]]) -> dict[str, Any]:
        size = min(self.page_size, int(query["PageSize"][0]))
        assert size <= 1_000
        start = int(query.get("NextToken", ["0"])[0])
        entries = list(self.lists.get(region, {}).items())
        summaries = [_destination(spelling, entry) for spelling, entry in entries[start : start + size]]
        page: dict[str, Any] = {"SuppressedDestinationSummaries": summaries}
        if start + size < len(entries):
            page["NextToken"] = str(start + size)
        return page

    def _job(self, job_id: str) -> dict[str, Any]:
        """A job reads its rows when it is first looked at, and has ended at the second look."""
        job = self.jobs[job_id]
        if job["JobStatus"] == "CREATED":
            job["JobStatus"] = "PROCESSING"
            bucket, _, key = job["S3Url"].removeprefix("s3://").partition("/")
            s3_object = boto3.client("s3", region_name=job["region"]).get_object(Bucket=bucket, Key=key)
            job["encryption"] = (s3_object["ServerSideEncryption"], s3_object.get("SSEKMSKeyId"))
            rows = [json.loads(line) for line in s3_object["Body"].read().splitlines()]
            limit, fields = {
                "PUT": (100_000, {"emailAddress", "reason"}),
                "DELETE": (10_000, {"emailAddress"}),
            }[job["action"]]
            assert len(rows) <= limit
            assert all(row.keys() == fields for row in rows)
            job["size"] = len(rows)
            accepted = [row for row in rows if not self.is_refused_by_job(row["emailAddress"])]
            job["FailedRecordsCount"] = len(rows) - len(accepted)
            job["ProcessedRecordsCount"] = len(rows)
            if self.job_status == "COMPLETED":
                for row in accepted:
                    if job["action"] == "DELETE":
                        self.lists.get(job["region"], {}).pop(row["emailAddress"], None)
                        continue
                    self.add(job["region"], row["emailAddress"], reason=row["reason"], at=self.now)
        elif job["JobStatus"] == "PROCESSING":
            job["JobStatus"] = self.job_status
        return {
            "JobId": job_id,
            "JobStatus": job["JobStatus"],
            **{name: job[name] for name in ("FailedRecordsCount", "ProcessedRecordsCount") if name in job},
        }


def _destination(spelling: str, entry: tuple[str, datetime]) -> dict[str, Any]:
    reason, at = entry
    return {"EmailAddress": spelling, "Reason": reason, "LastUpdateTime": at.timestamp()}
