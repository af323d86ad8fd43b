"""`ses-feedback list`. On moto: does not prove what a scan of millions costs."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ses_feedback.history.event import Event, manual_event
from ses_feedback_cli import table_reads
from ses_feedback_cli.block_filter import BlockFilter
from ses_feedback_cli.context import Context

from tests.cli.conftest import DNS_FAILURE, NOW, Tables

Bounce = Callable[..., Event]
DAY = timedelta(days=1)


@pytest.fixture
def filled(tables: Tables, bounce: Bounce) -> Tables:
    tables.apply(
        [
            bounce("old@example.org", NOW - 30 * DAY, identity="shop.example"),
            bounce("new@example.org", NOW - DAY),
            bounce("echo@example.org", NOW - DAY, subtype="OnAccountSuppressionList"),
            bounce("idn@xn--bcher-kva.example", NOW - DAY),
            bounce("angry@sub.example.org", NOW - 2 * DAY, kind="complaint", type="abuse", subtype=""),
            bounce("gone@example.org", NOW - 20 * DAY, **DNS_FAILURE),
            bounce("gone@example.org", NOW - DAY, **DNS_FAILURE),
            manual_event("block", "hand@example.org", actor="joe", note="asked", at=NOW),
            manual_event("block", "over@example.org", actor="joe", note="", at=NOW - 9 * DAY, expires_at=NOW - 8 * DAY),
        ]
    )
    return tables


ALL = {"old", "new", "echo", "gone", "idn", "angry", "hand"}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([], ALL),
        (["--reason", "bounce"], {"old", "new", "gone", "idn"}),
        (["--reason", "hold"], {"echo"}),
        (["--reason", "complaint"], {"angry"}),
        (["--domain", "EXAMPLE.org"], ALL - {"idn", "angry"}),
        (["--domain", "bücher.example"], {"idn"}),
        (["--identity", "shop.example"], {"old"}),
        (["--rule", "account-suppression"], {"echo"}),
        (["--rule", "dns-failure"], {"gone"}),
        (["--since", "2026-11-23T12:00:00Z"], {"new", "echo", "gone", "idn", "hand"}),
        (["--until", "2026-11-23"], {"old", "angry"}),
        (["--since", "2026-11-22", "--until", "2026-11-23", "--domain", "sub.example.org"], {"angry"}),
        (["--reason", "import"], set()),
    ],
)
def test_lists_what_is_asked_for(filled: Tables, options: list[str], names: set[str]) -> None:
    assert {item["value"].partition("@")[0] for item in filled.json("list", *options)} == names
    result = filled.run("list", *options)
    assert result.exit_code == 0
    assert {line.split()[-1].partition("@")[0] for line in result.stdout.splitlines()} == names
    assert f"{len(names)} blocked" in result.stderr


def test_a_row_says_since_when_until_when_and_why(filled: Tables) -> None:
    (line,) = filled.run("list", "--identity", "shop.example").stdout.splitlines()
    assert line.split() == ["2026-10-25T12:00:00Z", "for", "good", "bounce", "hard-bounce", "old@example.org"]


def test_a_hold_ends_and_a_confirmed_one_does_not(filled: Tables) -> None:
    (held,), (confirmed,) = (
        filled.run("list", "--rule", rule).stdout.splitlines() for rule in ("account-suppression", "dns-failure")
    )
    since = "2026-11-23T12:00:00Z"
    assert held.split() == [since, "2026-12-08T00:00:00Z", "hold", "account-suppression", "echo@example.org"]
    assert confirmed.split() == [since, "for", "good", "bounce", "dns-failure", "gone@example.org"]


def test_json_is_the_whole_item(filled: Tables) -> None:
    assert {item["value"]: item for item in filled.json("list")} == {
        key: item for key, item in filled.blocked().items() if key != "over@example.org"
    }


def test_counts_by_reason(filled: Tables) -> None:
    assert filled.run("list").stderr == "7 blocked (4 bounce, 1 complaint, 1 hold, 1 manual)\n"


def test_the_limit_ends_it(filled: Tables) -> None:
    result = filled.run("list", "--limit", "2")
    assert (len(result.stdout.splitlines()), result.stderr.split()[0]) == (2, "2")


@pytest.mark.parametrize("value", ["yesterday", "7", "2026-13-01", "99999999999d", "999999w"])
def test_a_time_that_is_none_is_not_understood(filled: Tables, value: str) -> None:
    result = filled.run("list", "--since", value)
    assert result.exit_code == 2
    assert f"--since {value}" in result.stderr


def test_a_relative_time_is_ago(tables: Tables, bounce: Bounce) -> None:
    now = datetime.now(UTC)
    tables.apply([bounce("new@example.org", now - timedelta(hours=2)), bounce("old@example.org", now - 8 * DAY)])
    assert [item["value"] for item in tables.json("list", "--since", "1w")] == ["new@example.org"]
    assert [item["value"] for item in tables.json("list", "--until", "180m")] == ["old@example.org"]


def test_an_item_of_others_is_listed_too(tables: Tables) -> None:
    tables.client.put_item(TableName="blocked", Item={"value": {"S": "jane@example.org"}})
    result = tables.run("list")
    assert result.stdout.split()[-1] == "jane@example.org"
    assert result.stderr == "1 blocked (1 other)\n"


def test_reads_no_page_more_than_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    pages_read: list[int] = []

    class Pages:
        def get_paginator(self, _: str) -> "Pages":
            return self

        def paginate(self, **_: Any) -> Any:
            for number in range(1_000_000):
                pages_read.append(number)
                yield {"Items": [{"value": {"S": f"{number}-{index}@example.org"}} for index in range(100)]}

    monkeypatch.setattr(Context, "dynamodb_client", lambda *_: Pages())
    items = table_reads.scan_blocked_items(Context(table="t"), BlockFilter(), NOW)
    assert [next(items)["value"] for _ in range(150)][-1] == "1-49@example.org"
    assert pages_read == [0, 1]


ENDLESS = textwrap.dedent("""
    import sys
    from itertools import count
    from ses_feedback_cli import table_reads
    from ses_feedback_cli.app import app
    table_reads.scan_blocked_items = lambda *_: ({"value": f"{n}@example.org", "reason": "bounce"} for n in count())
    app(["list", *sys.argv[1:]], prog_name="ses-feedback")
""")


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_has_enough_gets_no_error(options: list[str]) -> None:
    # In a process of its own: Python reports a broken pipe when it exits.
    command = [sys.executable, "-W", "error", "-c", ENDLESS, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert b"0@example.org" in running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(timeout=20) == 0
