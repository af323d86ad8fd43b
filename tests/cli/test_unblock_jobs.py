"""`ses-feedback unblock --bucket`: SES's import jobs take a wave of addresses off its lists.

Tables and S3 on moto, SES's lists and jobs in `fake_ses`. Not proved: how long SES takes for a job, what it counts as
a failed record, when the list shows what a job removed, and which permissions it needs to read the bucket.
"""

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from ses_feedback.history.event import Event
from ses_feedback_cli import import_jobs

from tests.cli.conftest import Tables
from tests.cli.fake_ses import FakeSes

WEST, EAST = "eu-west-1", "us-east-1"
NOW = datetime.now(UTC)
COUNT = import_jobs.SINGLE_CALLS + 20
LISTED = [f"user{number}@example.org" for number in range(COUNT)]
FREE = "free@example.org"
SELECTION = (
    "unblock",
    "--domain",
    "example.org",
    "--note",
    "provider was broken",
    "--yes",
    "--undo-file",
    "undo.jsonl",
)
BUCKET = ("--ses-region", WEST, "--bucket", "lists")


@pytest.fixture(autouse=True)
def _wave(
    tables: Tables,
    ses: FakeSes,
    bounce: Callable[..., Event],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wave of blocked addresses, all but one on SES's list, in capitals; jobs of 30 addresses."""
    s3 = boto3.client("s3", region_name=WEST)
    s3.create_bucket(Bucket="lists", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(import_jobs.JOB_LIMITS, "DELETE", 30)
    ses.page_size = 1_000
    tables.apply([bounce(address, NOW - timedelta(hours=1)) for address in (*LISTED, FREE)])
    ses.add(WEST, *(address.replace("user", "User") for address in LISTED), "other@example.org")


def object_keys() -> list[str]:
    listing = boto3.client("s3", region_name=WEST).list_objects_v2(Bucket="lists")
    return [entry["Key"] for entry in listing.get("Contents", [])]


@pytest.mark.parametrize("key", [None, "arn:aws:kms:eu-west-1:123456789012:key/1"])
@pytest.mark.parametrize("form", ["selection", "stdin", "from"])
def test_a_wave_leaves_the_list_by_jobs(tables: Tables, ses: FakeSes, form: str, key: str | None) -> None:
    command: tuple[str, ...] = SELECTION
    stdin = None
    if form == "stdin":
        command, stdin = ("unblock", "-", "--note", "ticket 7"), "\n".join([*LISTED, FREE])
    if form == "from":
        ses.before_call = lambda method, _: 403 if method == "POST" else None
        assert tables.run(*SELECTION, *BUCKET).exit_code == 3
        ses.before_call = lambda _method, _path: None
        ses.calls.clear()
        command = ("unblock", "--from", "undo.jsonl")
    result = tables.run(*command, *BUCKET, *(("--kms-key", key) if key else ()), stdin=stdin)
    assert result.exit_code == 0, result.stderr
    assert tables.blocked() == {}
    assert ses.spellings() == {WEST: {"other@example.org"}}
    assert [(job["action"], job["size"]) for job in ses.jobs.values()] == [
        ("DELETE", 30),
        ("DELETE", 30),
        ("DELETE", 10),
    ]
    assert {job["encryption"] for job in ses.jobs.values()} == {("aws:kms", key) if key else ("AES256", None)}
    assert {method for _, method, _ in ses.calls} == {"GET", "POST"}, "no call for a single address"
    assert object_keys() == []


def test_the_tables_wait_for_the_jobs_but_for_what_is_on_no_list(tables: Tables, ses: FakeSes) -> None:
    # A mail to an address that is free here and still on SES's list is reported as a bounce, which blocks it again.
    seen = []

    def before(method: str, path: str) -> None:
        if path.startswith("import-jobs"):
            seen.append(method)
            assert set(tables.blocked()) == set(LISTED)

    ses.before_call = before
    assert tables.run(*SELECTION, *BUCKET).exit_code == 0
    assert seen[:3] == ["POST"] * 3, "jobs run at the same time"
    assert tables.blocked() == {}


@pytest.mark.parametrize(("status", "stay"), [("COMPLETED", LISTED[7:8]), ("FAILED", LISTED)])
def test_what_a_job_does_not_remove_stays_blocked_and_the_next_run_does_it(
    tables: Tables, ses: FakeSes, status: str, stay: list[str]
) -> None:
    ses.job_status, ses.is_refused_by_job = status, lambda address: address.lower() == LISTED[7]
    result = tables.run(*SELECTION, *BUCKET)
    assert result.exit_code == 1
    assert set(tables.blocked()) == set(stay)
    named = [line.partition(" ")[0] for line in result.stdout.splitlines() if "FAILED: SES's suppression list" in line]
    assert sorted(named) == sorted(stay)
    assert "get-import-job" in result.stderr
    assert object_keys() == []
    ses.job_status, ses.is_refused_by_job = "COMPLETED", lambda _: False
    assert tables.run("unblock", "--from", "undo.jsonl", *BUCKET).exit_code == 0
    assert tables.blocked() == {}
    assert ses.spellings() == {WEST: {"other@example.org"}}


def test_a_record_that_failed_because_nothing_was_there_is_no_failure(tables: Tables, ses: FakeSes) -> None:
    def refuse(address: str) -> bool:  # somebody else has removed it in the meantime
        ses.lists[WEST].pop("User7@example.org", None)
        return address == "User7@example.org"

    ses.is_refused_by_job = refuse
    assert tables.run(*SELECTION, *BUCKET).exit_code == 0
    assert tables.blocked() == {}


@pytest.mark.parametrize("when", ["POST", "GET"])
def test_after_ctrl_c_no_address_is_in_the_bucket_and_the_command_continues(
    tables: Tables, ses: FakeSes, when: str
) -> None:
    def before(method: str, path: str) -> None:
        if method == when and path.startswith("import-jobs") and len(ses.jobs) >= 2:
            assert len(object_keys()) == 3
            raise KeyboardInterrupt

    ses.before_call = before
    result = tables.run(*SELECTION, *BUCKET)
    assert result.exit_code == 130
    assert "unblock --from undo.jsonl" in result.stderr
    assert set(tables.blocked()) == set(LISTED)
    assert object_keys() == []
    ses.before_call = lambda _method, _path: None
    ses.jobs.clear()
    assert tables.run("unblock", "--from", "undo.jsonl", *BUCKET).exit_code == 0
    assert tables.blocked() == {}


def test_ctrl_c_does_not_wait_for_a_job_that_never_ends(tables: Tables, ses: FakeSes) -> None:
    ses.job_status = "PROCESSING"
    looks = 0

    def before(_method: str, path: str) -> None:
        nonlocal looks
        looks += path.startswith("import-jobs/")
        assert looks < 500, "it is still waiting"
        if looks == 5:
            os.kill(os.getpid(), signal.SIGINT)

    ses.before_call = before
    assert tables.run(*SELECTION, *BUCKET).exit_code == 130
    assert looks < 500
    assert set(tables.blocked()) == set(LISTED)
    assert object_keys() == []


def test_without_a_bucket_it_says_how_long_it_takes_and_goes_on(tables: Tables, ses: FakeSes) -> None:
    result = tables.run(*SELECTION, "--ses-region", WEST)
    assert result.exit_code == 0
    assert f"{COUNT} addresses" in result.stderr
    assert "0:01:10" in result.stderr
    assert f"--bucket {WEST}=NAME" in result.stderr
    assert len([method for _, method, _ in ses.calls if method == "DELETE"]) == COUNT
    assert (tables.blocked(), ses.jobs) == ({}, {})


def test_a_few_need_no_job(tables: Tables, ses: FakeSes) -> None:
    ses.lists = {WEST: dict(list(ses.lists[WEST].items())[: import_jobs.SINGLE_CALLS])}
    result = tables.run(*SELECTION, *BUCKET)
    assert (result.exit_code, tables.blocked(), ses.jobs, ses.lists) == (0, {}, {}, {WEST: {}})
    assert "import job" not in result.stderr


def test_a_bucket_that_keeps_versions_keeps_no_addresses(tables: Tables) -> None:
    s3 = boto3.client("s3", region_name=WEST)
    s3.put_bucket_versioning(Bucket="lists", VersioningConfiguration={"Status": "Enabled"})
    assert tables.run(*SELECTION, *BUCKET).exit_code == 0
    assert s3.list_object_versions(Bucket="lists").keys().isdisjoint({"Versions", "DeleteMarkers"})


def test_a_region_that_needs_a_bucket_too_is_refused_before_anything_changes(tables: Tables, ses: FakeSes) -> None:
    ses.add(EAST, *LISTED)
    before = tables.blocked()
    result = tables.run(*SELECTION, "--ses-region", WEST, "--ses-region", EAST, "--bucket", f"{WEST}=lists")
    assert result.exit_code == 2
    assert f"--bucket {EAST}=NAME" in result.stderr
    assert tables.blocked() == before
    assert {method for _, method, _ in ses.calls} == {"GET"}


def test_what_ses_listed_after_the_selection_is_in_no_job(tables: Tables, ses: FakeSes) -> None:
    ses.add(WEST, "User7@example.org", at=NOW + timedelta(hours=1))
    result = tables.run(*SELECTION, *BUCKET)
    assert result.exit_code == 1
    assert set(tables.blocked()) == {"user7@example.org"}
    assert ses.spellings() == {WEST: {"other@example.org", "User7@example.org"}}
    assert "get-import-job" not in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [(BUCKET, "by at most 3 import jobs"), (BUCKET[:2], "at one call a second: 0:01:11 at most")],
)
def test_a_dry_run_says_how_and_asks_ses_nothing(
    tables: Tables, ses: FakeSes, options: tuple[str, ...], message: str
) -> None:
    before: Any = (tables.blocked(), ses.spellings(), sorted(Path.cwd().iterdir()))
    result = tables.run(*SELECTION, *options, "--dry-run")
    assert result.exit_code == 0
    assert f"up to {COUNT + 1} addresses" in result.stderr
    assert message in result.stderr
    assert (tables.blocked(), ses.spellings(), sorted(Path.cwd().iterdir())) == before
    assert (ses.calls, object_keys()) == ([], [])


@pytest.mark.parametrize(
    "options",
    [("--no-ses", "--bucket", "lists"), ("--no-ses", "--kms-key", "k"), ("--ses-region", WEST, "--kms-key", "k"),
     ("--ses-region", WEST, "--bucket", "af-south-1=lists")],
)  # fmt: skip
def test_buckets_that_cannot_be_used_are_refused(tables: Tables, ses: FakeSes, options: tuple[str, ...]) -> None:
    result = tables.run("unblock", FREE, "--note", "ticket 7", *options)
    assert result.exit_code == 2
    assert options[-2] in result.stderr
    assert FREE in tables.blocked()
    assert ses.calls == []
