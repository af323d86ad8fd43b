"""The compute half of a pipeline: the function, its role, its log group, and its event source mapping."""

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components import policies
from components.alarms import NAMESPACE, SERVICE
from components.archive import HANDLER, handler_archive
from components.arn import Arn
from components.feedback_pipeline_args import LONGEST_LIST, FeedbackPipelineInputs


class FeedbackFunction:
    """Creates the function that processes the messages of `queue`, and what belongs to it, as children of `parent`."""

    def __init__(
        self, prefix: str, inputs: FeedbackPipelineInputs, queue: aws.sqs.Queue, parent: pulumi.Resource
    ) -> None:
        self._prefix, self._inputs, self._parent = prefix, inputs, parent
        self.log_group = self._log_group()
        self.role = self._role()
        role_policy = self._role_policy(self.role, self.log_group, queue)
        self.function = self._function(self.role, self.log_group, queue)
        self._event_source_mapping(queue, self.function, role_policy)

    def _log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._prefix}-logs",
            region=self._inputs.region,
            retention_in_days=self._inputs.log_retention_days,
            kms_key_id=self._inputs.kms_key_arn,
            tags=self._inputs.tags,
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _role(self) -> aws.iam.Role:
        return aws.iam.Role(
            f"{self._prefix}-role",
            assume_role_policy=json.dumps(policies.lambda_trust_policy()),
            permissions_boundary=self._inputs.permissions_boundary_arn,
            tags=self._inputs.tags,
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _role_policy(
        self, role: aws.iam.Role, log_group: aws.cloudwatch.LogGroup, queue: aws.sqs.Queue
    ) -> aws.iam.RolePolicy:
        arns = pulumi.Output.all(
            log_group_arn=log_group.arn,
            queue_arn=queue.arn,
            blocked_table_arn=self._inputs.blocked_table_arn,
            history_table_arn=self._inputs.history_table_arn,
            kms_key_arn=self._inputs.kms_key_arn,
            table_kms_key_arn=self._inputs.table_kms_key_arn,
        )
        return aws.iam.RolePolicy(
            f"{self._prefix}-role-policy",
            role=role.name,
            policy=pulumi.Output.json_dumps(arns.apply(lambda known_arns: policies.function_policy(**known_arns))),
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _function(
        self, role: aws.iam.Role, log_group: aws.cloudwatch.LogGroup, queue: aws.sqs.Queue
    ) -> aws.lambda_.Function:
        return aws.lambda_.Function(
            f"{self._prefix}-function",
            region=self._inputs.region,
            role=role.arn,
            runtime="python3.13",
            architectures=["arm64"],
            handler=HANDLER,
            code=handler_archive(),
            memory_size=self._inputs.function_memory_mb,
            timeout=self._inputs.function_timeout_seconds,
            environment={"variables": self._environment(queue)},
            logging_config={
                "log_format": "JSON",
                "log_group": log_group.name,
                "application_log_level": "INFO",
                "system_log_level": "INFO",
            },
            tags=self._inputs.tags,
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _environment(self, queue: aws.sqs.Queue) -> dict[str, pulumi.Input[str]]:
        inputs = self._inputs
        variables: dict[str, pulumi.Input[str]] = {
            "PIPELINE": self._prefix,
            "BLOCKED_TABLE_ARN": inputs.blocked_table_arn,
            "HISTORY_TABLE_ARN": inputs.history_table_arn,
            "PROTECTED": json.dumps(inputs.protected),
            "ACCOUNT": queue.arn.apply(lambda arn: Arn.of(arn).account),
            "IDENTITIES": _identities(inputs.identities),
            "SENDING_ACCOUNTS": json.dumps(inputs.sending_accounts),
            "POWERTOOLS_SERVICE_NAME": SERVICE,
            "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
            "POWERTOOLS_LOG_LEVEL": "INFO",
        }
        if inputs.configuration_set_name is not None:
            variables["CONFIGURATION_SET"] = inputs.configuration_set_name
        return variables

    def _event_source_mapping(
        self, queue: aws.sqs.Queue, function: aws.lambda_.Function, role_policy: aws.iam.RolePolicy
    ) -> None:
        maximum_concurrency = self._inputs.maximum_concurrency
        aws.lambda_.EventSourceMapping(
            f"{self._prefix}-mapping",
            region=self._inputs.region,
            event_source_arn=queue.arn,
            function_name=function.arn,
            batch_size=self._inputs.batch_size,
            maximum_batching_window_in_seconds=self._inputs.maximum_batching_window_seconds,
            scaling_config=None if maximum_concurrency is None else {"maximum_concurrency": maximum_concurrency},
            function_response_types=["ReportBatchItemFailures"],
            tags=self._inputs.tags,
            # Lambda tests the role's permission to receive when the mapping is created.
            opts=pulumi.ResourceOptions(parent=self._parent, depends_on=[role_policy]),
        )


def _identities(identities: Sequence[str]) -> str:
    """The identities as JSON; none of them when the environment has no room: the function then checks accounts only."""
    text = json.dumps(identities)
    return text if len(text) <= LONGEST_LIST else "[]"
