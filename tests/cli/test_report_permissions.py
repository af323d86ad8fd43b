"""The permissions that `report --help` names: together they are sufficient, and each is needed.

Not tested: that AWS evaluates permissions as the emulator does.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from ses_feedback_cli.app import app
from typer.testing import CliRunner

from sandbox import DeployedStack

pytestmark = pytest.mark.xdist_group("stack")

SCAN, GET_ITEMS = "dynamodb:Scan", "dynamodb:BatchGetItem"
GET_METRICS, GET_QUEUES = "cloudwatch:GetMetricData", "sqs:GetQueueAttributes"


@pytest.mark.parametrize(
    ("actions", "exit_code", "unknown_parts"),
    [
        ({SCAN, GET_ITEMS, GET_METRICS, GET_QUEUES}, 0, set()),
        ({SCAN, GET_ITEMS, GET_METRICS}, 1, {"dead_letters"}),
        ({SCAN, GET_ITEMS, GET_QUEUES}, 1, {"rates"}),
        ({GET_ITEMS, GET_METRICS, GET_QUEUES}, 3, None),
        ({SCAN, GET_METRICS, GET_QUEUES}, 3, None),
    ],
    ids=["all", "no queues", "no rates", "no tables", "no settings"],
)
def test_permissions(
    stack: DeployedStack,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    actions: set[str],
    exit_code: int,
    unknown_parts: set[str] | None,
) -> None:
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(stack.outputs))
    use_credentials(stack, monkeypatch, actions)
    result = CliRunner().invoke(app, ["report", "--json", "--outputs", str(outputs)])
    assert result.exit_code == exit_code, result.stderr
    if unknown_parts is None:
        assert result.stdout == ""
        return
    document: Any = json.loads(result.stdout)
    failed_parts = {"dead_letters" for count in document["dead_letters"] if count["problem"]}
    failed_parts |= {"rates" for rate in document["rates"] if rate["failed"]}
    assert failed_parts == unknown_parts


def use_credentials(stack: DeployedStack, monkeypatch: pytest.MonkeyPatch, actions: set[str]) -> None:
    """Let the command run as a user with these permissions only."""
    outputs = stack.outputs
    tables = [outputs["blockedTableArn"], outputs["historyTableArn"]]
    resources = {SCAN: tables, GET_ITEMS: tables[1:]}
    statements = [
        {"Effect": "Allow", "Action": action, "Resource": resources.get(action, "*")} for action in sorted(actions)
    ]
    user = "reporter-" + "-".join(sorted(action.partition(":")[2] for action in actions))
    iam = stack.account.client("iam", "us-east-1")
    iam.create_user(UserName=user)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=user, PolicyName="report", PolicyDocument=document)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    for name, value in {
        "AWS_ENDPOINT_URL": stack.account.endpoint,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    for name in (
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "SES_FEEDBACK_TABLE",
        "SES_FEEDBACK_HISTORY",
        "SES_FEEDBACK_OUTPUTS",
    ):
        monkeypatch.delenv(name, raising=False)
