"""A wave of false blocks: `unblock --since ...`, its undo file, and `block --from`. On moto."""

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
from ses_feedback_cli.blocks import lifting, unblocking

from tests.cli.conftest import Tables
from tests.cli.ses_server import SesLists
from tests.properties import profile_times

Bounce = Callable[..., Event]
NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
WAVE = ("unblock", "--since", "12h", "--reason", "provider was broken")
QUIET = (*WAVE, "--no-ses", "--yes")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def wave(tables: Tables, bounce: Bounce) -> Tables:
    """Four false blocks, and others."""
    soft = {"type": "Transient", "subtype": "MailboxFull", "status": "5.2.2"}
    tables.apply([bounce(f"wave{number}@example.org", NOW - HOUR) for number in range(3)])
    tables.apply(
        [bounce("soft@example.org", NOW - HOUR, **soft, message_id=f"m{one}", feedback_id=f"{one}") for one in range(5)]
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


FALSE = {"wave0@example.org", "wave1@example.org", "wave2@example.org", "soft@example.org", "other@example.com"}
TRUE = {"old@example.org", "angry@example.org", "hand@example.org"}


def files() -> list[Path]:
    return sorted(Path.cwd().iterdir())


def test_lifts_what_is_selected_and_nothing_else(wave: Tables) -> None:
    done = wave.run(*QUIET)
    assert done.exit_code == 0
    assert set(wave.blocked()) == TRUE
    assert "1 left: blocked because of complaint" in done.stdout
    assert "1 left: blocked because of manual" in done.stdout
    (file,) = files()
    assert f"block --from {file.name}" in done.stderr


@pytest.mark.parametrize(
    ("options", "lifted"),
    [
        (["--domain", "example.com"], {"other@example.com"}),
        (["--rule", "mailbox-full"], {"soft@example.org"}),
        (["--because", "complaint"], {"angry@example.org"}),
        (["--because", "complaint", "--because", "manual"], {"angry@example.org", "hand@example.org"}),
        (["--identity", "nowhere.example"], set()),
    ],
)
def test_selects_by_what_the_blocked_table_says(wave: Tables, options: list[str], lifted: set[str]) -> None:
    assert wave.run(*QUIET, *options).exit_code == 0
    assert set(wave.blocked()) == (FALSE | TRUE) - lifted


def test_a_dry_run_shows_and_leaves_no_trace(wave: Tables) -> None:
    done = wave.run(*WAVE, "--no-ses", "--dry-run")
    assert done.exit_code == 0
    assert "5 selected" in done.stdout
    assert "soft@example.org" in done.stdout
    (told,) = wave.json(*WAVE, "--no-ses", "--dry-run")
    assert (told["selected"], {one["address"] for one in told["sample"]}) == (5, FALSE)
    assert (set(wave.blocked()), files()) == (FALSE | TRUE, [])


def test_where_nobody_can_be_asked_it_does_nothing(wave: Tables) -> None:
    done = wave.run(*WAVE, "--no-ses")
    assert done.exit_code == 2
    assert "--yes" in done.stderr
    assert (set(wave.blocked()), files()) == (FALSE | TRUE, [])


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 1), (None, 130)])
def test_asks_first(wave: Tables, monkeypatch: pytest.MonkeyPatch, answer: bool | None, code: int) -> None:
    def asked(question: str) -> bool:
        assert "5" in question
        assert set(wave.blocked()) == FALSE | TRUE
        assert len(files()) == 1, "the undo file is on the disk before anything can change"
        if answer is None:
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(lifting, "confirmed", asked)
    monkeypatch.setattr(lifting, "_can_ask", lambda: True)
    assert wave.run(*WAVE, "--no-ses").exit_code == code
    assert (set(wave.blocked()) == TRUE, len(files())) == (answer is True, int(answer is True))


def test_the_undo_file_is_for_its_owner_only_and_is_not_overwritten(wave: Tables) -> None:
    wave.run(*QUIET, "--undo-file", "undo.jsonl", "--domain", "example.com")
    (file,) = files()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    done = wave.run(*QUIET, "--undo-file", "undo.jsonl")
    assert done.exit_code == 2
    assert "exists" in done.stderr
    assert file.read_text() == before
    assert "soft@example.org" in wave.blocked()


def test_putting_back_restores_who_is_blocked_and_until_when(wave: Tables) -> None:
    before = {key: item.get("expires_at") for key, item in wave.blocked().items()}
    wave.run(*QUIET, "--undo-file", "undo.jsonl")
    for _ in range(2):  # twice is as good as once
        assert wave.run("block", "--from", "undo.jsonl").exit_code == 0
    blocked = wave.blocked()
    assert {key: item.get("expires_at") for key, item in blocked.items()} == before
    item = blocked["wave0@example.org"]
    assert (item["reason"], item["subtype"], "hard-bounce" in item["note"]) == ("manual", "bounce", True)


def test_what_else_blocks_an_address_is_not_lifted_with_the_wave(wave: Tables, bounce: Bounce) -> None:
    wave.apply(
        [
            manual_event("block", "wave0@example.org", actor="joe", note="never mail me", at=NOW - 99 * HOUR),
            manual_event("import", "wave1@example.org", actor="joe", note="", at=NOW, expires_at=NOW + HOUR),
            manual_event("import", "wave2@example.org", actor="joe", note="", at=NOW - 9 * HOUR, expires_at=NOW - HOUR),
            bounce("soft@example.org", NOW - 2 * HOUR),
        ]
    )
    (told, *_) = wave.json(*QUIET)
    assert [told["left"][f"also blocked because of {one}"] for one in ("manual", "import")] == [1, 1]
    assert set(wave.blocked()) == TRUE | {"wave0@example.org", "wave1@example.org"}


def test_what_beneath_is_not_of_the_wave_either_stays(wave: Tables, bounce: Bounce) -> None:
    soft = {"type": "Transient", "subtype": "MailboxFull", "status": "5.2.2"}
    wave.apply(
        [bounce("wave0@example.org", NOW - 99 * HOUR, **soft, message_id=f"m{n}", feedback_id=f"{n}") for n in range(5)]
    )
    wave.run(*QUIET)
    assert set(wave.blocked()) == TRUE | {"wave0@example.org"}


def test_an_item_of_others_is_selected_only_by_its_domain(tables: Tables) -> None:
    tables.client.put_item(TableName="blocked", Item={"value": {"S": "a@example.org"}, "reason": {"S": "bounce"}})
    command = ("unblock", "--reason", "theirs", "--no-ses", "--yes")
    tables.run(*command, "--since", "2000-01-01")
    assert set(tables.blocked()) == {"a@example.org"}
    tables.run(*command, "--domain", "example.org")
    assert set(tables.blocked()) == set()


def test_what_bounces_after_the_selection_stays_blocked(
    wave: Tables, bounce: Bounce, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(_: str) -> bool:
        wave.apply([bounce("wave0@example.org", datetime.now(UTC) + timedelta(seconds=1))])
        return True

    monkeypatch.setattr(lifting, "confirmed", meanwhile)
    monkeypatch.setattr(lifting, "_can_ask", lambda: True)
    done = wave.run(*WAVE, "--no-ses")
    assert done.exit_code == 1
    assert "wave0@example.org" in done.stdout
    assert "blocked again since it was selected" in done.stdout
    assert set(wave.blocked()) == TRUE | {"wave0@example.org"}


def test_what_ses_listed_after_the_selection_stays_blocked(wave: Tables, ses: SesLists) -> None:
    # Its bounce may be still on the way here.
    ses.put("eu-west-1", *FALSE, "Wave1@example.org")
    ses.since["Wave1@example.org"] = NOW + HOUR
    told = wave.json(*WAVE, "--yes", "--ses-region", "eu-west-1")[1:]
    assert [one["address"] for one in told if one["left"]] == ["wave1@example.org"]
    assert set(wave.blocked()) == TRUE | {"wave1@example.org"}
    assert set(ses.entries["eu-west-1"]) == {"wave1@example.org", "Wave1@example.org"}


@pytest.fixture
def stops(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Ctrl-C before, or right after, the n-th write: [n, 0 or 1]. One address at a time."""
    plan: list[int] = []
    real = HistoryWriter.apply
    seen = 0

    def apply(self: HistoryWriter, events: list[Event], **given: Any) -> Any:
        nonlocal seen
        seen += 1
        if [seen, 0] == plan:
            raise KeyboardInterrupt
        result = real(self, events, **given)
        if [seen, 1] == plan:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(unblocking, "_TOGETHER", 1)
    with monkeypatch.context() as patched:
        patched.setattr(HistoryWriter, "apply", apply)
        yield plan


@pytest.mark.parametrize("when", [0, 1])
@pytest.mark.parametrize("go_on", ["file", "command"])
def test_interrupted_anywhere_it_goes_on(wave: Tables, stops: list[int], when: int, go_on: str) -> None:
    stops[:] = [3, when]
    done = wave.run(*QUIET, "--undo-file", "undo.jsonl")
    assert done.exit_code == 130
    assert "2 of 5 are done" in done.stderr
    assert "unblock --from undo.jsonl" in done.stderr
    assert len(set(wave.blocked()) & FALSE) == 3 - when
    if go_on == "file":
        assert wave.run("unblock", "--from", "undo.jsonl", "--no-ses").exit_code == 0
    else:
        assert wave.run(*QUIET, "--undo-file", "second.jsonl").exit_code == 0
    assert set(wave.blocked()) == TRUE
    for address in FALSE:
        acts = [event for event in wave.json("show", address)[0]["events"] if "act" in event]
        assert len(acts) == 1
    for file in files():
        wave.run("block", "--from", str(file))
    assert set(wave.blocked()) == FALSE | TRUE


BREAKS: list[tuple[Callable[[list[str]], list[str]], str]] = [
    (lambda lines: lines[:-1], "not complete"),
    (lambda lines: lines[1:], "does not begin"),
    (lambda lines: lines[:0], "does not begin"),
    (lambda lines: [*lines[:2], lines[2][:20]], "is no JSON object"),
    (lambda lines: [*lines[:2], "7"], "is no JSON object"),
    (lambda lines: [lines[0].replace("table/blocked", "table/test"), *lines[1:]], "is of the blocked table"),
]


@pytest.mark.parametrize("command", ["block", "unblock"])
def test_a_file_that_is_no_whole_undo_file_of_these_tables_is_not_used(wave: Tables, command: str) -> None:
    wave.run(*QUIET, "--undo-file", "undo.jsonl")
    lines = Path("undo.jsonl").read_text().splitlines()
    for broken, said in BREAKS:
        Path("undo.jsonl").write_text("".join(f"{line}\n" for line in broken(lines)))
        done = wave.run(command, "--from", "undo.jsonl", *(["--no-ses"] if command == "unblock" else []))
        assert done.exit_code == 2
        assert said in done.stderr
        assert set(wave.blocked()) == TRUE


def test_a_scan_that_fails_leaves_no_undo_file(wave: Tables) -> None:
    done = wave.run(*QUIET, "--table", "elsewhere")
    assert done.exit_code == 3
    assert files() == []


def test_the_undo_file_holds_the_blocks_as_they_were(wave: Tables) -> None:
    before = wave.blocked()
    wave.run(*QUIET, "--undo-file", "undo.jsonl")
    lines = [json.loads(line) for line in Path("undo.jsonl").read_text().splitlines()]
    assert {one["item"]["value"]: one["item"] for one in lines if "item" in one} == {key: before[key] for key in FALSE}
    assert (lines[0]["note"], lines[-1]) == ("provider was broken", {"end": 5})


HAPPENINGS = ("hard", "complaint", "soft", "by hand", "by hand, ending", "by hand, over", "imported")


def happening(bounce: Bounce, address: str, what: str, hours: int) -> list[Event]:
    at = NOW - hours * HOUR
    if what == "complaint":
        return [bounce(address, at, kind="complaint", type="abuse", subtype="", feedback_id=f"complaint-{hours}")]
    if what == "soft":
        soft = {"type": "Transient", "subtype": "MailboxFull", "status": "5.2.2"}
        return [bounce(address, at, **soft, message_id=f"m{hours}-{n}", feedback_id=f"{hours}-{n}") for n in range(5)]
    if what == "hard":
        return [bounce(address, at)]
    ends = {"by hand, ending": NOW + HOUR, "by hand, over": NOW - HOUR / 2}.get(what)
    act: Any = "import" if what == "imported" else "block"
    return [manual_event(act, address, actor="joe", note="", at=at, expires_at=ends)]


@profile_times(0.05, suppress_health_check=list(HealthCheck))
@given(
    histories=st.lists(
        st.dictionaries(st.sampled_from(HAPPENINGS), st.sampled_from([1, 30]), min_size=1, max_size=3),
        min_size=1,
        max_size=5,
    ),
    because=st.lists(st.sampled_from(["bounce", "complaint", "soft-bounces", "manual", "import"]), unique=True),
    since=st.sampled_from([[], ["--since", "12h"], ["--until", "12h"]]),
)
def test_for_any_history_undoing_a_wave_and_its_undo_is_as_before(
    tables: Tables, bounce: Bounce, histories: list[dict[str, int]], because: list[str], since: list[str]
) -> None:
    domain = f"{uuid.uuid4().hex}.example"  # each example has a domain of its own in the same tables
    happened = [(f"{number}@{domain}", one) for number, history in enumerate(histories) for one in history.items()]
    tables.apply([event for address, (what, hours) in happened for event in happening(bounce, address, what, hours)])

    def blocked() -> dict[str, Any]:
        return {one["value"]: one for one in tables.json("list", "--domain", domain)}

    def ends(items: dict[str, Any]) -> dict[str, Any]:
        return {address: item.get("expires_at") for address, item in items.items()}

    before = blocked()
    selection = [*since, *(part for one in because for part in ("--because", one)), "--domain", domain]
    file = f"{domain}.jsonl"
    done = tables.run("unblock", *selection, "--reason", "wave", "--no-ses", "--yes", "--undo-file", file)
    assert done.exit_code == 0
    lifted = set(before) - set(blocked())
    if Path(file).exists():
        lines = map(json.loads, Path(file).read_text().splitlines())
        assert {one["item"]["value"] for one in lines if "item" in one} == lifted
        assert tables.run("block", "--from", file).exit_code == 0
    else:
        assert lifted == set()
    after = blocked()
    assert ends(after) == ends(before)
    assert {one: after[one] for one in before.keys() - lifted} == {one: before[one] for one in before.keys() - lifted}
