"""What an inspection observed of the pipelines, the tables and the accounts: plain data that the rules judge."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ses_feedback.arn import Arn

from ses_feedback_cli.doctor.resources import (
    CanaryState,
    EventDestination,
    EventSourceMapping,
    Function,
    Identity,
    Missing,
    PipelineMetrics,
    Queue,
    Subscription,
    Topic,
)
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.stack_outputs import Pipeline

_DEAD_LETTER_QUEUE = "dead-letter queue"


@dataclass(frozen=True)
class PipelineObservation:
    """One pipeline, from its source to its function."""

    pipeline: Pipeline
    account: str
    hours: int
    """The period of the metrics."""
    identities: tuple[Identity, ...]
    event_destinations: tuple[EventDestination, ...] | Missing | None
    """Of its configuration set; None if it has no configuration set."""
    topic: Topic | Missing
    subscription: Subscription | Missing
    queue: Queue | Missing
    dead_letter_queue: Queue | Missing
    subscription_dead_letter_queue: Queue | Missing
    event_source_mapping: EventSourceMapping | Missing
    function: Function | Missing
    redrive_schedule: str | Missing | None
    """The state of the schedule of the automatic redrive: ENABLED or DISABLED; None if the stack has none."""
    reserved_concurrency: int | Missing | None
    metrics: PipelineMetrics
    stack_tables: frozenset[str]
    """The tables of all stacks that were given, by ARN or name."""
    canary: CanaryState | None = None
    """None if no canary tests it."""

    @property
    def region(self) -> str:
        """The Region of its topic, queues and function."""
        return self.pipeline.region

    @property
    def subject(self) -> str:
        """The pipeline's name."""
        return self.pipeline.name

    def source_arns(self) -> list[str]:
        """The ARNs for which SES publishes to the topic: the identities, then the configuration set."""
        resources = [f"identity/{name}" for name in self.pipeline.identities]
        if self.pipeline.configuration_set:
            resources.append(f"configuration-set/{self.pipeline.configuration_set}")
        return [regional_arn(topic_arn(self.pipeline), "ses", resource) for resource in resources]

    def queues(self) -> Iterator[tuple[str, str, Queue | Missing]]:
        """The pipeline's queues, each as (name for people, URL, queue)."""
        pipeline = self.pipeline
        yield "queue", pipeline.queue_url, self.queue
        yield _DEAD_LETTER_QUEUE, pipeline.dead_letter_queue_url, self.dead_letter_queue
        yield (
            "subscription dead-letter queue",
            pipeline.subscription_dead_letter_queue_url,
            self.subscription_dead_letter_queue,
        )

    def delivery_targets(self) -> Iterator[tuple[str, str, Queue | Missing]]:
        """The queues that SNS sends to, as `queues`. Only SQS itself moves messages to the dead-letter queue."""
        return (target for target in self.queues() if target[0] != _DEAD_LETTER_QUEUE)

    def template_values(self) -> dict[str, object]:
        """What a rule's texts can refer to."""
        names = ("region", "kind", "topic_arn", "queue_url", "function_name", "configuration_set")
        values = {name: getattr(self.pipeline, name) for name in names}
        return {**values, "queue_name": queue_name(self.pipeline.queue_url), "hours": self.hours}


@dataclass(frozen=True)
class TableObservation:
    """The blocked table or the history table."""

    table: str
    """Its ARN, or its name."""
    account: str
    region: str
    kind: str
    """blocked or history."""
    status: str | Missing
    deletion_protection: bool | Missing
    ttl_attribute: str | Missing | None
    """The attribute by which items expire; None if time to live is off."""
    point_in_time_recovery: bool | Missing
    settings: Mapping[str, Any] | Missing = Missing.UNKNOWN
    """Of the history table: the item with the settings, NOT_FOUND if there is none."""
    stack_settings: Mapping[str, int] = field(default_factory=dict)
    """Of the history table: the settings that its stack configures, by configuration key; empty if that is unknown."""

    @property
    def subject(self) -> str:
        """The table's name among the findings."""
        return f"{self.kind} table"

    def template_values(self) -> dict[str, object]:
        """What a rule's texts can refer to."""
        return {"region": self.region, "table": self.table, "kind": self.kind}


@dataclass(frozen=True)
class AccountObservation:
    """The SES account in one Region."""

    account: str
    region: str
    details_known: bool = False
    """Whether SES reported the fields below; the rates come from CloudWatch."""
    production_access: bool = True
    sending_enabled: bool = True
    enforcement_status: str = "HEALTHY"
    suppressed_reasons: tuple[str, ...] = ("BOUNCE", "COMPLAINT")
    bounce_rate: float | None = None
    complaint_rate: float | None = None

    @property
    def subject(self) -> str:
        """The account's name among the findings."""
        return "account"

    def template_values(self) -> dict[str, object]:
        """What a rule's texts can refer to."""
        return {"region": self.region, "account": self.account}


@dataclass(frozen=True)
class FailedCall:
    """An API call that AWS denied or did not answer."""

    account: str
    region: str
    subject: str
    """The pipeline or table that it was made for, or `account`."""
    action: str
    """The IAM action."""
    error_code: str
    access_denied: bool


@dataclass(frozen=True)
class Observations:
    """The result of an inspection."""

    caller_account: str
    """The account of the credentials."""
    pipelines: tuple[PipelineObservation, ...] = ()
    tables: tuple[TableObservation, ...] = ()
    accounts: tuple[AccountObservation, ...] = ()
    failed_calls: tuple[FailedCall, ...] = ()
    skipped_pipelines: tuple[tuple[str, Pipeline], ...] = ()
    """Pipelines of accounts that the credentials do not reach, with their account."""
    answered_calls: int = 0
    """Calls that AWS answered, including those that found nothing."""


def topic_arn(pipeline: Pipeline) -> Arn:
    """The pipeline's topic. Raises: UsageError."""
    arn = Arn.parse(pipeline.topic_arn)
    if arn is None:
        raise UsageError(f"pipeline {pipeline.name}: topicArn {pipeline.topic_arn} is not an ARN")
    return arn


def regional_arn(arn: Arn, service: str, resource: str) -> str:
    """The ARN of a resource of another service in the account and Region of ``arn``."""
    return ":".join(arn._replace(service=service, resource=resource))


def function_arn(pipeline: Pipeline, name: str) -> str:
    """The ARN of a function in the pipeline's account and Region."""
    return regional_arn(topic_arn(pipeline), "lambda", f"function:{name}")


def queue_name(url: str) -> str:
    """The name of a queue, from its URL."""
    return url.rstrip("/").rpartition("/")[2]
