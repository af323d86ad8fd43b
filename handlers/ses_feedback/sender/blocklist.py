"""Which addresses a sender may mail, from the blocked table."""

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
from ses_feedback.sender.answer import ATTRIBUTE_NAMES, Answer, answer_for
from ses_feedback.sender.cache import Cache, ItemOrNone
from ses_feedback.table import CONNECT_SECONDS, READ_LIMIT, READ_SECONDS, TableError, encode, make_client, read_many

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WhenUnavailable = Literal["raise", "allow", "block"]

_logger = logging.getLogger("ses_feedback")


@dataclass
class _ProcessResources:
    """Threads, connections and locks, which do not survive a fork: each process has its own."""

    client: "DynamoDBClient"
    pool: ThreadPoolExecutor
    cache: Cache | None
    pid: int = field(default_factory=os.getpid)


class Blocklist:
    """Reads the blocked table, given by ARN (any Region or account) or by name (Region of the environment).

    The caller's role needs ``dynamodb:BatchGetItem`` on the table and nothing else. One object serves all threads and,
    if it is made before a fork, each process after it, with a cache and connections of its own. Give a ``client`` only
    where nothing forks: botocore's clients share their connections with a child process.
    """

    def __init__(
        self,
        table: str,
        client: "DynamoDBClient | None" = None,
        *,
        when_unavailable: WhenUnavailable,
        timeout: float = 5.0,
        connections: int = 10,
        consistent_read: bool = False,
        cache_seconds: float = 0.0,
        cache_size: int = 10_000,
    ) -> None:
        """Choose what a check does when the table cannot be read; there is no default that would suit everyone.

        when_unavailable: "raise" a TableError; or "allow" or "block" each address that could not be read, marked
            ``unknown``. Each such check logs a warning, without an address.
        timeout: seconds for a whole check, then the table is unavailable; until then throttled calls are retried.
        connections: calls at a time, over all threads; each reads 100 addresses.
        consistent_read: strongly consistent reads, at twice the price of eventually consistent ones.
        cache_seconds: how old an answer may be; 0 reads each time. A block that ends, ends in the cache too.
        cache_size: how many addresses are cached.

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
            not (consistent_read and cache_seconds),
            f"consistent_read reads what is true now, cache_seconds={cache_seconds!r} what was true: choose one",
        )
        self.when_unavailable: WhenUnavailable = when_unavailable
        self._table = table
        self._client = client
        self._timeout = timeout
        self._connections = connections
        self._cache_limits = (cache_seconds, cache_size)
        self._options: dict[str, Any] = {
            "ConsistentRead": consistent_read,
            "ProjectionExpression": ", ".join(ATTRIBUTE_NAMES),
            "ExpressionAttributeNames": ATTRIBUTE_NAMES,
        }
        self._process_resources = self._make_resources()

    def check(self, addresses: Iterable[str], *, now: datetime | None = None) -> list[Answer]:
        """One answer per address, in the same order; any number of addresses, with display names or without.

        Returns within the time-out. Raises: TableError when DynamoDB does not answer in time or refuses, if that is
        what ``when_unavailable`` says. TypeError for one string in place of a list, and for what is not a string.
        """
        if isinstance(addresses, str | bytes):
            raise TypeError('check takes a list of addresses, this is one string: check(["jane@example.org"])')
        started = time.monotonic()
        addresses = list(addresses)
        keys = [_key_or_problem(position, address) for position, address in enumerate(addresses)]
        unique_keys = list(dict.fromkeys(key for key, problem in keys if problem is None))
        items, failure = self._find(unique_keys, started)
        now = now or datetime.now(UTC)
        allow = self.when_unavailable == "allow"
        answers = []
        for address, (key, problem) in zip(addresses, keys, strict=True):
            if problem is not None:
                answers.append(Answer(address, None, allowed=False, problem=problem))
            elif key not in items:
                answers.append(Answer(address, key, allowed=allow, problem=failure, unknown=True))
            else:
                answers.append(answer_for(address, key, items[key], now))
        if failure is not None:
            unknown = sum(answer.unknown for answer in answers)
            outcome = "allowed" if allow else "blocked"
            _logger.warning("%s; %d of %d addresses are %s unchecked", failure, unknown, len(answers), outcome)
        return answers

    def _find(self, keys: list[str], started: float) -> tuple[dict[str, ItemOrNone], str | None]:
        """What the cache and the table have under these keys, and why keys are missing, if any is."""
        resources = self._resources()
        items = resources.cache.get(keys) if resources.cache else {}
        missing = [key for key in keys if key not in items]
        try:
            for read in self._read_all(resources, missing, started + self._timeout):
                items |= read
                if resources.cache:
                    resources.cache.put(read, started)
        except TableError as error:
            if self.when_unavailable == "raise":
                raise
            return items, str(error)
        return items, None

    def _read_all(
        self, resources: _ProcessResources, keys: Sequence[str], deadline: float
    ) -> Iterator[dict[str, ItemOrNone]]:
        """The items of each call as it returns. The calls of a long list are started bit by bit, so that a short list
        that is checked meanwhile need not wait for all of them.

        Raises: TableError, after everything that could be read was returned.
        """
        batches = (keys[start : start + READ_LIMIT] for start in range(0, len(keys), READ_LIMIT))
        running: set[Future[dict[str, ItemOrNone]]] = set()
        failure: TableError | None = None
        try:
            while True:
                free = self._connections - len(running)
                running |= {
                    resources.pool.submit(self._read, resources, batch, deadline) for batch in islice(batches, free)
                }
                if not running:
                    break
                remaining_seconds = max(0.0, deadline - time.monotonic())
                done, running = wait(running, timeout=remaining_seconds, return_when=FIRST_COMPLETED)
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

    def _read(self, resources: _ProcessResources, keys: Sequence[str], deadline: float) -> dict[str, ItemOrNone]:
        batch = [encode({"value": key}) for key in keys]
        items = read_many(resources.client, self._table, batch, deadline, **self._options)
        return dict.fromkeys(keys) | {item["value"]: item for item in items}

    def _resources(self) -> _ProcessResources:
        if self._process_resources.pid != os.getpid():
            self._process_resources = self._make_resources()  # made twice if two threads meet here: the later ones stay
        return self._process_resources

    def _make_resources(self) -> _ProcessResources:
        client = self._client or make_client(
            self._table,
            self._connections,
            connect_seconds=min(CONNECT_SECONDS, self._timeout),
            read_seconds=min(READ_SECONDS, self._timeout),
        )
        seconds, size = self._cache_limits
        pool = ThreadPoolExecutor(self._connections, thread_name_prefix="blocklist")
        return _ProcessResources(client, pool, Cache(seconds, size) if seconds else None)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _key_or_problem(position: int, address: str) -> tuple[str, str | None]:
    if not isinstance(address, str):
        raise TypeError(f"address {position} is of type {type(address).__name__}; each must be a string")
    try:
        return address_key(address), None
    except NotAnAddressError as error:
        return "", str(error)
