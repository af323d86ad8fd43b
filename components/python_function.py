"""A Lambda function of the archive, as every function here runs."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.alarms import NAMESPACE, SERVICE
from components.archive import handler_archive
from components.inputs import Tags

POWERTOOLS_VARIABLES = {
    "POWERTOOLS_SERVICE_NAME": SERVICE,
    "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
    "POWERTOOLS_LOG_LEVEL": "INFO",
}
"""Of each function's environment: under which names it logs and counts."""


def python_function(  # noqa: PLR0913 - what differs between the functions
    prefix: str,
    handler: str,
    *,
    region: pulumi.Input[str] | None,
    role: aws.iam.Role,
    logs: aws.cloudwatch.LogGroup,
    variables: Mapping[str, pulumi.Input[str]],
    memory_mb: pulumi.Input[int],
    timeout_seconds: pulumi.Input[int],
    tags: pulumi.Input[Tags],
    opts: pulumi.ResourceOptions,
) -> aws.lambda_.Function:
    """The function `prefix`, which runs `handler` of the archive with `variables` as its environment."""
    return aws.lambda_.Function(
        f"{prefix}-function",
        region=region,
        role=role.arn,
        runtime="python3.13",
        architectures=["arm64"],
        handler=handler,
        code=handler_archive(),
        memory_size=memory_mb,
        timeout=timeout_seconds,
        environment={"variables": variables},
        logging_config={
            "log_format": "JSON",
            "log_group": logs.name,
            "application_log_level": "INFO",
            "system_log_level": "INFO",
        },
        tags=tags,
        opts=opts,
    )
