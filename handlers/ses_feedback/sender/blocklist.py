"""What a sender asks before it sends."""

import logging
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, get_args

from ses_feedback.address import NotAnAddressError, address_key
from ses_feedback.sender.answer import NAMES, Answer, judge
from ses_feedback.sender.cache import Cache, Found
from ses_feedback.table import CONNECT_SECONDS, READ_LIMIT, READ_SECONDS, TableError, encode, make_client, read_many

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WhenUnavailable = Literal["raise", "allow", "block"]

_TRIES = 1_000  # the time budget ends them
_logger = logging.getLogger("ses_feedback")


@dataclass
class _Live:
    """What belongs to one process: threads, connections and locks do not survive a fork."""

    client: "DynamoDBClient"
    pool: ThreadPoolExecutor
    cache: Cache | None
    pid: int = field(default_factory=os.getpid)


class Blocklist:
    """Reads the blocked table, given by ARN (any Region or account) or by name (Region of the environment).

    The caller's role needs ``dynamodb:BatchGetItem`` on the table and nothing else. One object serves all threads, and,
    made before a fork, each process after it (with a cache and connections of its own); give a ``client`` of yours only
    where nothing forks, since botocore's clients share their connections with a child.
    """

    def __init__(
        self,
        table: str,
        client: "DynamoDBClient | None" = None,
        *,
        when_unavailable: WhenUnavailable,
        timeout: float = 5.0,
        connections: int = 10,
        consistent: bool = False,
        cache_seconds: float = 0.0,
        cache_size: int = 10_000,
    ) -> None:
        """Choose what a check does when the table does not answer; there is no default that would suit everyone.

        when_unavailable: "raise" a TableError; or answer each address that remains open, marked ``unknown``, with
            "allow" or "block". Each such check logs a warning, without an address.
        timeout: seconds for a whole check, after which it is unavailable; what is throttled is tried again until then.
        connections: calls at a time, over all threads; each asks for 100 addresses.
        consistent: read what is true now, at twice the price, and not what was true a moment ago.
        cache_seconds: how old an answer may be; 0 asks each time. A block that ends, ends in the cache too.
        cache_size: how many addresses are remembered.

        Raises: ValueError, naming the input, its value and what would be right.
        """
        _require(bool(table), "the blocked table is empty; its ARN or name is needed")
        modes = get_args(WhenUnavailable)
        _require(when_unavailable in modes, f"when_unavailable is {when_unavailable!r}; it is one of {modes}")
        _require(timeout > 0, f"timeout is {timeout!r}; it is a number of seconds above 0")
        _require(connections > 0, f"connections is {connections!r}; at least 1 is needed")
        _require(cache_seconds >= 0, f"cache_seconds is {cache_seconds!r}; it is 0 (no cache) or more")
        _require(cache_size > 0, f"cache_size is {cache_size!r}; at least 1 is needed (cache_seconds=0 for no cache)")
        _require(
            not (consistent and cache_seconds),
            f"consistent asks for what is true now, cache_seconds={cache_seconds!r} for what was: choose one",
        )
        self.when_unavailable: WhenUnavailable = when_unavailable
        self._table = table
        self._given_client = client
        self._timeout = timeout
        self._connections = connections
        self._cache = (cache_seconds, cache_size)
        self._options: dict[str, Any] = {
            "ConsistentRead": consistent,
            "ProjectionExpression": ", ".join(NAMES),
            "ExpressionAttributeNames": NAMES,
        }
        self._live = self._make()

    def check(self, addresses: Iterable[str], *, now: datetime | None = None) -> list[Answer]:
        """One answer per address, in the order given; any number of them, with display names or without.

        Returns within the time-out. Raises: TableError when DynamoDB does not answer in time or refuses, if that is
        what ``when_unavailable`` says. TypeError for one text in place of a list, and for what is no text.
        """
        if isinstance(addresses, str | bytes):
            raise TypeError('check takes a list of addresses, this is one text: check(["jane@example.org"])')
        started = time.monotonic()
        given = list(addresses)
        keys = [_key_or_problem(position, text) for position, text in enumerate(given)]
        wanted = list(dict.fromkeys(key for key, problem in keys if problem is None))
        found, failure = self._find(wanted, started)
        moment = now or datetime.now(UTC)
        allow = self.when_unavailable == "allow"
        answers = []
        for text, (key, problem) in zip(given, keys, strict=True):
            if problem is not None:
                answers.append(Answer(text, None, allowed=False, problem=problem))
            elif key not in found:
                answers.append(Answer(text, key, allowed=allow, problem=failure, unknown=True))
            else:
                answers.append(judge(text, key, found[key], moment))
        if failure is not None:
            open_ones = sum(answer.unknown for answer in answers)
            verdict = "allowed" if allow else "blocked"
            _logger.warning("%s; %d of %d addresses are %s unasked", failure, open_ones, len(answers), verdict)
        return answers

    def _find(self, keys: list[str], started: float) -> tuple[dict[str, Found], str | None]:
        """What is known of these keys, and why not of all, if so."""
        live = self._alive()
        found = live.cache.get(keys) if live.cache else {}
        try:
            for fresh in self._ask(live, [key for key in keys if key not in found], started + self._timeout):
                found |= fresh
                if live.cache:
                    live.cache.put(fresh, started)
        except TableError as error:
            if self.when_unavailable == "raise":
                raise
            return found, str(error)
        return found, None

    def _ask(self, live: _Live, keys: Sequence[str], deadline: float) -> Iterator[dict[str, Found]]:
        """The answers, as they come. A long list keeps only so many calls waiting that a short one gets its turn.

        Raises: TableError, after all that could be had is out.
        """
        batches = (keys[start : start + READ_LIMIT] for start in range(0, len(keys), READ_LIMIT))
        running: set[Future[dict[str, Found]]] = set()
        failure: TableError | None = None
        try:
            while True:
                free = self._connections - len(running)
                running |= {live.pool.submit(self._read, live, batch, deadline) for batch in islice(batches, free)}
                if not running:
                    break
                left = max(0.0, deadline - time.monotonic())
                done, running = wait(running, timeout=left, return_when=FIRST_COMPLETED)
                if not done:
                    raise TableError("BatchGetItem: no time left")
                for future in done:
                    try:
                        yield future.result()
                    except TableError as error:
                        if self.when_unavailable == "raise":
                            raise
                        failure = error
        finally:
            for future in running:
                future.cancel()
        if failure:
            raise failure

    def _read(self, live: _Live, keys: Sequence[str], deadline: float) -> dict[str, Found]:
        batch = [encode({"value": key}) for key in keys]
        items = read_many(live.client, self._table, batch, deadline, max_attempts=_TRIES, **self._options)
        return dict.fromkeys(keys) | {item["value"]: item for item in items}

    def _alive(self) -> _Live:
        if self._live.pid != os.getpid():
            self._live = self._make()  # twice, if two threads meet here: the later one stays
        return self._live

    def _make(self) -> _Live:
        client = self._given_client or make_client(
            self._table,
            self._connections,
            connect_seconds=min(CONNECT_SECONDS, self._timeout),
            read_seconds=min(READ_SECONDS, self._timeout),
        )
        seconds, size = self._cache
        pool = ThreadPoolExecutor(self._connections, thread_name_prefix="blocklist")
        return _Live(client, pool, Cache(seconds, size) if seconds else None)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _key_or_problem(position: int, text: str) -> tuple[str, str | None]:
    if not isinstance(text, str):
        raise TypeError(f"address {position} is of type {type(text).__name__}; each is a text")
    try:
        return address_key(text), None
    except NotAnAddressError as error:
        return "", str(error)
