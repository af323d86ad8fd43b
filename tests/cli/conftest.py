"""The command line on moto: `ses-feedback` in this process, and both tables, written as the function writes them."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from ses_feedback.function.feedback_event import feedback_event
from ses_feedback.function.notification import Feedback
from ses_feedback.function.verdict import judge
from ses_feedback.history.event import Event
from ses_feedback.history.writer import HistoryWriter, Outcome
from ses_feedback.table import decode
from ses_feedback_cli import import_jobs, suppression_list
from ses_feedback_cli.app import app
from ses_feedback_cli.context import Context
from typer.testing import CliRunner, Result

from tests.cli.fake_ses import FakeSes
from tests.tables import create_tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REGION = "eu-central-1"
ARN = f"arn:aws:dynamodb:{REGION}:123456789012:table"
BLOCKED, HISTORY = f"{ARN}/blocked", f"{ARN}/history"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Tables:
    """Both tables, and the command to run on them."""

    client: "DynamoDBClient"
    outputs: Path

    def run(self, *arguments: str, stdin: str | None = None) -> Result:
        """Run `ses-feedback`; returns exit code, stdout and stderr."""
        return CliRunner().invoke(app, [*arguments], input=stdin, prog_name="ses-feedback")

    def json(self, *arguments: str, stdin: str | None = None) -> list[Any]:
        """Run it with --json; returns the values that it writes, one per line."""
        return [json.loads(line) for line in self.run(*arguments, "--json", stdin=stdin).stdout.splitlines()]

    def apply(self, events: Sequence[Event]) -> None:
        """Write events, as the function does."""
        results = HistoryWriter(BLOCKED, HISTORY, self.client).apply(events, deadline=time.monotonic() + 10)
        assert {result.outcome for result in results} <= {Outcome.RECORDED}

    def blocked(self) -> dict[str, dict[str, Any]]:
        items = self.client.scan(TableName="blocked", ConsistentRead=True)["Items"]
        return {item["value"]: item for item in map(decode, items)}


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Tables]:
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps({"blockedTableArn": BLOCKED, "historyTableArn": HISTORY}))
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_DEFAULT_REGION": "eu-west-1",  # not the tables' Region: the command must take that from the ARN
        "SES_FEEDBACK_OUTPUTS": str(outputs),
        "COLUMNS": "200",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        create_tables(client)
        yield Tables(client, outputs)


@pytest.fixture
def bounce() -> Callable[..., Event]:
    """Builds the event of a bounce; without changes a hard one."""

    def make(address: str, at: datetime = NOW, **changes: Any) -> Event:
        values: dict[str, Any] = {
            "kind": "bounce",
            "type": "Permanent",
            "subtype": "General",
            "address": address,
            "occurred_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "feedback_id": f"id-{address}-{at:%Y%m%d%H%M%S}",
            "status": "5.1.1",
            "diagnostic": "smtp; 550 5.1.1 user unknown",
            "action": "failed",
            "message_id": f"message-{address}-{at:%Y%m%d%H%M%S}",
            "identity": "example.com",
            "account": "123456789012",
            "region": "eu-west-1",
        }
        feedback = Feedback(**{**values, **changes})
        return feedback_event(feedback, judge(feedback), pipeline="bounce-example", now=at)

    return make


DNS_FAILURE = {"subtype": "General", "status": "5.4.4", "diagnostic": "smtp; 550 5.4.4 Invalid domain"}
"""Of a bounce that holds, and that the same after its end confirms."""


@pytest.fixture
def ses(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> FakeSes:
    """SES's suppression lists, without pauses between calls."""
    assert tables.outputs.exists()  # moto is on
    fake = FakeSes()
    original_client = Context.client

    def client(self: Context, service: str, region: str | None = None) -> Any:
        boto_client = original_client(self, service, region)
        return fake.attach(boto_client) if service == "sesv2" else boto_client

    monkeypatch.setattr(Context, "client", client)
    monkeypatch.setattr(suppression_list, "CALL_SECONDS", 0.0)
    monkeypatch.setattr(import_jobs, "POLL_SECONDS", 0.0)
    return fake
