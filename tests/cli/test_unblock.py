"""`ses-feedback unblock ADDRESS`. On moto and a fake of SES's lists: neither proves which permissions AWS asks for."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ses_feedback.history.event import Event
from ses_feedback.history.writer import HistoryWriter, Outcome
from ses_feedback.history.writer import Result as Recorded
from ses_feedback_cli import suppression_list
from ses_feedback_cli.blocks import unblock_run

from tests.cli.conftest import Tables
from tests.cli.fake_ses import FakeSes

Bounce = Callable[..., Event]
JANE = "jane@example.org"
AGO = datetime.now(UTC) - timedelta(days=2)
NOTE = ("--note", "ticket 7")
HERE = ("--ses-region", "eu-west-1")


def test_lifts_a_block_and_records_who_and_why(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(JANE, AGO)])
    result = tables.run("unblock", "Jane <Jane@example.org>", *NOTE, "--actor", "joe", "--no-ses")
    assert result.exit_code == 0
    assert result.stdout == f"{JANE}  was blocked (bounce since {AGO:%Y-%m-%dT%H:%M:%SZ}), now not blocked\n"
    assert tables.blocked() == {}
    *_, act = tables.json("show", JANE)[0]["events"]
    assert (act["act"], act["actor"], act["note"]) == ("unblock", "joe", "ticket 7")


def test_a_second_time_changes_nothing(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(JANE, AGO)])
    for _ in range(2):
        result = tables.run("unblock", JANE, *NOTE, "--no-ses")
        assert result.exit_code == 0
    assert "was not blocked" in result.stdout
    assert len(tables.json("show", JANE)[0]["events"]) == 2


def test_forgives_soft_bounces_that_do_not_block_yet(tables: Tables, bounce: Bounce) -> None:
    soft = {"type": "Transient", "subtype": "MailboxFull", "status": "5.2.2"}
    tables.apply([bounce(JANE, AGO + timedelta(minutes=number), **soft) for number in range(4)])
    tables.run("unblock", JANE, *NOTE, "--no-ses")
    assert tables.json("show", JANE)[0]["soft_bounces"]["mails"] == 0


def test_what_happens_later_counts(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(JANE, AGO)])
    tables.run("unblock", JANE, *NOTE, "--no-ses")
    tables.apply([bounce(JANE, AGO - timedelta(days=1))])  # redriven
    assert tables.blocked() == {}
    tables.apply([bounce(JANE, datetime.now(UTC) + timedelta(minutes=1))])
    assert JANE in tables.blocked()


def test_a_clock_that_is_a_little_ahead_hinders_nothing(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(JANE, datetime.now(UTC) + timedelta(minutes=10))])
    assert tables.run("unblock", JANE, *NOTE, "--no-ses").exit_code == 0
    assert tables.blocked() == {}


def test_a_time_far_ahead_is_told_and_stays(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(JANE, datetime.now(UTC) + timedelta(days=10))])
    result = tables.run("unblock", JANE, *NOTE, "--no-ses")
    assert result.exit_code == 1
    assert "still blocked" in result.stdout


def test_an_item_of_others_is_removed(tables: Tables) -> None:
    tables.client.put_item(TableName="blocked", Item={"value": {"S": JANE}, "blocked_at": {"S": "2099-01-01"}})
    assert tables.run("unblock", JANE, *NOTE, "--no-ses").exit_code == 0
    assert tables.blocked() == {}


def test_takes_it_off_the_lists_of_ses_in_any_spelling(tables: Tables, bounce: Bounce, ses: FakeSes) -> None:
    tables.apply([bounce(JANE, AGO)])
    ses.add("eu-west-1", "Jane@example.org", "joe@example.org")
    ses.add("us-east-1", JANE)
    result = tables.run("unblock", "Jane@Example.org", *NOTE, *HERE, "--ses-region", "us-east-1")
    assert result.exit_code == 0
    assert result.stdout.rstrip().endswith(
        "now not blocked; removed from SES's suppression list in eu-west-1, us-east-1"
    )
    assert ses.spellings() == {"eu-west-1": {"joe@example.org"}, "us-east-1": set()}


@pytest.mark.parametrize("typed", ["A..b@docomo.ne.jp", '"A..b"@docomo.ne.jp'])
@pytest.mark.parametrize("listed", ["a..b", "A..b", '"a..b"', '"A..b"'])
def test_dots_that_need_quotes_are_found_with_and_without_them(
    tables: Tables, bounce: Bounce, ses: FakeSes, typed: str, listed: str
) -> None:
    tables.apply([bounce("a..b@docomo.ne.jp", AGO)])
    ses.add("eu-west-1", f"{listed}@docomo.ne.jp", "a.b@docomo.ne.jp")
    assert tables.json("unblock", typed, *NOTE, *HERE)[0]["ses"] == {"eu-west-1": "removed"}
    assert tables.blocked() == {}
    assert ses.spellings() == {"eu-west-1": {"a.b@docomo.ne.jp"}}


def test_an_address_that_only_ses_has_is_taken_off(tables: Tables, ses: FakeSes) -> None:
    ses.add("eu-west-1", JANE)
    (output,) = tables.json("unblock", JANE, *NOTE, *HERE)
    assert (output["changed"], output["ses"]) == (False, {"eu-west-1": "removed"})
    assert tables.json("show", JANE)[0]["events"] == []


def test_an_address_with_a_slash_reaches_ses_whole(tables: Tables, ses: FakeSes) -> None:
    ses.add("eu-west-1", "a/b+c@example.org")
    assert tables.json("unblock", "a/b+c@example.org", *NOTE, *HERE)[0]["ses"] == {"eu-west-1": "removed"}


def test_the_regions_are_those_of_the_stack(tables: Tables, ses: FakeSes) -> None:
    outputs = json.loads(tables.outputs.read_text())
    pipelines = {region: {"region": region} for region in ("eu-west-1", "eu-north-1")}
    tables.outputs.write_text(json.dumps(outputs | {"pipelines": pipelines}))
    assert set(tables.json("unblock", JANE, *NOTE)[0]["ses"]) == set(pipelines)
    assert ses.calls


def test_without_a_region_it_asks_for_one(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(JANE, AGO)])
    result = tables.run("unblock", JANE, *NOTE)
    assert result.exit_code == 2
    assert "--ses-region" in result.stderr
    assert JANE in tables.blocked()


def test_what_ses_refuses_stays_blocked_and_the_others_go_on(tables: Tables, bounce: Bounce, ses: FakeSes) -> None:
    tables.apply([bounce(JANE, AGO), bounce("joe@example.org", AGO)])
    ses.errors[JANE] = "BadRequestException"
    result = tables.run("unblock", JANE, "joe@example.org", *NOTE, *HERE)
    assert result.exit_code == 1
    assert "FAILED: SES's suppression list: BadRequestException in eu-west-1" in result.stdout
    assert "--no-ses" in result.stderr
    assert set(tables.blocked()) == {JANE}
    ses.errors.clear()
    assert tables.run("unblock", JANE, "joe@example.org", *NOTE, *HERE).exit_code == 0
    assert tables.blocked() == {}


def test_a_right_that_is_missing_ends_it_before_anything_changes(tables: Tables, bounce: Bounce, ses: FakeSes) -> None:
    tables.apply([bounce(JANE, AGO)])
    ses.errors[JANE] = "AccessDeniedException"
    result = tables.run("unblock", JANE, *NOTE, *HERE)
    assert result.exit_code == 3
    assert "DeleteSuppressedDestination" in result.stderr
    assert "0 of 1 are done" in result.stderr
    assert JANE in tables.blocked()


def test_ses_comes_first(tables: Tables, bounce: Bounce, ses: FakeSes, monkeypatch: pytest.MonkeyPatch) -> None:
    # If the block was lifted first and the command stopped then, the next mail would block the address again.
    tables.apply([bounce(JANE, AGO)])
    ses.add("eu-west-1", JANE)

    def refuse(_: HistoryWriter, events: list[Event], **__: Any) -> list[Recorded]:
        assert ses.spellings() == {"eu-west-1": set()}
        return [Recorded(Outcome.FAILED, "TransactWriteItems: no time left")] * len(events)

    with monkeypatch.context() as patched:
        patched.setattr(HistoryWriter, "apply", refuse)
        result = tables.run("unblock", JANE, *NOTE, *HERE)
    assert result.exit_code == 1
    assert "FAILED: TransactWriteItems" in result.stdout
    assert tables.run("unblock", JANE, *NOTE, *HERE).exit_code == 0
    assert tables.blocked() == {}


def test_of_many_the_list_is_read_and_only_what_is_on_it_deleted(tables: Tables, ses: FakeSes) -> None:
    ses.page_size = 40
    ses.add("eu-west-1", *(f"other{number}@example.org" for number in range(99)), "User7@example.org")
    many = [f"user{number}@example.org" for number in range(unblock_run.READ_LISTS_FROM + 1)]
    results = tables.json("unblock", "-", *NOTE, *HERE, stdin="\n".join(many))
    assert [result["address"] for result in results if result["ses"] == {"eu-west-1": "removed"}] == [
        "user7@example.org"
    ]
    assert [method for _, method, _ in ses.calls] == ["GET"] * 3 + ["DELETE"]


@pytest.mark.parametrize(
    "arguments",
    [[], [JANE], [JANE, "--no-ses"], NOTE, [JANE, *NOTE, "--since", "2d"], [JANE, *NOTE, "--no-ses", *HERE],
     [*NOTE, "--from", "f.jsonl"], ["--since", "2d", "--reason", "bounce"], ["--reason", "bounce"],
     [JANE, "--reason", "ticket 7"]],
)  # fmt: skip
def test_it_must_be_said_what_and_why_in_one_way(tables: Tables, bounce: Bounce, arguments: list[str]) -> None:
    tables.apply([bounce(JANE, AGO)])
    assert tables.run("unblock", *arguments).exit_code == 2
    assert JANE in tables.blocked()


def test_the_lists_of_ses_are_asked_once_a_second() -> None:
    now, pauses = [100.0], []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    pacer = suppression_list.CallPacer(clock=lambda: now[0], sleep=sleep)
    for seconds in (0.0, 0.25, 3.0):
        pacer.wait()
        now[0] += seconds
    pacer.wait()
    assert pauses == [1.0, 0.75]


@pytest.mark.parametrize("command", [("block",), ("unblock", "--no-ses")])
def test_a_reason_that_cannot_be_kept_changes_nothing(tables: Tables, command: tuple[str, ...]) -> None:
    result = tables.run(*command, JANE, "--note", "x" * 1_001)
    assert result.exit_code == 2
    assert "--note" in result.stderr
    assert tables.json("show", JANE)[0]["events"] == []
