"""`ses-feedback check`. On moto: does not prove which permissions AWS asks for; the sandbox's sender does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from ses_feedback.history.event import Event

from tests.cli.conftest import DNS_FAILURE, Tables

Bounce = Callable[..., Event]


def test_says_who_may_be_mailed_and_why_not(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce("jane@example.org")])
    result = tables.run("check", "Jane <Jane@Example.ORG>", "joe@example.org")
    assert result.exit_code == 1
    jane, joe = (line for line in result.stdout.splitlines() if "@" in line)
    assert "no" in jane.split()
    assert "bounce" in jane
    assert "2026-11-24T12:00:00Z" in jane
    assert "yes" in joe.split()


def test_a_hold_says_until_when_and_a_confirmed_one_has_no_end(tables: Tables, bounce: Bounce) -> None:
    now = datetime.now(UTC)
    tables.apply(
        [
            bounce("held@example.org", now, **DNS_FAILURE),
            bounce("gone@example.org", now - timedelta(days=30), **DNS_FAILURE),
            bounce("gone@example.org", now, **DNS_FAILURE),
            bounce("back@example.org", now - timedelta(days=30), **DNS_FAILURE),
        ]
    )
    midnight = (now + timedelta(days=15)).strftime("%Y-%m-%dT00:00:00Z")
    held, gone, back = tables.json("check", "held@example.org", "gone@example.org", "back@example.org")
    assert (held["reason"], held["expires_at"], gone["reason"], gone["expires_at"]) == (
        "hold",
        midnight,
        "bounce",
        None,
    )
    assert back["allowed"]
    (line,) = (line for line in tables.run("check", "held@example.org").stdout.splitlines() if "@" in line)
    for word in ("no", "hold", f"{now:%Y-%m-%dT%H:%M:%S}Z", midnight):
        assert word in line.split()


def test_a_narrow_screen_gets_lines_of_which_nothing_is_cut(
    tables: Tables, bounce: Bounce, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    tables.apply([bounce("somebody.held@example.org", now, **DNS_FAILURE), bounce("gone@example.org", now)])
    monkeypatch.setattr("ses_feedback_cli.output.Console.is_terminal", True)
    monkeypatch.setenv("COLUMNS", "80")
    result = tables.run("check", "somebody.held@example.org", "gone@example.org", "joe@example.org", "not one")
    assert result.exit_code == 1
    since = f"{now:%Y-%m-%dT%H:%M:%S}Z"
    held, gone, joe, invalid = result.stdout.splitlines()
    assert held.startswith(f"somebody.held@example.org  no: hold, since {since}, until 2")
    assert (gone, joe) == (f"gone@example.org  no: bounce, since {since}", "joe@example.org  yes")
    assert invalid.startswith("not one  no: ")


def test_all_allowed_is_exit_code_0(tables: Tables) -> None:
    assert tables.run("check", "joe@example.org").exit_code == 0


def test_what_is_no_address_is_never_allowed(tables: Tables) -> None:
    assert tables.run("check", "not an address").exit_code == 1


def test_json_is_a_line_per_address_in_the_order_of_stdin(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce("b@example.org")])
    answers = tables.json("check", "-", stdin="a@example.org\n\nb@example.org\n")
    assert [(answer["address"], answer["allowed"]) for answer in answers] == [
        ("a@example.org", True),
        ("b@example.org", False),
    ]


def test_without_a_table_it_says_how_to_give_one(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SES_FEEDBACK_OUTPUTS")
    result = tables.run("check", "a@example.org")
    assert result.exit_code == 2
    for option in ("--table", "SES_FEEDBACK_TABLE", "--outputs", "--stack"):
        assert option in result.stderr


def test_a_table_that_does_not_answer_is_exit_code_3(tables: Tables) -> None:
    result = tables.run("check", "a@example.org", "--table", "elsewhere")
    assert result.exit_code == 3
    assert "ResourceNotFoundException" in result.stderr
    assert "a@example.org" not in result.stderr
