"""Inspects every pipeline, table and account at the same time, with a limited number of concurrent calls."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing.pool import ThreadPool

from ses_feedback.arn import Arn

from ses_feedback_cli.context import Context
from ses_feedback_cli.doctor.aws import cloudwatch, dynamodb, ses
from ses_feedback_cli.doctor.aws import pipeline as pipeline_reads
from ses_feedback_cli.doctor.aws.clients import CONCURRENT_CALLS, AccountClients, Reader
from ses_feedback_cli.doctor.observations import (
    AccountObservation,
    Observations,
    PipelineObservation,
    TableObservation,
    queue_name,
    regional_arn,
    topic_arn,
)
from ses_feedback_cli.doctor.resources import Missing, PipelineMetrics
from ses_feedback_cli.stack_outputs import Pipeline

AccountRegion = tuple[str, str]
"""Account and Region."""


def tables_to_inspect(context: Context) -> list[tuple[str, str]]:
    """The tables of the options or else of the stacks, each once: (ARN or name, blocked or history)."""
    tables = {
        (table, kind): None
        for kind, option, output in (
            ("blocked", context.table, "blockedTableArn"),
            ("history", context.history, "historyTableArn"),
        )
        for table in ([option] if option else [stack[output] for stack in context.stack_outputs if output in stack])
    }
    return list(tables)


def inspect(context: Context, clients: AccountClients, now: datetime, hours: int) -> Observations:
    """Read the state of everything that the context names; metrics cover the last ``hours``.

    Raises: UsageError when there is no pipeline.
    """
    pipelines: dict[AccountRegion, list[Pipeline]] = defaultdict(list)
    skipped: list[tuple[str, Pipeline]] = []
    for pipeline in context.pipelines():
        topic = topic_arn(pipeline)
        if clients.can_access(topic.account, topic.partition, pipeline.region):
            pipelines[topic.account, pipeline.region].append(pipeline)
        else:
            skipped.append((topic.account, pipeline))
    for table, _ in tables_to_inspect(context):
        if arn := Arn.parse(table):
            # Without a role there, the table's resource policy decides.
            clients.can_access(arn.account, arn.partition, arn.region)
    return _Inspection(context, clients, now, hours).run(pipelines, skipped)


@dataclass(frozen=True)
class _SharedObservations:
    """What the pipelines of one account and Region have in common."""

    account: AccountObservation
    sources: ses.Sources
    metrics: Mapping[str, PipelineMetrics]
    """By topic ARN."""


class _Inspection:
    def __init__(self, context: Context, clients: AccountClients, now: datetime, hours: int) -> None:
        self._context, self._clients, self._now, self._hours = context, clients, now, hours
        self._readers: list[Reader] = []
        self._tables = tables_to_inspect(context)
        outputs = (
            stack.get(name) for stack in context.stack_outputs for name in ("blockedTableArn", "historyTableArn")
        )
        self._stack_tables = frozenset(filter(None, (*(table for table, _ in self._tables), *outputs)))

    def run(
        self, pipelines: Mapping[AccountRegion, Sequence[Pipeline]], skipped: Sequence[tuple[str, Pipeline]]
    ) -> Observations:
        pool = ThreadPool(CONCURRENT_CALLS)  # of daemon threads: a call that hangs does not delay the end after Ctrl-C
        try:
            table_results = [pool.apply_async(self._inspect_table, table) for table in self._tables]
            shared_results = {
                account_region: pool.apply_async(self._inspect_shared, (account_region, regional_pipelines))
                for account_region, regional_pipelines in pipelines.items()
            }
            pipeline_results = [
                (account_region, pool.apply_async(self._inspect_pipeline, (account_region, pipeline)))
                for account_region, regional_pipelines in pipelines.items()
                for pipeline in regional_pipelines
            ]
            shared = {account_region: result.get() for account_region, result in shared_results.items()}
            observed_pipelines = [
                _combined(result.get(), shared[account_region]) for account_region, result in pipeline_results
            ]
            observed_tables = [result.get() for result in table_results]
        finally:
            pool.terminate()
        failed_calls = [
            *self._clients.failed_calls,
            *(call for reader in self._readers for call in reader.failed_calls),
        ]
        return Observations(
            self._clients.caller_account,
            tuple(observed_pipelines),
            tuple(observed_tables),
            tuple(shared[account_region].account for account_region in pipelines),
            tuple(sorted(failed_calls, key=lambda call: (call.account, call.region, call.action, call.subject))),
            tuple(skipped),
            sum(reader.answered_calls for reader in self._readers),
        )

    def _reader(self, account_region: AccountRegion, subject: str) -> Reader:
        reader = Reader(self._clients, *account_region, subject)
        self._readers.append(reader)
        return reader

    def _inspect_shared(self, account_region: AccountRegion, pipelines: Sequence[Pipeline]) -> _SharedObservations:
        reader = self._reader(account_region, "account")
        identities = list(dict.fromkeys(name for pipeline in pipelines for name in pipeline.identities))
        configuration_sets = list(
            dict.fromkeys(pipeline.configuration_set for pipeline in pipelines if pipeline.configuration_set)
        )
        rates = cloudwatch.read_reputation(reader, self._now)
        account = ses.read_account(reader, *account_region)
        metrics = cloudwatch.read_pipeline_metrics(reader, pipelines, self._now, self._hours)
        return _SharedObservations(
            replace(account, bounce_rate=rates.get("bounce"), complaint_rate=rates.get("complaint")),
            ses.read_sources(reader, identities, configuration_sets),
            dict(zip((pipeline.topic_arn for pipeline in pipelines), metrics, strict=True)),
        )

    def _inspect_table(self, table: str, kind: str) -> TableObservation:
        if arn := Arn.parse(table):
            account, region = arn.account, arn.region
        else:
            account = self._clients.caller_account
            region = self._context.session.region_name or self._context.selected_regions()[0]
        stacks = [stack for stack in self._context.stack_outputs if stack.get("historyTableArn") == table]
        stack_settings: Mapping[str, int] = next(
            (stack["tableSettings"] for stack in stacks if "tableSettings" in stack), {}
        )
        reader = self._reader((account, region), f"{kind} table")
        return dynamodb.read_table(reader, table, kind, account, region, stack_settings)

    def _inspect_pipeline(self, account_region: AccountRegion, pipeline: Pipeline) -> PipelineObservation:
        """The pipeline's own resources; `_combined` adds what it shares with others."""
        account, _ = account_region
        reader = self._reader(account_region, pipeline.name)
        read_key = pipeline_reads.key_reader(reader)
        queue = pipeline_reads.read_queue(reader, pipeline.queue_url, read_key)
        queue_arn = (
            regional_arn(topic_arn(pipeline), "sqs", queue_name(pipeline.queue_url))
            if isinstance(queue, Missing)
            else queue.arn
        )
        function, reserved_concurrency = pipeline_reads.read_function(reader, pipeline)
        return PipelineObservation(
            pipeline,
            account,
            self._hours,
            identities=(),
            event_destinations=None,
            topic=pipeline_reads.read_topic(reader, pipeline, read_key),
            subscription=pipeline_reads.read_subscription(reader, pipeline, queue_arn),
            queue=queue,
            dead_letter_queue=pipeline_reads.read_queue(reader, pipeline.dead_letter_queue_url, read_key),
            subscription_dead_letter_queue=pipeline_reads.read_queue(
                reader, pipeline.subscription_dead_letter_queue_url, read_key
            ),
            event_source_mapping=pipeline_reads.read_event_source_mapping(reader, pipeline, queue_arn),
            function=function,
            redrive_schedule=pipeline_reads.read_redrive_schedule(reader, pipeline),
            canary=pipeline_reads.read_canary(reader, pipeline),
            reserved_concurrency=reserved_concurrency,
            metrics=PipelineMetrics(),
            stack_tables=self._stack_tables,
        )


def _combined(observation: PipelineObservation, shared: _SharedObservations) -> PipelineObservation:
    pipeline = observation.pipeline
    configuration_set = pipeline.configuration_set
    return replace(
        observation,
        identities=shared.sources.identities(pipeline),
        event_destinations=shared.sources.event_destinations[configuration_set] if configuration_set else None,
        metrics=shared.metrics[pipeline.topic_arn],
    )
