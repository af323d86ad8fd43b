"""Finds the addresses that today's rules judge otherwise, and writes what these rules say. Needs both tables."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from ses_feedback.history.event import Event
from ses_feedback.history.protected import Protected
from ses_feedback.history.state_row import EVENT, with_embedded_events
from ses_feedback.history.stored_feedback import FEEDBACK
from ses_feedback.history.transaction import Tables
from ses_feedback.table import TableError, decode, encode, retry

from ses_feedback_cli.blocks.protected_list import read_patterns
from ses_feedback_cli.context import Context
from ses_feedback_cli.rejudgement.feedback_rows import rejudge_row
from ses_feedback_cli.rejudgement.forwarded_reports import ForwardedReports
from ses_feedback_cli.rejudgement.judgement import Difference, Rejudgement
from ses_feedback_cli.table_reads import history_rows, read_table_settings

_WORKERS = 10
_CHUNK = 100  # addresses in memory at a time
_SECONDS = 60  # for one address while DynamoDB throttles


@dataclass(frozen=True)
class Outcome:
    """What became of one address."""

    difference: Difference
    problem: str = ""
    """Why it is as it was."""


class RejudgeTables:
    """Both tables, as a rejudge reads and writes them."""

    def __init__(self, context: Context, hold_days: int | None) -> None:
        """``hold_days``: None for the setting of the tables. Raises: TableError for settings that cannot be used."""
        self._context = context
        self._tables = Tables(context.blocked_table(), context.history_table())
        self._client = context.dynamodb_client(self._tables.history)
        settings = read_table_settings(context)
        self._policy = settings.soft_bounces
        self._hold_days = hold_days or settings.hold_days
        self._forwarded = ForwardedReports()
        self._protected = Protected()

    def close(self) -> None:
        """Delete what is on the disk."""
        self._forwarded.close()

    def differences(self, on_progress: Callable[[int], None]) -> Iterator[Difference | TableError]:
        """What is to change, an address each, or that its rows cannot be read.

        The scan only finds addresses; each is then read whole and consistently. That a scan returns the rows of an
        address one after the other is how DynamoDB stores them (API reference, KeySchemaElement: "physically close
        together"), but not promised of Scan. Otherwise the address would come twice, and the second time find nothing
        left to do; an undo file may then have it twice, too.
        """
        self._protected = Protected(self._context.protected().patterns.union(read_patterns(self._context)))
        for page in self._scan_pages("#a = :v OR #e.#a = :v", "forwarded", value=True):
            self._forwarded.add(with_embedded_events(map(decode, page["Items"])))
            on_progress(page["ScannedCount"])
        with ThreadPoolExecutor(_WORKERS) as pool:
            addresses = self._scan_addresses(on_progress)
            while chunk := list(islice(addresses, _CHUNK)):
                yield from filter(None, pool.map(self._difference, chunk))

    def apply(self, differences: Iterable[Difference], act: Callable[[str], Event]) -> Iterator[Outcome]:
        """Write what was found; an outcome for each, in order. ``act`` makes the trace for an address."""
        remaining = iter(differences)
        with ThreadPoolExecutor(_WORKERS) as pool:
            while chunk := list(islice(remaining, _CHUNK)):
                yield from pool.map(lambda difference: self._apply(difference, act(difference.address)), chunk)

    def _scan_addresses(self, on_progress: Callable[[int], None]) -> Iterator[str]:
        """Each address with a row that gets another rule or verdict, or that cannot be read. One page in memory."""
        last = ""
        for page in self._scan_pages("begins_with(#a, :v) OR attribute_exists(#e)", "entry", value=FEEDBACK):
            for row in with_embedded_events(map(decode, page["Items"])):
                if row["value"] != last and row["entry"].startswith(FEEDBACK) and self._changes(row):
                    last = row["value"]
                    yield last
            on_progress(page["ScannedCount"])

    def _scan_pages(self, condition: str, attribute: str, *, value: object) -> Iterator[dict[str, Any]]:
        """Pages of the history's rows that fulfil a condition on an attribute (#a) or an embedded event (#e)."""
        pages: Iterator[dict[str, Any]] = self._client.get_paginator("scan").paginate(
            TableName=self._tables.history,
            FilterExpression=condition,
            ExpressionAttributeNames={"#a": attribute, "#e": EVENT},
            ExpressionAttributeValues=encode({":v": value}),
        )
        return pages

    def _judge_row(self, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
        protected, not_mailed = self._protected.covers(row["value"]), self._forwarded.name_unmailed(row)
        return rejudge_row(row, self._hold_days, not_mailed=not_mailed, protected=protected)

    def _changes(self, row: Mapping[str, Any]) -> bool:
        try:
            return self._judge_row(row) is not None
        except (KeyError, TypeError, ValueError):
            return True

    def _difference(self, address: str) -> Difference | TableError | None:
        try:
            rejudgement = self._read(address)
            return rejudgement.difference(self._policy, datetime.now(UTC)) if rejudgement else None
        except TableError as error:
            return error

    def _apply(self, difference: Difference, act: Event) -> Outcome:
        """Write an address in one transaction, or in several if it has very many rows.

        If its state is not the one that the difference was computed from, nothing is written: what was not shown is not
        done, and the undo files have all that is.
        """
        revision, finished = difference.revision, False

        def attempt() -> bool:
            nonlocal revision, finished
            rejudgement = self._read(difference.address)
            if rejudgement is None:  # written by an attempt whose answer was lost, or by somebody else
                finished = True
                return True
            if rejudgement.old.revision != revision:
                raise TableError("its history changed meanwhile; the same command again judges it")
            step = rejudgement.next_step(act, self._tables, self._policy)
            self._client.transact_write_items(TransactItems=step.actions)
            revision, finished = step.revision, step.is_last
            return True

        try:
            while not finished:
                retry("TransactWriteItems", attempt, time.monotonic() + _SECONDS)
        except TableError as error:
            return Outcome(difference, str(error))
        return Outcome(difference)

    def _read(self, address: str) -> Rejudgement | None:
        return Rejudgement.of_rows(list(history_rows(self._context, address)), self._judge_row)
