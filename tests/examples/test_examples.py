"""The examples, as far as they can be checked without the engine and without AWS.

Python, TypeScript and YAML: every component and input they name exists in the package's schema, and none that is
required is missing. Not proved here: that the generated SDK compiles and that the programs go up; tests/engine does
that for Python, where there is an engine. The sender runs against moto.
"""

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws
from pulumi.provider.experimental.component import ComponentProvider

from components.inputs import camel
from components.package import COMPONENTS, NAME, VERSION
from examples.sender.send import send
from stack.config import parse

Uses = Callable[[], list[tuple[str, set[str]]]]

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(ComponentProvider(list(COMPONENTS), NAME, version=VERSION).schema or "")
    return {token.rpartition(":")[2]: resource for token, resource in schema["resources"].items()}


def python_uses() -> list[tuple[str, set[str]]]:
    tree = ast.parse((EXAMPLES / "python" / "__main__.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [(ast.unparse(call.func), {camel(keyword.arg or "") for keyword in call.keywords}) for call in calls]
    return [(name.removeprefix("ses_feedback."), given) for name, given in named if name.startswith("ses_feedback.")]


def typescript_uses() -> list[tuple[str, set[str]]]:
    source = (EXAMPLES / "typescript" / "index.ts").read_text()
    calls = re.findall(r"new sesFeedback\.(\w+)\([^,]+, \{(.*?)\}\);", source, re.DOTALL)
    return [(name, set(re.findall(r"\b([a-z]\w*)(?=:|,\n)", body))) for name, body in calls]


def yaml_uses() -> list[tuple[str, set[str]]]:
    program = yaml.safe_load((EXAMPLES / "yaml" / "Pulumi.yaml").read_text())
    return [
        (resource["type"].removeprefix(f"{NAME}:"), set(resource.get("properties", {})))
        for resource in program["resources"].values()
    ]


@pytest.mark.parametrize("uses", [python_uses, typescript_uses, yaml_uses])
def test_a_program_names_what_the_package_has(resources: dict[str, Any], uses: Uses) -> None:
    found = uses()
    assert {name for name, _ in found} == {"BlockedTable", "FeedbackPipeline"}
    for name, given in found:
        inputs = resources[name]["inputProperties"]
        assert set(resources[name].get("requiredInputs", [])) <= given <= set(inputs), (name, given)


def _config(file: Path) -> dict[str, str]:
    """As the engine hands it over: every value a text. The project's own keys without its name."""
    values = yaml.safe_load(file.read_text())["config"].items()
    return {k.removeprefix(f"{NAME}:"): v if isinstance(v, str) else json.dumps(v) for k, v in values}


def test_two_accounts_fit_together() -> None:
    files = {name: _config(EXAMPLES / "two-accounts" / f"Pulumi.{name}.yaml") for name in ("hub", "member")}
    hub, member = (
        parse({key: text for key, text in file.items() if ":" not in key}, file["aws:region"])
        for file in files.values()
    )
    assert hub.tables
    assert member.tables is None
    (hub_account,) = json.loads(files["hub"]["aws:allowedAccountIds"])
    (member_account,) = json.loads(files["member"]["aws:allowedAccountIds"])
    assert hub.tables["writer_principals"] == hub.tables["reader_principals"] == [member_account]
    for table in ("blocked_table_arn", "history_table_arn"):
        assert member.pipeline[table].split(":")[3:5] == [hub.tables["region"], hub_account]


@mock_aws
def test_the_sender_mails_whom_it_may_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto stands for SES and DynamoDB; it does not prove that AWS accepts the calls."""
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "BLOCKED_TABLE": "blocked",
        "SENDER": "news@shop.example",
    }.items():
        monkeypatch.setenv(name, value)
    dynamodb, ses = boto3.client("dynamodb"), boto3.client("sesv2")
    dynamodb.create_table(
        TableName="blocked",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "value", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "value", "AttributeType": "S"}],
    )
    dynamodb.put_item(TableName="blocked", Item={"value": {"S": "jane@example.org"}, "reason": {"S": "bounce"}})
    ses.create_email_identity(EmailIdentity="news@shop.example")
    assert send("Jane <Jane@Example.org>") is None
    assert send("not an address") is None
    assert send("bob@example.org")
