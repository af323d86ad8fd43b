"""The function's settings, from its environment."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ses_feedback.arn import TABLE_ARN, Arn
from ses_feedback.function.origin import Source
from ses_feedback.history.protected import Protected, pattern_key
from ses_feedback.history.safeguards import Safeguards

_QUEUE_URL = re.compile(r"https?://\S{1,1000}")
_ACCOUNT = re.compile(r"\d{12}")


class SettingsError(ValueError):
    """An environment variable is missing or wrong. The message names each, its value and what would be right."""


@dataclass(frozen=True, slots=True)
class Queues:
    """The queues of the pipeline, by URL."""

    url: str
    dead_letter_url: str
    subscription_dead_letter_url: str
    retention_seconds: int
    """For how long the queue keeps a message."""


@dataclass(frozen=True, slots=True)
class Settings:
    """From the variables BLOCKED_TABLE_ARN, HISTORY_TABLE_ARN, PIPELINE (its name, for logs and metrics), and, each
    left out for none, the lists PROTECTED, IDENTITIES and SENDING_ACCOUNTS as JSON, ACCOUNT (the pipeline's),
    CONFIGURATION_SET and Lambda's own AWS_REGION. And, all or none of them, QUEUE_URL, DEAD_LETTER_QUEUE_URL and
    SUBSCRIPTION_DEAD_LETTER_QUEUE_URL, with MESSAGE_RETENTION_DAYS (4, as SQS has it). What decides for all pipelines
    of a table is in the table."""

    blocked_table: str
    history_table: str
    pipeline: str
    safeguards: Safeguards = field(default_factory=Safeguards)
    source: Source = field(default_factory=Source)
    queues: Queues | None = None
    """None, as in the version before: what was not processed is left to the queue's redrive policy."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Raises: SettingsError with everything that is wrong."""
        reader = _Reader(environment)
        settings = cls(
            blocked_table=reader.table_arn("BLOCKED_TABLE_ARN"),
            history_table=reader.table_arn("HISTORY_TABLE_ARN"),
            pipeline=environment.get("PIPELINE", ""),
            safeguards=Safeguards(Protected(frozenset(reader.patterns("PROTECTED")))),
            source=Source(
                # Not required: while a stack is updated, this code may run with the variables of the version before.
                account=next(iter(reader.accounts("ACCOUNT", filter(None, [environment.get("ACCOUNT")]))), ""),
                region=environment.get("AWS_REGION", ""),
                identities=reader.strings("IDENTITIES"),
                configuration_set=environment.get("CONFIGURATION_SET", ""),
                sending_accounts=reader.accounts("SENDING_ACCOUNTS", reader.strings("SENDING_ACCOUNTS")),
            ),
            queues=reader.queues(),
        )
        problems = [*reader.problems, *settings._problems()]
        if problems:
            raise SettingsError("; ".join(problems))
        return settings

    def _problems(self) -> Iterator[str]:
        if not self.pipeline:
            yield "PIPELINE is not set; the name of the pipeline is needed"
        blocked, history = Arn.parse(self.blocked_table), Arn.parse(self.history_table)
        if blocked and history and (blocked.region, blocked.account) != (history.region, history.account):
            yield "BLOCKED_TABLE_ARN and HISTORY_TABLE_ARN name two Regions or accounts; a transaction needs one"


class _Reader:
    """Reads variables, and collects what is wrong with them. A list may hold addresses: no problem repeats it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def table_arn(self, name: str) -> str:
        value = self._environment.get(name, "")
        if not TABLE_ARN.fullmatch(value):
            self.problems.append(
                f"{name} is {value!r}; the ARN of a DynamoDB table is needed, "
                "arn:aws:dynamodb:<region>:<account>:table/<name>"
            )
        return value

    def queues(self) -> Queues | None:
        names = ("QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "SUBSCRIPTION_DEAD_LETTER_QUEUE_URL")
        if self._environment.keys().isdisjoint({*names, "MESSAGE_RETENTION_DAYS"}):
            return None
        url, dead_letter_url, subscription_dead_letter_url = map(self._queue_url, names)
        retention_days = self.number("MESSAGE_RETENTION_DAYS", 4, (1, 14))
        return Queues(url, dead_letter_url, subscription_dead_letter_url, retention_days * 86_400)

    def _queue_url(self, name: str) -> str:
        value = self._environment.get(name, "")
        if not _QUEUE_URL.fullmatch(value):
            self.problems.append(f"{name} is {value!r}; the URL of an SQS queue is needed")
        return value

    def number(self, name: str, default: int, limits: tuple[int, int]) -> int:
        value = self._environment.get(name, str(default))
        least, most = limits
        if value.isascii() and value.isdigit() and least <= int(value) <= most:
            return int(value)
        self.problems.append(f"{name} is {value!r}; a whole number from {least} to {most} is needed")
        return default

    def strings(self, name: str) -> tuple[str, ...]:
        try:
            entries = json.loads(self._environment.get(name) or "[]")
        except ValueError:
            entries = None
        if isinstance(entries, list) and all(isinstance(entry, str) for entry in entries):
            return tuple(entries)
        self.problems.append(f"{name} is no JSON list of strings, which is needed")
        return ()

    def accounts(self, name: str, values: Iterable[str]) -> tuple[str, ...]:
        accounts = tuple(values)
        self.problems += [
            f"{name} has {value!r}; an account id (12 digits) is needed"
            for value in accounts
            if not _ACCOUNT.fullmatch(value)
        ]
        return accounts

    def patterns(self, name: str) -> tuple[str, ...]:
        patterns = []
        for number, value in enumerate(self.strings(name), 1):
            try:
                patterns.append(pattern_key(value))
            except ValueError as error:
                self.problems.append(f"entry {number} of {name} is not usable: {error}")
        return tuple(patterns)
