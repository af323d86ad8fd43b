"""`ses-feedback protect` and `unprotect`. On moto: does not prove which permissions AWS asks for."""

import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ses_feedback.history.event import Event, manual_event
from ses_feedback.history.protected import LIST_KEY, PATTERNS_LIMIT
from ses_feedback.table import decode, encode
from ses_feedback_cli.blocks import protected_list

from tests.cli.conftest import REGION, Tables

Bounce = Callable[..., Event]
NOTE = ("--note", "our own")
AGO = datetime.now(UTC) - timedelta(days=2)


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # an unblock writes its undo file there


def rows(tables: Tables) -> list[dict[str, Any]]:
    """The list's traces, in the order in which they were written."""
    page = tables.client.query(
        TableName="history",
        KeyConditionExpression="#v = :v",
        ExpressionAttributeNames={"#v": "value"},
        ExpressionAttributeValues=encode({":v": LIST_KEY["value"]}),
    )
    return [row for row in map(decode, page["Items"]) if row["entry"] != LIST_KEY["entry"]]


def listed(tables: Tables) -> list[str]:
    item = tables.client.get_item(TableName="history", Key=encode(LIST_KEY)).get("Item")
    return list(decode(item)["patterns"]) if item else []


def test_what_is_protected_no_feedback_blocks(tables: Tables, bounce: Bounce) -> None:
    assert tables.run("protect", "Jane@Example.org", "bücher.example", "abuse@", *NOTE).exit_code == 0
    addresses = ("jane@example.org", "joe@xn--bcher-kva.example", "abuse@example.net", "dead@example.org")
    tables.apply([bounce(address) for address in addresses])
    assert set(tables.blocked()) == {"dead@example.org"}
    assert tables.json("show", "abuse@example.net")[0]["events"][0]["rule"] == "protected"
    assert tables.run("unprotect", "abuse@", *NOTE).exit_code == 0
    tables.apply([bounce("abuse@example.com")])
    assert set(tables.blocked()) == {"dead@example.org", "abuse@example.com"}


def test_the_history_keeps_who_and_why(tables: Tables) -> None:
    tables.run("protect", "example.org", *NOTE, "--actor", "joe")
    tables.run("unprotect", "example.org", "--note", "sold", "--actor", "ann")
    acts = [(row["act"], row["pattern"], row["actor"], row["note"]) for row in rows(tables)]
    assert acts == [("protect", "example.org", "joe", "our own"), ("unprotect", "example.org", "ann", "sold")]
    assert all(row["entry"].startswith(f"manual#{row['occurred_at']}#") for row in rows(tables))


def test_the_list_says_since_when_and_by_whom(tables: Tables) -> None:
    tables.run("protect", "example.org", *NOTE, "--actor", "joe")
    tables.run("unprotect", "example.org", *NOTE, "--actor", "joe")
    tables.run("protect", "abuse@", "example.org", "--note", "again", "--actor", "ann")
    result = tables.run("protect", "--list")
    assert [line.split()[1:] for line in result.stdout.splitlines()] == [
        [pattern, "by", "ann", "“again”"] for pattern in ("abuse@", "example.org")
    ]
    assert result.stderr.startswith("2 patterns")
    first, _ = tables.json("protect", "--list")
    assert (first["pattern"], first["actor"], first["note"]) == ("abuse@", "ann", "again")


def test_a_second_time_changes_nothing(tables: Tables) -> None:
    for word in ("protected", "already protected"):
        assert tables.run("protect", "example.org", "Example.ORG.", *NOTE).stdout == f"example.org  {word}\n"
    assert (listed(tables), len(rows(tables))) == (["example.org"], 1)
    for word in ("not protected any more", "was not protected"):
        assert tables.run("unprotect", "example.org", *NOTE).stdout == f"example.org  {word}\n"
    assert (listed(tables), len(rows(tables))) == ([], 2)


@pytest.mark.parametrize("command", ["protect", "unprotect"])
def test_a_dry_run_shows_and_changes_nothing(tables: Tables, command: str) -> None:
    tables.run("protect", "example.org", *NOTE)
    before = (listed(tables), rows(tables))
    result = tables.run(command, "example.org", "abuse@", *NOTE, "--dry-run")
    assert [line for line in result.stdout.splitlines() if "would be" in line] == [
        "abuse@  would be protected" if command == "protect" else "example.org  would be not protected any more"
    ]
    documents = tables.json(command, "example.org", "abuse@", *NOTE, "--dry-run")
    assert [(row["changed"], row["would_change"]) for row in documents] == [
        (False, command == "unprotect"),
        (False, command == "protect"),
    ]
    assert (listed(tables), rows(tables)) == before


@pytest.fixture
def blocked(tables: Tables, bounce: Bounce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tables:
    """Blocks of all kinds that a pattern may cover, and of others."""
    monkeypatch.chdir(tmp_path)  # for undo files
    tables.apply([bounce(f"{number}@example.org", AGO) for number in range(12)])
    tables.apply(
        [
            bounce("angry@example.org", AGO, kind="complaint", type="abuse", subtype=""),
            manual_event("block", "hand@example.org", actor="joe", note="asked", at=AGO),
            manual_event(
                "block", "over@example.org", actor="joe", note="", at=AGO, expires_at=AGO + timedelta(hours=1)
            ),
            bounce("abuse@example.net", AGO),
            bounce("abuse@example.com", AGO),
            manual_event("block", "abuse@example.edu", actor="joe", note="asked", at=AGO),
            bounce("abuse@sub.example.org", AGO),
        ]
    )
    return tables


@pytest.mark.parametrize(
    ("pattern", "told", "lifted"),
    [
        ("angry@example.org", "it is blocked (complaint since", {"angry@example.org"}),
        ("hand@example.org", "it is blocked (manual since", set()),
        ("new@example.org", "", set()),
        ("example.org", "14 blocked addresses are covered (12 bounce, 1 complaint, 1 manual)",
         {*(f"{number}@example.org" for number in range(12)), "angry@example.org"}),
        ("abuse@", "4 blocked addresses are covered (3 bounce, 1 manual)",
         {"abuse@example.net", "abuse@example.com", "abuse@sub.example.org"}),
        ("example.edu", "1 blocked addresses are covered (1 manual)", set()),
    ],
)  # fmt: skip
def test_blocks_that_exist_are_told_with_the_command_that_lifts_them(
    blocked: Tables, pattern: str, told: str, lifted: set[str]
) -> None:
    before = blocked.blocked()
    result = blocked.run("protect", pattern, *NOTE)
    assert told in result.stdout
    assert blocked.blocked() == before
    commands = [line.split("`")[1] for line in result.stdout.splitlines() if "`" in line]
    assert len(commands) == bool(lifted)
    for command in commands:
        arguments = shlex.split(command)[1:]
        yes = ["--yes"] if "--domain" in arguments else []
        assert blocked.run(*arguments, "--no-ses", *yes).exit_code == 0
    assert before.keys() - blocked.blocked().keys() == lifted
    document = blocked.json("protect", pattern, *NOTE)[0]["blocked"]
    assert document["lift"] == ""


def test_of_a_local_part_with_many_blocks_the_first_are_named(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(f"abuse@{number}.example", AGO) for number in range(12)])
    (document,) = tables.json("protect", "abuse@", *NOTE)
    assert document["blocked"]["reasons"] == {"bounce": 12}
    assert len(document["blocked"]["sample"]) == 10
    assert "run this again for the others" in tables.run("protect", "abuse@", *NOTE).stdout


@pytest.mark.parametrize("command", ["protect", "unprotect"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "needed is PATTERN... (or -) and --note"),
        (["example.org"], "needed is PATTERN... (or -) and --note"),
        (["*@example.org", *NOTE], "no wildcard"),
        (["example.org", "jane@@example.org", *NOTE], "'jane@@example.org': it is no address"),
        (["example.org", "--note", "x" * 1_001], "--note has 1001 characters"),
    ],
)
def test_what_cannot_be_understood_changes_nothing(
    tables: Tables, command: str, arguments: list[str], message: str
) -> None:
    result = tables.run(command, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert (listed(tables), rows(tables)) == ([], [])


def test_the_whole_list_is_shown_or_changed_but_not_both(tables: Tables) -> None:
    assert tables.run("protect", "--list", "example.org").exit_code == 2


def test_patterns_come_from_stdin_too(tables: Tables) -> None:
    assert tables.run("protect", "-", *NOTE, stdin="abuse@\n\nexample.org\n").exit_code == 0
    assert listed(tables) == ["abuse@", "example.org"]


def test_as_many_as_each_batch_can_read(tables: Tables) -> None:
    # More than one transaction takes.
    many = [f"{number}.example" for number in range(PATTERNS_LIMIT)]
    assert tables.run("protect", "-", *NOTE, stdin="\n".join(many)).exit_code == 0
    assert listed(tables) == many
    assert len(rows(tables)) == PATTERNS_LIMIT
    result = tables.run("protect", "one.too.many.example", *NOTE)
    assert result.exit_code == 2
    assert f"{PATTERNS_LIMIT + 1} patterns" in result.stderr
    assert listed(tables) == many


def test_too_many_at_once_add_none(tables: Tables) -> None:
    many = "\n".join(f"{number}.example" for number in range(PATTERNS_LIMIT + 1))
    assert tables.run("protect", "-", *NOTE, stdin=many).exit_code == 2
    assert listed(tables) == []


@pytest.mark.parametrize("already", [[], ["first.example"]])
def test_of_two_at_the_same_time_none_is_lost(
    tables: Tables, monkeypatch: pytest.MonkeyPatch, already: list[str]
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    named = (*NOTE, "--history", "history")  # by name: moto rolls no transaction back on a table that an ARN names
    for pattern in already:
        tables.run("protect", pattern, *named)
    original, calls = protected_list.read_patterns, 0

    def read(context: Any) -> list[str]:
        nonlocal calls
        calls += 1
        patterns = original(context)
        if calls == 2:  # what is read now decides what is written
            assert tables.run("protect", "other.example", *named).exit_code == 0
        return patterns

    monkeypatch.setattr(protected_list, "read_patterns", read)
    assert tables.run("protect", "mine.example", *named).exit_code == 0
    assert listed(tables) == [*already, "other.example", "mine.example"]
    assert sorted(row["pattern"] for row in rows(tables)) == sorted(listed(tables))
