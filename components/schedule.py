"""A schedule that invokes a function, with a role that can do nothing else."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import policies
from components.arn import Arn
from components.inputs import Tags


@dataclass(frozen=True, kw_only=True)
class ScheduledEvent:
    """What a function is invoked with, and how often.

    EventBridge Scheduler invokes it asynchronously, and tries again what it fails to hand over.
    """

    suffix: str
    """The end of the schedule's name."""
    expression: str
    """Such as ``rate(15 minutes)``."""
    event: Mapping[str, object]
    description: str | None = None
    window_minutes: int = 0
    """By how much an invocation may be late, so that many schedules do not start in the same second."""
    retries: int
    retry_seconds: int
    """How long it is tried again; then it is left out, and the next one makes up for it."""


def invoke_on_schedule(
    prefix: str,
    function: aws.lambda_.Function,
    scheduled: ScheduledEvent,
    *,
    region: pulumi.Input[str] | None,
    permissions_boundary_arn: pulumi.Input[str] | None,
    tags: pulumi.Input[Tags],
    parent: pulumi.Resource,
    depends_on: pulumi.Input[Sequence[pulumi.Input[pulumi.Resource]] | pulumi.Resource] = (),
) -> aws.scheduler.Schedule:
    """Create the schedule and its role as children of `parent`; it begins only after what it depends on."""
    window = scheduled.window_minutes
    options = pulumi.ResourceOptions(parent=parent)
    place = function.arn.apply(Arn.of)
    role = aws.iam.Role(
        f"{prefix}-scheduler",  # the longest suffix with which the longest prefix fits a role's 64 characters
        assume_role_policy=pulumi.Output.json_dumps(
            place.apply(lambda arn: policies.schedule_trust_policy(arn.region, arn.account, arn.partition))
        ),
        permissions_boundary=permissions_boundary_arn,
        tags=tags,
        opts=options,
    )
    role_policy = aws.iam.RolePolicy(
        f"{prefix}-scheduler-policy",
        role=role.name,
        policy=pulumi.Output.json_dumps(function.arn.apply(policies.schedule_policy)),
        opts=options,
    )
    return aws.scheduler.Schedule(
        f"{prefix}-{scheduled.suffix}",
        region=region,
        description=scheduled.description,
        schedule_expression=scheduled.expression,
        flexible_time_window=({"mode": "FLEXIBLE", "maximum_window_in_minutes": window} if window else {"mode": "OFF"}),
        target={
            "arn": function.arn,
            "role_arn": role.arn,
            "input": json.dumps(scheduled.event),
            "retry_policy": {
                "maximum_event_age_in_seconds": scheduled.retry_seconds,
                "maximum_retry_attempts": scheduled.retries,
            },
        },
        opts=pulumi.ResourceOptions.merge(
            pulumi.ResourceOptions(parent=parent, depends_on=depends_on),
            pulumi.ResourceOptions(depends_on=[role_policy]),
        ),
    )
