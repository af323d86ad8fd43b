"""The rights that `report --help` names, as the emulator judges rights: enough together, and each needed. AWS may judge
otherwise."""

import json
from pathlib import Path
from typing import Any

import pytest
from ses_feedback_cli.app import app
from typer.testing import CliRunner

from sandbox import Stack

pytestmark = pytest.mark.xdist_group("deployed")

SCAN, RATES, QUEUES = "dynamodb:Scan", "cloudwatch:GetMetricData", "sqs:GetQueueAttributes"


@pytest.mark.parametrize(
    ("rights", "code", "unknown"),
    [
        ({SCAN, RATES, QUEUES}, 0, set()),
        ({SCAN, RATES}, 1, {"queues"}),
        ({SCAN, QUEUES}, 1, {"rates"}),
        ({RATES, QUEUES}, 3, None),
    ],
    ids=["all", "no queues", "no rates", "no tables"],
)
def test_rights(
    deployed: Stack,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    rights: set[str],
    code: int,
    unknown: set[str] | None,
) -> None:
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(deployed.outputs))
    become(deployed, monkeypatch, rights)
    done = CliRunner().invoke(app, ["report", "--json", "--outputs", str(outputs)])
    assert done.exit_code == code, done.stderr
    if unknown is None:
        assert done.stdout == ""
        return
    found: Any = json.loads(done.stdout)
    assert {"queues" for one in found["queues"] if one["problem"]} | {
        "rates" for one in found["rates"] if one["failed"]
    } == unknown


def become(stack: Stack, monkeypatch: pytest.MonkeyPatch, rights: set[str]) -> None:
    """Let the command run as a user who may do this, and nothing else."""
    outputs = stack.outputs
    tables = [outputs["blockedTableArn"], outputs["historyTableArn"]]
    statements = [
        {"Effect": "Allow", "Action": one, "Resource": tables if one == SCAN else "*"} for one in sorted(rights)
    ]
    user = "reporter-" + "-".join(sorted(one.partition(":")[0] for one in rights))
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
