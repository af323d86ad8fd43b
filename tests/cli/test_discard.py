"""`ses-feedback dead-letters discard`, `restore` and `acts` with moto, and with queues in memory that fail.

Not tested: that a disk keeps what fsync has returned for, and the permissions that AWS requires.
"""

import errno
import json
import os
import stat
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback_cli.blocks.manual_unblocks import UnblockDecision
from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters import archive as archive_module
from ses_feedback_cli.dead_letters.archive import create_archive, read_archive
from ses_feedback_cli.dead_letters.contents import Selection
from ses_feedback_cli.dead_letters.discard import discard_queue, send_back
from ses_feedback_cli.dead_letters.queues import DeadLetterQueue
from ses_feedback_cli.errors import UsageError

from tests.cli import fake_sqs
from tests.cli.doctor.healthy import PIPELINE
from tests.cli.fake_sqs import FakeSqs, Fault
from tests.cli.test_dead_letters import HARD_BOUNCE, SOFT_BOUNCE, Queues, notification, queues
from tests.properties import profile_times

__all__ = ["queues"]  # a fixture

DISCARD = ("discard", "--note", "a test of ours", "--yes")
DECISION = UnblockDecision("jane", "junk", datetime(2026, 11, 24, tzinfo=UTC), "act")
QUEUE = DeadLetterQueue(PIPELINE, "dead-letters", "dead-letters")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive.jsonl"


def run(queues: Queues, *arguments: str) -> Any:
    return queues.tables.run("dead-letters", *arguments)


def run_json(queues: Queues, *arguments: str) -> list[Any]:
    return queues.tables.json("dead-letters", *arguments)


def archived(path: Path) -> list[str]:
    return [message.body for _, message in read_archive(path)]


def test_what_is_discarded_is_in_the_archive_and_leaves_a_trace(queues: Queues, path: Path) -> None:
    queues.send("dead-letters", "junk", Reason="unreadable", Problem="no JSON", SentTimestamp="1795000000000")
    queues.send("dead-letters", notification(HARD_BOUNCE))
    result = run(queues, *DISCARD, "--reason", "unreadable", "--archive", str(path))
    assert (result.exit_code, result.stdout) == (0, "dead-letters of bounce-example: done, 1 discarded\n")
    assert queues.bodies("dead-letters") == [notification(HARD_BOUNCE)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    head, line = map(json.loads, path.read_text().splitlines())
    assert (head["note"], line["body"]) == ("a test of ours", "junk")
    assert line["attributes"]["Problem"] == {"DataType": "String", "StringValue": "no JSON"}
    (act,) = run_json(queues, "acts")
    assert (act["act"], act["messages"], act["note"], act["archive"]) == ("discard", 1, "a test of ours", path.name)
    assert act["selection"] == "reason unreadable; dead-letters of bounce-example"
    assert "1 message(s) (reason unreadable; dead-letters of bounce-example)" in run(queues, "acts").stdout


def test_restore_sends_them_to_the_queue_of_their_pipeline(queues: Queues, path: Path) -> None:
    queues.send("dead-letters", "junk", Reason="unreadable", SentTimestamp="1795000000000", trace="7")
    queues.send("complaint-dead-letters", *(str(number) for number in range(12)))
    assert run(queues, *DISCARD, "--all", "--archive", str(path)).exit_code == 0
    restore = ("restore", str(path), "--note", "it was feedback")
    planned = run_json(queues, *restore, "--dry-run")
    assert {plan["pipeline"]: plan["would_send"] for plan in planned} == {"bounce-example": 1, "complaint-example": 12}
    assert queues.receive("queue") == []
    results = run_json(queues, *restore, "--yes")
    assert {result["pipeline"]: result["messages"] for result in results} == {
        "bounce-example": 1,
        "complaint-example": 12,
    }
    (message,) = queues.receive("queue")
    assert {name: value["StringValue"] for name, value in message["MessageAttributes"].items()} == {
        "SentTimestamp": "1795000000000",
        "trace": "7",
    }
    assert [(act["act"], act["messages"]) for act in run_json(queues, "acts")] == [("discard", 13), ("restore", 13)]
    assert path.exists()


def test_a_dry_run_shows_reasons_and_what_is_feedback_and_discards_nothing(queues: Queues, path: Path) -> None:
    queues.send("dead-letters", "junk", notification(HARD_BOUNCE), notification(SOFT_BOUNCE))
    options = ("discard", "--note", "junk", "--all", "--dry-run", "--archive", str(path))
    (plan,) = run_json(queues, *options)
    assert (plan["would_discard"], plan["readable"]) == (3, 2)
    assert plan["reasons"] == {"unreadable": 1, "unprocessed": 2}
    assert "`dead-letters redrive` records these" in run(queues, *options).stdout
    assert (len(queues.receive("dead-letters")), path.exists(), run_json(queues, "acts")) == (3, False, [])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((*DISCARD,), "--all"),
        ((*DISCARD, "--all", "--type", "Permanent"), "--all"),
        ((*DISCARD, "--reason", "refused", "--archive", "{existing}"), "not overwritten"),
        (("discard", "--note", " ", "--yes", "--all"), "--note is empty"),
        (("discard", "--note", "junk", "--all"), "--yes discards the messages"),
        (("restore", "{existing}", "--note", "x"), "does not begin as an archive"),
        (("restore", "/dev/null", "--note", "x", "--yes"), "does not begin as an archive"),
        (("restore", "missing", "--note", "x"), "missing: No such file"),
    ],
)
def test_what_is_not_meant_is_refused_and_changes_nothing(
    queues: Queues, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    existing = tmp_path / "existing"
    existing.write_text("{}\n")
    queues.send("dead-letters", "junk")
    result = run(queues, *(argument.format(existing=existing) for argument in arguments))
    assert (result.exit_code, expected in result.stderr) == (2, True), result.stderr
    assert queues.bodies("dead-letters") == ["junk"]
    assert existing.read_text() == "{}\n"


def test_without_a_trace_nothing_is_discarded(queues: Queues, path: Path) -> None:
    queues.send("dead-letters", "junk")
    queues.tables.client.delete_table(TableName="history")
    assert run(queues, *DISCARD, "--all", "--archive", str(path)).exit_code == 3
    assert (queues.bodies("dead-letters"), path.exists()) == (["junk"], False)


def test_an_archive_of_a_pipeline_that_is_not_given_is_refused(queues: Queues, path: Path) -> None:
    queues.send("dead-letters", "junk")
    assert run(queues, *DISCARD, "--all", "--archive", str(path)).exit_code == 0
    path.write_text(path.read_text().replace("bounce-example", "bounce-elsewhere"))
    result = run(queues, "restore", str(path), "--note", "x", "--yes")
    assert (result.exit_code, "bounce-elsewhere; there are bounce-example" in result.stderr) == (2, True)


def discard_from(sqs: FakeSqs, path: Path) -> Any:
    context = Context()
    context._clients["sqs", PIPELINE.region] = sqs
    with create_archive(path, DECISION) as archive:
        return discard_queue(context, QUEUE, Selection(), archive, datetime(2026, 11, 24, tzinfo=UTC), lambda _: None)


def sqs_with(bodies: list[str], **options: Any) -> FakeSqs:
    messages = [fake_sqs.Message(f"id-{number}", body) for number, body in enumerate(bodies)]
    return FakeSqs({QUEUE.url: messages, PIPELINE.queue_url: []}, **options)


@profile_times(2)
@given(st.integers(0, 25), st.lists(st.sampled_from(Fault), max_size=20))
def test_at_no_time_is_a_message_in_neither_queue_nor_archive(
    tmp_path_factory: pytest.TempPathFactory, count: int, faults: list[Fault]
) -> None:
    path = tmp_path_factory.mktemp("discard") / "archive"
    bodies = [str(number) for number in range(count)]
    next_faults = iter(faults)

    def assert_none_lost() -> None:
        kept = archived(path) if path.exists() else []
        assert set(sqs.bodies(QUEUE.url)) | set(kept) == set(bodies)
        assert Counter(kept) <= Counter(bodies)

    sqs = sqs_with(bodies, fault=lambda _: next(next_faults, Fault.NONE), after_call=assert_none_lost)
    with suppress(KeyboardInterrupt):
        counts = discard_from(sqs, path)
        assert counts.messages <= count
    assert_none_lost()
    assert path.exists() == bool(path.exists() and archived(path))


def test_a_full_disk_deletes_nothing_that_is_not_in_the_archive(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = sqs_with([str(number) for number in range(25)])
    synced = iter([None, None])  # the head, and ten messages

    def fsync(_: int) -> None:
        if next(synced, "full") == "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(archive_module, "sync_folder", lambda _: None)
    counts = discard_from(sqs, path)
    assert (counts.status, counts.messages, "No space left" in counts.reason) == ("failed", 10, True)
    assert archived(path) == [str(number) for number in range(10)]
    assert (len(sqs.bodies(QUEUE.url)), sqs.in_flight(QUEUE.url)) == (15, 0)


def test_a_message_that_cannot_be_deleted_is_counted(path: Path) -> None:
    sqs = sqs_with(["a"], fault=lambda call: Fault.PARTIAL if call == "delete_message_batch" else Fault.NONE)
    counts = discard_from(sqs, path)
    assert (counts.messages, counts.failed, counts.exit_code, archived(path)) == (0, 1, 1, ["a"])


def written(path: Path) -> list[str]:
    discard_from(sqs_with(["a", "b"]), path)
    return path.read_text().splitlines(keepends=True)


@pytest.mark.parametrize("cut", [1, 40])
def test_an_incomplete_last_line_is_left_out(path: Path, cut: int) -> None:
    lines = written(path)
    path.write_text("".join(lines)[:-cut])
    assert archived(path) == (["a", "b"] if cut == 1 else ["a"])


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: [lines[0], lines[1][:-9] + "\n", lines[2]],
        lambda lines: [lines[0], lines[1].replace("sent_at", "sent"), lines[2]],
        lambda lines: [lines[0], "7\n"],
        lambda lines: lines[1:],
    ],
    ids=["a cut line", "no time", "a number", "no head"],
)
def test_a_damaged_archive_is_refused(path: Path, damage: Callable[[list[str]], list[str]]) -> None:
    path.write_text("".join(damage(written(path))))
    with pytest.raises(UsageError, match="archive"):
        archived(path)


def test_a_message_comes_back_as_it_was(path: Path) -> None:
    attributes = {"b": {"DataType": "Binary", "BinaryValue": b"\xff"}, "n": {"DataType": "Number", "StringValue": "1"}}
    sqs = sqs_with([])
    sqs.queues[QUEUE.url].append(fake_sqs.Message("id", "ß\n\u2028", attributes=attributes))
    discard_from(sqs, path)
    context = Context()
    context._clients["sqs", PIPELINE.region] = sqs
    (counts,) = send_back(context, read_archive(path), {PIPELINE.name: PIPELINE}, lambda _: None)
    (message,) = sqs.queues[PIPELINE.queue_url]
    assert (counts.messages, message.body) == (1, "ß\n\u2028")
    assert message.attributes == {
        **attributes,
        "SentTimestamp": {"DataType": "Number", "StringValue": "1795000000000"},
    }


@pytest.mark.parametrize(
    ("fault", "status", "messages", "failed"),
    [(Fault.DENIED, "failed", 0, 0), (Fault.INTERRUPTED_BEFORE, "interrupted", 0, 0), (Fault.PARTIAL, "done", 1, 1)],
)
def test_what_was_not_sent_back_is_reported(path: Path, fault: Fault, status: str, messages: int, failed: int) -> None:
    written(path)
    context = Context()
    context._clients["sqs", PIPELINE.region] = sqs_with([], fault=lambda _: fault)
    (counts,) = send_back(context, read_archive(path), {PIPELINE.name: PIPELINE}, lambda _: None)
    assert (counts.status, counts.messages, counts.failed) == (status, messages, failed)
    assert counts.exit_code != 0
