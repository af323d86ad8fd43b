"""Every form of `unblock` with every option that decides what is changed: each is honoured or refused, and a dry run
changes no table, list or file. On moto and a fake of SES's lists. Not proved: what else an option may mean."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ses_feedback.history.event import Event

from tests.cli.conftest import Tables
from tests.cli.fake_ses import FakeSes

Bounce = Callable[..., Event]
JANE, JOE = "jane@example.org", "joe@example.org"
HOUR = timedelta(hours=1)
NOTE = ("--note", "ticket 7")
UNDO = ("--undo-file", "new.jsonl")
FORMS: dict[str, tuple[str, ...]] = {
    "addresses": (JANE, JOE, *NOTE),
    "stdin": ("-", *NOTE),
    "from": ("--from", "undo.jsonl"),
    "filter": ("--domain", "example.org", *NOTE),
}
OPTIONS = [options for size in range(4) for options in itertools.combinations([("--dry-run",), UNDO, ("--yes",)], size)]
MODES = [(), ("--json",), ("--no-ses",)]


@pytest.fixture
def filled(
    tables: Tables, ses: FakeSes, bounce: Bounce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Any]:
    """Two blocked addresses, on SES's list too, and an undo file of them; returns all that a command may change."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    tables.apply([bounce(address, datetime.now(UTC) - HOUR) for address in (JANE, JOE)])
    tables.run("unblock", *FORMS["filter"], "--undo-file", "undo.jsonl", "--yes", "--no-ses")
    tables.apply([bounce(address, datetime.now(UTC) + HOUR / 60) for address in (JANE, JOE)])
    ses.add("eu-west-1", JANE, JOE)

    def everything() -> Any:
        rows = {
            name: tables.client.scan(TableName=name, ConsistentRead=True)["Items"] for name in ("blocked", "history")
        }
        return rows, ses.spellings(), {path.name: path.read_bytes() for path in folder.iterdir()}

    return everything


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("form", FORMS)
def test_each_option_is_honoured_or_refused(
    tables: Tables,
    filled: Callable[[], Any],
    form: str,
    options: tuple[tuple[str, ...], ...],
    mode: tuple[str, ...],
) -> None:
    before = filled()
    words = [word for option in options for word in option]
    where = () if "--no-ses" in mode else ("--ses-region", "eu-west-1")
    result = tables.run("unblock", *FORMS[form], *words, *mode, *where, stdin=f"{JANE}\n{JOE}\n")
    rows, lists, files = after = filled()
    if UNDO in options and form != "filter":
        assert (result.exit_code, after == before) == (2, True)
        assert "--undo-file new.jsonl" in result.stderr
    elif ("--dry-run",) in options:
        assert after == before
        assert "dry run: nothing was changed" in result.stderr
        assert result.exit_code == (1 if form == "from" else 0)
        assert JANE in result.stdout
    elif form == "filter" and ("--yes",) not in options:
        assert (result.exit_code, after == before) == (2, True)
        assert "--yes" in result.stderr
    elif form == "from":  # both bounced again since then
        assert (result.exit_code, after == before) == (1, True)
    else:
        assert result.exit_code == 0
        assert rows["blocked"] == []
        assert lists == {"eu-west-1": {JANE, JOE} if "--no-ses" in mode else set()}
        assert ("new.jsonl" in files) == (UNDO in options)


@pytest.mark.parametrize("form", ["addresses", "stdin", "from"])
def test_a_dry_run_foretells_what_the_run_does(
    tables: Tables, filled: Callable[[], Any], bounce: Bounce, form: str
) -> None:
    tables.run("unblock", JANE, *NOTE, "--no-ses")  # free already
    tables.apply([bounce(JOE, datetime.now(UTC) + timedelta(days=9))])  # too far ahead to be forgiven
    command = ("unblock", *FORMS[form], "--no-ses")
    stdin = f"{JANE}\n{JOE}\nnobody\n"
    foretold, dry_code = tables.json(*command, "--dry-run", stdin=stdin), tables.run(*command, "--dry-run", stdin=stdin)
    done = tables.json(*command, stdin=stdin)
    names = ("address", "before", "after", "skipped", "problem")
    assert [[line.get(name) for name in names] for line in foretold] == [
        [line.get(name) for name in names] for line in done
    ]
    assert not any(line["changed"] for line in foretold)
    assert dry_code.exit_code == tables.run(*command, stdin=stdin).exit_code
    assert filled()[0]["blocked"]


def test_a_dry_run_refuses_an_undo_file_that_exists(tables: Tables, filled: Callable[[], Any]) -> None:
    before = filled()
    result = tables.run("unblock", *FORMS["filter"], "--dry-run", "--undo-file", "undo.jsonl", "--no-ses")
    assert (result.exit_code, "undo.jsonl exists" in result.stderr) == (2, True)
    assert filled() == before


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("import", "-", "--format", "text", "--position-file", "p.json"), "--position-file"),
        (("import", "-", "--format", "text", "--restart"), "--restart"),
        (("import", "--from-ses", "--restart"), "--restart"),
        (("import", "--from-ses", "--column", "mail"), "--column"),
        (("import", "--from-ses", "--format", "csv"), "--format"),
        (("import", "--from-table", "old", "--format", "csv"), "--format"),
        (("import", "--from-table", "old", "--position-file", "p.json"), "--position-file"),
        (("sync", "--bucket", "lists"), "--bucket"),
        (("sync", "--pull", "--kms-key", "key"), "--kms-key"),
        (("sync", "--push", "--kms-key", "key"), "--kms-key"),
        (("block", "--from", "undo.jsonl", "--note", "x" * 1_001), "--note"),
    ],
)
def test_what_another_command_cannot_honour_it_refuses(
    tables: Tables, filled: Callable[[], Any], arguments: tuple[str, ...], option: str
) -> None:
    before = filled()
    result = tables.run(*arguments, "--region", "eu-west-1", stdin="new@example.org\n")
    assert (result.exit_code, option in result.stderr) == (2, True), result.stderr
    assert filled() == before
