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

from components.arn import Arn
from components.inputs import camel_case
from components.package import COMPONENTS, NAME, VERSION
from examples.sender.send import send
from stack.config import parse
from stack.model import ExistingTables, NewTables

ReadUses = Callable[[], list[tuple[str, set[str]]]]
"""Reads from a program the components that it uses, each with the inputs that it sets."""

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(ComponentProvider(list(COMPONENTS), NAME, version=VERSION).schema or "")
    return {token.rpartition(":")[2]: resource for token, resource in schema["resources"].items()}


def python_uses() -> list[tuple[str, set[str]]]:
    tree = ast.parse((EXAMPLES / "python" / "__main__.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    uses = [(ast.unparse(call.func), {camel_case(keyword.arg or "") for keyword in call.keywords}) for call in calls]
    return [(name.removeprefix("ses_feedback."), inputs) for name, inputs in uses if name.startswith("ses_feedback.")]


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


@pytest.mark.parametrize("read_uses", [python_uses, typescript_uses, yaml_uses])
def test_a_program_names_what_the_package_has(resources: dict[str, Any], read_uses: ReadUses) -> None:
    uses = read_uses()
    assert {name for name, _ in uses} == {"BlockedTable", "FeedbackPipeline"}
    for name, inputs in uses:
        resource = resources[name]
        assert set(resource.get("requiredInputs", [])) <= inputs <= set(resource["inputProperties"]), (name, inputs)


def config_values(file: Path) -> dict[str, str]:
    """As the engine passes them: every value a string. The project's own keys without its name."""
    values = yaml.safe_load(file.read_text())["config"].items()
    return {
        key.removeprefix(f"{NAME}:"): value if isinstance(value, str) else json.dumps(value) for key, value in values
    }


def test_two_accounts_fit_together() -> None:
    values = {name: config_values(EXAMPLES / "two-accounts" / f"Pulumi.{name}.yaml") for name in ("hub", "member")}
    hub, member = (
        parse({key: value for key, value in of_stack.items() if ":" not in key}, of_stack["aws:region"])
        for of_stack in values.values()
    )
    assert isinstance(hub.tables, NewTables)
    assert isinstance(member.tables, ExistingTables)
    (hub_account,) = json.loads(values["hub"]["aws:allowedAccountIds"])
    (member_account,) = json.loads(values["member"]["aws:allowedAccountIds"])
    assert hub.tables.writer_principals == hub.tables.reader_principals == [member_account]
    for table_arn in map(Arn.of, (member.tables.blocked_table_arn, member.tables.history_table_arn)):
        assert (table_arn.region, table_arn.account) == (hub.tables.region, hub_account)


@mock_aws
def test_the_sender_mails_whom_it_may_and_nobody_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """moto stands for SES and DynamoDB; it does not prove that AWS accepts the calls."""
    for variable, value in {
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "BLOCKED_TABLE": "blocked",
        "SENDER": "news@shop.example",
    }.items():
        monkeypatch.setenv(variable, value)
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
    assert capsys.readouterr().err == "not sent: bounce\n"
    ends = {"expires_at": {"N": "4070908800"}}
    dynamodb.put_item(TableName="blocked", Item={"value": {"S": "amy@example.org"}, "reason": {"S": "hold"}, **ends})
    assert send("amy@example.org") is None
    assert capsys.readouterr().err == "not sent: hold until 2099-01-01\n"
    assert send("not an address") is None
    assert send("bob@example.org")
