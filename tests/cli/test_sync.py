"""`ses-feedback sync` and `import --from-ses`: tables and S3 on moto, and SES's lists in `fake_ses`.

Not proved: that AWS accepts these calls beyond its own model, how long an import job takes, and which permissions SES
needs to read the bucket.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from ses_feedback.history.event import Event, manual_event
from ses_feedback_cli import import_jobs
from ses_feedback_cli.context import Context
from ses_feedback_cli.lists.comparison import ses_reason
from ses_feedback_cli.suppression_list import CallPacer

from tests.cli.conftest import NOW, Tables
from tests.cli.fake_ses import FakeSes

Bounce = Callable[..., Event]
WEST, EAST = "eu-west-1", "us-east-1"
LATER, EARLIER = NOW + timedelta(days=1), NOW - timedelta(days=1)


@pytest.fixture(autouse=True)
def _bucket(tables: Tables, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert tables.outputs.exists()  # moto is on
    s3 = boto3.client("s3", region_name=WEST)
    s3.create_bucket(Bucket="lists", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    monkeypatch.chdir(tmp_path)


def object_keys() -> list[str]:
    listing = boto3.client("s3", region_name=WEST).list_objects_v2(Bucket="lists")
    return [entry["Key"] for entry in listing.get("Contents", [])]


def manual(kind: Any, address: str, at: Any, **options: Any) -> Event:
    return manual_event(kind, address, actor="ops", note="", at=at, **options)


def test_without_a_flag_it_only_shows_the_differences(tables: Tables, ses: FakeSes, bounce: Bounce) -> None:
    tables.apply([bounce("both@x.org"), bounce("here@x.org"), manual("block", "manual@x.org", NOW)])
    ses.lists = {WEST: {"Both@X.org": ("BOUNCE", NOW), "There@x.org": ("COMPLAINT", NOW)}, EAST: {}}
    before = tables.blocked()
    result = tables.run("sync", "--region", WEST, "--region", EAST)
    assert result.exit_code == 1
    west, east = (
        line.split()
        for line in result.stdout.splitlines()
        if line.startswith((f" {WEST} ", f" {EAST} ", f"{WEST} ", f"{EAST} "))
    )
    assert west == [WEST, "2", "1", "1", "1", "0"]
    assert east == [EAST, "0", "0", "2", "1", "0"]
    assert "There@x.org" in result.stdout
    assert tables.blocked() == before
    assert {method for _, method, _ in ses.calls} == {"GET"}


def test_lists_that_agree_are_exit_code_0_whatever_the_spelling(tables: Tables, ses: FakeSes, bounce: Bounce) -> None:
    tables.apply([bounce("jane@x.org")])
    ses.lists = {WEST: {"Jane@X.ORG": ("BOUNCE", NOW)}}
    assert tables.run("sync", "--region", WEST).exit_code == 0


def test_pull_imports_from_the_time_of_ses_so_a_later_unblock_stays(tables: Tables, ses: FakeSes) -> None:
    tables.apply([manual("unblock", "later@x.org", LATER), manual("unblock", "earlier@x.org", EARLIER)])
    ses.lists = {WEST: {f"{name}@x.org": ("COMPLAINT", NOW) for name in ("later", "earlier", "Unknown")}}
    (result,) = tables.json("sync", "--region", WEST, "--pull")
    assert result["pulled"] == {"rows": 3, "recorded": 3}
    blocked = tables.blocked()
    assert blocked.keys() == {"earlier@x.org", "unknown@x.org"}
    unknown = blocked["unknown@x.org"]
    assert (unknown["reason"], unknown["subtype"], unknown["blocked_at"]) == (
        "import",
        "complaint",
        "2026-11-24T12:00:00.000Z",
    )
    assert WEST in unknown["note"]
    (second_result,) = tables.json("sync", "--region", WEST, "--pull")
    assert (second_result["regions"][0]["only_in_ses"], second_result["pulled"]) == (1, {"rows": 1, "duplicate": 1})


def test_push_takes_only_what_ses_has_a_reason_for(tables: Tables, ses: FakeSes, bounce: Bounce) -> None:
    soft = [
        bounce("soft@x.org", NOW + timedelta(hours=hour), type="Transient", subtype="MailboxFull", status="4.2.2")
        for hour in range(5)
    ]
    tables.apply(
        [
            *soft,
            bounce("hard@x.org"),
            bounce("complained@x.org", kind="complaint", type="abuse", subtype=""),
            manual("import", "imported@x.org", NOW, subtype="BOUNCE"),
            manual("import", "crm@x.org", NOW, subtype="asked us"),
            manual("block", "manual@x.org", NOW),
            manual("import", "ends@x.org", NOW, subtype="bounce", expires_at=NOW + timedelta(days=9_000)),
        ]
    )
    result = tables.run("sync", "--region", WEST, "--push")
    assert result.exit_code == 0, result.stderr
    assert {address: reason for address, (reason, _) in ses.lists[WEST].items()} == {
        "hard@x.org": "BOUNCE",
        "complained@x.org": "COMPLAINT",
        "imported@x.org": "BOUNCE",
    }


def test_many_without_a_bucket_are_refused_before_anything_is_written(
    tables: Tables, ses: FakeSes, bounce: Bounce
) -> None:
    tables.apply([bounce(f"n{number}@x.org") for number in range(51)])
    ses.lists = {WEST: {"there@x.org": ("BOUNCE", NOW)}}
    result = tables.run("sync", "--region", WEST, "--push", "--pull")
    assert result.exit_code == 2
    assert f"--bucket {WEST}=" in result.stderr
    assert "@x.org" not in result.stderr
    assert "there@x.org" not in tables.blocked()
    assert {method for _, method, _ in ses.calls} == {"GET"}


@pytest.mark.parametrize("key", [None, "arn:aws:kms:eu-west-1:123456789012:key/1"])
def test_many_go_through_import_jobs_from_encrypted_objects_that_are_deleted(
    tables: Tables, ses: FakeSes, bounce: Bounce, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    monkeypatch.setitem(import_jobs.JOB_LIMITS, "PUT", 40)
    addresses = {f"n{number}@x.org" for number in range(99)} | {'"a,b"@x.org'}
    tables.apply([bounce(address) for address in addresses])
    (result,) = tables.json(
        "sync", "--region", WEST, "--push", "--bucket", "lists", *(("--kms-key", key) if key else ())
    )
    assert ses.lists[WEST].keys() == addresses
    assert [push["pushed"] for push in result["pushed"]] == [40, 40, 20]
    assert {job["encryption"] for job in ses.jobs.values()} == {("aws:kms", key) if key else ("AES256", None)}
    assert object_keys() == []
    assert not any(method == "PUT" for _, method, _ in ses.calls)
    assert tables.run("sync", "--region", WEST).exit_code == 0


@pytest.mark.parametrize(("status", "failed"), [("COMPLETED", 1), ("FAILED", 60)])
def test_a_job_that_does_not_take_all_is_exit_code_1(
    tables: Tables, ses: FakeSes, bounce: Bounce, status: str, failed: int
) -> None:
    tables.apply([bounce(f"n{number}@x.org") for number in range(60)])
    ses.job_status, ses.is_refused_by_job = status, lambda address: address.startswith("n7@")
    result = tables.run("sync", "--region", WEST, "--push", "--bucket", "lists")
    assert result.exit_code == 1
    assert str(failed) in result.stdout.split()
    assert "get-import-job" in result.stderr
    assert object_keys() == []


@pytest.mark.parametrize("when", ["created", "asked"])
def test_ctrl_c_leaves_no_addresses_in_the_bucket(tables: Tables, ses: FakeSes, bounce: Bounce, when: str) -> None:
    tables.apply([bounce(f"n{number}@x.org") for number in range(60)])

    def before(method: str, path: str) -> None:
        if (method, path.partition("/")[0]) == ("POST" if when == "created" else "GET", "import-jobs"):
            assert len(object_keys()) == 1
            raise KeyboardInterrupt

    ses.before_call = before
    result = tables.run("sync", "--region", WEST, "--push", "--bucket", "lists")
    assert result.exit_code == 130
    assert object_keys() == []


def test_several_regions_need_a_bucket_each(tables: Tables, ses: FakeSes) -> None:
    two = ("--region", WEST, "--region", EAST)
    assert "REGION=NAME" in tables.run("sync", "--push", *two, "--bucket", "lists").stderr
    assert "af-south-1" in tables.run("sync", "--push", *two, "--bucket", "af-south-1=lists").stderr
    assert ses.calls == []


def test_a_list_is_read_to_its_last_page(tables: Tables, ses: FakeSes) -> None:
    ses.page_size = 2
    ses.lists = {region: {f"n{number}@{region}.org": ("BOUNCE", NOW) for number in range(5)} for region in (WEST, EAST)}
    result = tables.run("import", "--from-ses", "--region", WEST, "--region", EAST)
    assert result.exit_code == 0, result.stderr
    assert len(tables.blocked()) == 10
    assert [region for region, _, _ in ses.calls] == [WEST, EAST] * 3  # in turn: each waits for its own second only


def test_import_from_ses_twice_changes_nothing_and_what_is_no_address_is_told(
    tables: Tables, ses: FakeSes, tmp_path: Path
) -> None:
    ses.lists = {WEST: {"jane@x.org": ("BOUNCE", NOW), "j\u00f6rg@x.org": ("BOUNCE", NOW)}}
    (result,) = tables.json("import", "--from-ses", "--region", WEST)
    assert (result["rows"], result["recorded"], result["rejected"]) == (2, 1, 1)
    assert "j\u00f6rg@x.org" in (tmp_path / "ses-suppression.rejects.csv").read_text("utf-8")
    before = tables.blocked()
    (second_result,) = tables.json("import", "--from-ses", "--region", WEST)
    assert second_result["duplicate"] == 1
    assert tables.blocked() == before


def test_ses_that_does_not_answer_is_exit_code_3(tables: Tables, ses: FakeSes) -> None:
    ses.before_call = lambda _method, _path: 403
    result = tables.run("sync", "--region", WEST)
    assert result.exit_code == 3
    assert "ListSuppressedDestinations" in result.stderr


def test_one_call_a_second() -> None:
    now = 100.0
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    pacer = CallPacer(lambda: now, sleep)
    pacer.wait()
    now += 0.25
    pacer.wait()
    now += 5
    pacer.wait()
    assert slept == [0.75]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"reason": "bounce"}, "BOUNCE"),
        ({"reason": "complaint", "subtype": "OnAccountSuppressionList"}, "COMPLAINT"),
        ({"reason": "bounce", "expires_at": 4_000_000_000}, ""),
        ({"reason": "import", "subtype": "Complaint"}, "COMPLAINT"),
        ({"reason": "import"}, ""),
        ({"reason": "manual", "subtype": "bounce"}, ""),
        ({}, ""),
    ],
)
def test_the_reason_for_ses(item: dict[str, Any], reason: str) -> None:
    assert ses_reason(item)[0] == reason


@pytest.mark.usefixtures("ses")
def test_the_addresses_go_to_a_bucket_of_this_account_only(
    tables: Tables, bounce: Bounce, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.apply([bounce(f"n{number}@x.org") for number in range(51)])
    requests: list[tuple[str, str | None]] = []
    original_client = Context.client

    def client(self: Context, service: str, region: str | None = None) -> Any:
        boto_client = original_client(self, service, region)
        if service == "s3":
            boto_client.meta.events.register(
                "before-parameter-build.s3",
                lambda params, model, **_: requests.append((model.name, params.get("ExpectedBucketOwner"))),
            )
        return boto_client

    monkeypatch.setattr(Context, "client", client)
    assert tables.run("sync", "--region", WEST, "--push", "--bucket", "lists").exit_code == 0
    assert requests == [("PutObject", "123456789012"), ("DeleteObject", "123456789012")]
