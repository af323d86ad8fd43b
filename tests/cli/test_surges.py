"""`ses-feedback surges`. On moto and a fake of SES's lists: does not prove what a scan of millions costs."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ses_feedback.function.feedback_event import feedback_event
from ses_feedback.function.notification import Feedback
from ses_feedback.function.verdict import SURGE_HOLD
from ses_feedback.history.event import Event, manual_event
from ses_feedback.history.writer import HistoryWriter
from ses_feedback_cli.blocks import manual_blocks, manual_unblocks, unblock_run
from ses_feedback_cli.surges.diagnostics import mask_diagnostic
from ses_feedback_cli.surges.surge import Surge, merge_spans

from tests.cli.conftest import Tables
from tests.cli.fake_ses import FakeSes

Bounce = Callable[..., Event]
HOUR = timedelta(hours=1)
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 30 * HOUR
"""When the breaker opened."""
ID = f"gmail.example@{START:%Y-%m-%dT%H}"
OTHER_ID = f"orange.example@{START + HOUR:%Y-%m-%dT%H}"
NOTE = ("--note", "ticket 9")
RELEASE = ("surges", "release", ID, *NOTE)
CONFIRM = ("surges", "confirm", ID, *NOTE)


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)


def held(address: str, at: datetime, diagnostic: str = "", identity: str = "example.com") -> Event:
    """A hard bounce while the breaker was open."""
    feedback = Feedback(
        kind="bounce",
        type="Permanent",
        subtype="General",
        address=address,
        occurred_at=at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        feedback_id=f"held-{address}-{at:%Y%m%d%H%M%S}",
        status="5.1.1",
        diagnostic=diagnostic or f"smtp; 550-5.1.1 no such user <{address}> a1si{len(address)}",
        action="failed",
        message_id=f"message-{address}",
        identity=identity,
        account="123456789012",
        region="eu-west-1",
    )
    return feedback_event(feedback, SURGE_HOLD, pipeline="bounce-example", now=at)


HELD = {f"held{number}@gmail.example" for number in range(5)}
BLOCKED = {"first@gmail.example", "early@gmail.example"}
LATE = "late@gmail.example"
OTHERS = {
    "before@gmail.example",
    "after@gmail.example",
    "held@orange.example",
    "dead@example.org",
    "hand@gmail.example",
}


@pytest.fixture
def filled(tables: Tables, bounce: Bounce) -> Tables:
    """A surge of gmail.example, one of another domain in the same hours, and other blocks."""
    tables.apply([held(address, START + index * HOUR) for index, address in enumerate(sorted(HELD))])
    tables.apply(
        [
            held(LATE, START + 4 * HOUR + 6 * HOUR, identity="shop.example"),
            bounce("first@gmail.example", START - HOUR),
            bounce("early@gmail.example", START + timedelta(minutes=1)),
            bounce("before@gmail.example", START - HOUR - timedelta(seconds=1)),
            bounce("after@gmail.example", START + 11 * HOUR),
            held("held@orange.example", START + HOUR),
            bounce("dead@example.org", START + HOUR),
            manual_event("block", "hand@gmail.example", actor="joe", note="asked", at=START + HOUR),
        ]
    )
    return tables


def reasons(tables: Tables, addresses: set[str]) -> set[str]:
    blocked = tables.blocked()
    return {str(blocked[address]["reason"]) if address in blocked else "none" for address in addresses}


def files() -> list[Path]:
    return sorted(Path.cwd().iterdir())


def test_lists_surges_with_what_they_are_made_of(filled: Tables) -> None:
    first, second = filled.json("surges")
    assert first == {
        "id": ID,
        "domain": "gmail.example",
        "first_hour": f"{START:%Y-%m-%dT%H}:00:00Z",
        "last_hour": f"{START + 10 * HOUR:%Y-%m-%dT%H}:00:00Z",
        "held": 6,
        "held_until": f"{START + 10 * HOUR + timedelta(days=15):%Y-%m-%d}T00:00:00Z",
        "blocked": 2,
        "suppressed": 0,
        "identities": ["example.com", "shop.example"],
        "diagnostics": {"smtp; 550-5.1.1 no such user ***": 6},
    }
    assert (second["id"], second["held"], second["blocked"], second["diagnostics"]) == (OTHER_ID, 1, 0, {})


def test_for_people_it_says_the_same_and_no_address(filled: Tables) -> None:
    result = filled.run("surges")
    assert result.exit_code == 0
    for part in (ID, "held: 6", "opened: 2", "sent from: example.com, shop.example", "6 times “smtp;", OTHER_ID):
        assert part in result.stdout
    assert "2 surges among 13 blocked addresses" in result.stderr
    assert not any(address in result.output for address in HELD | BLOCKED | {LATE})
    assert filled.run("surges", "list").stdout == result.stdout


def test_without_a_surge_it_says_what_was_looked_at(tables: Tables, bounce: Bounce) -> None:
    over = held("over@gmail.example", datetime.now(UTC) - timedelta(days=16))
    tables.apply([bounce("dead@example.org", START), over])
    result = tables.run("surges")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no surge: of 1 blocked addresses none is held" in result.stderr
    assert "14" in result.stderr


@pytest.mark.parametrize("command", [RELEASE, CONFIRM])
def test_what_ses_lists_since_then_belongs_to_the_surge_if_it_bounced_in_it(
    filled: Tables, bounce: Bounce, command: tuple[str, ...]
) -> None:
    echoes = ("first@gmail.example", "held1@gmail.example", "other@gmail.example")
    filled.apply([bounce(address, START + 20 * HOUR, subtype="OnAccountSuppressionList") for address in echoes])
    # The first one bounced for good, and the blocked table shows that.
    assert [(surge["held"], surge["suppressed"]) for surge in filled.json("surges")] == [(5, 2), (1, 0)]
    assert "suppression list has them: 2" in filled.run("surges").stdout
    assert filled.run(*command, "--yes", *(["--no-ses"] if command is RELEASE else [])).exit_code == 0
    assert reasons(filled, {"held1@gmail.example"}) == {"none" if command is RELEASE else "manual"}
    assert reasons(filled, {"first@gmail.example"}) == {"none" if command is RELEASE else "bounce"}
    assert reasons(filled, {"other@gmail.example"}) == {"hold"}


def test_finds_more_than_a_page(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    tables.apply([held(f"{number}@gmail.example", START) for number in range(60)])
    client, pages = tables.client, []
    original = type(client)._make_api_call  # type: ignore[attr-defined]

    def call(self: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "Scan":
            pages.append(1)
            arguments = {**arguments, "Limit": 7}
        return original(self, operation, arguments)

    monkeypatch.setattr(type(client).__mro__[1], "_make_api_call", call)
    assert tables.json("surges")[0]["held"] == 60
    assert len(pages) >= 18
    assert tables.run(*RELEASE, "--no-ses", "--yes").exit_code == 0
    monkeypatch.undo()
    assert tables.blocked() == {}


@pytest.mark.parametrize("command", [RELEASE, CONFIRM])
def test_a_dry_run_shows_and_leaves_no_trace(filled: Tables, command: tuple[str, ...]) -> None:
    before, rows = filled.blocked(), filled.client.scan(TableName="history")["Count"]
    options = ["--no-ses"] if command is RELEASE else []
    result = filled.run(*command, *options, "--dry-run")
    assert result.exit_code == 0
    assert f"{8 if command is RELEASE else 6} selected" in result.stdout
    assert (filled.blocked(), filled.client.scan(TableName="history")["Count"], files()) == (before, rows, [])


@pytest.mark.parametrize("command", [RELEASE, CONFIRM])
def test_without_a_yes_nothing_changes(
    filled: Tables, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    before, rows = filled.blocked(), filled.client.scan(TableName="history")["Count"]
    questions: list[str] = []
    monkeypatch.setattr(unblock_run, "confirm", questions.append)  # the answer is None: no
    monkeypatch.setattr(unblock_run, "_can_ask", lambda: True)
    options = ["--no-ses"] if command is RELEASE else []
    assert filled.run(*command, *options).exit_code == 1
    assert questions == ["Unblock 8 addresses?" if command is RELEASE else "Block for good 6 addresses?"]
    assert (filled.blocked(), filled.client.scan(TableName="history")["Count"], files()) == (before, rows, [])


def test_release_lifts_the_held_and_those_before_the_breaker_opened(filled: Tables) -> None:
    others = {address: item for address, item in filled.blocked().items() if address in OTHERS}
    result = filled.run(*RELEASE, "--no-ses", "--yes", "--actor", "joe")
    assert result.exit_code == 0
    assert filled.blocked() == others
    *_, act = filled.json("show", "first@gmail.example")[0]["events"]
    assert (act["act"], act["actor"], act["note"]) == ("unblock", "joe", f"surge {ID} released: ticket 9")
    assert [surge["id"] for surge in filled.json("surges")] == [OTHER_ID]


def test_release_takes_them_off_the_list_of_ses(filled: Tables, ses: FakeSes) -> None:
    ses.add("eu-west-1", "Held1@gmail.example", "first@gmail.example", "dead@example.org")
    assert filled.run(*RELEASE, "--yes", "--ses-region", "eu-west-1").exit_code == 0
    assert ses.spellings() == {"eu-west-1": {"dead@example.org"}}


def test_the_undo_file_of_a_release_puts_the_blocks_back(filled: Tables) -> None:
    before = {address: item.get("expires_at") for address, item in filled.blocked().items()}
    filled.run(*RELEASE, "--no-ses", "--yes", "--undo-file", "undo.jsonl")
    assert filled.run("block", "--from", "undo.jsonl").exit_code == 0
    assert {address: item.get("expires_at") for address, item in filled.blocked().items()} == before


def test_a_person_or_a_complaint_keeps_an_address_blocked(filled: Tables, bounce: Bounce) -> None:
    filled.apply(
        [
            manual_event("block", "early@gmail.example", actor="joe", note="never", at=START - 99 * HOUR),
            bounce("held1@gmail.example", START - 99 * HOUR, kind="complaint", type="abuse", subtype=""),
        ]
    )
    result = filled.run(*RELEASE, "--no-ses", "--yes")
    assert "1 skipped: also blocked because of manual" in result.stdout
    assert set(filled.blocked()) == OTHERS | {"early@gmail.example", "held1@gmail.example"}


def test_confirm_makes_the_held_permanent_and_nothing_else(filled: Tables) -> None:
    others = {address: item for address, item in filled.blocked().items() if address in OTHERS | BLOCKED}
    result = filled.run(*CONFIRM, "--yes", "--actor", "joe")
    assert result.exit_code == 0
    assert "6 of 6 are blocked for good" in result.stderr
    blocked = filled.blocked()
    assert {address: item for address, item in blocked.items() if address in OTHERS | BLOCKED} == others
    assert [(item["reason"], "expires_at" in item) for address, item in blocked.items() if address in HELD] == [
        ("manual", False)
    ] * 5
    *_, act = filled.json("show", LATE)[0]["events"]
    assert (act["act"], act["actor"], act["note"]) == ("block", "joe", f"surge {ID} confirmed: ticket 9")
    assert [surge["id"] for surge in filled.json("surges")] == [OTHER_ID]


def test_confirm_does_so_whatever_else_blocks_them_for_a_while(filled: Tables) -> None:
    ends = datetime.now(UTC) + HOUR
    filled.apply([manual_event("block", LATE, actor="joe", note="", at=START, expires_at=ends)])
    filled.run(*CONFIRM, "--yes")
    assert "expires_at" not in filled.blocked()[LATE]


def test_the_undo_file_of_a_confirmation_holds_them_again(filled: Tables) -> None:
    before = {address: item.get("expires_at") for address, item in filled.blocked().items()}
    result = filled.run(*CONFIRM, "--yes", "--undo-file", "undo.jsonl")
    for command in ("unblock --from undo.jsonl --no-ses", "block --from undo.jsonl"):
        assert f"`ses-feedback {command}`" in result.stderr
        assert filled.run(*command.split()).exit_code == 0
    assert {address: item.get("expires_at") for address, item in filled.blocked().items()} == before


def test_an_unblock_beats_a_confirmation_that_was_decided_before_it(
    filled: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unblock_meanwhile(_: str) -> bool:
        assert filled.run("unblock", LATE, *NOTE, "--no-ses").exit_code == 0
        return True

    monkeypatch.setattr(unblock_run, "confirm", unblock_meanwhile)
    monkeypatch.setattr(unblock_run, "_can_ask", lambda: True)
    filled.run(*CONFIRM)
    assert reasons(filled, {LATE}) == {"none"}
    assert reasons(filled, HELD) == {"manual"}


@pytest.mark.parametrize("command", [RELEASE, CONFIRM])
@pytest.mark.parametrize("stop_at", [1, 2, 5])
def test_interrupted_anywhere_the_same_command_does_the_rest(
    filled: Tables, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], stop_at: int
) -> None:
    # Also if all of the first hours are done, and only later ones are left: the id stays.
    calls = 0
    original = HistoryWriter.apply

    def apply(self: HistoryWriter, events: list[Event], **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == stop_at:
            raise KeyboardInterrupt
        return original(self, events, **options)

    options = ["--no-ses"] if command is RELEASE else []
    with monkeypatch.context() as patched:
        patched.setattr(manual_unblocks, "_BATCH_SIZE", 1)
        patched.setattr(manual_blocks, "_BATCH_SIZE", 1)
        patched.setattr(HistoryWriter, "apply", apply)
        interrupted = filled.run(*command, *options, "--yes", "--undo-file", "first.jsonl")
    assert interrupted.exit_code == 130
    assert "the same command" in interrupted.stderr or command is RELEASE
    assert "`ses-feedback block --from first.jsonl`" in interrupted.stderr  # the second file has only the rest
    left = [address for address in HELD | {LATE} if reasons(filled, {address}) == {"hold"}]
    assert left
    assert [surge["held"] for surge in filled.json("surges") if surge["id"] == ID] == [len(left)]
    assert filled.run(*command, *options, "--yes", "--undo-file", "second.jsonl").exit_code == 0
    assert reasons(filled, HELD | {LATE}) == {"none" if command is RELEASE else "manual"}
    assert reasons(filled, BLOCKED) == {"none" if command is RELEASE else "bounce"}
    assert set(filled.blocked()) >= OTHERS
    assert filled.run(*command, *options, "--yes").exit_code == 0  # nothing is left


@pytest.mark.parametrize("note", ["", " "])
@pytest.mark.parametrize("act", ["release", "confirm"])
def test_a_decision_says_why_also_in_a_dry_run(filled: Tables, act: str, note: str) -> None:
    options = ["--no-ses"] if act == "release" else []
    for option in ("--yes", "--dry-run"):
        result = filled.run("surges", act, ID, "--note", note, *options, option)
        assert (result.exit_code, "--note is empty" in result.stderr) == (2, True)
    assert reasons(filled, HELD) == {"hold"}
    assert files() == []


def test_what_is_confirmed_can_be_released_as_far_as_it_was_blocked_before(filled: Tables) -> None:
    filled.run(*CONFIRM, "--yes", "--undo-file", "undo.jsonl")
    assert filled.run(*RELEASE, "--no-ses", "--yes").exit_code == 0
    assert reasons(filled, BLOCKED) == {"none"}
    assert reasons(filled, HELD) == {"manual"}
    assert filled.run("unblock", "--from", "undo.jsonl", "--no-ses").exit_code == 0
    assert reasons(filled, HELD) == {"none"}


@pytest.mark.parametrize(
    "unknown", ["gmail.example", "gmail.example@2026-01-01T00", "nowhere.example@2026-01-01T00", ""]
)
@pytest.mark.parametrize("act", ["release", "confirm"])
def test_an_unknown_id_is_refused_with_those_that_there_are(filled: Tables, act: str, unknown: str) -> None:
    before = filled.blocked()
    result = filled.run("surges", act, unknown, *NOTE, "--yes", *(["--no-ses"] if act == "release" else []))
    assert result.exit_code == 2
    assert f"there are {ID}, {OTHER_ID}" in result.stderr
    assert filled.blocked() == before


def test_an_unknown_id_where_there_is_no_surge(tables: Tables) -> None:
    result = tables.run(*CONFIRM)
    assert result.exit_code == 2
    assert f"no surge {ID}: there is none" in result.stderr


def test_the_history_keeps_who_decided(filled: Tables) -> None:
    filled.run(*CONFIRM, "--yes", "--actor", "joe")
    *_, row = filled.client.query(
        TableName="history",
        KeyConditionExpression="#v = :v",
        ExpressionAttributeNames={"#v": "value"},
        ExpressionAttributeValues={":v": {"S": "domain#gmail.example"}},
    )["Items"]
    values = {name: value["S"] for name, value in row.items()}
    assert values["entry"].startswith("manual#")
    assert (values["act"], values["actor"], values["note"], values["surge"]) == ("confirm", "joe", "ticket 9", ID)


@pytest.mark.parametrize(
    ("hours", "spans"),
    [
        ([5], [(5, 5)]),
        ([12, 6, 0], [(0, 12)]),
        ([0, 7], [(0, 0), (7, 7)]),
        ([], []),
    ],
)
def test_hours_at_most_six_apart_are_one_surge(hours: list[int], spans: list[tuple[int, int]]) -> None:
    assert merge_spans("d", [(hour, hour) for hour in hours]) == [Surge("d", *span) for span in spans]


@pytest.mark.parametrize(
    ("diagnostic", "shown"),
    [
        ("smtp; 550 5.1.1 <jane.doe@x.org>: Recipient address rejected: User unknown",
         "smtp; 550 5.1.1 *** Recipient address rejected: User unknown"),
        ("550-5.1.1 The email account that you tried to reach does not exist. https://a.example/?p=1 a1si2.3 - gsmtp",
         "550-5.1.1 The email account that you tried to reach does not exist. *** gsmtp"),
        ("550 Jane DOE (doe.jane@) is not here, jane", "550 *** is not here, ***"),
        ("554 mailbox jdoe77 of host mx1.x.org", "554 mailbox *** of host ***"),
        ("\x1b[31m550", "***"),
    ],
)  # fmt: skip
def test_of_a_diagnostic_nothing_personal_is_shown(diagnostic: str, shown: str) -> None:
    assert mask_diagnostic(diagnostic, "jane.doe@x.org") == shown


def test_an_answer_that_few_got_is_not_shown(tables: Tables) -> None:
    tables.apply([held(f"{name}@gmail.example", START, "550 Joe Bloggs is gone") for name in ("xy", "yz")])
    assert tables.json("surges")[0]["diagnostics"] == {}
    tables.apply([held("zx@gmail.example", START, "550 Joe Bloggs is gone")])
    assert tables.json("surges")[0]["diagnostics"] == {"550 Joe Bloggs is gone": 3}


def test_json_of_a_release_is_a_line_per_address(filled: Tables) -> None:
    selection, *results = filled.json(*RELEASE, "--no-ses", "--yes")
    assert selection["selected"] == 8
    assert {result["address"] for result in results if result["changed"]} == HELD | BLOCKED | {LATE}
    assert json.loads(files()[0].read_text().splitlines()[0])["note"].endswith("released: ticket 9")
