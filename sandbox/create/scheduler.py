"""Schedules. The emulator counts a rate from a schedule's creation, and does not use its role."""

from sandbox.create.lambda_function import check_rights
from sandbox.provider import CreateRequest, CreateResult, Inputs, without_none


def schedule(request: CreateRequest) -> CreateResult:
    """EventBridge Scheduler CreateSchedule. A role without the right to invoke is refused: nobody would notice."""
    inputs, name = request.inputs, request.physical_name(64)
    window = inputs.nested("flexibleTimeWindow")
    settings = {
        "Description": inputs.take("description"),
        "GroupName": inputs.take("groupName"),
        "ScheduleExpressionTimezone": inputs.take("scheduleExpressionTimezone"),
        "State": inputs.take("state"),
    }
    arn = request.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=inputs.take("scheduleExpression"),
        FlexibleTimeWindow=without_none(
            {"Mode": window.take("mode"), "MaximumWindowInMinutes": window.integer("maximumWindowInMinutes")}
        ),
        Target=_target(request, inputs.nested("target")),
        **without_none(settings),
    )["ScheduleArn"]
    return CreateResult(f"default/{name}", {"arn": arn, "name": name})


def _target(request: CreateRequest, target: Inputs) -> dict[str, object]:
    arn, role_arn, retries = target.take("arn"), target.take("roleArn"), target.nested("retryPolicy")
    check_rights(request, role_arn, arn, ["lambda:InvokeFunction"])
    retry_policy = {
        "MaximumEventAgeInSeconds": retries.integer("maximumEventAgeInSeconds"),
        "MaximumRetryAttempts": retries.integer("maximumRetryAttempts"),
    }
    return {"Arn": arn, "RoleArn": role_arn, "Input": target.take("input"), "RetryPolicy": without_none(retry_policy)}
