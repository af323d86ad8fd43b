"""What docs/tables.md has people run: imports of an old table and of the new one itself; its file for `pulumi import`.

Not proved: the throughput of a real table, and what a throttled run leaves to the next. The file is not imported here,
only held to what the program makes.
"""

import json
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ses_feedback import Blocklist
from ses_feedback_cli.app import app
from typer.testing import CliRunner

from sandbox import Account

REGION = "eu-central-1"
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tables.md").read_text("utf-8")
COMMANDS = [found.replace("\\\n", " ") for found in re.findall(r"ses-feedback import --from-table(?:.*\\\n)*.*", PAGE)]


@pytest.fixture
def tables(account: Account) -> Callable[[str, str], str]:
    """Makes a table with these keys (separated by blanks); returns its ARN."""

    def create(name: str, keys: str) -> str:
        kinds = dict(zip(keys.split(), ("HASH", "RANGE"), strict=False))
        described = account.client("dynamodb", REGION).create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in kinds.items()],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in kinds],
        )
        return str(described["TableDescription"]["TableArn"])

    return create


@pytest.fixture
def import_table(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, Any]]:
    """Runs a command of the page with these words in place of its own; returns its exit code and what it says."""
    for name in os.environ:
        if name.startswith(("AWS_", "SES_")):
            monkeypatch.delenv(name)
    environment = {
        "AWS_ACCESS_KEY_ID": account.id,
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_ENDPOINT_URL": account.endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "TERM": "dumb",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(command: str, words: dict[str, str], *more: str) -> tuple[int, Any]:
        for word, meant in words.items():
            assert word in command, f"{word} is not in the page's command: {command}"
            command = command.replace(word, meant)
        program, *arguments = shlex.split(command)
        assert program == "ses-feedback"
        done = CliRunner().invoke(app, [*arguments, *more, "--json"], prog_name="ses-feedback")
        return done.exit_code, json.loads(done.stdout) if done.stdout else done.stderr

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
    many = [f"n{number}@example.org" for number in range(250)]
    texts = ["Jane <Jane@Example.org>", "info@b\u00fccher.example", "nobody", *many]
    for start in range(0, len(texts), 25):
        puts = [
            {"PutRequest": {"Item": {"email": {"S": text}, "since": {"S": "2019"}}}}
            for text in texts[start : start + 25]
        ]
        account.client("dynamodb", REGION).batch_write_item(RequestItems={"old": puts})
    dry, real, _ = COMMANDS
    words = {"OLD_TABLE_ARN": old, "KEY_ATTRIBUTE": "email"}
    context = ("--table", blocked, "--history", history)

    code, said = import_table(dry, words, *context)
    assert (code, said["new"], said["rejected"], rows(account, blocked)) == (1, 252, 1, [])
    code, said = import_table(real, words, *context)
    assert (code, said["recorded"], said["rejected"]) == (1, 252, 1)
    assert "nobody" in (tmp_path / said["rejects_file"]).read_text()
    asked = ["jane@example.org", "info@xn--bcher-kva.example", "n249@example.org", "nobody@example.org"]
    answers = Blocklist(blocked, account.client("dynamodb", REGION), when_unavailable="raise").check(asked)
    assert [(answer.allowed, answer.reason) for answer in answers] == [(False, "import")] * 3 + [(True, None)]
    before = rows(account, blocked), rows(account, history)
    assert [len(found) for found in before] == [252, 504]  # an act and a state each

    code, said = import_table(real, words, *context)
    assert (code, said["duplicate"]) == (1, 252)
    assert (rows(account, blocked), rows(account, history)) == before


def test_an_adopted_table_gets_its_history_from_itself(
    account: Account, tables: Callable[[str, str], str], import_table: Callable[..., tuple[int, Any]]
) -> None:
    blocked, history = tables("blocked", "value"), tables("history", "value entry")
    put(account, blocked, value="jane@example.org", source="crm")
    put(account, blocked, value="amy@example.org", reason="bounce", feedback_id="0100")
    words = {"$(pulumi stack output blockedTableArn)": blocked, "$(pulumi stack output historyTableArn)": history}
    code, said = import_table(COMMANDS[2], words)
    assert (code, said["has_feedback"], said["recorded"]) == (0, 1, 1)
    state, act = sorted(rows(account, history), key=lambda row: row["entry"]["S"] != "state")
    assert {state["value"]["S"], act["value"]["S"]} == {"jane@example.org"}
    assert act["note"]["S"] == f"from {blocked}"
    assert "expires_at" not in state
    amy, jane = rows(account, blocked)
    assert (jane["reason"]["S"], "source" in jane, amy["feedback_id"]["S"]) == ("import", False, "0100")


def test_what_cannot_be_written_is_told_and_fails_the_run(
    tables: Callable[[str, str], str], account: Account, import_table: Callable[..., tuple[int, Any]]
) -> None:
    old, blocked = tables("old", "email"), tables("blocked", "value")
    put(account, old, email="jane@example.org")
    words = {"OLD_TABLE_ARN": old, "KEY_ATTRIBUTE": "email"}
    code, said = import_table(COMMANDS[1], words, "--table", blocked, "--history", blocked.replace("/blocked", "/none"))
    assert (code, said) == (3, "ses-feedback: BatchGetItem: ResourceNotFoundException\n")


def test_the_import_file_names_what_the_program_makes() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    made = {each["name"]: each for each in json.loads((ROOT / "tests" / "dev-stack.json").read_text("utf-8"))}
    component, table = json.loads(text)["resources"]
    assert (component["type"], component["component"]) == (made[component["name"]]["type"], True)
    known = made[table["name"]]
    assert (table["type"], table["parent"], known["protect"]) == (known["type"], known["parent"], True)
    assert f"::ses-feedback::{component['type']}${table['type']}::{table['name']}" in PAGE
    assert table["id"].split("@")[0] in PAGE.partition("autonaming")[2]
