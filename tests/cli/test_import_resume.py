"""An import that is stopped anywhere and started again ends like one that was never stopped.

The property runs on the in-memory tables of the library's tests, where a call can fail before or after it took effect;
the process is stopped by a real SIGINT, at the emulator. Not proved: power loss of this machine between two writes.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ses_feedback.table import TableError
from ses_feedback_cli.commands.import_list import import_
from ses_feedback_cli.context import Context
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.lists.import_position import ImportPosition, save_position

from sandbox import Account, start_emulator
from tests.handlers.fake_dynamodb import FAULTS, Crash, FakeDynamoDB, Fault, Store

SAVING = ("crash before saving", "crash after saving")
REGION = "eu-central-1"
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
ROWS = st.lists(
    st.one_of(
        st.builds("n{}@x.org,".format, st.integers(0, 9)),
        st.builds("n{}@x.org,2099-01-0{}".format, st.integers(0, 9), st.integers(1, 9)),
        st.sampled_from(["nobody,", "n1@x.org,soon", "n2@x.org,2020-01-01", "", '"n3@x.org","2099-01-01"', "a,b,c"]),
    ),
    max_size=25,
)


@dataclass(frozen=True)
class MemoryContext(Context):
    """Works on tables in memory."""

    table: str | None = "blocked"
    history: str | None = "history"
    actor: str | None = "me"
    tables: FakeDynamoDB = field(default_factory=lambda: FakeDynamoDB(Store()))

    def dynamodb_client(self, table: str) -> FakeDynamoDB:  # noqa: ARG002 - as it is declared
        return self.tables


def fault_at(fault: Fault, call: int) -> Callable[[str], Fault | None]:
    """A fault at this call, and at no other."""
    calls = iter(range(1_000))
    return lambda _: fault if next(calls) == call else None


def run_import(context: Context, file: Path, at: datetime | None = AT) -> tuple[ExitCode, str]:
    """Import; returns the exit code and the rejected rows."""
    code = import_(context, file, note="x", at=at.isoformat() if at else None, as_json=True)
    rejects = file.with_name(f"{file.name}.rejects.csv")
    return code, rejects.read_text() if rejects.exists() else ""


class Disk:
    """Saves positions, and crashes at one of them."""

    def __init__(self, fault: Fault, call: int) -> None:
        self.next_fault = fault_at(fault, call) if fault in SAVING else lambda _: None

    def save(self, path: Path, position: ImportPosition) -> None:
        fault = self.next_fault("save")
        if fault == "crash before saving":
            raise Crash
        save_position(path, position)
        if fault:
            raise Crash


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=ROWS, faults=st.lists(st.tuples(st.sampled_from([*sorted(FAULTS), *SAVING]), st.integers(0, 12)), max_size=4)
)
def test_stopped_anywhere_and_started_again_it_ends_the_same(
    rows: list[str], faults: list[tuple[Fault, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ses_feedback_cli.lists.import_entries.BATCH_SIZE", 4)
    uninterrupted, interrupted = Store(), Store()
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name, "list.csv") for name in ("whole", "parts")]
        for file in files:
            file.parent.mkdir()
            file.write_text("\n".join(["value,until", *rows]))
        expected = run_import(MemoryContext(tables=FakeDynamoDB(uninterrupted)), files[0])
        started = False
        for fault, call in faults:
            monkeypatch.setattr("ses_feedback_cli.lists.import_sources.save_position", Disk(fault, call).save)
            tables = FakeDynamoDB(interrupted, fault_at(fault, call) if fault in FAULTS else lambda _: None)
            with contextlib.suppress(Crash, TableError):
                run_import(MemoryContext(tables=tables), files[1], None if started else AT)
            started = files[1].with_name("list.csv.position.json").exists()
            assert started or not any(
                interrupted.tables.values()
            )  # or its time would be lost, and the next run another import
        monkeypatch.setattr("ses_feedback_cli.lists.import_sources.save_position", save_position)
        assert (
            run_import(MemoryContext(tables=FakeDynamoDB(interrupted)), files[1], None if started else AT) == expected
        )
    assert interrupted.tables == uninterrupted.tables


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with start_emulator() as running:
        account = running.account("100000000001")
        client = account.client("dynamodb", REGION)
        for name, keys in (("blocked", ("value",)), ("history", ("value", "entry"))):
            client.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[
                    {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            )
        yield account


def start(account: Account, *arguments: str) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SES_"))}
    environment |= {
        "AWS_ACCESS_KEY_ID": account.id,
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_ENDPOINT_URL": account.endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    command = [sys.executable, "-m", "ses_feedback_cli", *arguments, "--table", "blocked", "--history", "history"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def count(account: Account, table: str) -> int:
    pages = account.client("dynamodb", REGION).get_paginator("scan").paginate(TableName=table, Select="COUNT")
    return sum(page["Count"] for page in pages)


def saved_line(position: Path) -> int:
    return int(json.loads(position.read_text())["line"]) if position.exists() else 0


@pytest.mark.xdist_group("import-process")
def test_ctrl_c_says_where_it_stopped_and_the_same_command_goes_on(account: Account, tmp_path: Path) -> None:
    path, position = tmp_path / "list.txt", tmp_path / "list.txt.position.json"
    path.write_text("".join(f"n{number}@x.org\n" for number in range(3_000)))
    process = start(account, "import", str(path))
    deadline = time.monotonic() + 60
    while not saved_line(position) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    stopped = saved_line(position)
    assert 0 < stopped < 3_000
    assert f"line {stopped}" in stderr
    assert count(account, "blocked") >= stopped

    second_process = start(account, "import", str(path), "--json")
    stdout, stderr = second_process.communicate(timeout=120)
    assert second_process.returncode == 0, stderr
    counts = json.loads(stdout)
    assert counts["rows"] == counts["recorded"] + counts.get("duplicate", 0) == 3_000
    assert (count(account, "blocked"), count(account, "history")) == (3_000, 6_000)
