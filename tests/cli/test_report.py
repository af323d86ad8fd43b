"""`ses-feedback report`. On moto, which scans in one piece and knows no rights: does not prove what rights AWS asks
for, nor that segments of a real table come together; `test_it_reads_every_page_of_every_segment` fakes those."""

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
from ses_feedback_cli.report import gather

from tests.cli.conftest import BLOCKED, HISTORY, Tables

Bounce = Callable[..., Event]
PAGE = "ses-feedback-report.html"
CLIENT: Any = botocore.client.BaseClient
"""Every call of every client passes its `_make_api_call`."""


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def now() -> datetime:
    return datetime.now(UTC)


def put_rate(kind: str, value: float, at: datetime) -> None:
    boto3.client("cloudwatch", region_name="eu-west-1").put_metric_data(
        Namespace="AWS/SES",
        MetricData=[{"MetricName": f"Reputation.{kind}Rate", "Value": value, "Timestamp": at}],
    )


def give_pipeline(tables: Tables) -> str:
    """A pipeline in the outputs, whose dead-letter queue is returned."""
    sqs = boto3.client("sqs", region_name="eu-west-1")
    dead, subscription_dead_letters = (
        sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("dead", "subscription-dead-letters")
    )
    pipeline = {
        "kind": "bounce", "region": "eu-west-1", "topicArn": "t", "queueUrl": "q", "deadLetterQueueUrl": dead,
        "subscriptionDeadLetterQueueUrl": subscription_dead_letters,
        "functionName": "f", "logGroupName": "l", "roleArn": "r",
    }  # fmt: skip
    outputs = {"blockedTableArn": BLOCKED, "historyTableArn": HISTORY, "pipelines": {"bounce-shop": pipeline}}
    tables.outputs.write_text(json.dumps(outputs))
    return dead


def refuse(monkeypatch: pytest.MonkeyPatch, operation: str, code: str = "AccessDeniedException") -> None:
    """Let AWS refuse one operation, with the caller's name in the message, as it does."""
    call = CLIENT._make_api_call

    def make(self: Any, name: str, given: Any) -> Any:
        if name == operation:
            told = "User: arn:aws:sts::123456789012:assumed-role/x/jane.doe@corp.example is not authorized"
            raise ClientError({"Error": {"Code": code, "Message": told}}, name)
        return call(self, name, given)

    monkeypatch.setattr(CLIENT, "_make_api_call", make)


def test_it_writes_a_page_that_only_its_owner_may_read(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(f"person{number}@example.org", now()) for number in range(3)])
    done = tables.run("report")
    assert (done.exit_code, done.stdout) == (0, "")
    page = Path(PAGE)
    assert "example.org" in page.read_text()
    assert "person0" not in page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert {path.name for path in Path().iterdir()} == {PAGE, tables.outputs.name}


def test_stdout_gets_the_page_and_nothing_else(tables: Tables) -> None:
    done = tables.run("report", "-")
    assert done.exit_code == 0
    assert done.stdout.startswith("<!doctype html>")
    assert done.stdout.rstrip().endswith("</html>")
    assert not Path(PAGE).exists()


def test_json_is_one_document_on_stdout_or_in_the_file(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce("jane.doe@example.org", now())])
    (found,) = tables.json("report")
    assert found["blocked"]["for_good"] == {"bounce": 1}
    assert found["bounces"]["total"] == {"block": 1}
    assert tables.run("report", "numbers.json", "--json").stdout == ""
    assert json.loads(Path("numbers.json").read_text())["bounces"] == found["bounces"]


def test_addresses_only_when_asked(tables: Tables, bounce: Bounce) -> None:
    soft = {"type": "Transient", "subtype": "MailboxFull", "status": "4.2.2"}
    tables.apply([bounce("jane.doe@example.org", now(), **soft)])
    without, asked = tables.run("report", "-"), tables.run("report", "-", "--addresses")
    assert "jane.doe" not in without.stdout
    assert "example.org" not in without.stdout
    assert "jane.doe@example.org" in asked.stdout


@pytest.mark.parametrize(
    ("since", "first"),
    [("1d", "2026-11-24"), ("7", "2026-11-18"), ("365d", "2025-11-25"), ("2026-11-22", "2026-11-22")],
)
def test_since_is_days_or_a_day(since: str, first: str) -> None:
    assert _first_day(since, date(2026, 11, 24)).isoformat() == first


def test_every_day_of_the_period_is_there(tables: Tables) -> None:
    (found,) = tables.json("report", "--since", "7d")
    assert len(found["bounces"]["days"]) == 7


@pytest.mark.parametrize("since", ["0d", "2999-01-01", "366d", "99999d", "last week", "2026-13-01", "-3d"])
def test_what_is_no_period_is_said_so(tables: Tables, since: str) -> None:
    done = tables.run("report", f"--since={since}")
    assert done.exit_code == 2
    assert since in done.stderr
    assert not Path(PAGE).exists()


def test_the_newest_rates_count(tables: Tables) -> None:
    put_rate("Bounce", 0.07, now() - timedelta(hours=30))
    put_rate("Bounce", 0.02, now() - timedelta(hours=2))
    (found,) = tables.json("report")
    bounces, complaints = found["rates"]
    assert (bounces["region"], bounces["value"], bounces["level"]) == ("eu-west-1", 0.02, "fine")
    assert (complaints["value"], complaints["level"], complaints["failed"]) == (None, "unknown", False)


def test_dead_letters_are_counted_by_queue(tables: Tables) -> None:
    queue = give_pipeline(tables)
    sqs = boto3.client("sqs", region_name="eu-west-1")
    for _ in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody="x")
    sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=1)  # somebody looks at one: it is still there
    (found,) = tables.json("report")
    assert [(one["holds"], one["messages"]) for one in found["queues"]] == [("not processed", 3), ("not delivered", 0)]


def test_without_pipelines_dead_letters_are_unknown(tables: Tables) -> None:
    (found,) = tables.json("report")
    assert found["queues"] is None
    assert "no pipelines given" in tables.run("report", "-").stdout


def test_where_no_pipeline_is_there_is_no_dead_letter(tables: Tables) -> None:
    give_pipeline(tables)
    (found,) = tables.json("report", "--region", "us-east-1")
    assert found["queues"] == []
    assert "no pipeline in these Regions" in tables.run("report", "-", "--region", "us-east-1").stdout


def test_outputs_that_cannot_be_read_are_no_lack_of_pipelines(tables: Tables) -> None:
    tables.outputs.write_text(
        json.dumps({"blockedTableArn": BLOCKED, "historyTableArn": HISTORY, "pipelines": {"bounce-shop": {}}})
    )
    done = tables.run("report")
    assert done.exit_code == 2
    assert "bounce-shop" in done.stderr


@pytest.mark.parametrize("operation", ["GetMetricData", "GetQueueAttributes"])
def test_a_part_that_aws_refuses_is_unknown_and_exit_code_1(
    tables: Tables, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """The message of a refusal names the caller, who may be a person."""
    give_pipeline(tables)
    refuse(monkeypatch, operation)
    done = tables.run("report")
    assert done.exit_code == 1
    assert "AccessDeniedException" in done.stderr
    page = Path(PAGE).read_text()
    assert "AccessDeniedException" in page
    assert "jane.doe" not in page + done.stderr


def test_a_table_that_aws_refuses_leaves_the_last_page_as_it_is(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(PAGE).write_text("the last one")
    refuse(monkeypatch, "Scan")
    assert tables.run("report").exit_code == 3
    assert Path(PAGE).read_text() == "the last one"


def test_ctrl_c_leaves_the_last_page_as_it_is(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(PAGE).write_text("the last one")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    assert tables.run("report").exit_code == 130
    assert Path(PAGE).read_text() == "the last one"
    assert {path.name for path in Path().iterdir()} == {PAGE, tables.outputs.name}


@pytest.mark.parametrize("file", ["nowhere/page.html", "."])
def test_a_place_that_cannot_be_written_is_said_before_anything_is_read(
    tables: Tables, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    refuse(monkeypatch, "Scan")
    done = tables.run("report", file)
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr


def test_of_the_blocked_table_no_address_is_read(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    call = CLIENT._make_api_call

    def make(self: Any, name: str, given: Any) -> Any:
        asked.append(given)
        return call(self, name, given)

    monkeypatch.setattr(CLIENT, "_make_api_call", make)
    tables.run("report")
    names = [set(one["ExpressionAttributeNames"].values()) for one in asked if one.get("TableName") == BLOCKED]
    assert names
    assert all(one == {"reason", "expires_at"} for one in names)


def test_it_reads_every_page_of_every_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        """A table of three pages a segment, of which the second has nothing that the filter takes."""

        def scan(self, *, Segment: int, TotalSegments: int, **given: Any) -> dict[str, Any]:  # noqa: N803
            page = given.get("ExclusiveStartKey", 0)
            assert Segment < TotalSegments
            items = [] if page == 1 else [{"reason": {"S": "bounce"}}] * (Segment + 1)
            return {"Items": items, "ScannedCount": 2, **({"LastEvaluatedKey": page + 1} if page < 2 else {})}

    class Counter:
        """What `Numbers` is to `gather`."""

        seen = 0

        def blocked(self, _: object) -> None:
            self.seen += 1

    monkeypatch.setattr(Context, "dynamodb_client", lambda *_: Client())
    counter, read = Counter(), [0]

    def progress(rows: int) -> None:
        read[0] += rows

    gather.count_blocked(Context(table="blocked"), counter, progress)  # type: ignore[arg-type]
    assert counter.seen == 2 * (1 + 2 + 3 + 4)
    assert read == [2 * 3 * 4]
