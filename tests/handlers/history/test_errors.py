"""AWS fails: the event is reported as failed or recorded, never lost, never late, and the others go on."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ParamValidationError
from ses_feedback import Blocklist
from ses_feedback import table as table_module
from ses_feedback.history.event import Event
from ses_feedback.history.protected import LIST_KEY
from ses_feedback.history.writer import HistoryWriter, Outcome, Result
from ses_feedback.table import TableError, describe, encode, make_client, read_many, retry

from tests.handlers.fake_dynamodb import FakeDynamoDB, Fault, Store, client_error
from tests.handlers.model import RULES_USED, START, make_act, make_feedback

RECORDED = Result(Outcome.RECORDED)
HARD = next(rule for rule in RULES_USED if rule.name == "hard-bounce")
IGNORED = next(rule for rule in RULES_USED if rule.name == "auto-reply")


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "_BACKOFF_SECONDS", 0.001)


def bounces(number: int) -> list[Event]:
    return [make_feedback(n, f"person{n}@example.org", HARD, START) for n in range(number)]


class Failing(FakeDynamoDB):
    """Raises what ``errors`` gives for each call of ``operation``, None for no error; then works."""

    def __init__(self, operation: str, errors: Iterable[Exception | None], store: Store | None = None) -> None:
        super().__init__(store or Store(), self._raise)
        self.operation = operation
        self.errors = iter(errors)
        self.lock = threading.Lock()

    def _raise(self, operation: str) -> Fault | None:
        if operation == self.operation:
            with self.lock:
                error = next(self.errors, None)
            if error is not None:
                raise error
        return None


def apply(client: Any, events: list[Event], seconds: float = 5.0) -> list[Result]:
    return HistoryWriter("blocked", "history", client).apply(events, deadline=time.monotonic() + seconds)


def transaction_canceled(*reasons: str) -> ClientError:
    return client_error("TransactWriteItems", "TransactionCanceledException", list(reasons))


@pytest.mark.parametrize(
    "error",
    [
        transaction_canceled("None", "ConditionalCheckFailed"),
        transaction_canceled("TransactionConflict", "None"),
        transaction_canceled("ThrottlingError", "None"),
        transaction_canceled("ProvisionedThroughputExceeded", "None"),
        *(
            client_error("TransactWriteItems", code)
            for code in (
                *("TransactionInProgressException", "ThrottlingException", "ProvisionedThroughputExceededException"),
                *("RequestLimitExceeded", "InternalServerError", "ServiceUnavailable"),
            )
        ),
        client_error("TransactWriteItems", "SomethingNew", status=503),
        ConnectTimeoutError(endpoint_url="https://dynamodb"),
        EndpointConnectionError(endpoint_url="https://dynamodb"),
    ],
    ids=describe,
)
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    client = Failing("TransactWriteItems", [error, error])
    assert apply(client, bounces(2)) == [RECORDED, RECORDED]
    assert len(client.store.rows("blocked")) == 2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (transaction_canceled("ValidationError", "None"), "TransactionCanceledException (ValidationError)"),
        (
            transaction_canceled("ItemCollectionSizeLimitExceeded"),
            "TransactionCanceledException (ItemCollectionSizeLimitExceeded)",
        ),
        (transaction_canceled("AccessDenied", "None"), "TransactionCanceledException (AccessDenied)"),
        (client_error("TransactWriteItems", "ResourceNotFoundException"), "ResourceNotFoundException"),
        (client_error("TransactWriteItems", "AccessDeniedException"), "AccessDeniedException"),
        (client_error("TransactWriteItems", "ValidationException"), "ValidationException"),
        (ParamValidationError(report="jane@example.org is wrong"), "ParamValidationError"),
    ],
    ids=lambda value: value if isinstance(value, str) else describe(value),
)
def test_what_cannot_pass_fails_at_once_and_says_why(error: Exception, reason: str) -> None:
    client = Failing("TransactWriteItems", [error] * 9)
    assert apply(client, bounces(1)) == [Result(Outcome.FAILED, f"TransactWriteItems: {reason}")]
    assert client.calls == ["BatchGetItem", "TransactWriteItems"]
    assert not client.store.rows_of_addresses()


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_a_read_that_cannot_pass_fails_at_once_too(code: str) -> None:
    client = Failing("BatchGetItem", [client_error("BatchGetItem", code)] * 9)
    assert apply(client, bounces(2)) == [Result(Outcome.FAILED, f"BatchGetItem: {code}")] * 2
    assert client.calls == ["BatchGetItem"]


THROTTLED = (
    client_error("TransactWriteItems", "ThrottlingException"),
    transaction_canceled("ThrottlingError", "None"),
    transaction_canceled("ProvisionedThroughputExceeded", "ConditionalCheckFailed"),
)


@pytest.mark.parametrize("error", THROTTLED, ids=describe)
def test_a_batch_that_is_throttled_stays_one_call_as_long_as_there_is_time(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_module, "_MAX_BACKOFF_SECONDS", 0.001)
    client = Failing("TransactWriteItems", [error] * 30)
    assert apply(client, bounces(10)) == [RECORDED] * 10
    assert client.calls.count("TransactWriteItems") == 31
    assert len(client.counts) == 1  # and the domain is counted once


def test_a_batch_that_meets_another_worker_is_written_address_by_address() -> None:
    client = Failing("TransactWriteItems", [transaction_canceled("None", "TransactionConflict")])
    assert apply(client, bounces(10)) == [RECORDED] * 10
    assert client.calls.count("TransactWriteItems") == 11
    assert len(client.counts) == 10  # each once, with its own transaction


def test_an_error_that_stays_ends_with_the_time() -> None:
    client = Failing("TransactWriteItems", [client_error("TransactWriteItems", "ThrottlingException")] * 9_999)
    (result,) = apply(client, bounces(1), seconds=0.2)
    assert result.outcome is Outcome.FAILED
    assert result.reason in ("no time left", "TransactWriteItems: no time left after ThrottlingException")


def test_tries_end_with_the_time() -> None:
    now = 0.0
    tries = 0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    def attempt() -> bool:
        nonlocal tries
        tries += 1
        raise client_error("BatchGetItem", "ThrottlingException")

    with pytest.raises(TableError, match="BatchGetItem: no time left after ThrottlingException"):
        retry("BatchGetItem", attempt, deadline=0.01, clock=lambda: now, sleep=sleep)
    assert now == pytest.approx(0.01)
    assert 2 < tries < 10


def test_pauses_grow_to_two_seconds_and_a_long_outage_does_not_end_them() -> None:
    now, pauses = 0.0, []

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        pauses.append(seconds)

    with pytest.raises(TableError, match="no time left"):
        retry("BatchGetItem", lambda: False, deadline=3_600, clock=lambda: now, sleep=sleep)
    assert pauses[0] <= 0.001
    assert min(pauses[11:-1]) >= 1
    assert max(pauses) <= 2


def test_an_answer_that_comes_too_late_writes_nothing() -> None:
    client = FakeDynamoDB(Store(), lambda _: time.sleep(0.2))
    history = HistoryWriter("blocked", "history", client)  # type: ignore[arg-type]
    (result,) = history.apply(bounces(1), deadline=time.monotonic() + 0.1)
    history._pool.shutdown()
    assert result == Result(Outcome.FAILED, "no time left")
    assert client.calls == ["BatchGetItem"]


def test_without_time_nothing_is_asked() -> None:
    client = FakeDynamoDB(Store())
    (result,) = apply(client, bounces(1), seconds=-1)
    assert result.outcome is Outcome.FAILED
    assert "no time left" in result.reason
    assert not client.store.rows("history")


def test_unprocessed_keys_are_asked_for_again() -> None:
    faults = iter(["unprocessed"] * 3)
    client = FakeDynamoDB(Store(), lambda operation: next(faults, None) if operation == "BatchGetItem" else None)
    assert apply(client, bounces(8)) == [RECORDED] * 8
    assert client.calls == ["BatchGetItem"] * 4 + ["TransactWriteItems"]


def test_a_lost_answer_is_no_failure() -> None:
    faults = iter([None, "lost response"])
    client = FakeDynamoDB(Store(), lambda operation: None if operation == "UpdateItem" else next(faults, None))
    assert apply(client, bounces(1)) == [Result(Outcome.DUPLICATE)]
    assert len(client.store.rows("blocked")) == 1


class Poisoned(FakeDynamoDB):
    """DynamoDB refuses, or never answers about, one address."""

    def __init__(self, address: str, act: Callable[[], object]) -> None:
        super().__init__(Store())
        self.address = address
        self.act = act

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        if any(put.get("Put", {}).get("Item", {}).get("value") == {"S": self.address} for put in TransactItems):
            self.act()
        return super().transact_write_items(TransactItems=TransactItems)


def test_a_poisoned_address_fails_alone() -> None:
    def refuse() -> None:
        raise client_error("TransactWriteItems", "ValidationException")

    client = Poisoned("person3@example.org", refuse)
    results = apply(client, bounces(10))
    assert [result.outcome is Outcome.RECORDED for result in results] == [n != 3 for n in range(10)]
    assert ("person3@example.org",) not in client.store.rows("blocked")


def test_a_slow_call_delays_the_answer_no_further_than_the_time_there_is() -> None:
    release = threading.Event()
    client = Poisoned("person0@example.org", lambda: release.wait(5))
    started = time.monotonic()
    results = apply(client, bounces(70), seconds=0.5)  # three transactions of 32 addresses at most
    assert time.monotonic() - started < 0.8
    outcomes = [result.outcome for result in results]
    assert outcomes[:32] == [Outcome.FAILED] * 32
    assert results[0].reason == "no time left"
    assert outcomes[32:] == [Outcome.RECORDED] * 38
    release.set()


def test_a_state_row_that_cannot_be_read_fails_its_address_only() -> None:
    client = FakeDynamoDB(Store())
    key = ("person1@example.org", "state")
    client.store.rows("history")[key] = {"value": {"S": key[0]}, "entry": {"S": "state"}, "version": {"S": "one"}}
    results = apply(client, bounces(3))
    assert [result.outcome for result in results] == [Outcome.RECORDED, Outcome.FAILED, Outcome.RECORDED]
    assert results[1].reason == "the state row of an address cannot be read (ValueError)"


def test_a_batch_of_ten_is_one_read_and_one_transaction() -> None:
    client = FakeDynamoDB(Store())
    assert apply(client, bounces(10)) == [RECORDED] * 10
    assert client.calls == ["BatchGetItem", "TransactWriteItems"]


def test_a_large_batch_is_split_into_what_dynamodb_takes() -> None:
    client = FakeDynamoDB(Store())
    many_of_one = [make_feedback(1_000 + n, "one@example.org", HARD, START) for n in range(200)]
    events = [*bounces(120), *many_of_one]
    assert apply(client, events) == [RECORDED] * 320
    assert len(client.store.rows_of_addresses()) == 120 * 2 + 201
    # A single event has no row of its own; the last ones of many are held, as the breaker is open by then.
    assert len(client.store.rows("history")) == 120 + 201 + 1  # and the counts of the domain


def test_feedback_that_is_ignored_is_kept_without_a_state() -> None:
    client = FakeDynamoDB(Store())
    assert apply(client, [make_feedback(1, "jane@example.org", IGNORED, START)]) == [RECORDED]
    assert list(client.store.rows("history")) == [("jane@example.org", "feedback#id-1")]
    assert not client.store.rows("blocked")


def test_a_reader_never_hears_allowed_for_want_of_an_answer() -> None:
    client: Any = Failing("BatchGetItem", [client_error("BatchGetItem", "AccessDeniedException")])
    with pytest.raises(TableError, match="AccessDeniedException"):
        Blocklist("blocked", client, when_unavailable="raise").check(["jane@example.org"])


@pytest.mark.parametrize(
    "expires_at", [{"S": "2020-01-01"}, {"N": "1e400"}, {"N": "-1"}, {"N": "9" * 30}, {"NULL": True}, {"BOOL": True}]
)
def test_an_item_of_others_blocks_whatever_its_attributes_are(expires_at: dict[str, Any]) -> None:
    client: Any = FakeDynamoDB(Store())
    item = {"value": {"S": "jane@example.org"}, "expires_at": expires_at, "blocked_at": {"N": "7"}, "reason": {"L": []}}
    client.store.rows("blocked")[("jane@example.org",)] = item
    (answer,) = Blocklist("blocked", client, when_unavailable="raise").check(["jane@example.org"])
    assert (answer.allowed, answer.reason, answer.blocked_at, answer.expires_at) == (False, None, None, None)


def test_one_text_in_place_of_a_list_is_a_mistake_and_not_a_list_of_letters() -> None:
    client: Any = FakeDynamoDB(Store())
    with pytest.raises(TypeError, match="a list of addresses"):
        Blocklist("blocked", client, when_unavailable="raise").check("jane@example.org")


def test_no_message_repeats_what_aws_said() -> None:
    client: Any = Failing("BatchGetItem", [client_error("BatchGetItem", "AccessDeniedException")])
    with pytest.raises(TableError) as caught:
        read_many(client, "blocked", [{"value": {"S": "jane@example.org"}}], time.monotonic() + 1)
    assert str(caught.value) == "BatchGetItem: AccessDeniedException"
    assert caught.value.__cause__ is None


def test_the_client_leaves_retries_to_us_and_finds_the_region_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = make_client("arn:aws:dynamodb:eu-central-1:123456789012:table/blocked", connections=7)
    assert client.meta.region_name == "eu-central-1"
    assert make_client("blocked", connections=7).meta.region_name == "us-east-1"
    config: Any = client.meta.config
    assert config.retries["total_max_attempts"] == 1
    assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (1, 3, 7)


def test_an_unblock_reaches_an_item_that_others_put() -> None:
    client = FakeDynamoDB(Store())
    client.store.rows("blocked")[("jane@example.org",)] = {"value": {"S": "jane@example.org"}}
    assert apply(client, [make_act(1, "jane@example.org", "unblock", START, None)]) == [RECORDED]
    assert not client.store.rows("blocked")


def test_of_two_workers_with_one_feedback_one_records_it() -> None:
    store = Store()
    event = make_feedback(1, "jane@example.org", IGNORED, START)  # no state row that could tell them apart

    def before(operation: str) -> None:
        if operation == "TransactWriteItems" and not store.rows("history"):
            assert apply(FakeDynamoDB(store), [event]) == [RECORDED]

    assert apply(FakeDynamoDB(store, before), [event]) == [Result(Outcome.DUPLICATE)]


def test_one_feedback_twice_in_a_batch_counts_once() -> None:
    client = FakeDynamoDB(Store())
    twice = [make_feedback(1, "jane@example.org", HARD, START) for _ in range(2)]
    assert apply(client, twice) == [RECORDED, Result(Outcome.DUPLICATE)]
    assert client.calls == ["BatchGetItem", "TransactWriteItems"]


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ({"value": "person0@example.org", "entry": "state", "version": 1, "bounce": {"at": 5, "id": "x"}}, "TypeError"),
        ({"value": "person0@example.org", "entry": "state", "version": 1, "holds": [{"at": "", "id": ""}]}, "KeyError"),
        ({"value": "domain#example.org", "entry": "hours", "h5": "many"}, "ValueError"),
        ({**LIST_KEY, "patterns": 5}, "TypeError"),
    ],
)
def test_a_row_that_no_version_wrote_fails_only_what_it_decides_about(row: dict[str, Any], error: str) -> None:
    """Else the function would fail, and with it each batch that the same feedback is in."""
    store = Store()
    store.rows("history")[row["value"], row["entry"]] = encode(row)
    events = [*bounces(1), make_feedback(1, "amy@example.net", IGNORED, START)]
    assert apply(FakeDynamoDB(store), events) == [
        Result(Outcome.FAILED, f"{error} over the rows that decide about an address"),
        RECORDED,
    ]
