"""The function on moto: both tables, and a handler that writes to them."""

import io
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from ses_feedback.function import handler as handler_module
from ses_feedback.history.state_row import with_embedded_events
from ses_feedback.table import decode

from tests.tables import create_tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REGION = "eu-central-1"
BLOCKED_ARN = f"arn:aws:dynamodb:{REGION}:123456789012:table/blocked"
HISTORY_ARN = f"arn:aws:dynamodb:{REGION}:123456789012:table/history"


@dataclass
class LambdaContext:
    """The context object that Lambda passes."""

    seconds: float = 30.0
    function_name: str = "bounce-shop"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:bounce-shop"
    aws_request_id: str = "0f7a1c1e-0000-4000-8000-000000000001"
    started: float = field(default_factory=time.monotonic)

    def get_remaining_time_in_millis(self) -> int:
        return int((self.seconds - (time.monotonic() - self.started)) * 1_000)


@dataclass
class Function:
    """The deployed function and its tables."""

    client: "DynamoDBClient"

    def send(self, *bodies: str | dict[str, Any], sent_at: int = 1795168801123, seconds: float = 30.0) -> list[str]:
        """Deliver one batch; the bodies whose records were reported as failed, by position ("0", "1", ...)."""
        records = []
        for position, body in enumerate(bodies):
            text = body if isinstance(body, str) else json.dumps(body)
            attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": str(sent_at)}
            records.append(
                {"messageId": str(position), "body": text, "attributes": attributes, "eventSource": "aws:sqs"}
            )
        response = handler_module.lambda_handler({"Records": records}, LambdaContext(seconds))  # type: ignore[arg-type]
        assert set(response) == {"batchItemFailures"}
        return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]

    def blocked(self) -> dict[str, dict[str, Any]]:
        return {item["value"]: item for item in self.rows("blocked")}

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [decode(item) for item in self.client.scan(TableName=table, ConsistentRead=True)["Items"]]

    def history(self, address: str) -> dict[str, dict[str, Any]]:
        rows = with_embedded_events(self.rows("history"))
        return {row["entry"]: row for row in rows if row["value"] == address}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """The function's environment; call it to change a variable."""
    values = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",  # not the tables' Region: the function must take it from the ARN
        "BLOCKED_TABLE_ARN": BLOCKED_ARN,
        "HISTORY_TABLE_ARN": HISTORY_ARN,
        "PIPELINE": "bounce-shop",
        "ACCOUNT": "123456789012",
        "AWS_REGION": "eu-west-1",
        "IDENTITIES": '["shop.example"]',
        "CONFIGURATION_SET": "main",
        "SENDING_ACCOUNTS": '["210987654321"]',  # of fields-delegate.json
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    service = handler_module._service  # a test may put another in its place
    service.cache_clear()
    yield monkeypatch.setenv
    service.cache_clear()


@pytest.fixture
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of the user's is read."""
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


class _Stdout(io.StringIO):
    """Whatever sys.stdout is when something is written: the logger keeps the one of its import."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)


@pytest.fixture(autouse=True)
def logs_reach_capsys() -> None:
    logging_handler = handler_module.logger.registered_handler
    assert isinstance(logging_handler, logging.StreamHandler)
    logging_handler.setStream(_Stdout())


@pytest.fixture
def function(environment: Callable[[str, str], None]) -> Iterator[Function]:
    environment("POWERTOOLS_LOG_LEVEL", "INFO")
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        create_tables(client)
        yield Function(client)
