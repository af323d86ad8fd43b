"""`ses-feedback unblock` of a selection, its undo file, and `block --from`. On moto."""

import json
import stat
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from ses_feedback.history.event import Event, manual_event
from ses_feedback.history.writer import HistoryWriter
from ses_feedback_cli.blocks import manual_unblocks, unblock_run

from tests.cli.conftest import DNS_FAILURE, Tables
from tests.cli.fake_ses import FakeSes
from tests.properties import profile_times

Bounce = Callable[..., Event]
NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
SELECTION = ("unblock", "--since", "12h", "--note", "provider was broken")
UNASKED = (*SELECTION, "--no-ses", "--yes")


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def filled(tables: Tables, bounce: Bounce) -> Tables:
    """Blocks that SELECTION selects, and others."""
    soft = {"type": "Transient", "subtype": "MailboxFull", "status": "5.2.2"}
    tables.apply([bounce(f"false{number}@example.org", NOW - HOUR) for number in range(3)])
    tables.apply(
        [
            bounce("soft@example.org", NOW - HOUR, **soft, message_id=f"m{number}", feedback_id=f"{number}")
            for number in range(5)
        ]
    )
    tables.apply(
        [
            bounce("old@example.org", NOW - 50 * HOUR),
            bounce("other@example.com", NOW - HOUR),
            bounce("angry@example.org", NOW - HOUR, kind="complaint", type="abuse", subtype=""),
            manual_event("block", "hand@example.org", actor="joe", note="asked", at=NOW - HOUR),
        ]
    )
    return tables


SELECTED = {"false0@example.org", "false1@example.org", "false2@example.org", "soft@example.org", "other@example.com"}
NOT_SELECTED = {"old@example.org", "angry@example.org", "hand@example.org"}


def files() -> list[Path]:
    return sorted(Path.cwd().iterdir())


def test_lifts_what_is_selected_and_nothing_else(filled: Tables) -> None:
    result = filled.run(*UNASKED)
    assert result.exit_code == 0
    assert set(filled.blocked()) == NOT_SELECTED
    assert "1 skipped: blocked because of complaint" in result.stdout
    assert "1 skipped: blocked because of manual" in result.stdout
    (file,) = files()
    assert f"block --from {file.name}" in result.stderr


@pytest.mark.parametrize(
    ("options", "lifted"),
    [
        (["--domain", "example.com"], {"other@example.com"}),
        (["--rule", "mailbox-full"], {"soft@example.org"}),
        (["--reason", "complaint"], {"angry@example.org"}),
        (["--reason", "complaint", "--reason", "manual"], {"angry@example.org", "hand@example.org"}),
        (["--identity", "nowhere.example"], set()),
    ],
)
def test_selects_by_what_the_blocked_table_says(filled: Tables, options: list[str], lifted: set[str]) -> None:
    assert filled.run(*UNASKED, *options).exit_code == 0
    assert set(filled.blocked()) == (SELECTED | NOT_SELECTED) - lifted


def test_a_dry_run_shows_and_leaves_no_trace(filled: Tables) -> None:
    result = filled.run(*SELECTION, "--no-ses", "--dry-run")
    assert result.exit_code == 0
    assert "5 selected" in result.stdout
    assert "soft@example.org" in result.stdout
    (document,) = filled.json(*SELECTION, "--no-ses", "--dry-run")
    assert (document["selected"], {entry["address"] for entry in document["sample"]}) == (5, SELECTED)
    assert (set(filled.blocked()), files()) == (SELECTED | NOT_SELECTED, [])


def test_where_nobody_can_be_asked_it_does_nothing(filled: Tables) -> None:
    result = filled.run(*SELECTION, "--no-ses")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert (set(filled.blocked()), files()) == (SELECTED | NOT_SELECTED, [])


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 1), (None, 130)])
def test_asks_first(filled: Tables, monkeypatch: pytest.MonkeyPatch, answer: bool | None, code: int) -> None:
    def answer_question(question: str) -> bool:
        assert "5" in question
        assert set(filled.blocked()) == SELECTED | NOT_SELECTED
        assert len(files()) == 1, "the undo file is on the disk before anything can change"
        if answer is None:
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(unblock_run, "confirm", answer_question)
    monkeypatch.setattr(unblock_run, "_can_ask", lambda: True)
    assert filled.run(*SELECTION, "--no-ses").exit_code == code
    assert (set(filled.blocked()) == NOT_SELECTED, len(files())) == (answer is True, int(answer is True))


SUSPECT = {"kind": "complaint", "type": "abuse", "subtype": "", "ambiguous": True}


def test_holds_are_lifted_by_default_but_not_those_after_a_complaint(tables: Tables, bounce: Bounce) -> None:
    tables.apply(
        [
            bounce("held@example.org", NOW - HOUR, **DNS_FAILURE),
            bounce("gone@example.org", NOW - 500 * HOUR, **DNS_FAILURE),
            bounce("gone@example.org", NOW - HOUR, **DNS_FAILURE),
            bounce("suspect@example.org", NOW - HOUR, **SUSPECT),
            bounce("both@example.org", NOW - HOUR, **DNS_FAILURE),
            bounce("both@example.org", NOW - 2 * HOUR, **SUSPECT),
            bounce("hard@example.org", NOW - HOUR),
            bounce("hard@example.org", NOW - HOUR, **SUSPECT, feedback_id="suspect"),
        ]
    )
    (document, *_) = tables.json(*UNASKED, "--undo-file", "undo.jsonl")
    assert document["skipped"] == {"blocked because of hold after a complaint": 1} | {
        "also blocked because of hold after a complaint": 2
    }
    assert set(tables.blocked()) == {"suspect@example.org", "both@example.org", "hard@example.org"}
    tables.run(*UNASKED, "--reason", "hold")
    assert set(tables.blocked()) == {"hard@example.org"}


def test_a_hold_of_another_rule_is_not_lifted_with_the_one_that_is_selected(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce("a@example.org", NOW - HOUR, **DNS_FAILURE)])
    tables.apply([bounce("a@example.org", NOW - 20 * HOUR, subtype="Suppressed")])
    (document, *_) = tables.json(*UNASKED)
    assert document["skipped"] == {"also blocked because of hold": 1}
    assert tables.blocked()["a@example.org"]["rule"] == "dns-failure"


def test_a_hold_that_is_put_back_ends_at_its_time_and_a_confirmed_one_does_not(tables: Tables, bounce: Bounce) -> None:
    tables.apply([bounce("held@example.org", NOW - HOUR, **DNS_FAILURE)])
    tables.apply([bounce("gone@example.org", NOW - hours * HOUR, **DNS_FAILURE) for hours in (500, 1)])
    ends = tables.blocked()["held@example.org"]["expires_at"]
    tables.run(*UNASKED, "--undo-file", "undo.jsonl")
    assert tables.blocked() == {}
    result = tables.run("block", "--from", "undo.jsonl")
    assert result.exit_code == 0
    held, gone = (tables.blocked()[f"{name}@example.org"] for name in ("held", "gone"))
    assert (held["reason"], held["expires_at"], "was hold dns-failure" in held["note"]) == ("manual", ends, True)
    assert ("expires_at" in gone, "was bounce dns-failure" in gone["note"]) == (False, True)


def test_the_undo_file_is_for_its_owner_only_and_is_not_overwritten(filled: Tables) -> None:
    filled.run(*UNASKED, "--undo-file", "undo.jsonl", "--domain", "example.com")
    (file,) = files()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    result = filled.run(*UNASKED, "--undo-file", "undo.jsonl")
    assert result.exit_code == 2
    assert "exists" in result.stderr
    assert file.read_text() == before
    assert "soft@example.org" in filled.blocked()


def test_putting_back_restores_who_is_blocked_and_until_when(filled: Tables) -> None:
    before = {key: item.get("expires_at") for key, item in filled.blocked().items()}
    filled.run(*UNASKED, "--undo-file", "undo.jsonl")
    for _ in range(2):  # twice is as good as once
        assert filled.run("block", "--from", "undo.jsonl").exit_code == 0
    blocked = filled.blocked()
    assert {key: item.get("expires_at") for key, item in blocked.items()} == before
    item = blocked["false0@example.org"]
    assert (item["reason"], item["subtype"], "hard-bounce" in item["note"]) == ("manual", "bounce", True)


def test_an_address_that_something_else_blocks_too_is_skipped(filled: Tables, bounce: Bounce) -> None:
    filled.apply(
        [
            manual_event("block", "false0@example.org", actor="joe", note="never mail me", at=NOW - 99 * HOUR),
            manual_event("import", "false1@example.org", actor="joe", note="", at=NOW, expires_at=NOW + HOUR),
            manual_event(
                "import", "false2@example.org", actor="joe", note="", at=NOW - 9 * HOUR, expires_at=NOW - HOUR
            ),
            bounce("soft@example.org", NOW - 2 * HOUR),
        ]
    )
    (document, *_) = filled.json(*UNASKED)
    assert [document["skipped"][f"also blocked because of {reason}"] for reason in ("manual", "import")] == [1, 1]
    assert set(filled.blocked()) == NOT_SELECTED | {"false0@example.org", "false1@example.org"}


def test_an_address_with_older_soft_bounces_that_block_too_is_skipped(filled: Tables, bounce: Bounce) -> None:
    soft = {"type": "Transient", "subtype": "MailboxFull", "status": "5.2.2"}
    filled.apply(
        [
            bounce("false0@example.org", NOW - 99 * HOUR, **soft, message_id=f"m{n}", feedback_id=f"{n}")
            for n in range(5)
        ]
    )
    filled.run(*UNASKED)
    assert set(filled.blocked()) == NOT_SELECTED | {"false0@example.org"}


def test_an_item_of_others_is_selected_only_by_its_domain(tables: Tables) -> None:
    tables.client.put_item(TableName="blocked", Item={"value": {"S": "a@example.org"}, "reason": {"S": "bounce"}})
    command = ("unblock", "--note", "theirs", "--no-ses", "--yes")
    tables.run(*command, "--since", "2000-01-01")
    assert set(tables.blocked()) == {"a@example.org"}
    tables.run(*command, "--domain", "example.org")
    assert set(tables.blocked()) == set()


def test_what_bounces_after_the_selection_stays_blocked(
    filled: Tables, bounce: Bounce, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bounce_meanwhile(_: str) -> bool:
        filled.apply([bounce("false0@example.org", datetime.now(UTC) + timedelta(seconds=1))])
        return True

    monkeypatch.setattr(unblock_run, "confirm", bounce_meanwhile)
    monkeypatch.setattr(unblock_run, "_can_ask", lambda: True)
    result = filled.run(*SELECTION, "--no-ses")
    assert result.exit_code == 1
    assert "false0@example.org" in result.stdout
    assert "blocked again since it was selected" in result.stdout
    assert set(filled.blocked()) == NOT_SELECTED | {"false0@example.org"}


def test_what_ses_listed_after_the_selection_stays_blocked(filled: Tables, ses: FakeSes) -> None:
    # Its bounce may be still on the way here.
    ses.add("eu-west-1", *SELECTED)
    ses.add("eu-west-1", "False1@example.org", at=NOW + HOUR)
    results = filled.json(*SELECTION, "--yes", "--ses-region", "eu-west-1")[1:]
    assert [result["address"] for result in results if result["skipped"]] == ["false1@example.org"]
    assert set(filled.blocked()) == NOT_SELECTED | {"false1@example.org"}
    assert ses.spellings()["eu-west-1"] == {"false1@example.org", "False1@example.org"}


@pytest.fixture
def stops(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Ctrl-C before, or right after, the n-th write: [n, 0 or 1]. One address at a time."""
    stop_at: list[int] = []
    original_apply = HistoryWriter.apply
    call_count = 0

    def apply(self: HistoryWriter, events: list[Event], **options: Any) -> Any:
        nonlocal call_count
        call_count += 1
        if [call_count, 0] == stop_at:
            raise KeyboardInterrupt
        result = original_apply(self, events, **options)
        if [call_count, 1] == stop_at:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(manual_unblocks, "_BATCH_SIZE", 1)
    with monkeypatch.context() as patched:
        patched.setattr(HistoryWriter, "apply", apply)
        yield stop_at


@pytest.mark.parametrize("when", [0, 1])
@pytest.mark.parametrize("go_on", ["file", "command"])
def test_interrupted_anywhere_it_goes_on(filled: Tables, stops: list[int], when: int, go_on: str) -> None:
    stops[:] = [3, when]
    result = filled.run(*UNASKED, "--undo-file", "undo.jsonl")
    assert result.exit_code == 130
    assert "2 of 5 are done" in result.stderr
    assert "unblock --from undo.jsonl" in result.stderr
    assert len(set(filled.blocked()) & SELECTED) == 3 - when
    if go_on == "file":
        assert filled.run("unblock", "--from", "undo.jsonl", "--no-ses").exit_code == 0
    else:
        assert filled.run(*UNASKED, "--undo-file", "second.jsonl").exit_code == 0
    assert set(filled.blocked()) == NOT_SELECTED
    for address in SELECTED:
        acts = [event for event in filled.json("show", address)[0]["events"] if "act" in event]
        assert len(acts) == 1
    for file in files():
        filled.run("block", "--from", str(file))
    assert set(filled.blocked()) == SELECTED | NOT_SELECTED


BREAKS: list[tuple[Callable[[list[str]], list[str]], str]] = [
    (lambda lines: lines[:-1], "not complete"),
    (lambda lines: lines[1:], "does not begin"),
    (lambda lines: lines[:0], "does not begin"),
    (lambda lines: [*lines[:2], lines[2][:20]], "is no JSON object"),
    (lambda lines: [*lines[:2], "7"], "is no JSON object"),
    (lambda lines: [lines[0].replace("table/blocked", "table/test"), *lines[1:]], "is of the blocked table"),
]


@pytest.mark.parametrize("command", ["block", "unblock"])
def test_a_file_that_is_no_whole_undo_file_of_these_tables_is_not_used(filled: Tables, command: str) -> None:
    filled.run(*UNASKED, "--undo-file", "undo.jsonl")
    lines = Path("undo.jsonl").read_text().splitlines()
    for break_lines, message in BREAKS:
        Path("undo.jsonl").write_text("".join(f"{line}\n" for line in break_lines(lines)))
        result = filled.run(command, "--from", "undo.jsonl", *(["--no-ses"] if command == "unblock" else []))
        assert result.exit_code == 2
        assert message in result.stderr
        assert set(filled.blocked()) == NOT_SELECTED


def test_a_scan_that_fails_leaves_no_undo_file(filled: Tables) -> None:
    result = filled.run(*UNASKED, "--table", "elsewhere")
    assert result.exit_code == 3
    assert files() == []


def test_the_undo_file_holds_the_blocks_as_they_were(filled: Tables) -> None:
    before = filled.blocked()
    filled.run(*UNASKED, "--undo-file", "undo.jsonl")
    lines = [json.loads(line) for line in Path("undo.jsonl").read_text().splitlines()]
    items = {line["item"]["value"]: line["item"] for line in lines if "item" in line}
    assert items == {key: before[key] for key in SELECTED}
    assert (lines[0]["note"], lines[-1]) == ("provider was broken", {"total": 5})


SINGLE: dict[str, dict[str, Any]] = {
    "hard": {},
    "held": DNS_FAILURE,
    "complaint": {"kind": "complaint", "type": "abuse", "subtype": ""},
    "suspect": {**SUSPECT, "message_id": "one mail"},
}
HAPPENINGS = (*SINGLE, "confirmed", "soft", "by hand", "by hand, ending", "by hand, over", "imported")


def happening(bounce: Bounce, address: str, happening_kind: str, hours: int) -> list[Event]:
    at = NOW - hours * HOUR
    if happening_kind in SINGLE:
        return [bounce(address, at, **SINGLE[happening_kind], feedback_id=f"{happening_kind}-{hours}")]
    if happening_kind == "confirmed":
        times = at - 500 * HOUR, at
        return [bounce(address, time, destinations_known=False, feedback_id=f"{time}") for time in times]
    if happening_kind == "soft":
        soft = {"type": "Transient", "subtype": "MailboxFull", "status": "5.2.2"}
        return [bounce(address, at, **soft, message_id=f"m{hours}-{n}", feedback_id=f"{hours}-{n}") for n in range(5)]
    ends = {"by hand, ending": NOW + HOUR, "by hand, over": NOW - HOUR / 2}.get(happening_kind)
    act: Any = "import" if happening_kind == "imported" else "block"
    return [manual_event(act, address, actor="joe", note="", at=at, expires_at=ends)]


@profile_times(0.05, suppress_health_check=list(HealthCheck))
@given(
    histories=st.lists(
        st.dictionaries(st.sampled_from(HAPPENINGS), st.sampled_from([1, 30]), min_size=1, max_size=3),
        min_size=1,
        max_size=5,
    ),
    reasons=st.lists(st.sampled_from(["bounce", "complaint", "hold", "soft-bounces", "manual", "import"]), unique=True),
    since=st.sampled_from([[], ["--since", "12h"], ["--until", "12h"]]),
)
def test_for_any_history_putting_back_what_was_unblocked_is_as_before(
    tables: Tables, bounce: Bounce, histories: list[dict[str, int]], reasons: list[str], since: list[str]
) -> None:
    domain = f"{uuid.uuid4().hex}.example"  # each example has a domain of its own in the same tables
    happened = [
        (f"{number}@{domain}", kind_and_age)
        for number, history in enumerate(histories)
        for kind_and_age in history.items()
    ]
    tables.apply(
        [
            event
            for address, (happening_kind, hours) in happened
            for event in happening(bounce, address, happening_kind, hours)
        ]
    )

    def blocked() -> dict[str, Any]:
        return {item["value"]: item for item in tables.json("list", "--domain", domain)}

    def ends(items: dict[str, Any]) -> dict[str, Any]:
        return {address: item.get("expires_at") for address, item in items.items()}

    before = blocked()
    selection = [*since, *(word for reason in reasons for word in ("--reason", reason)), "--domain", domain]
    file = f"{domain}.jsonl"
    result = tables.run("unblock", *selection, "--note", "false", "--no-ses", "--yes", "--undo-file", file)
    assert result.exit_code == 0
    lifted = set(before) - set(blocked())
    if Path(file).exists():
        lines = map(json.loads, Path(file).read_text().splitlines())
        assert {line["item"]["value"] for line in lines if "item" in line} == lifted
        assert tables.run("block", "--from", file).exit_code == 0
    else:
        assert lifted == set()
    after = blocked()
    assert ends(after) == ends(before)
    not_lifted = before.keys() - lifted
    assert {address: after[address] for address in not_lifted} == {address: before[address] for address in not_lifted}
