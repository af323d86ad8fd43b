"""The reader: many addresses, a table that is slow or does not answer, a cache, threads and forks.

On a fake DynamoDB; test_dynamodb.py uses moto and the emulator. Not proved: how fast AWS answers, and that it never
takes longer than a time-out that urllib3 counts per read (the check itself returns in time whatever the call does).
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ses_feedback import Answer, Blocklist, TableError
from ses_feedback.sender.cache import Cache

from tests.handlers.fake_dynamodb import FakeDynamoDB, Store

JANE = "jane@example.org"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def blocked_store(*addresses: str, **attributes: dict[str, str]) -> Store:
    store = Store()
    for address in addresses or (JANE,):
        item: dict[str, Any] = {"value": {"S": address}, "reason": {"S": "bounce"}, "diagnostic": {"S": "550 gone"}}
        item |= {"blocked_at": {"S": "2026-11-20T10:00:01.000Z"}, **attributes}
        store.rows("blocked")[(address,)] = item
    return store


def blocklist(client: Any, **options: Any) -> Blocklist:
    return Blocklist("blocked", client, **{"when_unavailable": "raise", **options})


def test_an_answer_says_why_since_when_and_until_when() -> None:
    ends = NOW + timedelta(days=7)
    client = FakeDynamoDB(blocked_store(expires_at={"N": str(int(ends.timestamp()))}))
    (answer,) = blocklist(client).check(["Jane <JANE@example.org>"], now=NOW)
    since = datetime(2026, 11, 20, 10, 0, 1, tzinfo=UTC)
    assert answer == Answer("Jane <JANE@example.org>", JANE, False, "bounce", since, ends)


def test_any_number_of_addresses_in_order_each_asked_once() -> None:
    addresses = [f"Person {n} <person{n % 950}@Example.org>" for n in range(1_000)]
    client = FakeDynamoDB(blocked_store(*(f"person{n}@example.org" for n in range(0, 950, 3))))
    answers = blocklist(client).check([*addresses, "nobody"])
    assert [answer.address for answer in answers] == [*addresses, "nobody"]
    assert [answer.allowed for answer in answers[:-1]] == [n % 950 % 3 != 0 for n in range(1_000)]
    assert answers[-1].problem == "it is not of the form name@domain or Name <name@domain>"
    assert not answers[-1].allowed
    assert (len(client.calls), client.keys) == (10, 950)


def test_nothing_is_asked_about_nothing() -> None:
    client = FakeDynamoDB(Store())
    assert blocklist(client).check([]) == []
    assert [answer.allowed for answer in blocklist(client).check(["nobody"])] == [False]
    assert client.calls == []


def test_only_what_an_answer_needs_is_read_and_consistently_if_so_chosen() -> None:
    requests: list[dict[str, Any]] = []

    class RequestLog(FakeDynamoDB):
        def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
            requests.append(dict(RequestItems["blocked"]))
            return super().batch_get_item(RequestItems=RequestItems)

    for consistent in (False, True):
        blocklist(RequestLog(Store()), consistent_read=consistent).check([JANE])
    assert [request["ConsistentRead"] for request in requests] == [False, True]
    attributes = {
        requests[0]["ExpressionAttributeNames"][name] for name in requests[0]["ProjectionExpression"].split(", ")
    }
    assert attributes == {"value", "reason", "blocked_at", "expires_at"}


def test_a_long_list_is_asked_for_at_once_but_not_by_more_calls_than_allowed() -> None:
    running, peak = 0, 0
    lock = threading.Lock()

    def before(_: str) -> None:
        nonlocal running, peak
        with lock:
            running += 1
            peak = max(peak, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    client = FakeDynamoDB(Store(), before)
    blocklist(client, connections=4).check(f"person{n}@example.org" for n in range(2_000))
    assert peak == 4


def test_a_short_question_is_answered_while_a_long_one_goes_on() -> None:
    client = FakeDynamoDB(Store(), lambda _: time.sleep(0.02))
    reader = blocklist(client, connections=2, timeout=30)
    with ThreadPoolExecutor(1) as pool:
        long = pool.submit(reader.check, [f"person{n}@example.org" for n in range(10_000)])
        while not client.calls:
            time.sleep(0.001)
        reader.check([JANE])
        assert len(client.calls) < 50
        assert len(long.result()) == 10_000


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"when_unavailable": "open"}, r"when_unavailable is 'open'; it is one of \('raise', 'allow', 'block'\)"),
    ({"timeout": 0}, "timeout is 0; it is a number of seconds above 0"),
    ({"connections": 0}, "connections is 0; at least 1"),
    ({"cache_seconds": -1}, "cache_seconds is -1; it is 0"),
    ({"cache_size": 0}, "cache_size is 0; at least 1"),
    ({"cache_seconds": 5, "consistent_read": True}, "choose one"),
]


@pytest.mark.parametrize(("options", "message"), MISTAKES)
def test_an_option_that_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        blocklist(FakeDynamoDB(Store()), **options)


def test_nobody_chooses_by_accident_what_happens_without_an_answer() -> None:
    with pytest.raises(TypeError, match="when_unavailable"):
        Blocklist("blocked", FakeDynamoDB(Store()))  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize("addresses", [JANE, b"jane@example.org"], ids=["text", "bytes"])
def test_one_text_is_no_list(addresses: Any) -> None:
    with pytest.raises(TypeError, match="a list of addresses"):
        blocklist(FakeDynamoDB(Store())).check(addresses)


def test_what_is_no_text_is_named_by_its_place() -> None:
    with pytest.raises(TypeError, match="address 1 is of type NoneType"):
        blocklist(FakeDynamoDB(Store())).check([JANE, None])  # type: ignore[list-item]


@pytest.mark.parametrize(("choice", "allowed"), [("allow", True), ("block", False)])
def test_without_an_answer_the_choice_holds_and_is_told(
    choice: str, allowed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    client = FakeDynamoDB(blocked_store(), lambda _: "denied")
    with caplog.at_level(logging.WARNING, "ses_feedback"):
        jane, nobody = blocklist(client, when_unavailable=choice).check([JANE, "nobody"])
    failure = "BatchGetItem: AccessDeniedException"
    assert jane == Answer(JANE, JANE, allowed, problem=failure, unknown=True)
    assert (nobody.allowed, nobody.unknown) == (False, False)
    (record,) = caplog.records
    outcome = "allowed" if allowed else "blocked"
    assert record.getMessage() == f"{failure}; 1 of 2 addresses are {outcome} unchecked"


def test_what_was_answered_counts_though_the_rest_was_not() -> None:
    """One call of three fails: its addresses are unknown, the others are not."""
    client = FakeDynamoDB(blocked_store("person0@example.org"))
    client.before = lambda _: "denied" if len(client.calls) == 2 else None
    answers = blocklist(client, when_unavailable="allow", connections=1).check(
        f"person{n}@example.org" for n in range(300)
    )
    assert [answer.unknown for answer in answers] == [False] * 100 + [True] * 100 + [False] * 100
    assert not answers[0].allowed


def test_throttling_is_waited_out_within_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ses_feedback.table._BACKOFF_SECONDS", 0.0001)  # else twelve pauses are six seconds
    faults = iter(["throttled"] * 12)
    client = FakeDynamoDB(blocked_store(), lambda _: next(faults, None))
    (answer,) = blocklist(client).check([JANE])
    assert not answer.allowed
    assert len(client.calls) == 13


@pytest.mark.parametrize("choice", ["raise", "allow", "block"])
def test_a_check_ends_with_its_time_whatever_the_call_does(choice: str) -> None:
    release = threading.Event()

    def hang(_: str) -> None:
        release.wait(10)

    client = FakeDynamoDB(blocked_store(), hang)
    reader = blocklist(client, when_unavailable=choice, timeout=0.2)
    started = time.monotonic()
    try:
        if choice == "raise":
            with pytest.raises(TableError, match="BatchGetItem: no time left"):
                reader.check([JANE])
        else:
            (answer,) = reader.check([JANE])
            assert (answer.allowed, answer.unknown) == (choice == "allow", True)
        assert time.monotonic() - started < 8  # the call itself takes 10
    finally:
        release.set()


def test_a_server_that_takes_the_call_and_never_answers_is_waited_for_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the library's own client; its thread is free again when the socket gives up."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{server.getsockname()[1]}")
        arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/blocked"
        reader = Blocklist(arn, when_unavailable="allow", timeout=0.3)
        started = time.monotonic()
        assert reader.check([JANE])[0].unknown
        reader._process_resources.pool.shutdown(wait=True)
        assert time.monotonic() - started < 10  # without a time-out of its own: never


def test_the_sockets_wait_no_longer_than_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/blocked"
    for timeout, expected in ((0.5, (0.5, 0.5)), (20, (1, 3))):
        config = Blocklist(arn, when_unavailable="raise", timeout=timeout)._process_resources.client.meta.config
        assert (config.connect_timeout, config.read_timeout) == expected  # type: ignore[attr-defined]


def test_the_cache_answers_until_it_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0
    client = FakeDynamoDB(blocked_store())
    reader = blocklist(client, cache_seconds=60)
    assert reader._process_resources.cache
    monkeypatch.setattr(reader._process_resources.cache, "_clock", lambda: clock)
    for clock, calls in ((time.monotonic(), 1), (time.monotonic() + 59, 1), (time.monotonic() + 61, 2)):  # noqa: B007
        answers = reader.check(["JANE@example.org", "bob@example.org"])
        assert [(answer.allowed, answer.reason) for answer in answers] == [(False, "bounce"), (True, None)]
        assert len(client.calls) == calls


def test_a_block_that_ends_ends_in_the_cache_too() -> None:
    client = FakeDynamoDB(blocked_store(expires_at={"N": str(int(NOW.timestamp()))}))
    reader = blocklist(client, cache_seconds=3_600)
    times = [NOW - timedelta(seconds=1), NOW]
    assert [reader.check([JANE], now=now)[0].allowed for now in times] == [False, True]
    assert len(client.calls) == 1


def test_no_failure_is_remembered() -> None:
    faults = iter(["denied"])
    client = FakeDynamoDB(blocked_store(), lambda _: next(faults, None))
    reader = blocklist(client, when_unavailable="allow", cache_seconds=60)
    assert reader.check([JANE])[0].unknown
    assert reader.check([JANE])[0] == blocklist(client).check([JANE])[0]


def test_a_failing_table_is_not_asked_about_what_is_known() -> None:
    faults = iter([None])
    client = FakeDynamoDB(blocked_store(), lambda _: next(faults, "denied"))
    reader = blocklist(client, cache_seconds=60)
    reader.check([JANE])
    assert not reader.check([JANE])[0].allowed
    with pytest.raises(TableError):
        reader.check([JANE, "bob@example.org"])


def test_the_cache_is_bounded_and_forgets_the_oldest_first() -> None:
    cache = Cache(seconds=60, size=2, clock=lambda: 0)
    for key in ("a", "b", "a", "c"):
        cache.put({key: None}, requested_at=0)
    assert set(cache.get("abc")) == {"a", "c"}
    cache.put({str(n): None for n in range(10)}, requested_at=0)
    assert len(cache._entries) == 2


def test_an_answer_is_as_old_as_its_question() -> None:
    cache = Cache(seconds=60, size=2, clock=lambda: 59.9)
    cache.put({"slow": None}, requested_at=-1)
    assert cache.get(["slow"]) == {}


def test_many_threads_share_one_blocklist() -> None:
    client = FakeDynamoDB(blocked_store(*(f"person{n}@example.org" for n in range(0, 50, 2))))
    reader = blocklist(client, cache_seconds=60, cache_size=20, connections=3)

    def check(start: int) -> list[bool]:
        return [answer.allowed for answer in reader.check(f"person{(start + n) % 50}@example.org" for n in range(50))]

    with ThreadPoolExecutor(16) as pool:
        for start, allowed in enumerate(pool.map(check, range(64))):
            assert allowed == [(start + n) % 50 % 2 == 1 for n in range(50)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_a_child_asks_with_threads_of_its_own() -> None:
    """With the lock of the parent's cache held, as another thread may at the moment of the fork."""
    reader = blocklist(FakeDynamoDB(blocked_store()), cache_seconds=60)
    reader.check([JANE])  # the parent's threads run now
    assert reader._process_resources.cache
    with reader._process_resources.cache._lock:
        pid = os.fork()
        if pid == 0:
            (answer,) = reader.check([JANE])
            os._exit(0 if not answer.allowed and reader._process_resources.pid == os.getpid() else 1)
    ended = wait_for(lambda: os.waitpid(pid, os.WNOHANG), lambda status: status[0] == pid)
    assert os.waitstatus_to_exitcode(ended[1]) == 0


def test_a_client_of_its_own_is_made_anew_after_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    created = Blocklist("arn:aws:dynamodb:eu-central-1:123456789012:table/blocked", when_unavailable="raise")
    before = created._process_resources
    assert created._resources() is before
    monkeypatch.setattr(os, "getpid", lambda: before.pid + 1)
    assert created._resources().client is not before.client


def wait_for(read: Callable[[], tuple[int, int]], is_done: Callable[[tuple[int, int]], bool]) -> tuple[int, int]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if is_done(status := read()):
            return status
        time.sleep(0.01)
    raise AssertionError("the child does not end")
