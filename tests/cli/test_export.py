"""`ses-feedback export`, on moto; and that `import` of its file blocks the same addresses, in tables in memory."""

import csv
import io
import json
import stat
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.address import address_key
from ses_feedback.history.event import Event, manual_event
from ses_feedback.table import decode, encode
from ses_feedback_cli.commands.export import write_items
from ses_feedback_cli.commands.import_list import import_
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.lists.rows import Format
from ses_feedback_cli.table_reads import is_expired

from tests.cli.conftest import DNS_FAILURE, NOW, Tables
from tests.cli.test_import_resume import MemoryContext
from tests.handlers.fake_dynamodb import FakeDynamoDB, Store
from tests.properties import profile_times

Bounce = Callable[..., Event]
FORMATS = [Format.CSV, Format.JSONL]


@pytest.fixture
def filled(tables: Tables, bounce: Bounce) -> Tables:
    ends = datetime(2099, 1, 1, tzinfo=UTC)
    tables.apply(
        [
            bounce("jane@x.org"),
            bounce("joe@y.org", NOW - timedelta(days=10), kind="complaint", type="abuse", subtype=""),
            manual_event("block", "amy@x.org", actor="ops", note='says "no",\nreally', at=NOW, expires_at=ends),
            manual_event(
                "block", "over@x.org", actor="ops", note="", at=NOW - timedelta(9), expires_at=NOW - timedelta(8)
            ),
        ]
    )
    return tables


def test_csv_has_a_row_for_each_block_that_is_not_over(filled: Tables) -> None:
    result = filled.run("export")
    assert result.exit_code == 0
    rows = {row["value"]: row for row in csv.DictReader(io.StringIO(result.stdout))}
    assert rows.keys() == {"jane@x.org", "joe@y.org", "amy@x.org"}
    assert (rows["jane@x.org"]["reason"], rows["jane@x.org"]["status"]) == ("bounce", "5.1.1")
    assert rows["amy@x.org"]["expires_at"] == "2099-01-01T00:00:00Z"
    assert rows["amy@x.org"]["note"] == 'says "no",\nreally'


def test_json_lines_have_all_that_the_table_knows(filled: Tables) -> None:
    blocked = filled.blocked()
    del blocked["over@x.org"]
    items = filled.json("export")
    assert {item["value"]: item for item in items} == blocked


def test_a_file_takes_its_format_from_its_name_and_is_private(filled: Tables, tmp_path: Path) -> None:
    file = tmp_path / "blocked.jsonl"
    file.write_text("old")
    file.chmod(0o644)
    result = filled.run("export", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    assert len([json.loads(line) for line in file.read_text().splitlines()]) == 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if "blocked" in path.name] == ["blocked.jsonl"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--reason", "complaint"), {"joe@y.org"}),
        (("--domain", "X.org"), {"jane@x.org", "amy@x.org"}),
        (("--identity", "example.com", "--rule", "hard-bounce"), {"jane@x.org"}),
        (("--since", "2026-11-24T12:00:00Z"), {"jane@x.org", "amy@x.org"}),
        (("--until", "2026-11-24"), {"joe@y.org"}),
    ],
)
def test_filters(filled: Tables, options: tuple[str, ...], expected: set[str]) -> None:
    assert set(filled.run("export", "--format", "text", *options).stdout.split()) == expected


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_hold_that_is_exported_and_imported_ends_at_its_time(
    tables: Tables, bounce: Bounce, tmp_path: Path, file_format: Format
) -> None:
    at = datetime.now(UTC)
    tables.apply([bounce("jane@x.org", at, **DNS_FAILURE)])
    tables.apply([bounce("joe@x.org", at - timedelta(days=days), **DNS_FAILURE) for days in (20, 0)])
    before = tables.blocked()
    file = str(tmp_path / f"blocked.{file_format.value}")
    assert tables.run("export", file).exit_code == 0
    tables.run("unblock", "jane@x.org", "joe@x.org", "--note", "x", "--no-ses")
    assert tables.blocked() == {}
    assert tables.run("import", file).exit_code == 0
    jane, joe = (tables.blocked()[address] for address in ("jane@x.org", "joe@x.org"))
    assert (jane["reason"], jane["subtype"], jane["expires_at"]) == (
        "import",
        "hold",
        before["jane@x.org"]["expires_at"],
    )
    assert (joe["subtype"], "expires_at" in joe) == ("bounce", False)


def test_a_failure_leaves_the_old_file_and_nothing_else(filled: Tables, tmp_path: Path) -> None:
    file = tmp_path / "blocked.csv"
    file.write_text("old")
    before = sorted(tmp_path.iterdir())
    assert filled.run("export", str(file), "--table", "elsewhere").exit_code == 3
    assert (file.read_text(), sorted(tmp_path.iterdir())) == ("old", before)


@pytest.mark.parametrize("file", ["/nowhere/blocked.csv", "blocked.dat"])
def test_a_file_that_cannot_be_is_exit_code_2(filled: Tables, file: str) -> None:
    result = filled.run("export", file)
    assert result.exit_code == 2
    assert file.partition(".")[0] in result.stderr


def test_ctrl_c_leaves_no_half_a_file(filled: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("ses_feedback_cli.commands.export.write_items", interrupted)
    before = sorted(tmp_path.iterdir())
    assert filled.run("export", str(tmp_path / "blocked.csv")).exit_code == 130
    assert sorted(tmp_path.iterdir()) == before


ADDRESSES = st.sampled_from(
    [
        "jane@x.org",
        "a+b@x.org",
        '"a,b"@x.org',
        '"a\\"b"@x.org',
        "=1+1@x.org",
        "#a@x.org",
        "o'hara@xn--bcher-kva.example",
    ]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ITEMS = st.dictionaries(
    ADDRESSES,
    st.fixed_dictionaries(
        {"reason": st.sampled_from(["bounce", "complaint", "hold", "soft-bounces", "manual", "import"])},
        optional={
            "subtype": TEXTS,
            "note": TEXTS,
            "expires_at": st.sampled_from([int(NOW.timestamp()) + days * 86_400 for days in (-9, 1_000, 9_000)]),
            "blocked_at": st.just("2026-11-20T12:00:00.000Z"),
            "ambiguous": st.just(True),
        },
    ),
)


def blocks(store: Store) -> dict[str, int | None]:
    """The blocked addresses, and when each block ends."""
    items = map(decode, store.tables["blocked"].values())
    return {item["value"]: item.get("expires_at") for item in items if not is_expired(item, NOW)}


@profile_times(0.8)
@given(items=ITEMS, file_format=st.sampled_from(FORMATS))
def test_what_is_exported_and_imported_elsewhere_blocks_the_same_addresses_as_long(
    items: dict[str, dict[str, Any]], file_format: Format
) -> None:
    first, second = Store(), Store()
    for key, item in items.items():
        assert address_key(key) == key
        first.tables["blocked"][key,] = encode({"value": key, **item})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"blocked.{file_format.value}")
        with file.open("w", encoding="utf-8", newline="") as stream:
            write_items((decode(item) for item in first.tables["blocked"].values()), stream, file_format)
        assert (
            import_(MemoryContext(tables=FakeDynamoDB(second)), file, at=NOW.isoformat(), as_json=True) is ExitCode.OK
        )
    assert blocks(second) == blocks(first)
