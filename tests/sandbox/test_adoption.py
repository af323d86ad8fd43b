"""The commands of docs/tables.md: imports of an old table and of an adopted one; its file for `pulumi import`.

Not proved: the throughput of a real table, and what a throttled run leaves to the next. The file is not imported here,
only compared with what the program registers.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ses_feedback import Blocklist

from sandbox import Account

REGION = "eu-central-1"
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tables.md").read_text("utf-8")
COMMANDS = [
    command.replace("\\\n", " ") for command in re.findall(r"ses-feedback import --from-table(?:.*\\\n)*.*", PAGE)
]


@pytest.fixture
def tables(account: Account) -> Callable[[str, str], str]:
    """Creates a table with these keys (separated by spaces); returns its ARN."""

    def create(name: str, keys: str) -> str:
        key_types = dict(zip(keys.split(), ("HASH", "RANGE"), strict=False))
        response = account.client("dynamodb", REGION).create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": key_type} for key, key_type in key_types.items()],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in key_types],
        )
        return str(response["TableDescription"]["TableArn"])

    return create


@pytest.fixture
def import_table(account: Account, tmp_path: Path) -> Callable[..., tuple[int, Any]]:
    """Runs a command of the page with values for its placeholders; returns its exit code and its output."""

    def run(command: str, placeholders: dict[str, str], *further: str) -> tuple[int, Any]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SES_"))}
        environment |= {
            "AWS_ACCESS_KEY_ID": account.id,
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_ENDPOINT_URL": account.endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "PYTHONWARNINGS": "error",
            "TERM": "dumb",
        }
        for placeholder, value in placeholders.items():
            assert placeholder in command, f"{placeholder} is not in the page's command: {command}"
            command = command.replace(placeholder, value)
        program, *arguments = shlex.split(command)
        assert program == "ses-feedback"
        full_command = [sys.executable, "-m", "ses_feedback_cli", *arguments, *further, "--json"]
        result = subprocess.run(
            full_command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        return result.returncode, json.loads(result.stdout) if result.stdout else result.stderr

    return run


def put(account: Account, table: str, **values: str) -> None:
    item: dict[str, Any] = {name: {"S": value} for name, value in values.items()}
    account.client("dynamodb", REGION).put_item(TableName=table, Item=item)


def rows(account: Account, table: str) -> list[dict[str, Any]]:
    pages = account.client("dynamodb", REGION).get_paginator("scan").paginate(TableName=table)
    return sorted((item for page in pages for item in page["Items"]), key=str)


def test_a_table_with_another_key_comes_in_once(
    account: Account,
    tables: Callable[[str, str], str],
    import_table: Callable[..., tuple[int, Any]],
    tmp_path: Path,
) -> None:
    old, blocked, history = tables("old", "email"), tables("blocked", "value"), tables("history", "value entry")
    addresses = [f"n{number}@example.org" for number in range(250)]
    for address in ("Jane <Jane@Example.org>", "info@b\u00fccher.example", "nobody", *addresses):
        put(account, old, email=address, since="2019")
    dry_run, real_run, _ = COMMANDS
    placeholders = {"OLD_TABLE_ARN": old, "KEY_ATTRIBUTE": "email"}
    options = ("--table", blocked, "--history", history)

    code, output = import_table(dry_run, placeholders, *options)
    assert (code, output["new"], output["rejected"], rows(account, blocked)) == (1, 252, 1, [])
    code, output = import_table(real_run, placeholders, *options)
    assert (code, output["recorded"], output["rejected"]) == (1, 252, 1)
    assert "nobody" in (tmp_path / output["rejects_file"]).read_text()
    recipients = ["jane@example.org", "info@xn--bcher-kva.example", "n249@example.org", "nobody@example.org"]
    answers = Blocklist(blocked, account.client("dynamodb", REGION), when_unavailable="raise").check(recipients)
    assert [(answer.allowed, answer.reason) for answer in answers] == [(False, "import")] * 3 + [(True, None)]
    rows_before = rows(account, blocked), rows(account, history)
    assert [len(table_rows) for table_rows in rows_before] == [252, 504]  # each address has an event and a state

    code, output = import_table(real_run, placeholders, *options)
    assert (code, output["duplicate"]) == (1, 252)
    assert (rows(account, blocked), rows(account, history)) == rows_before


def test_an_adopted_table_gets_its_history_from_itself(
    account: Account, tables: Callable[[str, str], str], import_table: Callable[..., tuple[int, Any]]
) -> None:
    blocked, history = tables("blocked", "value"), tables("history", "value entry")
    put(account, blocked, value="jane@example.org", source="crm")
    put(account, blocked, value="amy@example.org", reason="bounce", feedback_id="0100")
    placeholders = {
        "$(pulumi stack output blockedTableArn)": blocked,
        "$(pulumi stack output historyTableArn)": history,
    }
    code, output = import_table(COMMANDS[2], placeholders)
    assert (code, output["has_feedback"], output["recorded"]) == (0, 1, 1)
    state, event = sorted(rows(account, history), key=lambda row: row["entry"]["S"] != "state")
    assert {state["value"]["S"], event["value"]["S"]} == {"jane@example.org"}
    assert event["note"]["S"] == f"from {blocked}"
    assert "expires_at" not in state
    amy, jane = rows(account, blocked)
    assert (jane["reason"]["S"], "source" in jane, amy["feedback_id"]["S"]) == ("import", False, "0100")


def test_what_cannot_be_written_is_told_and_fails_the_run(
    tables: Callable[[str, str], str], account: Account, import_table: Callable[..., tuple[int, Any]]
) -> None:
    old, blocked = tables("old", "email"), tables("blocked", "value")
    put(account, old, email="jane@example.org")
    placeholders = {"OLD_TABLE_ARN": old, "KEY_ATTRIBUTE": "email"}
    code, output = import_table(
        COMMANDS[1], placeholders, "--table", blocked, "--history", blocked.replace("/blocked", "/none")
    )
    assert (code, output) == (3, "ses-feedback: BatchGetItem: ResourceNotFoundException\n")


def test_the_import_file_names_what_the_program_makes() -> None:
    (document,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    registered = {
        resource["name"]: resource for resource in json.loads((ROOT / "tests" / "dev-stack.json").read_text("utf-8"))
    }
    component, table = json.loads(document)["resources"]
    assert (component["type"], component["component"]) == (registered[component["name"]]["type"], True)
    resource = registered[table["name"]]
    assert (table["type"], table["parent"], resource["protect"]) == (resource["type"], resource["parent"], True)
    assert f"::ses-feedback::{component['type']}${table['type']}::{table['name']}" in PAGE
    assert table["id"].split("@")[0] in PAGE.partition("autonaming")[2]
