"""What AWS said about the pipelines, the tables and the accounts: plain data, for the rules to judge."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ses_feedback_cli.stack_outputs import Pipeline

Document = Mapping[str, Any]
"""A policy."""


class Absent(Enum):
    """Why a fact is not there."""

    GONE = "AWS says that there is no such thing"
    UNSEEN = "AWS was not asked, refused, or did not answer"


@dataclass(frozen=True)
class Identity:
    """An identity that a pipeline takes feedback of."""

    name: str
    verification: str | Absent
    """SES's word: Success, Pending, Failed, TemporaryFailure."""
    topic: str | Absent | None
    """Its notification topic for the pipeline's kind of feedback."""
    forwarding: bool = False
    """Whether SES also sends feedback by e-mail."""


@dataclass(frozen=True)
class Destination:
    """An event destination of a configuration set."""

    name: str
    enabled: bool
    events: tuple[str, ...]
    topic: str | None


@dataclass(frozen=True)
class Key:
    """A KMS key of a topic or a queue."""

    id: str
    managed: bool = False
    """Whether AWS manages it, under a policy that nobody can change."""
    state: str | Absent = Absent.UNSEEN
    policy: Document | Absent = Absent.UNSEEN


@dataclass(frozen=True)
class Topic:
    """The topic that SES publishes to."""

    policy: Document
    key: Key | None = None


@dataclass(frozen=True)
class Subscription:
    """The queue's subscription to the topic."""

    arn: str
    pending: bool = False
    raw: bool = True
    filter: str | None = None
    dead_letters: str | None = None


@dataclass(frozen=True)
class Queue:
    """A queue. `waiting` counts visible messages and those that somebody is looking at."""

    arn: str
    url: str
    policy: Document
    waiting: int = 0
    visibility_seconds: int = 0
    dead_letters: str | None = None
    key: Key | None = None


@dataclass(frozen=True)
class EventMapping:
    """The event source mapping from queue to function."""

    uuid: str
    state: str
    responses: tuple[str, ...]


@dataclass(frozen=True)
class Function:
    """The function."""

    state: str
    reason: str
    last_update: str
    timeout_seconds: int
    tables: tuple[str, ...]
    """The ARNs of the tables in its environment."""


@dataclass(frozen=True)
class Counted:
    """What CloudWatch counted of a pipeline; none where it was not asked or has no data."""

    errors: float | None = None
    throttles: float | None = None
    failed_deliveries: float | None = None
    oldest_seconds: float | None = None


@dataclass(frozen=True)
class PipelineFacts:
    """One pipeline, from its source to its function."""

    pipeline: Pipeline
    account: str
    hours: int
    """How far back CloudWatch was asked."""
    identities: tuple[Identity, ...]
    destinations: tuple[Destination, ...] | Absent | None
    """Of its configuration set; none: it has no configuration set."""
    topic: Topic | Absent
    subscription: Subscription | Absent
    queue: Queue | Absent
    dead_letters: Queue | Absent
    subscription_dead_letters: Queue | Absent
    mapping: EventMapping | Absent
    function: Function | Absent
    reserved_concurrency: int | Absent | None
    counted: Counted
    known_tables: frozenset[str]
    """The tables of all stacks that were given."""

    @property
    def region(self) -> str:
        """Its Region."""
        return self.pipeline.region

    @property
    def about(self) -> str:
        """Its name."""
        return self.pipeline.name

    def names(self) -> dict[str, object]:
        """What the texts of rules may name."""
        one = self.pipeline
        return {
            **{key: getattr(one, key) for key in ("region", "kind", "topic_arn", "queue_url", "function_name")},
            "configuration_set": one.configuration_set,
            "queue": queue_name(one.queue_url),
            "hours": self.hours,
        }


@dataclass(frozen=True)
class TableFacts:
    """One of the two tables."""

    table: str
    """Its ARN, or its name."""
    account: str
    region: str
    what: str
    """blocked or history."""
    status: str | Absent
    protected: bool | Absent
    ttl: str | Absent | None
    """The attribute by which items expire, none if they do not."""
    recovery: bool | Absent

    @property
    def about(self) -> str:
        """What it is called among the findings."""
        return f"{self.what} table"

    def names(self) -> dict[str, object]:
        """What the texts of rules may name."""
        return {"region": self.region, "table": self.table, "what": self.what}


@dataclass(frozen=True)
class AccountFacts:
    """The standing of an account's mail in a Region."""

    account: str
    region: str
    seen: bool = False
    """Whether SES told about the account; if not, the following is not known."""
    production: bool = True
    sending: bool = True
    enforcement: str = "HEALTHY"
    suppressed: tuple[str, ...] = ("BOUNCE", "COMPLAINT")
    bounce_rate: float | None = None
    complaint_rate: float | None = None

    @property
    def about(self) -> str:
        """What it is called among the findings."""
        return "account"

    def names(self) -> dict[str, object]:
        """What the texts of rules may name."""
        return {"region": self.region, "account": self.account}


@dataclass(frozen=True)
class Unseen:
    """A look that failed."""

    account: str
    region: str
    about: str
    action: str
    why: str
    refused: bool
    """Whether a right is missing."""


@dataclass(frozen=True)
class Facts:
    """Everything."""

    caller: str
    """The account of the credentials."""
    pipelines: tuple[PipelineFacts, ...] = ()
    tables: tuple[TableFacts, ...] = ()
    accounts: tuple[AccountFacts, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    elsewhere: tuple[tuple[str, Pipeline], ...] = ()
    """Pipelines of accounts that were not looked at, with their account."""
    answered: int = 0
    """How many calls were answered, also by 'there is none'."""


def queue_name(url: str) -> str:
    """The name of a queue, from its URL."""
    return url.rstrip("/").rpartition("/")[2]
