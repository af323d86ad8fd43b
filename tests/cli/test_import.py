"""`ses-feedback import`, on moto. Interruptions are in test_import_resume.py, SES's lists in test_sync.py."""

import fcntl
import json
import os
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ses_feedback.history.event import Event, manual_event
from ses_feedback_cli import event_batches

from tests.cli.conftest import BLOCKED, NOW, Tables

Bounce = Callable[..., Event]
LATER = "2099-01-01T00:00:00Z"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], str]:
    def make(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return make


Write = Callable[[str, str | bytes], str]

LISTS = {
    "plain text": ("a.txt", "jane@x.org\n\nJoe <Joe@X.org>\n"),
    "no line end": ("a.txt", "jane@x.org\njoe@x.org"),
    "windows": ("a.csv", "\ufeffEmail,Note\r\njane@x.org,\r\njoe@x.org,x\r\n"),
    "semicolons": ("a.csv", "id;E-Mail address;value\n1;x;jane@x.org\n2;x;joe@x.org\n"),
    "tabs": ("a.tsv", "address\treason\njane@x.org\tunknown user\njoe@x.org\t\n"),
    "quoted, over two lines": ("a.csv", 'note,value\n"a, ""b""\nc",jane@x.org\n,joe@x.org\n'),
    "short rows": ("a.csv", "email,note\njane@x.org\njoe@x.org,\n"),
    "JSON lines": ("a.jsonl", '{"value": "jane@x.org", "reason": "bounce"}\n{"email": "joe@x.org", "id": {"a": 1}}\n'),
    "of SES": ("a.ndjson", '{"emailAddress":"jane@x.org","reason":"BOUNCE"}\n{"EmailAddress":"joe@x.org"}\n'),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_as_people_have_them(tables: Tables, write: Write, name: str) -> None:
    result = tables.run("import", write(*LISTS[name]))
    assert result.exit_code == 0, result.stderr
    assert tables.blocked().keys() == {"jane@x.org", "joe@x.org"}
    assert {item["reason"] for item in tables.blocked().values()} == {"import"}


def test_a_column_of_another_name(tables: Tables, write: Write) -> None:
    assert tables.run("import", write("a.csv", "value,Kontakt\n1,jane@x.org\n"), "--column", "Kontakt").exit_code == 0
    rows = write("a.jsonl", '{"value": "1", "kontakt": "joe@x.org"}\n')
    assert tables.run("import", rows, "--column", "kontakt").exit_code == 0
    assert tables.blocked().keys() == {"jane@x.org", "joe@x.org"}


def test_what_a_row_says_is_kept(tables: Tables, write: Write) -> None:
    content = f"value,reason,note,until\njane@x.org,bounce,ticket 7,{LATER}\njoe@x.org,,,4070908800\namy@x.org,,,\n"
    assert tables.run("import", write("crm.csv", content), "--reason", "crm", "--actor", "me").exit_code == 0
    items = tables.blocked()
    jane, joe, amy = (items[f"{name}@x.org"] for name in ("jane", "joe", "amy"))
    assert (jane["subtype"], jane["note"], jane["expires_at"], jane["actor"]) == (
        "bounce",
        "ticket 7",
        4070908800,
        "me",
    )
    assert (joe["subtype"], joe["expires_at"]) == ("crm", 4070908800)
    assert "crm.csv" in amy["note"]
    assert "expires_at" not in amy


def test_until_for_all_and_blocks_that_are_over(tables: Tables, write: Write) -> None:
    path = write("a.csv", "value,until\njane@x.org,\njoe@x.org,2020-01-01\n")
    (result,) = tables.json("import", path, "--until", LATER)
    assert (result["recorded"], result["expired"]) == (1, 1)
    assert tables.blocked()["jane@x.org"]["expires_at"] == 4070908800


REFUSED: dict[str, tuple[str, str | bytes, int]] = {
    "no address": ("a.txt", "jane@x.org\nnobody\n", 2),
    "two addresses": ("a.txt", "jane@x.org\na@x.org, b@x.org\n", 2),
    "not UTF-8": ("a.txt", b"jane@x.org\nj\xf6rg@x.org\n", 2),
    "a note that is not UTF-8": ("a.csv", b"value,note\njane@x.org,\njoe@x.org,J\xf6rg\n", 3),
    "too many columns": ("a.csv", "value,note\njane@x.org,\njoe@x.org,a,b\n", 3),
    "no time": ("a.csv", "value,until\njane@x.org,\njoe@x.org,soon\n", 3),
    "a long note": ("a.csv", f"value,note\njane@x.org,\njoe@x.org,{'x' * 1001}\n", 3),
    "no JSON": ("a.jsonl", '{"value": "jane@x.org"}\n{"value"\n', 2),
    "no object": ("a.jsonl", '{"value": "jane@x.org"}\n["joe@x.org"]\n', 2),
    "deep JSON": ("a.jsonl", '{"value": "jane@x.org"}\n{"value": ' + "[" * 99_999 + "\n", 2),
    "no text": ("a.jsonl", '{"value": "jane@x.org"}\n{"value": {"S": "joe@x.org"}}\n', 2),
    "quote within a word": ("a.csv", 'value,note\njoe@x.org,"a"b\njane@x.org,\n', 2),
    "quote that is never closed": ("a.csv", 'value,note\njane@x.org,\njoe@x.org,"a\n', 3),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_row_that_cannot_be_read_is_put_aside_and_the_others_come_in(
    tables: Tables, write: Write, tmp_path: Path, name: str
) -> None:
    file, content, line = REFUSED[name]
    result = tables.run("import", write(file, content))
    assert result.exit_code == 1
    assert tables.blocked().keys() == {"jane@x.org"}
    rejects = tmp_path / f"{file}.rejects.csv"
    _, row = rejects.read_bytes().splitlines()[:2]
    assert row.startswith(b"%d," % line)
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / f"{file}.position.json").stat().st_mode) == 0o600
    assert "@x.org" not in result.stderr


def test_refused_rows_repaired_in_their_file_come_in_from_it(tables: Tables, write: Write, tmp_path: Path) -> None:
    tables.run("import", write("a.txt", "jane(at)x.org\n"))
    rejects = tmp_path / "a.txt.rejects.csv"
    rejects.write_text(rejects.read_text().replace("(at)", "@"))
    assert tables.run("import", str(rejects), "--column", "row").exit_code == 0
    assert tables.blocked().keys() == {"jane@x.org"}


MISTAKES: dict[str, tuple[tuple[str, str | bytes], tuple[str, ...], str]] = {
    "no header": (("a.csv", "jane@x.org,BOUNCE\n"), (), "first line"),
    "other header": (("a.csv", "name,phone\n"), (), "name, phone"),
    "empty": (("a.csv", ""), (), "first line"),
    "wrong column": (("a.csv", "value\n"), ("--column", "mail"), "--column mail"),
    "UTF-16": (("a.txt", "jane@x.org\n".encode("utf-16")), (), "UTF-16"),
    "no format": (("a.dat", "jane@x.org\n"), (), "--format"),
    "no position": (("a.txt", "jane@x.org\n"), ("--position-file", "/etc/passwd"), "/etc/passwd"),
    "no folder": (("a.txt", "jane@x.org\n"), ("--position-file", "/nowhere/p.json"), "/nowhere"),
    "no time": (("a.txt", "jane@x.org\n"), ("--at", "soon"), "soon"),
    "no file": (("a.txt", "jane@x.org\n"), ("--position-file", "/"), "/"),
    "file and SES": (("a.txt", "jane@x.org\n"), ("--from-ses",), "--from-ses"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_exit_code_2_and_says_what_would_be_right(tables: Tables, write: Write, name: str) -> None:
    file, options, message = MISTAKES[name]
    result = tables.run("import", write(*file), *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "jane" not in result.stderr


def test_the_same_list_twice_changes_nothing(tables: Tables, write: Write) -> None:
    path = write("a.txt", "jane@x.org\njoe@x.org\njane@x.org\n")
    (first,) = tables.json("import", path)
    assert (first["recorded"], first["duplicate"]) == (2, 1)
    tables.apply([manual_event("unblock", "jane@x.org", actor="ops", note="", at=datetime.now(UTC))])
    history = history_of(tables)
    for options in ((), ("--restart",)):
        assert tables.json("import", path, *options)[0]["at"] == first["at"]
        assert tables.blocked().keys() == {"joe@x.org"}
        assert history_of(tables) == history


def test_without_the_position_file_the_same_time_makes_it_the_same_import(
    tables: Tables, write: Write, tmp_path: Path
) -> None:
    path = write("a.txt", "jane@x.org\n")
    tables.json("import", path, "--at", "2026-11-20")
    history = history_of(tables)
    (tmp_path / "a.txt.position.json").unlink()
    assert tables.json("import", path, "--at", "2026-11-20")[0]["duplicate"] == 1
    assert (
        tables.json(
            "import", "-", "--format", "text", "--note", "import of a.txt", "--at", "2026-11-20", stdin="jane@x.org\n"
        )[0]["duplicate"]
        == 1
    )
    assert history_of(tables) == history


def test_a_changed_list_counts_from_now(tables: Tables, write: Write) -> None:
    (first,) = tables.json("import", write("a.txt", "jane@x.org\n"))
    tables.apply([manual_event("unblock", "jane@x.org", actor="ops", note="", at=datetime.now(UTC))])
    (second,) = tables.json("import", write("a.txt", "jane@x.org\njoe@x.org\n"))
    assert second["at"] > first["at"]
    assert tables.blocked().keys() == {"jane@x.org", "joe@x.org"}


def test_an_unblock_after_its_time_wins(tables: Tables, write: Write) -> None:
    tables.apply([manual_event("unblock", "jane@x.org", actor="ops", note="", at=NOW)])
    earlier = (NOW - timedelta(days=1)).isoformat()
    assert tables.run("import", write("a.txt", "jane@x.org\njoe@x.org\n"), "--at", earlier).exit_code == 0
    assert tables.blocked().keys() == {"joe@x.org"}


def test_a_dry_run_counts_and_writes_nothing(
    tables: Tables, write: Write, tmp_path: Path, bounce: Bounce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ses_feedback_cli.lists.import_entries.BATCH_SIZE", 2)
    tables.apply([bounce("jane@x.org")])
    path = write("a.csv", "value,until\njane@x.org,\njoe@x.org,\nJOE@x.org,\nnobody,\namy@x.org,2020-01-01\n")
    before = tables.blocked(), history_of(tables), sorted(tmp_path.iterdir())
    result = tables.run("import", path, "--dry-run")
    assert result.exit_code == 1
    assert "line 5" in result.stderr
    (message,) = tables.json("import", path, "--dry-run")
    assert {key: message[key] for key in ("rows", "new", "already_blocked", "repeated", "rejected", "expired")} == {
        "rows": 5, "new": 1, "already_blocked": 1, "repeated": 1, "rejected": 1, "expired": 1,
    }  # fmt: skip
    assert (tables.blocked(), history_of(tables), sorted(tmp_path.iterdir())) == before


def test_a_table_that_does_not_answer_stops_it_and_loses_nothing(tables: Tables, write: Write, tmp_path: Path) -> None:
    path = write("a.txt", "jane@x.org\n")
    result = tables.run("import", path, "--history", "elsewhere")
    assert result.exit_code == 3
    assert "ResourceNotFoundException" in result.stderr
    assert not (tmp_path / "a.txt.rejects.csv").exists()
    assert tables.run("import", path).exit_code == 0
    assert tables.blocked().keys() == {"jane@x.org"}


def test_an_address_whose_state_cannot_be_read_is_told_and_tried_again_by_the_same_command(
    tables: Tables, write: Write, tmp_path: Path
) -> None:
    state_row: Any = {"value": {"S": "joe@x.org"}, "entry": {"S": "state"}, "version": {"S": "none"}}
    tables.client.put_item(TableName="history", Item=state_row)
    path = write("a.txt", "jane@x.org\njoe@x.org\namy@x.org\n")
    result = tables.run("import", path)
    assert result.exit_code == 1
    assert tables.blocked().keys() == {"jane@x.org", "amy@x.org"}
    assert "joe@x.org" in (tmp_path / "a.txt.rejects.csv").read_text()
    tables.client.delete_item(TableName="history", Key={"value": {"S": "joe@x.org"}, "entry": {"S": "state"}})
    assert tables.run("import", path).exit_code == 0
    assert tables.blocked().keys() == {"jane@x.org", "joe@x.org", "amy@x.org"}


def test_a_pipe_has_no_position(tables: Tables, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("jane@x.org\n",))
    writer.start()
    result = tables.run("import", str(pipe), "--format", "text")
    writer.join()
    assert result.exit_code == 0, result.stderr
    assert tables.blocked().keys() == {"jane@x.org"}
    assert not list(tmp_path.glob("*.position.json"))


def test_one_import_of_a_list_at_a_time(tables: Tables, write: Write) -> None:
    path = write("a.txt", "jane@x.org\n")
    with Path(path).open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        result = tables.run("import", path)
    assert (result.exit_code, tables.blocked()) == (2, {})
    assert "running" in result.stderr


def test_json_is_one_document(tables: Tables, write: Write) -> None:
    (result,) = tables.json("import", write("a.txt", "jane@x.org\nnobody\n"), "--at", "2026-11-20")
    assert (result["rows"], result["recorded"], result["rejected"]) == (2, 1, 1)
    assert result["at"] == "2026-11-20T00:00:00.000Z"
    assert result["rejects_file"].endswith("a.txt.rejects.csv")


def test_a_line_without_an_end_does_not_fill_the_memory(
    tables: Tables, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ses_feedback_cli.lists.rows.LINE_LIMIT", 100)
    (result,) = tables.json("import", write("a.txt", "x" * 1_000 + "\njane@x.org\n"))
    assert (result["rejected"], result["recorded"]) == (10, 1)


def test_batches_fill_transactions() -> None:
    assert event_batches.BATCH_SIZE % 32 == 0  # a row, a state and an item for each of 32 addresses: 96 of 98 actions


def history_of(tables: Tables) -> list[str]:
    items = tables.client.scan(TableName="history", ConsistentRead=True)["Items"]
    return sorted(json.dumps(item, sort_keys=True) for item in items)


def test_another_table_comes_in_but_not_what_the_pipelines_made(
    tables: Tables, bounce: Bounce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    items: list[Any] = [
        {"value": {"S": "jane@x.org"}, "source": {"S": "crm"}, "tags": {"SS": ["a"]}},
        {"value": {"S": "joe@x.org"}, "expires_at": {"N": "4070908800"}},
        {"value": {"S": "nobody"}},
    ]
    for item in items:
        tables.client.put_item(TableName="blocked", Item=item)
    tables.apply([bounce("amy@x.org")])
    for outcome in ("recorded", "duplicate"):
        (result,) = tables.json("import", "--from-table", BLOCKED, "--at", "2026-11-20")
        assert {key: result.get(key) for key in ("rows", outcome, "has_feedback", "rejected")} == {
            "rows": 4, outcome: 2, "has_feedback": 1, "rejected": 1,
        }  # fmt: skip
    blocked = tables.blocked()
    assert (blocked["jane@x.org"]["reason"], blocked["joe@x.org"]["expires_at"]) == ("import", 4070908800)
    assert blocked["amy@x.org"]["reason"] == "bounce"
    assert (tmp_path / "blocked.rejects.csv").exists()
