"""`ses-feedback report` with moto, which returns a scan on one page and does not check permissions.

Not tested: the permissions that AWS requires, and parallel scans of a real table;
`test_every_page_of_every_segment_is_read` imitates one.
"""

import json
import stat
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import botocore.client
import pytest
from botocore.exceptions import ClientError
from ses_feedback.history.event import Event
from ses_feedback_cli.commands.report import _first_day
from ses_feedback_cli.context import Context
from ses_feedback_cli.report import aws_reads

from tests.cli.conftest import BLOCKED, DNS_FAILURE, HISTORY, Tables

Bounce = Callable[..., Event]
PAGE = "ses-feedback-report.html"
BASE_CLIENT: Any = botocore.client.BaseClient
"""Every call of every client goes through its `_make_api_call`."""


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def now() -> datetime:
    return datetime.now(UTC)


def put_rate(kind: str, value: float, timestamp: datetime) -> None:
    boto3.client("cloudwatch", region_name="eu-west-1").put_metric_data(
        Namespace="AWS/SES",
        MetricData=[{"MetricName": f"Reputation.{kind}Rate", "Value": value, "Timestamp": timestamp}],
    )


def add_pipeline(tables: Tables) -> str:
    """Add a pipeline to the outputs; returns the URL of its dead-letter queue."""
    sqs = boto3.client("sqs", region_name="eu-west-1")
    dead_letter_queue_url, subscription_dead_letter_queue_url = (
        sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("dead-letters", "subscription-dead-letters")
    )
    pipeline = {
        "kind": "bounce", "region": "eu-west-1", "topicArn": "t", "queueUrl": "q",
        "deadLetterQueueUrl": dead_letter_queue_url,
        "subscriptionDeadLetterQueueUrl": subscription_dead_letter_queue_url,
        "functionName": "f", "logGroupName": "l", "roleArn": "r",
    }  # fmt: skip
    outputs = {"blockedTableArn": BLOCKED, "historyTableArn": HISTORY, "pipelines": {"bounce-shop": pipeline}}
    tables.outputs.write_text(json.dumps(outputs))
    return dead_letter_queue_url


def deny(monkeypatch: pytest.MonkeyPatch, operation: str, code: str = "AccessDeniedException") -> None:
    """Let one operation fail, with the caller's name in the message, as AWS does."""
    original = BASE_CLIENT._make_api_call

    def make_api_call(self: Any, name: str, parameters: Any) -> Any:
        if name == operation:
            message = "User: arn:aws:sts::123456789012:assumed-role/x/jane.doe@corp.example is not authorized"
            raise ClientError({"Error": {"Code": code, "Message": message}}, name)
        return original(self, name, parameters)

    monkeypatch.setattr(BASE_CLIENT, "_make_api_call", make_api_call)


def test_the_page_is_readable_by_its_owner_only(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(f"person{number}@example.org", now()) for number in range(3)])
    result = tables.run("report")
    assert (result.exit_code, result.stdout) == (0, "")
    page = Path(PAGE)
    assert "example.org" in page.read_text()
    assert "person0" not in page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert {path.name for path in Path().iterdir()} == {PAGE, tables.outputs.name}


def test_stdout_gets_the_page_only(tables: Tables) -> None:
    result = tables.run("report", "-")
    assert result.exit_code == 0
    assert result.stdout.startswith("<!doctype html>")
    assert result.stdout.rstrip().endswith("</html>")
    assert not Path(PAGE).exists()


def test_json_is_one_document_on_stdout_or_in_the_file(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce("jane.doe@example.org", now())])
    (document,) = tables.json("report")
    assert document["blocked"]["permanent"] == {"bounce": 1}
    assert document["bounces"]["total"] == {"block": 1}
    assert tables.run("report", "numbers.json", "--json").stdout == ""
    assert json.loads(Path("numbers.json").read_text())["bounces"] == document["bounces"]


def test_holds_are_read_and_shown(tables: Tables, bounce: Bounce) -> None:
    soft_bounce_fields = {"type": "Transient", "subtype": "MailboxFull", "status": "4.2.2"}
    tables.apply(
        [
            bounce("held@example.org", now(), **DNS_FAILURE),
            bounce("held@example.org", now(), **soft_bounce_fields, feedback_id="soft"),
            bounce("gone@example.org", now() - timedelta(days=20), **DNS_FAILURE),
            bounce("gone@example.org", now(), **DNS_FAILURE),
        ]
    )
    (document,) = tables.json("report")
    assert document["blocked"] == {"permanent": {"bounce": 1}, "temporary": {"hold": 1}, "confirmed": 1}
    assert sum(row["addresses"] for row in document["soft_bounces"]["mails"]) == 0, "it is held"
    page = tables.run("report", "-").stdout
    assert "3 held, 1 soft" in page
    assert "Blocked permanently after a hold, because the same came again: 1." in page


def test_addresses_are_shown_with_the_option_only(tables: Tables, bounce: Bounce) -> None:
    soft_bounce_fields = {"type": "Transient", "subtype": "MailboxFull", "status": "4.2.2"}
    tables.apply([bounce("jane.doe@example.org", now(), **soft_bounce_fields)])
    without_option, with_option = tables.run("report", "-"), tables.run("report", "-", "--addresses")
    assert "jane.doe" not in without_option.stdout
    assert "example.org" not in without_option.stdout
    assert "jane.doe@example.org" in with_option.stdout


def test_the_only_soft_bounce_of_an_address_counts_also_from_before_the_period(tables: Tables, bounce: Bounce) -> None:
    soft_bounce_fields = {"type": "Transient", "subtype": "MailboxFull", "status": "4.2.2"}
    tables.apply([bounce("jane.doe@example.org", now() - timedelta(days=10), **soft_bounce_fields)])
    (document,) = tables.json("report", "--since", "1d")
    assert document["bounces"]["total"] == {}
    assert sum(row["addresses"] for row in document["soft_bounces"]["mails"]) == 1


@pytest.mark.parametrize(
    ("since", "first_day"),
    [("1d", "2026-11-24"), ("7", "2026-11-18"), ("365d", "2025-11-25"), ("2026-11-22", "2026-11-22")],
)
def test_since_is_a_number_of_days_or_a_day(since: str, first_day: str) -> None:
    assert _first_day(since, date(2026, 11, 24)).isoformat() == first_day


def test_every_day_of_the_period_is_shown(tables: Tables) -> None:
    (document,) = tables.json("report", "--since", "7d")
    assert len(document["bounces"]["days"]) == 7


@pytest.mark.parametrize("since", ["0d", "2999-01-01", "366d", "99999d", "last week", "2026-13-01", "-3d"])
def test_an_invalid_period_is_rejected(tables: Tables, since: str) -> None:
    result = tables.run("report", f"--since={since}")
    assert result.exit_code == 2
    assert since in result.stderr
    assert not Path(PAGE).exists()


def test_the_latest_rates_are_shown(tables: Tables) -> None:
    put_rate("Bounce", 0.07, now() - timedelta(hours=30))
    put_rate("Bounce", 0.02, now() - timedelta(hours=2))
    (document,) = tables.json("report")
    bounces, complaints = document["rates"]
    assert (bounces["region"], bounces["value"], bounces["level"]) == ("eu-west-1", 0.02, "healthy")
    assert (complaints["value"], complaints["level"], complaints["failed"]) == (None, "unknown", False)


def test_dead_letters_are_counted_by_queue(tables: Tables) -> None:
    queue_url = add_pipeline(tables)
    sqs = boto3.client("sqs", region_name="eu-west-1")
    for _ in range(3):
        sqs.send_message(QueueUrl=queue_url, MessageBody="x")
    sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=1)  # a message in flight counts too
    (document,) = tables.json("report")
    assert [(count["queue"], count["messages"]) for count in document["dead_letters"]] == [
        ("dead-letters", 3),
        ("subscription-dead-letters", 0),
    ]


def test_without_pipelines_dead_letters_are_unknown(tables: Tables) -> None:
    (document,) = tables.json("report")
    assert document["dead_letters"] is None
    assert "no pipelines given" in tables.run("report", "-").stdout


def test_a_region_without_pipelines_has_no_dead_letters(tables: Tables) -> None:
    add_pipeline(tables)
    (document,) = tables.json("report", "--region", "us-east-1")
    assert document["dead_letters"] == []
    assert "no pipeline in these Regions" in tables.run("report", "-", "--region", "us-east-1").stdout


def test_invalid_outputs_are_not_taken_as_no_pipelines(tables: Tables) -> None:
    tables.outputs.write_text(
        json.dumps({"blockedTableArn": BLOCKED, "historyTableArn": HISTORY, "pipelines": {"bounce-shop": {}}})
    )
    result = tables.run("report")
    assert result.exit_code == 2
    assert "bounce-shop" in result.stderr


@pytest.mark.parametrize("operation", ["GetMetricData", "GetQueueAttributes"])
def test_a_part_that_aws_denies_is_unknown_with_exit_code_1(
    tables: Tables, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """The error message of AWS names the caller, who may be a person."""
    add_pipeline(tables)
    deny(monkeypatch, operation)
    result = tables.run("report")
    assert result.exit_code == 1
    assert "AccessDeniedException" in result.stderr
    page = Path(PAGE).read_text()
    assert "AccessDeniedException" in page
    assert "jane.doe" not in page + result.stderr


def test_when_aws_denies_a_table_the_last_page_stays_as_it_is(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(PAGE).write_text("the last page")
    deny(monkeypatch, "Scan")
    assert tables.run("report").exit_code == 3
    assert Path(PAGE).read_text() == "the last page"


def test_ctrl_c_leaves_the_last_page_as_it_is(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(PAGE).write_text("the last page")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    assert tables.run("report").exit_code == 130
    assert Path(PAGE).read_text() == "the last page"
    assert {path.name for path in Path().iterdir()} == {PAGE, tables.outputs.name}


@pytest.mark.parametrize("file", ["nowhere/page.html", "."])
def test_a_file_that_cannot_be_written_is_reported_before_anything_is_read(
    tables: Tables, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    deny(monkeypatch, "Scan")
    result = tables.run("report", file)
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_no_address_is_read_from_the_blocked_table(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    original = BASE_CLIENT._make_api_call

    def make_api_call(self: Any, name: str, parameters: Any) -> Any:
        calls.append(parameters)
        return original(self, name, parameters)

    monkeypatch.setattr(BASE_CLIENT, "_make_api_call", make_api_call)
    tables.run("report")
    projections = [
        set(parameters["ExpressionAttributeNames"].values())
        for parameters in calls
        if parameters.get("TableName") == BLOCKED
    ]
    assert projections
    assert all(projection == {"reason", "expires_at", "confirmed"} for projection in projections)


def test_every_page_of_every_segment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        """A table with three pages per segment, of which the second has no matching item."""

        def scan(self, *, Segment: int, TotalSegments: int, **parameters: Any) -> dict[str, Any]:  # noqa: N803
            page = parameters.get("ExclusiveStartKey", 0)
            assert Segment < TotalSegments
            items = [] if page == 1 else [{"reason": {"S": "bounce"}}] * (Segment + 1)
            return {"Items": items, "ScannedCount": 2, **({"LastEvaluatedKey": page + 1} if page < 2 else {})}

    class Builder:
        """Counts the items, in place of a `SummaryBuilder`."""

        items = 0

        def count_blocked_item(self, _: object) -> None:
            self.items += 1

    monkeypatch.setattr(Context, "dynamodb_client", lambda *_: Client())
    builder = Builder()
    scanned_counts: list[int] = []
    context = Context(table="blocked")
    aws_reads.count_blocked_table(context, builder, scanned_counts.append)  # type: ignore[arg-type]
    assert builder.items == 2 * (1 + 2 + 3 + 4)
    assert sum(scanned_counts) == 2 * 3 * 4
