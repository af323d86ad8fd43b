"""The compute half of a pipeline: the function, its role, its log group, and its event source mapping."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import capacity, limits, policies
from components.archive import HANDLER
from components.arn import Arn
from components.feedback_pipeline_args import FeedbackPipelineInputs
from components.function_environment import environment
from components.python_function import python_function
from components.schedule import ScheduledEvent, invoke_on_schedule

REDRIVE = ScheduledEvent(
    suffix="redrive",
    description="Redrives the dead letters that an outage left",
    expression="rate(15 minutes)",
    event={"redrive": True},
    window_minutes=5,
    retries=2,
    retry_seconds=300,
)
"""With it the function looks for dead letters; else it receives messages of its queue."""


@dataclass(frozen=True)
class Queues:
    """The queues of a pipeline."""

    queue: aws.sqs.Queue
    dead_letters: aws.sqs.Queue
    subscription_dead_letters: aws.sqs.Queue


class FeedbackFunction:
    """Creates the function that processes the messages of a pipeline's queue, and what belongs to it, as children of
    `parent`.
    """

    def __init__(self, prefix: str, inputs: FeedbackPipelineInputs, queues: Queues, parent: pulumi.Resource) -> None:
        self._prefix, self._inputs, self._queues, self._parent = prefix, inputs, queues, parent
        self._place = queues.queue.arn.apply(Arn.of)
        self.log_group = self._log_group()
        self.role = self._role()
        role_policy = self._role_policy()
        self.function = python_function(
            prefix,
            HANDLER,
            region=inputs.region,
            role=self.role,
            logs=self.log_group,
            variables=self._environment(),
            memory_mb=inputs.function_memory_mb,
            timeout_seconds=inputs.function_timeout_seconds,
            tags=inputs.tags,
            opts=self._options(),
        )
        self._event_source_mapping(role_policy)
        self.redrive_schedule: aws.scheduler.Schedule | None = None
        if inputs.automatic_redrive:
            self.redrive_schedule = invoke_on_schedule(
                prefix,
                self.function,
                REDRIVE,
                region=inputs.region,
                permissions_boundary_arn=inputs.permissions_boundary_arn,
                tags=inputs.tags,
                parent=parent,
            )

    def _options(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self._parent, depends_on=list(depends_on))

    def _log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._prefix}-logs",
            region=self._inputs.region,
            retention_in_days=self._inputs.log_retention_days,
            kms_key_id=self._inputs.kms_key_arn,
            tags=self._inputs.tags,
            opts=self._options(),
        )

    def _role(self) -> aws.iam.Role:
        return aws.iam.Role(
            f"{self._prefix}-role",
            assume_role_policy=pulumi.Output.json_dumps(
                self._place.apply(lambda place: policies.function_trust_policy(place.account))
            ),
            permissions_boundary=self._inputs.permissions_boundary_arn,
            tags=self._inputs.tags,
            opts=self._options(),
        )

    def _role_policy(self) -> aws.iam.RolePolicy:
        queues, redrives = self._queues, self._inputs.automatic_redrive
        redriven_from = [queues.dead_letters.arn, queues.subscription_dead_letters.arn] if redrives else []
        redriven_to = [queues.queue.arn] if redrives else []
        values = pulumi.Output.all(
            log_group_arn=self.log_group.arn,
            receives_from=[queues.queue.arn, *redriven_from],
            sends_to=[*redriven_to, queues.dead_letters.arn],
            blocked_table_arn=self._inputs.blocked_table_arn,
            history_table_arn=self._inputs.history_table_arn,
            kms_key_arn=self._inputs.kms_key_arn,
            table_kms_key_arn=self._inputs.table_kms_key_arn,
        )
        return aws.iam.RolePolicy(
            f"{self._prefix}-role-policy",
            role=self.role.name,
            policy=pulumi.Output.json_dumps(values.apply(lambda known: policies.function_policy(**known))),
            opts=self._options(),
        )

    def _environment(self) -> dict[str, pulumi.Input[str]]:
        identities = limits.identities_of_environment(self._prefix, self._inputs)
        if len(identities) < len(self._inputs.identities):
            pulumi.log.warn(
                f"{len(self._inputs.identities)} identities do not fit the function's environment: it does not compare "
                "the identity that feedback names. With some of them in a second source, it does.",
                self._parent,
            )
        return environment(
            self._prefix,
            self._inputs,
            account=self._place.apply(lambda place: place.account),
            queue_url=self._queues.queue.url,
            dead_letter_queue_url=self._queues.dead_letters.url,
            subscription_dead_letter_queue_url=self._queues.subscription_dead_letters.url,
            identities=identities,
        )

    def _event_source_mapping(self, role_policy: aws.iam.RolePolicy) -> None:
        aws.lambda_.EventSourceMapping(
            f"{self._prefix}-mapping",
            region=self._inputs.region,
            event_source_arn=self._queues.queue.arn,
            function_name=self.function.arn,
            batch_size=self._inputs.batch_size,
            maximum_batching_window_in_seconds=self._inputs.maximum_batching_window_seconds,
            scaling_config={"maximum_concurrency": self._maximum_concurrency()},
            function_response_types=["ReportBatchItemFailures"],
            tags=self._inputs.tags,
            # Lambda tests the role's permission to receive when the mapping is created.
            opts=self._options([role_policy]),
        )

    def _maximum_concurrency(self) -> pulumi.Input[int]:
        if self._inputs.maximum_concurrency is not None:
            return self._inputs.maximum_concurrency
        write_units = self._inputs.table_write_units_per_second
        if write_units is None:
            write_units = capacity.NEW_TABLE_WRITE_UNITS
        return pulumi.Output.from_input(write_units).apply(capacity.default_concurrency)
