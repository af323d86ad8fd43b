"""The writer and the reader on two DynamoDBs: moto and the emulator; and the fake of the other tests against both.

Where they differ from AWS, as far as it matters here: neither throttles, leaves keys unprocessed, reports a
TransactionConflict or deletes an item that is past its time, and both answer eventually consistent reads with what is
newest. Those cases are tested with the fake (test_errors.py, test_invariants.py). moto's transactions are not atomic
between threads: a refused one puts back what all tables held when it began, and so undoes what others wrote meanwhile.
Both check conditions, give the reasons of a cancelled transaction and take a table's ARN for its name, as AWS does.
"""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws
from ses_feedback import Blocklist
from ses_feedback.history.event import Event
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.writer import HistoryWriter, Outcome
from ses_feedback.table import TableError, decode

from tests.handlers.conftest import REGION
from tests.handlers.fake_dynamodb import FakeDynamoDB, Store
from tests.handlers.model import DAY, RULES_USED, START, make_act, make_feedback
from tests.tables import create_tables, settings_item

SETTINGS = settings_item(SoftBouncePolicy(threshold=3))


@dataclass
class Backend:
    client: Any
    account: str

    def arn(self, table: str) -> str:
        return f"arn:aws:dynamodb:{REGION}:{self.account}:table/{table}"

    def history(self) -> HistoryWriter:
        return HistoryWriter(self.arn("blocked"), self.arn("history"), self.client)

    def rows(self, table: str) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("scan").paginate(TableName=self.arn(table), ConsistentRead=True)
        return sorted((decode(item) for page in pages for item in page["Items"]), key=str)


@pytest.fixture(params=["moto", "emulator"])
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    if request.param == "moto":
        with mock_aws():
            client = boto3.client(
                "dynamodb", region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing"
            )
            create_tables(client)
            client.put_item(TableName="history", Item=SETTINGS)
            yield Backend(client, "123456789012")
    else:
        account = request.getfixturevalue("account")
        client = account.client("dynamodb", REGION)
        create_tables(client)
        client.put_item(TableName="history", Item=SETTINGS)
        yield Backend(client, account.id)


def apply(history: HistoryWriter, events: list[Event]) -> list[Outcome]:
    return [result.outcome for result in history.apply(events, deadline=time.monotonic() + 30)]


def random_history(seed: int, size: int) -> list[Event]:
    generator = random.Random(seed)  # noqa: S311 - the same each time
    events = []
    for number in range(size):
        address = f"person{generator.randrange(8)}@example.org"
        at = START + generator.randrange(60) * DAY + timedelta(milliseconds=number)
        if generator.random() < 0.2:
            act: Any = generator.choice(["block", "unblock", "import"])
            events.append(make_act(number, address, act, at, generator.choice([None, 7, 90])))
        else:
            rule = generator.choice([*RULES_USED, RULES_USED[1], RULES_USED[1]])
            events.append(make_feedback(number, address, rule, at))
    return events


def test_it_leaves_the_tables_that_the_fake_leaves(backend: Backend) -> None:
    store = Store()
    store.set_settings(SETTINGS)
    fake = HistoryWriter("blocked", "history", FakeDynamoDB(store))  # type: ignore[arg-type]
    real = backend.history()
    events = random_history(seed=7, size=120)
    for start in range(0, len(events), 10):
        batch = events[start : start + 10] + events[start // 2 : start // 2 + 2]
        assert apply(real, batch) == apply(fake, batch)
        assert real.count_failures == []
    for table in ("blocked", "history"):
        assert backend.rows(table) == sorted(map(decode, store.rows(table).values()), key=str)
    assert backend.rows("blocked")


@pytest.mark.parametrize("backend", ["emulator"], indirect=True)
def test_workers_at_the_same_addresses_record_each_event_once(backend: Backend) -> None:
    events = random_history(seed=11, size=60)
    workers = [backend.history() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:  # all get everything, each in its own order
        shuffled = [random.Random(seed).sample(events, len(events)) for seed in range(4)]  # noqa: S311
        batches = [[worker_events[start : start + 10] for start in range(0, 60, 10)] for worker_events in shuffled]

        def run(index: int) -> list[Outcome]:
            return [outcome for batch in batches[index] for outcome in apply(workers[index], batch)]

        outcomes = [outcome for result in pool.map(run, range(4)) for outcome in result]
    if Outcome.FAILED in outcomes:  # ten tries may not be enough here; SQS would deliver again
        apply(workers[0], events)
    assert outcomes.count(Outcome.RECORDED) <= len(events)
    store = Store()
    store.set_settings(SETTINGS)
    apply(HistoryWriter("blocked", "history", FakeDynamoDB(store)), events)  # type: ignore[arg-type]
    assert backend.rows("blocked") == sorted(map(decode, store.rows("blocked").values()), key=str)


def test_a_transaction_of_a_hundred_actions_and_an_address_with_more(backend: Backend) -> None:
    rule = RULES_USED[0]
    of_many_addresses = [make_feedback(n, f"person{n}@example.org", rule, START) for n in range(40)]
    of_one_address = [make_feedback(1_000 + n, "one@example.org", rule, START) for n in range(110)]
    assert set(apply(backend.history(), of_many_addresses + of_one_address)) == {Outcome.RECORDED}
    assert len(backend.rows("blocked")) == 41


def test_a_missing_table_fails_the_events_and_says_so(backend: Backend) -> None:
    backend.client.delete_table(TableName="history")
    event = make_feedback(1, "jane@example.org", RULES_USED[0], START)
    (result,) = backend.history().apply([event], deadline=time.monotonic() + 5)
    assert (result.outcome, result.reason) == (Outcome.FAILED, "BatchGetItem: ResourceNotFoundException")


def test_a_missing_blocked_table_fails_the_events_and_leaves_no_trace(backend: Backend) -> None:
    backend.client.delete_table(TableName="blocked")
    event = make_feedback(1, "jane@example.org", RULES_USED[0], START)
    (result,) = backend.history().apply([event], deadline=time.monotonic() + 5)
    assert result.outcome is Outcome.FAILED
    assert "ResourceNotFound" in result.reason
    assert [row for row in backend.rows("history") if row["entry"] not in ("hours", "settings")] == []
    with pytest.raises(TableError, match="ResourceNotFoundException"):
        Blocklist(backend.arn("blocked"), backend.client, when_unavailable="raise").check(["jane@example.org"])


def test_a_reader_asks_for_more_than_a_hundred_in_order(backend: Backend) -> None:
    addresses = [f"jane@example{n}.org" for n in range(250)]
    events = [make_feedback(n, addresses[n], RULES_USED[0], START) for n in range(0, 250, 2)]
    apply(backend.history(), events)
    answers = Blocklist(backend.arn("blocked"), backend.client, when_unavailable="raise").check(addresses)
    assert [answer.allowed for answer in answers] == [n % 2 == 1 for n in range(250)]


def test_a_block_that_is_over_but_not_yet_deleted_allows(backend: Backend) -> None:
    ended = make_act(1, "jane@example.org", "block", START, 7)
    apply(backend.history(), [ended])
    blocklist = Blocklist(backend.arn("blocked"), backend.client, when_unavailable="raise")
    (before,) = blocklist.check(["jane@example.org"], now=START + 7 * DAY - timedelta(seconds=1))
    (after,) = blocklist.check(["jane@example.org"], now=START + 7 * DAY)
    assert (before.allowed, before.reason, before.expires_at) == (False, "manual", START + 7 * DAY)
    assert after.allowed
