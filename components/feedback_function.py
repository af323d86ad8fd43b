"""The compute half of a pipeline: the function, what it may do, where it logs, and what feeds it."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from components import policies
from components.archive import HANDLER, handler_archive


class FeedbackFunction:
    """Makes the function that takes feedback from `queue`, as children of `parent`; `given` are the checked inputs."""

    def __init__(self, base: str, given: dict[str, Any], queue: aws.sqs.Queue, parent: pulumi.Resource) -> None:
        self._base, self._given, self._parent = base, given, parent
        self.logs = self._log_group()
        self.role = self._role()
        self.function = self._function(self.role, self.logs)
        self._mapping(queue, self.function, self._role_policy(self.role, self.logs, queue))

    def _log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._base}-logs",
            region=self._given.get("region"),
            retention_in_days=self._given["log_retention_days"],
            kms_key_id=self._given.get("kms_key_arn"),
            tags=self._given["tags"],
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _role(self) -> aws.iam.Role:
        return aws.iam.Role(
            f"{self._base}-role",
            assume_role_policy=json.dumps(policies.assume_by_lambda()),
            permissions_boundary=self._given.get("permissions_boundary_arn"),
            tags=self._given["tags"],
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _role_policy(
        self, role: aws.iam.Role, logs: aws.cloudwatch.LogGroup, queue: aws.sqs.Queue
    ) -> aws.iam.RolePolicy:
        known = pulumi.Output.all(
            log_group_arn=logs.arn,
            queue_arn=queue.arn,
            blocked_table_arn=self._given["blocked_table_arn"],
            history_table_arn=self._given["history_table_arn"],
            kms_key_arn=self._given.get("kms_key_arn"),
            table_kms_key_arn=self._given.get("table_kms_key_arn"),
        )
        return aws.iam.RolePolicy(
            f"{self._base}-role-policy",
            role=role.name,
            policy=pulumi.Output.json_dumps(known.apply(lambda arns: policies.function_policy(**arns))),
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _function(self, role: aws.iam.Role, logs: aws.cloudwatch.LogGroup) -> aws.lambda_.Function:
        return aws.lambda_.Function(
            f"{self._base}-function",
            region=self._given.get("region"),
            role=role.arn,
            runtime="python3.13",
            architectures=["arm64"],
            handler=HANDLER,
            code=handler_archive(),
            memory_size=self._given["function_memory_mb"],
            timeout=self._given["function_timeout_seconds"],
            environment={
                "variables": {
                    "PIPELINE": self._base,
                    "BLOCKED_TABLE_ARN": self._given["blocked_table_arn"],
                    "HISTORY_TABLE_ARN": self._given["history_table_arn"],
                    "SOFT_BOUNCE_THRESHOLD": _text(self._given["soft_bounce_threshold"]),
                    "SOFT_BOUNCE_WINDOW_DAYS": _text(self._given["soft_bounce_window_days"]),
                    "SOFT_BLOCK_DAYS": _text(self._given["soft_block_days"]),
                    "POWERTOOLS_SERVICE_NAME": "ses-feedback",
                    "POWERTOOLS_METRICS_NAMESPACE": "SesFeedback",
                    "POWERTOOLS_LOG_LEVEL": "INFO",
                },
            },
            logging_config={
                "log_format": "JSON",
                "log_group": logs.name,
                "application_log_level": "INFO",
                "system_log_level": "INFO",
            },
            tags=self._given["tags"],
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _mapping(
        self,
        queue: aws.sqs.Queue,
        function: aws.lambda_.Function,
        role_policy: aws.iam.RolePolicy,
    ) -> None:
        concurrency = self._given.get("maximum_concurrency")
        aws.lambda_.EventSourceMapping(
            f"{self._base}-mapping",
            region=self._given.get("region"),
            event_source_arn=queue.arn,
            function_name=function.arn,
            batch_size=self._given["batch_size"],
            maximum_batching_window_in_seconds=self._given["maximum_batching_window_seconds"],
            scaling_config=None if concurrency is None else {"maximum_concurrency": concurrency},
            function_response_types=["ReportBatchItemFailures"],
            tags=self._given["tags"],
            # Lambda tries the role's right to receive when the mapping is made.
            opts=pulumi.ResourceOptions(parent=self._parent, depends_on=[role_policy]),
        )


def _text(number: pulumi.Input[int]) -> pulumi.Output[str]:
    return pulumi.Output.from_input(number).apply(str)
