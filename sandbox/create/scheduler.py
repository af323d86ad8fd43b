"""Schedules of EventBridge Scheduler. The emulator invokes a target at its rate, first after one period."""

from sandbox.errors import SandboxError
from sandbox.provider import GLOBAL_REGION, CreateRequest, CreateResult, without_none


def schedule(request: CreateRequest) -> CreateResult:
    """Scheduler CreateSchedule, after the check that Scheduler makes and the emulator does not: of the role's trust."""
    inputs, name = request.inputs, request.physical_name(64)
    window, target = inputs.nested("flexibleTimeWindow"), inputs.nested("target")
    retry = target.nested("retryPolicy")
    role_arn = target.take("roleArn")
    _check_trust(request, role_arn)
    arn = request.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=inputs.take("scheduleExpression"),
        State=inputs.take("state", "ENABLED"),
        FlexibleTimeWindow={"Mode": window.take("mode")},
        Target={
            "Arn": target.take("arn"),
            "RoleArn": role_arn,
            "Input": target.take("input", ""),
            "RetryPolicy": without_none(
                {
                    "MaximumRetryAttempts": retry.integer("maximumRetryAttempts"),
                    "MaximumEventAgeInSeconds": retry.integer("maximumEventAgeInSeconds"),
                }
            ),
        },
    )["ScheduleArn"]
    return CreateResult(f"default/{name}", {"arn": arn, "name": name})


def _check_trust(request: CreateRequest, role_arn: str) -> None:
    role = request.client("iam", GLOBAL_REGION).get_role(RoleName=role_arn.rsplit("/", 1)[1])["Role"]
    services = [statement["Principal"].get("Service") for statement in role["AssumeRolePolicyDocument"]["Statement"]]
    if "scheduler.amazonaws.com" not in services:
        raise SandboxError(f"Scheduler refuses it: the role {role_arn} must trust scheduler.amazonaws.com")
