"""`ses-feedback block`. On moto: does not prove which permissions AWS asks for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from ses_feedback.history.event import Event

from tests.cli.conftest import Tables

Bounce = Callable[..., Event]
JANE = "jane@example.org"


def test_blocks_and_records_who_and_why(tables: Tables) -> None:
    result = tables.run("block", "Jane <Jane@example.org>", "--note", "asked by phone", "--actor", "joe")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{JANE}  was not blocked, now blocked (manual since ")
    item = tables.blocked()[JANE]
    assert (item["reason"], item["actor"], item["note"]) == ("manual", "joe", "asked by phone")
    (event,) = tables.json("show", JANE)[0]["events"]
    assert (event["act"], event["actor"], event["note"]) == ("block", "joe", "asked by phone")


def test_without_an_actor_it_is_the_credentials(tables: Tables) -> None:
    tables.run("block", JANE, "--note", "asked")
    assert tables.blocked()[JANE]["actor"].startswith("arn:aws:")


def test_a_second_time_changes_nothing(tables: Tables) -> None:
    tables.run("block", JANE, "--note", "asked")
    before = tables.blocked()
    result = tables.run("block", JANE, "--note", "asked again")
    assert result.exit_code == 0
    assert "unchanged" in result.stdout
    assert tables.blocked() == before
    assert len(tables.json("show", JANE)[0]["events"]) == 1


def test_a_longer_end_replaces_a_shorter_one_only(tables: Tables) -> None:
    def ends() -> timedelta:
        remaining: timedelta = datetime.fromtimestamp(tables.blocked()[JANE]["expires_at"], UTC) - datetime.now(UTC)
        return remaining

    for until, days in (("7d", 7), ("2w", 14), ("3d", 14)):
        assert tables.run("block", JANE, "--note", "away", "--until", until).exit_code == 0
        assert timedelta(days=days, minutes=-2) < ends() <= timedelta(days=days)
    tables.run("block", JANE, "--note", "for good")
    assert "expires_at" not in tables.blocked()[JANE]


@pytest.mark.parametrize("until", ["2020-01-01", "soon", "0d"])
def test_an_end_that_is_none_changes_nothing(tables: Tables, until: str) -> None:
    assert tables.run("block", JANE, "--note", "asked", "--until", until).exit_code == 2
    assert tables.blocked() == {}


def test_a_bounce_stays_what_blocks_and_the_act_is_kept(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(JANE)])
    (output,) = tables.json("block", JANE, "--note", "asked")
    assert (output["before"]["reason"], output["after"]["reason"], output["changed"]) == ("bounce", "bounce", True)
    assert [event.get("act") for event in tables.json("show", JANE)[0]["events"]].count("block") == 1


def test_an_item_that_somebody_deleted_is_put_back(tables: Tables) -> None:
    tables.run("block", JANE, "--note", "asked")
    tables.client.delete_item(TableName="blocked", Key={"value": {"S": JANE}})
    assert "now blocked" in tables.run("block", JANE, "--note", "asked").stdout
    assert JANE in tables.blocked()


def test_of_many_the_good_ones_are_done_and_the_others_told(tables: Tables) -> None:
    lines = "\n".join(["not an address", *(f"{number}@example.org" for number in range(510)), "0@EXAMPLE.org"])
    result = tables.run("block", "-", "--note", "a list", stdin=lines)
    assert result.exit_code == 1
    assert len(tables.blocked()) == 510
    assert len(result.stdout.splitlines()) == 511
    assert "not an address  NO ADDRESS" in result.stdout


@pytest.mark.parametrize("arguments", [[], [JANE], ["--note", "asked"], ["--from", "nowhere.jsonl", JANE]])
def test_it_must_be_said_what_and_why(tables: Tables, arguments: list[str]) -> None:
    assert tables.run("block", *arguments).exit_code == 2
    assert tables.blocked() == {}
