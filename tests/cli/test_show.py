"""`ses-feedback show`. On moto: does not prove which permissions AWS asks for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from ses_feedback.history.event import Event, manual_event

from tests.cli.conftest import DNS_FAILURE, NOW, Tables
from tests.cli.fake_ses import FakeSes

Bounce = Callable[..., Event]
JANE = "jane@example.org"
DAY = timedelta(days=1)


def test_tells_all_that_happened_in_order(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(JANE, NOW), bounce(JANE, NOW - 9 * DAY, subtype="NoEmail", diagnostic="550 [bold]no one")])
    tables.apply([manual_event("unblock", JANE, actor="joe", note="ticket 7", at=NOW - 5 * DAY)])
    result = tables.run("show", "Jane <Jane@EXAMPLE.org>")
    assert result.exit_code == 1
    output = result.stdout
    parts = ["2026-11-15T12:00:00Z", "NoEmail", "block", "2026-11-19T12:00:00Z", "unblock by joe", "ticket 7"]
    parts += ["2026-11-24T12:00:00Z", "hard-bounce", "BLOCKED because of bounce"]
    positions = [output.index(part) for part in parts]
    assert positions == sorted(positions)
    for fact in ("5.1.1", "550 [bold]no one", "example.com", "eu-west-1", f"message-{JANE}-20261124120000"):
        assert fact in output


def test_a_story_that_ends_well_is_exit_code_0(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(JANE), manual_event("unblock", JANE, actor="joe", note="", at=NOW + DAY)])
    result = tables.run("show", JANE)
    assert result.exit_code == 0
    assert "not blocked" in result.stdout


def test_an_address_never_seen_says_so(tables: Tables) -> None:
    result = tables.run("show", JANE)
    assert result.exit_code == 0
    assert "no events in the history" in result.stdout
    (document,) = tables.json("show", JANE)
    assert (document["blocked"], document["block"], document["events"]) == (False, None, [])


def test_what_is_no_address_is_not_understood(tables: Tables) -> None:
    result = tables.run("show", "jane at example")
    assert result.exit_code == 2
    assert "jane at example" not in result.stderr


def test_json_holds_what_the_tables_hold(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(JANE)])
    (document,) = tables.json("show", JANE)
    assert document["blocked"]
    assert document["block"] == tables.blocked()[JANE]
    (event,) = document["events"]
    assert event["diagnostic"] == "smtp; 550 5.1.1 user unknown"
    assert "ses" not in document


def test_counts_soft_bounces_as_they_count(tables: Tables, bounce: Bounce) -> None:
    now = datetime.now(UTC)
    soft = {"type": "Transient", "subtype": "MailboxFull", "status": "5.2.2", "diagnostic": "552 5.2.2 full"}
    tables.apply(
        [
            bounce(JANE, now - 40 * DAY, **soft),  # outside the 30 days
            bounce(JANE, now - 3 * DAY, **soft),
            bounce(JANE, now - 2 * DAY, **soft, message_id="m", feedback_id="by-identity"),
            bounce(JANE, now - 2 * DAY, **soft, message_id="m", feedback_id="by-set"),  # one mail, reported twice
        ]
    )
    (document,) = tables.json("show", JANE)
    assert document["soft_bounces"] == {"mails": 2, "threshold": 5, "window_days": 30, "block_days": 30}
    assert len(document["events"]) == 4
    assert "soft bounces: 2 mails" in tables.run("show", JANE).stdout


def test_a_block_that_is_over_is_none(tables: Tables) -> None:
    act = manual_event(
        "block", JANE, actor="joe", note="", at=NOW - 9 * DAY, expires_at=datetime(2026, 11, 20, tzinfo=UTC)
    )
    tables.apply([act])
    result = tables.run("show", JANE)
    assert result.exit_code == 0
    assert "ended 2026-11-20T00:00:00Z" in result.stdout


def test_a_hold_says_until_when_why_and_what_confirms_it(tables: Tables, bounce: Bounce) -> None:
    now = datetime.now(UTC)
    tables.apply([bounce(JANE, now, **DNS_FAILURE)])
    result = tables.run("show", JANE)
    assert result.exit_code == 1
    ends, last = (f"{now + days * DAY:%Y-%m-%dT00:00:00Z}" for days in (15, 195))
    for fact in (
        f"bounce/Permanent/General: hold until {ends}, by the rule dns-failure",
        f"BLOCKED: held until {ends} by the rule dns-failure, since {now:%Y-%m-%dT%H:%M:%S}Z",
        "The domain was not found",
        f"Another bounce by this rule, after the hold and before {last}, makes it a block for good",
    ):
        assert fact in result.stdout
    (document,) = tables.json("show", JANE)
    assert (document["block"]["reason"], document["block"]["kind"]) == ("hold", "bounce")


def test_a_confirmed_hold_says_what_confirmed_it(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(JANE, NOW - 20 * DAY, **DNS_FAILURE), bounce(JANE, NOW, **DNS_FAILURE)])
    complaint = {"kind": "complaint", "type": "abuse", "subtype": "", "ambiguous": True}
    tables.apply([bounce("joe@example.org", NOW - n * DAY, **complaint) for n in range(2)])
    jane, joe = (tables.run("show", address).stdout for address in (JANE, "joe@example.org"))
    assert "BLOCKED because of bounce (rule dns-failure), since 2026-11-24T12:00:00Z, for good" in jane
    assert "after its end the address bounced by the same rule" in jane
    assert "BLOCKED because of complaint (rule suspects)" in joe
    assert "complaints about two mails named the address" in joe
    assert "the complaint names several recipients, one of whom complained" in joe


@pytest.mark.parametrize("item_exists", [True, False])
@pytest.mark.parametrize(("days", "can_be_confirmed"), [(30, True), (210, False)])
def test_a_hold_that_is_over_says_how_long_the_same_confirms_it(
    tables: Tables, bounce: Bounce, days: int, can_be_confirmed: bool, item_exists: bool
) -> None:
    tables.apply([bounce(JANE, datetime.now(UTC) - days * DAY, **DNS_FAILURE)])
    if not item_exists:  # DynamoDB deletes it some time after
        tables.client.delete_item(TableName="blocked", Key={"value": {"S": JANE}})
    result = tables.run("show", JANE)
    assert result.exit_code == 0
    assert "not blocked any more: a hold by the rule dns-failure ended" in result.stdout
    assert ("makes it a block for good" in result.stdout) == can_be_confirmed


def test_what_nothing_confirms_says_so(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(JANE, datetime.now(UTC), subtype="OnAccountSuppressionList")])
    assert "each only holds anew" in tables.run("show", JANE).stdout


def test_feedback_about_an_address_that_was_not_mailed_says_so(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(JANE, mailed=False), bounce("joe@example.org", destinations_known=False)])
    jane, joe = (tables.run("show", address).stdout for address in (JANE, "joe@example.org"))
    assert "ignore, by the rule not-mailed" in jane
    assert "the mail did not go to this address" in jane
    assert "the notification does not say where the mail went" in joe


def test_a_block_outlives_its_feedback_in_the_history(tables: Tables, bounce: Bounce) -> None:
    event = bounce(JANE)
    tables.apply([event])
    tables.client.delete_item(TableName="history", Key={"value": {"S": JANE}, "entry": {"S": event.entry}})
    result = tables.run("show", JANE)
    assert result.exit_code == 1
    for fact in ("BLOCKED because of bounce", "hard-bounce", "5.1.1", "never seen"):
        assert (fact in result.stdout) == (fact != "never seen")


@pytest.mark.parametrize("item_exists", [True, False])
def test_says_if_table_and_history_disagree(tables: Tables, bounce: Bounce, item_exists: bool) -> None:
    if item_exists:
        tables.client.put_item(TableName="blocked", Item={"value": {"S": JANE}})
    else:
        tables.apply([bounce(JANE)])
        tables.client.delete_item(TableName="blocked", Key={"value": {"S": JANE}})
    result = tables.run("show", JANE)
    assert result.exit_code == int(item_exists)
    disagreements = "another program wrote the item" in result.stdout, "the item was deleted" in result.stdout
    assert disagreements == (item_exists, not item_exists)


def test_looks_at_the_list_of_ses_in_every_region(tables: Tables, ses: FakeSes) -> None:
    ses.add("eu-west-1", "Jane@example.org", reason="COMPLAINT")
    result = tables.run("show", "Jane@example.org", "--ses-region", "eu-west-1", "--ses-region", "us-east-1")
    assert result.exit_code == 1
    assert "eu-west-1: has Jane@example.org because of COMPLAINT" in result.stdout
    assert "us-east-1: does not have the address" in result.stdout
    (document,) = tables.json("show", "Jane@example.org", "--ses-region", "eu-west-1")
    assert document["ses"]["entries"] == [
        {
            "region": "eu-west-1",
            "address": "Jane@example.org",
            "reason": "COMPLAINT",
            "updated_at": "2025-11-24T12:00:00Z",
        }
    ]


def test_the_list_of_ses_needs_a_region(tables: Tables) -> None:
    result = tables.run("show", JANE, "--ses")
    assert result.exit_code == 2
    assert "--ses-region" in result.stderr


def test_what_other_servers_say_cannot_write_to_the_terminal(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce(JANE, diagnostic="550 no\x1b[2J\r\nno events in the history\x9b2J")])
    shown = tables.run("show", JANE).stdout
    assert "550 no" in shown
    assert not {"\x1b", "\r", "\x9b"} & set(shown)
    assert "no events in the history" not in shown.splitlines()
