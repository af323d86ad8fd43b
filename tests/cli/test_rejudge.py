"""`ses-feedback rejudge`: a table that earlier rules wrote, judged by today's. On moto.

What earlier rules wrote is made with the function of today and a rule of then: rows of version 0.1.0 have the same
attributes (tests/cli/test_feedback_rows.py has one as it was written), but none about where the mail went.
"""

import json
import stat
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ses_feedback.function.feedback_event import feedback_event
from ses_feedback.function.notification import Feedback
from ses_feedback.function.verdict import Rule, Verdict
from ses_feedback.history.event import Event, manual_event
from ses_feedback.history.state_row import with_embedded_events
from ses_feedback.table import decode, encode
from ses_feedback_cli.context import Context
from ses_feedback_cli.rejudgement import run, tables
from ses_feedback_cli.rejudgement.tables import RejudgeTables

from tests.cli.conftest import BLOCKED, HISTORY, REGION, Tables
from tests.cli.fake_ses import FakeSes

Bounce = Callable[..., Event]
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
UNASKED = ("rejudge", "--yes", "--undo-file", "undo.jsonl")

POLICY, FORWARDED, LOST_DOMAIN, GONE, AMBIGUOUS = (
    f"{name}@example.org" for name in ("policy", "forwarded", "lost-domain", "gone", "ambiguous")
)


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def old_bounce(
    address: str, rule: str = "hard-bounce", verdict: str = "block", at: datetime = NOW - 2 * DAY, **changes: Any
) -> Event:
    """A feedback as earlier rules judged it."""
    values: dict[str, Any] = {
        "kind": "bounce",
        "type": "Permanent",
        "subtype": "General",
        "feedback_id": f"id-{address}-{at:%Y%m%d%H%M%S}",
        "occurred_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "status": "5.1.1",
        "diagnostic": "smtp; 550 5.1.1 user unknown",
        "action": "failed",
        "message_id": f"mail-{address}-{at:%Y%m%d%H%M%S}",
        "identity": "example.com",
    }
    feedback = Feedback(address=address, **{**values, **changes})
    old_rule = Rule(rule, Verdict(verdict), feedback.kind, reason="", source="")
    return feedback_event(feedback, old_rule, pipeline="bounce-example", now=at)


def refused(address: str, **changes: Any) -> Event:
    """The provider refuses the sender, which blocked for good, and now counts."""
    return old_bounce(address, status="5.7.1", diagnostic="smtp; 550 5.7.1 rejected by policy", **changes)


@pytest.fixture
def filled(tables: Tables) -> Tables:
    """One address for each change."""
    tables.apply(
        [
            refused(POLICY),
            old_bounce(FORWARDED, forwarded=True),
            old_bounce(LOST_DOMAIN, status="5.4.4", diagnostic="smtp; host not found"),
            old_bounce(GONE),
            old_bounce(AMBIGUOUS, "complaint", kind="complaint", type="abuse", subtype="", ambiguous=True),
            # Counted then; the text says that the mailbox is not there, which blocks now.
            old_bounce("text@example.org", "soft-bounce", "count", type="Transient", status="5.0.0",
                       diagnostic="smtp; 550 no such user"),
            # Holds that the rules of then did not let anything confirm, and whose verdict is another now.
            old_bounce("held@example.org", "some-hold", "hold"),
            # Only the rule has another name.
            old_bounce("renamed@example.org", "no-email-other-address", "ignore", subtype="NoEmail"),
        ]
    )  # fmt: skip
    return tables


CHANGES = {
    POLICY: ("unblocked", "hard-bounce", "sender-refused"),
    FORWARDED: ("unblocked", "hard-bounce", "forwarded"),
    "text@example.org": ("blocked", "soft-bounce", "nonexistent-address"),
    LOST_DOMAIN: ("weaker", "hard-bounce", "dns-failure"),
    AMBIGUOUS: ("weaker", "complaint", "suspects"),
    "held@example.org": ("stronger", "some-hold", "hard-bounce"),
}


def rows(tables: Tables) -> dict[tuple[str, str], dict[str, Any]]:
    items = tables.client.scan(TableName="history", ConsistentRead=True)["Items"]
    return {(row["value"], row["entry"]): row for row in with_embedded_events(map(decode, items))}


def feedback_row(tables: Tables, address: str) -> dict[str, Any]:
    (row,) = (row for (value, entry), row in rows(tables).items() if value == address and entry.startswith("feedback#"))
    return row


def files() -> list[str]:
    return sorted(path.name for path in Path.cwd().iterdir())


def addresses_in(file: str) -> set[str]:
    lines = map(json.loads, Path(file).read_text().splitlines())
    return {line["item"]["value"] for line in lines if "item" in line}


def blocks(tables: Tables) -> dict[str, Any]:
    """Until when each address is blocked; None: for good."""
    return {address: item.get("expires_at") for address, item in tables.blocked().items()}


def assert_state_fits_rows(tables: Tables, address: str) -> None:
    """Another rejudge of a row that changes nothing finds the same state: it is the fold of the rows."""
    with closing(RejudgeTables(Context(table=BLOCKED, history=HISTORY), 14)) as rejudged:
        assert rejudged._read(address) is None
    history = tables.json("show", address)[0]
    assert (history["block"] or {}).get("rule") == (tables.blocked().get(address) or {}).get("rule")


def test_a_dry_run_shows_each_change_with_both_rules_and_changes_nothing(filled: Tables) -> None:
    before = (rows(filled), filled.blocked())
    summary, *documents = filled.json("rejudge", "--dry-run")
    assert {
        document["address"]: (document["change"], document["rule_before"], document["rule_after"])
        for document in documents
    } == CHANGES
    assert (summary["addresses"], summary["unreadable"]) == (7, 0)
    counted = {(count["change"], count["rule_before"], count["rule_after"]) for count in summary["changes"]}
    assert counted == {*CHANGES.values(), ("none", "", "")}
    result = filled.run("rejudge", "--dry-run")
    assert result.exit_code == 0
    assert "7 addresses are judged otherwise now" in result.stdout
    assert "sender-refused" in result.stdout
    assert (rows(filled), filled.blocked(), files()) == (*before, [])


def test_a_dry_run_refuses_what_the_run_would_refuse(filled: Tables) -> None:
    Path("taken.jsonl").touch()
    for options in (("--undo-file", "taken.jsonl"), ("--note", " ")):
        for option in ("--dry-run", "--yes"):
            assert filled.run("rejudge", *options, option).exit_code == 2
    assert set(filled.blocked()) >= {POLICY, FORWARDED}


def test_it_changes_rows_state_and_block_and_leaves_a_trace(filled: Tables) -> None:
    result = filled.run(*UNASKED, "--actor", "joe", "--note", "update to 0.2")
    assert result.exit_code == 0, result.stderr
    blocked = filled.blocked()
    assert set(blocked) == {GONE, LOST_DOMAIN, AMBIGUOUS, "text@example.org", "held@example.org"}
    assert {address: (item["reason"], item["rule"]) for address, item in blocked.items()} == {
        GONE: ("bounce", "hard-bounce"),
        LOST_DOMAIN: ("hold", "dns-failure"),
        AMBIGUOUS: ("hold", "suspects"),
        "text@example.org": ("bounce", "nonexistent-address"),
        "held@example.org": ("bounce", "hard-bounce"),
    }
    assert {address for address, ends in blocks(filled).items() if ends} == {LOST_DOMAIN, AMBIGUOUS}
    row = feedback_row(filled, POLICY)
    assert (row["rule"], row["verdict"]) == ("sender-refused", "count")
    assert (row["first_rule"], row["first_verdict"]) == ("hard-bounce", "block")
    (act,) = (row for (value, _), row in rows(filled).items() if value == POLICY and row.get("act"))
    assert (act["act"], act["actor"], act["note"]) == ("rejudge", "joe", "update to 0.2")
    assert not any(value == GONE and row.get("act") for (value, _), row in rows(filled).items())
    assert "rejudge by joe" in filled.run("show", POLICY).stdout
    assert "first recorded as block, by the rule hard-bounce" in filled.run("show", POLICY).stdout
    for address in (*CHANGES, "renamed@example.org"):
        assert_state_fits_rows(filled, address)


def test_a_second_run_finds_nothing_to_do(filled: Tables) -> None:
    assert filled.run(*UNASKED).exit_code == 0
    before = (rows(filled), filled.blocked(), files())
    result = filled.run("rejudge", "--yes")
    assert (result.exit_code, "nothing to do" in result.stdout) == (0, True)
    assert (rows(filled), filled.blocked(), files()) == before


def test_what_todays_rules_wrote_does_not_change(tables: Tables, bounce: Bounce) -> None:
    tables.apply(
        [
            bounce("a@example.org"),
            bounce("b@example.org", status="5.4.4"),
            bounce("c@example.org", type="Transient", status="4.4.7", diagnostic=""),
            bounce("d@example.org", mailed=False),
            bounce("e@example.org", kind="complaint", type="abuse", subtype="", ambiguous=True),
            manual_event("block", "f@example.org", actor="joe", note="", at=NOW),
        ]
    )
    (summary,) = tables.json("rejudge", "--dry-run")
    assert summary == {"addresses": 0, "unreadable": 0, "changes": []}


def test_the_undo_files_give_back_what_was(filled: Tables) -> None:
    before = blocks(filled)
    result = filled.run(*UNASKED)
    assert files() == ["undo-changed.jsonl", "undo-new.jsonl", "undo.jsonl"]
    assert {stat.S_IMODE(Path(file).stat().st_mode) for file in files()} == {0o600}
    assert addresses_in("undo.jsonl") == {POLICY, FORWARDED}
    assert addresses_in("undo-changed.jsonl") == {LOST_DOMAIN, AMBIGUOUS, "held@example.org"}
    assert addresses_in("undo-new.jsonl") == {"text@example.org", "held@example.org"}
    undo = [line.split("`")[1].split() for line in result.stderr.splitlines() if line.startswith("undo: ")]
    assert len(undo) == 3
    for _, *arguments in undo:
        filled.run(*arguments)
    assert blocks(filled) == before


def test_undo_files_that_nothing_needs_are_not_written(tables: Tables) -> None:
    tables.apply([refused(POLICY)])
    assert tables.run(*UNASKED).exit_code == 0
    assert files() == ["undo.jsonl"]


def test_an_existing_undo_file_is_not_overwritten_and_nothing_is_done(filled: Tables) -> None:
    Path("undo-changed.jsonl").write_text("mine")
    before = filled.blocked()
    result = filled.run(*UNASKED)
    assert (result.exit_code, "undo-changed.jsonl exists" in result.stderr) == (2, True)
    assert (files(), filled.blocked()) == (["undo-changed.jsonl"], before)


def test_sess_list_is_not_touched_and_the_output_says_how_to(filled: Tables, ses: FakeSes) -> None:
    ses.add("eu-central-1", POLICY, LOST_DOMAIN)
    result = filled.run(*UNASKED)
    assert ses.calls == []
    assert "`ses-feedback unblock --from undo.jsonl` removes the addresses" in result.stderr
    assert filled.run("unblock", "--from", "undo.jsonl", "--ses-region", "eu-central-1").exit_code == 0
    assert ses.spellings() == {"eu-central-1": {LOST_DOMAIN}}
    assert LOST_DOMAIN in filled.blocked()


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 1), (None, 130)])
def test_asks_first(filled: Tables, monkeypatch: pytest.MonkeyPatch, answer: bool | None, code: int) -> None:
    before = filled.blocked()

    def answer_question(question: str) -> bool:
        assert "7" in question
        assert (filled.blocked(), len(files())) == (before, 3)
        if answer is None:
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(run, "confirm", answer_question)
    monkeypatch.setattr(run, "can_ask", lambda: True)
    assert filled.run("rejudge").exit_code == code
    assert (filled.blocked() != before, len(files())) == (answer is True, 3 if answer else 0)


def test_where_nobody_can_be_asked_it_does_nothing(filled: Tables) -> None:
    before = filled.blocked()
    result = filled.run("rejudge")
    assert (result.exit_code, "--yes" in result.stderr) == (2, True)
    assert (filled.blocked(), files()) == (before, [])


def test_a_block_whose_feedback_has_expired_stays(tables: Tables) -> None:
    """The state has a bounce that no row says anything about any more; a newer complaint is judged otherwise."""
    expired = old_bounce(GONE, at=NOW - 300 * DAY)
    tables.apply([expired, old_bounce(GONE, "complaint", kind="complaint", type="abuse", subtype="", ambiguous=True)])
    tables.client.delete_item(TableName="history", Key=encode({"value": GONE, "entry": expired.entry}))
    assert tables.blocked()[GONE]["reason"] == "complaint"
    assert tables.run(*UNASKED).exit_code == 0
    item = tables.blocked()[GONE]
    assert (item["reason"], item["blocked_at"], "expires_at" in item) == ("bounce", expired.occurrence.at, False)


def test_what_people_did_stays(tables: Tables) -> None:
    before_it, after_it = NOW - 3 * DAY, NOW - DAY
    tables.apply(
        [
            refused("blocked@example.org"),
            manual_event("block", "blocked@example.org", actor="joe", note="", at=before_it),
            refused("imported@example.org"),
            manual_event(
                "import", "imported@example.org", actor="joe", note="", at=before_it, expires_at=NOW + 9 * DAY
            ),
            old_bounce("unblocked@example.org", "soft-bounce", "count", type="Transient", status="5.0.0"),
            manual_event("unblock", "unblocked@example.org", actor="joe", note="", at=after_it),
        ]
    )
    assert tables.run(*UNASKED).exit_code == 0
    assert {address: item["reason"] for address, item in tables.blocked().items()} == {
        "blocked@example.org": "manual",
        "imported@example.org": "import",
    }


def test_an_item_that_others_put_into_the_table_stays(tables: Tables) -> None:
    tables.client.put_item(TableName="blocked", Item=encode({"value": POLICY, "note": "theirs"}))
    tables.apply([old_bounce(POLICY, "no-email-other-address", "ignore", subtype="NoEmail")])
    assert tables.run(*UNASKED).exit_code == 0
    assert tables.blocked()[POLICY] == {"value": POLICY, "note": "theirs"}


def test_a_report_that_counted_for_the_only_address_mailed_was_not_about_one_that_was(tables: Tables) -> None:
    """Version 0.1.0 blocked both for good, and did not store that the mail never went to the one that is named."""
    tables.apply(
        [
            old_bounce("named@example.org", feedback_id="forged"),
            old_bounce("mailed@example.org", feedback_id="forged", forwarded=True),
            old_bounce(GONE, feedback_id="other"),
        ]
    )
    assert tables.run(*UNASKED).exit_code == 0
    assert set(tables.blocked()) == {GONE}
    row = feedback_row(tables, "named@example.org")
    assert (row["rule"], row["not_mailed"]) == ("not-mailed", True)
    assert feedback_row(tables, "mailed@example.org")["rule"] == "forwarded"
    assert tables.json("rejudge", "--dry-run")[0]["addresses"] == 0


def test_an_address_that_is_protected_by_now_is_not_blocked(tables: Tables) -> None:
    item = {"value": "protected", "entry": "list", "patterns": ["gone@"]}
    tables.client.put_item(TableName="history", Item=encode(item))
    tables.apply([old_bounce(GONE), old_bounce("other@example.org")])
    assert tables.run(*UNASKED).exit_code == 0
    assert set(tables.blocked()) == {"other@example.org"}
    assert feedback_row(tables, GONE)["rule"] == "protected"
    assert tables.json("rejudge", "--dry-run")[0]["addresses"] == 0


def test_protected_addresses_are_those_of_the_stack_too(tables: Tables) -> None:
    tables.outputs.write_text(json.dumps({**json.loads(tables.outputs.read_text()), "protected": ["gone@"]}))
    tables.apply([old_bounce(GONE)])
    assert tables.run(*UNASKED).exit_code == 0
    assert feedback_row(tables, GONE)["rule"] == "protected"


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What happens before each transaction of the command, in order; then nothing more."""
    happenings: list[Callable[[], None]] = []
    original_client = Context.dynamodb_client

    def client(self: Context, table: str) -> Any:
        boto_client = original_client(self, table)
        original = boto_client.transact_write_items
        if hasattr(original, "happens_after"):  # the same client as before
            return boto_client

        def transact(**arguments: Any) -> Any:
            if happenings:
                happenings.pop(0)()
            return original(**arguments)

        transact.happens_after = happenings  # type: ignore[attr-defined]
        monkeypatch.setattr(boto_client, "transact_write_items", transact)
        return boto_client

    monkeypatch.setattr(Context, "dynamodb_client", client)
    monkeypatch.setattr(tables, "_WORKERS", 1)
    return happenings


def test_after_an_interruption_the_same_command_does_the_rest(
    filled: Tables, writes: list[Callable[[], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_CHUNK", 1)

    def interrupt() -> None:
        raise KeyboardInterrupt

    writes += [lambda: None, lambda: None, interrupt]
    result = filled.run(*UNASKED)
    assert result.exit_code == 130
    assert "2 of 7 addresses are judged again; 5 are not: the same command again does the rest" in result.stderr
    assert "undo: `ses-feedback block --from undo.jsonl`" in result.stderr
    assert "ses-feedback unblock --from undo.jsonl" not in result.stderr, "it would unblock what is not judged yet"
    assert sum("act" in row for row in rows(filled).values()) == 2
    assert filled.run("rejudge", "--yes", "--undo-file", "rest.jsonl").exit_code == 0
    assert sum("act" in row for row in rows(filled).values()) == 7
    assert set(filled.blocked()) == {GONE, LOST_DOMAIN, AMBIGUOUS, "text@example.org", "held@example.org"}
    assert filled.json("rejudge", "--dry-run")[0]["addresses"] == 0


def test_what_is_written_between_read_and_write_is_not_lost(
    tables: Tables, bounce: Bounce, writes: list[Callable[[], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person marks a mail as spam just before the address would be unblocked: it stays blocked, and is reported."""
    # By name: a transaction on ARNs that is refused is not rolled back by moto.
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("SES_FEEDBACK_TABLE", "blocked")
    monkeypatch.setenv("SES_FEEDBACK_HISTORY", "history")
    tables.apply([refused(POLICY)])
    complaint = bounce(POLICY, NOW, kind="complaint", type="abuse", subtype="")
    writes.append(lambda: tables.apply([complaint]))
    result = tables.run(*UNASKED)
    assert result.exit_code == 1
    assert f"{POLICY}  blocked (bounce" in result.stdout
    assert "its history changed meanwhile" in result.stdout
    assert tables.blocked()[POLICY]["reason"] == "complaint"
    assert feedback_row_of(tables, POLICY, "bounce")["rule"] == "hard-bounce"
    assert tables.run("rejudge", "--yes", "--undo-file", "rest.jsonl").exit_code == 0
    assert tables.blocked()[POLICY]["reason"] == "complaint"
    assert feedback_row_of(tables, POLICY, "bounce")["rule"] == "sender-refused"


def feedback_row_of(tables: Tables, address: str, kind: str) -> dict[str, Any]:
    (row,) = (row for (value, _), row in rows(tables).items() if value == address and row.get("kind") == kind)
    return row


def test_a_throttled_transaction_is_tried_again(tables: Tables, writes: list[Callable[[], None]]) -> None:
    tables.apply([refused(POLICY)])

    def throttle() -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "TransactWriteItems")

    writes += [throttle, throttle]
    assert tables.run(*UNASKED).exit_code == 0
    assert tables.blocked() == {}


@pytest.fixture
def long_history(tables: Tables) -> Tables:
    """Blocked for good by the first row, which counts now; by the last one's new verdict; and 100 others between."""
    stranger: dict[str, Any] = {"rule": "no-email-other-address", "verdict": "ignore", "subtype": "NoEmail"}
    unknown: dict[str, Any] = {"type": "Transient", "status": "5.0.0", "diagnostic": "smtp; 550 no such user"}
    tables.apply([old_bounce(POLICY, **stranger, feedback_id=f"m-{number}") for number in range(100)])
    tables.apply(
        [refused(POLICY, feedback_id="a"), old_bounce(POLICY, "soft-bounce", "count", feedback_id="z", **unknown)]
    )
    return tables


def test_an_address_with_more_rows_than_a_transaction_stays_blocked_from_step_to_step(
    long_history: Tables, writes: list[Callable[[], None]]
) -> None:
    rules_at_steps: list[str] = []
    writes += [lambda: rules_at_steps.append(long_history.blocked()[POLICY]["rule"])] * 3
    (summary,) = long_history.json(*UNASKED)
    (change,) = summary["changes"]
    assert (change["change"], change["addresses"]) == ("none", 1)
    assert rules_at_steps == ["hard-bounce", "nonexistent-address"]
    assert sum("act" in row for row in rows(long_history).values()) == 1
    assert_state_fits_rows(long_history, POLICY)


def test_the_steps_of_one_address_can_be_interrupted(long_history: Tables, writes: list[Callable[[], None]]) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    writes += [lambda: None, interrupt]
    assert long_history.run(*UNASKED).exit_code == 130
    judged = Counter(row["rule"] for row in rows(long_history).values() if "rule" in row)
    assert (judged["not-mailed"], judged["no-email-other-address"]) == (88, 12)
    assert long_history.run("rejudge", "--yes", "--undo-file", "rest.jsonl").exit_code == 0
    assert_state_fits_rows(long_history, POLICY)
    assert long_history.blocked()[POLICY]["rule"] == "nonexistent-address"


def test_addresses_are_found_across_pages_and_each_once(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        tables.apply([refused(f"{number}@example.org", at=NOW - n * DAY) for n in range(1, 4)])
    tables.client.put_item(TableName="history", Item=encode({"value": "protected", "entry": "list", "patterns": []}))
    original_client = Context.dynamodb_client

    def client(self: Context, table: str) -> Any:
        boto_client = original_client(self, table)
        monkeypatch.setattr(boto_client, "_make_api_call", small_pages(boto_client._make_api_call))
        return boto_client

    monkeypatch.setattr(Context, "dynamodb_client", client)
    summary = tables.json("rejudge", "--dry-run")[0]
    assert summary["addresses"] == 3


def small_pages(call: Callable[..., Any]) -> Callable[..., Any]:
    """Pages of two rows, so that those of an address are on two pages."""
    return lambda operation, arguments: call(operation, {**arguments, **({"Limit": 2} if operation == "Scan" else {})})


def test_a_row_that_cannot_be_read_is_reported_and_does_not_stop_the_others(filled: Tables) -> None:
    filled.client.put_item(
        TableName="history", Item=encode({"value": "odd@example.org", "entry": "feedback#1", "rule": "x"})
    )
    result = filled.run(*UNASKED)
    assert result.exit_code == 1
    assert "1 addresses cannot be read and stay as they are" in result.stdout
    assert POLICY not in filled.blocked()
