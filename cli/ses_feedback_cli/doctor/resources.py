"""The state of single resources, as AWS reports it: plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

PolicyDocument = Mapping[str, Any]


class Missing(Enum):
    """Why an observation is missing."""

    NOT_FOUND = "AWS reports that the resource does not exist"
    UNKNOWN = "AWS was not called, denied the call, or did not respond"


@dataclass(frozen=True)
class Identity:
    """An SES identity whose feedback a pipeline receives."""

    name: str
    verification_status: str | Missing
    """As SES reports it: Success, Pending, Failed or TemporaryFailure."""
    topic_arn: str | Missing | None
    """Its notification topic for the pipeline's kind of feedback."""
    email_forwarding: bool = False
    """Whether SES also sends feedback by e-mail."""


@dataclass(frozen=True)
class EventDestination:
    """An event destination of a configuration set."""

    name: str
    enabled: bool
    event_types: tuple[str, ...]
    topic_arn: str | None


@dataclass(frozen=True)
class Key:
    """The KMS key of a topic or a queue."""

    id: str
    aws_managed: bool = False
    """Whether it is an AWS managed key, whose key policy nobody can change."""
    state: str | Missing = Missing.UNKNOWN
    policy: PolicyDocument | Missing = Missing.UNKNOWN


@dataclass(frozen=True)
class Topic:
    """The topic that SES publishes to."""

    policy: PolicyDocument
    key: Key | None = None


@dataclass(frozen=True)
class Subscription:
    """The queue's subscription to the topic."""

    arn: str
    pending: bool = False
    raw_delivery: bool = True
    filter_policy: str | None = None
    dead_letter_queue_arn: str | None = None


@dataclass(frozen=True)
class Queue:
    """A queue of a pipeline."""

    arn: str
    url: str
    policy: PolicyDocument
    message_count: int = 0
    """Approximate; includes messages in flight."""
    visibility_timeout_seconds: int = 0
    retention_seconds: int = 0
    dead_letter_queue_arn: str | None = None
    max_receive_count: int = 0
    """Receives after which SQS moves a message to the dead-letter queue; 0 without one."""
    key: Key | None = None


@dataclass(frozen=True)
class EventSourceMapping:
    """The event source mapping from the queue to the function."""

    uuid: str
    state: str
    response_types: tuple[str, ...]
    maximum_concurrency: int | None = None
    """None: as many as the account has, up to Lambda's limit for a mapping."""


@dataclass(frozen=True)
class Function:
    """The function of a pipeline."""

    state: str
    state_reason: str
    last_update_status: str
    timeout_seconds: int
    table_arns: tuple[str, ...]
    """The ARNs of the tables in its environment."""
    queue_urls: Mapping[str, str] = field(default_factory=dict)
    """The URLs of queues in its environment, by variable; without those that are not set."""


@dataclass(frozen=True)
class CanaryState:
    """Whether the canary of a pipeline can run."""

    function: str | Missing
    """The state of its function."""
    schedule: str | Missing
    """The state of its schedule: ENABLED or DISABLED."""


@dataclass(frozen=True)
class PipelineMetrics:
    """CloudWatch metrics of a pipeline; None where there is no data, or where CloudWatch did not respond."""

    errors: float | None = None
    throttles: float | None = None
    failed_deliveries: float | None = None
    oldest_message_seconds: float | None = None
    refused_seconds: float | None = None
    """The age of the oldest feedback that AWS refused to record, at its last attempt."""
    canary_failed: float | Missing = Missing.UNKNOWN
    """0 if the pipeline's last canary passed, 1 if it failed; NOT_FOUND if none ran for 30 hours."""
