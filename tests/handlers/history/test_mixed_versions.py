"""This version and the one before it on the same tables, as during an update of several stacks, and after a rollback.

The one before is the function of the commit RELEASE, as it was. Each version is a process of its own, on the emulator.
Every feedback comes to both. What the earlier one cannot read it refuses, and the later one records it: the tables are
those of the model. Not shown: an earlier command line, which refuses such rows too.
"""

import io
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ses_feedback.history.event import Event
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state_row import with_embedded_events
from ses_feedback.table import decode

from sandbox import Account
from tests.handlers.conftest import REGION
from tests.handlers.model import DAY, RULES_USED, START, expected_item, make_feedback
from tests.tables import create_tables

RELEASE = "d8b1964"
"""The last commit whose state rows have no schema."""

SEEDS = (1, 2)

ROOT = Path(__file__).resolve().parents[3]
ADDRESSES = tuple(f"person{number}@example.org" for number in range(8))
RULES = {rule.name: rule for rule in RULES_USED}
REPORTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "hard-bounce": ({"bounceType": "Permanent", "bounceSubType": "General"}, {"status": "5.1.1"}),
    "soft-bounce": ({"bounceType": "Transient", "bounceSubType": "MailboxFull"}, {"status": "4.2.2"}),
    "auto-reply": ({"bounceType": "Transient", "bounceSubType": "General"}, {}),
    "complaint": ({"complaintFeedbackType": "abuse"}, {}),
    "not-spam": ({"complaintFeedbackType": "not-spam"}, {}),
}
"""What SES says of a feedback that the rule of this name judges, or one with the same effect."""


@dataclass(frozen=True)
class Message:
    body: str
    event: Event
    """What the model knows of it."""


def messages(seed: int, size: int = 60) -> list[Message]:
    generator = random.Random(seed)  # noqa: S311 - the same each time
    made = []
    for number in range(size):
        # The first addresses have soft bounces only, enough of them to be blocked.
        address = generator.choice(ADDRESSES)
        name = generator.choice([*REPORTS]) if address > ADDRESSES[2] else "soft-bounce"
        at = START + generator.randrange(25) * DAY
        made.append(Message(notification(number, address, name, at), make_feedback(number, address, RULES[name], at)))
    return made


def notification(number: int, address: str, rule: str, at: datetime) -> str:
    kind = RULES[rule].kind
    fields, status = REPORTS[rule]
    feedback = {
        **fields,
        "bouncedRecipients" if kind == "bounce" else "complainedRecipients": [{"emailAddress": address, **status}],
        "timestamp": at.isoformat(),
        "feedbackId": f"id-{number}",
    }
    mail = {"timestamp": START.isoformat(), "messageId": f"mail-{number}", "destination": [address]}
    return json.dumps({"notificationType": kind.capitalize(), kind: feedback, "mail": mail})


@dataclass
class Version:
    """The function of one version."""

    process: "subprocess.Popen[str]"

    @classmethod
    @contextmanager
    def run(cls, handlers: Path, account: Account) -> Iterator["Version"]:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(handlers),
            "AWS_ACCESS_KEY_ID": account.id,
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_ENDPOINT_URL": account.endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "BLOCKED_TABLE_ARN": f"arn:aws:dynamodb:{REGION}:{account.id}:table/blocked",
            "HISTORY_TABLE_ARN": f"arn:aws:dynamodb:{REGION}:{account.id}:table/history",
            "PIPELINE": "bounce-shop",
        }
        command = [sys.executable, str(Path(__file__).with_name("one_version.py"))]
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            version = cls(process)
            found = version._read()
            assert Path(found).is_relative_to(handlers), f"{found} is not the version in {handlers}"
            yield version
        assert process.returncode == 0

    def send(self, batch: Sequence[Message]) -> list[Message]:
        """Deliver a batch; those that stay in the queue."""
        assert self.process.stdin
        print(json.dumps([message.body for message in batch]), file=self.process.stdin, flush=True)
        return [batch[position] for position in self._read()]

    def deliver(self, queue: Sequence[Message]) -> list[Message]:
        """Deliver a whole queue, ten at a time; those that stay in it."""
        batches = (queue[start : start + 10] for start in range(0, len(queue), 10))
        return [message for batch in batches for message in self.send(batch)]

    def _read(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "the process has ended"
        return json.loads(line)


@dataclass
class Mixed:
    """Both versions, on the tables of one account."""

    earlier: Version
    this: Version
    client: Any

    def rows(self, table: str) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return [decode(item) for page in pages for item in page["Items"]]

    def check(self, messages: Sequence[Message]) -> None:
        """Each feedback is stored once, and the blocked table is the model's."""
        rows = [row for row in with_embedded_events(self.rows("history")) if row["entry"] not in ("state", "hours")]
        assert sorted(row["entry"] for row in rows) == sorted(message.event.entry for message in messages)
        expected = {}
        for address in ADDRESSES:
            events = [message.event for message in messages if message.event.address == address]
            if item := expected_item(events, SoftBouncePolicy()):
                expected[address] = meaning(item)
        assert {item["value"]: meaning(item) for item in self.rows("blocked")} == expected
        assert {"bounce", "complaint", "soft-bounces"} <= {reason for reason, *_ in expected.values()}

    def schemas(self) -> set[int]:
        """The schemas of the state rows."""
        return {row.get("schema", 1) for row in self.rows("history") if row["entry"] == "state"}


def meaning(item: dict[str, Any]) -> tuple[object, ...]:
    return tuple(item.get(name) for name in ("reason", "blocked_at", "feedback_id", "expires_at"))


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder handlers/ of the version before."""
    git = shutil.which("git")
    archive = git and subprocess.run([git, "archive", RELEASE, "handlers"], cwd=ROOT, capture_output=True, check=False)
    if not archive or archive.returncode:
        pytest.skip(f"the commit {RELEASE} is not in the history of this checkout")
    folder = tmp_path_factory.mktemp("release")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder / "handlers"


@pytest.fixture
def mixed(release: Path, account: Account) -> Iterator[Mixed]:
    client = account.client("dynamodb", REGION)
    create_tables(client)
    with Version.run(release, account) as earlier, Version.run(ROOT / "handlers", account) as this:
        yield Mixed(earlier, this, client)


@pytest.mark.parametrize("seed", SEEDS)
def test_after_an_update_everything_is_read_and_nothing_counts_again(mixed: Mixed, seed: int) -> None:
    all_messages = messages(seed)
    assert mixed.earlier.deliver(all_messages[:40]) == []
    before = mixed.rows("history"), mixed.rows("blocked")
    assert mixed.this.deliver(all_messages[:40]) == []
    assert (mixed.rows("history"), mixed.rows("blocked")) == before
    assert mixed.this.deliver(all_messages) == []
    mixed.check(all_messages)
    assert mixed.schemas() == {1, 2}  # a row becomes schema 2 when it is written


@pytest.mark.parametrize("seed", SEEDS)
def test_after_a_rollback_what_the_earlier_version_cannot_read_waits_for_the_next_update(
    mixed: Mixed, seed: int
) -> None:
    all_messages = messages(seed)
    assert mixed.this.deliver(all_messages[:20]) == []
    state_rows = [row for row in mixed.rows("history") if row["entry"] == "state"]
    refused = mixed.earlier.deliver(all_messages)
    known = {row["value"] for row in state_rows}
    assert {message.event.address for message in refused} == known, "it refused no others"
    assert [row for row in mixed.rows("history") if row["entry"] == "state" and row["value"] in known] == state_rows
    assert mixed.this.deliver(refused) == []
    assert mixed.this.deliver(all_messages) == []
    mixed.check(all_messages)


@pytest.mark.parametrize("seed", SEEDS)
def test_while_both_run_the_tables_are_those_of_the_model(mixed: Mixed, seed: int) -> None:
    all_messages = messages(seed)
    shuffled = random.Random(seed).sample(all_messages, len(all_messages))  # noqa: S311 - the same each time
    with ThreadPoolExecutor(2) as pool:
        refused = pool.submit(mixed.earlier.deliver, all_messages)
        failed = pool.submit(mixed.this.deliver, shuffled)
    assert failed.result() == []
    assert mixed.this.deliver(refused.result()) == []
    mixed.check(all_messages)
