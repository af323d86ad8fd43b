"""DynamoDB tables and who else may use them."""

from typing import Any

from sandbox.applier import POLLING, Made, Request


def table(request: Request) -> Made:
    """DynamoDB CreateTable, UpdateTimeToLive and UpdateContinuousBackups."""
    inputs, dynamodb = request.inputs, request.client("dynamodb")
    name = request.physical_name(255)
    keys = {"HASH": inputs.take("hashKey"), "RANGE": inputs.take("rangeKey")}
    settings: dict[str, Any] = {}
    encryption = inputs.nested("serverSideEncryption")
    if encryption.take("enabled", False):
        settings["SSESpecification"] = {"Enabled": True, "SSEType": "KMS"}
        if key := encryption.take("kmsKeyArn"):
            settings["SSESpecification"]["KMSMasterKeyId"] = key
    dynamodb.create_table(
        TableName=name,
        BillingMode=inputs.take("billingMode", "PROVISIONED"),
        KeySchema=[{"AttributeName": key, "KeyType": kind} for kind, key in keys.items() if key],
        AttributeDefinitions=[
            {"AttributeName": attribute.take("name"), "AttributeType": attribute.take("type")}
            for attribute in inputs.each("attributes")
        ],
        DeletionProtectionEnabled=inputs.take("deletionProtectionEnabled", False),
        Tags=[{"Key": key, "Value": value} for key, value in inputs.take("tags", {}).items()],
        **settings,
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig=POLLING)
    _time_to_live(request, name)
    _recovery(request, name)
    return Made(name, {"arn": dynamodb.describe_table(TableName=name)["Table"]["TableArn"], "name": name})


def resource_policy(request: Request) -> Made:
    """DynamoDB PutResourcePolicy."""
    arn = request.inputs.take("resourceArn")
    request.client("dynamodb").put_resource_policy(ResourceArn=arn, Policy=request.inputs.take("policy"))
    return Made(arn)


def _time_to_live(request: Request, name: str) -> None:
    settings = request.inputs.nested("ttl")
    attribute, enabled = settings.take("attributeName"), settings.take("enabled", False)
    if enabled:
        request.client("dynamodb").update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute}
        )


def _recovery(request: Request, name: str) -> None:
    settings = request.inputs.nested("pointInTimeRecovery")
    days, enabled = settings.integer("recoveryPeriodInDays"), settings.take("enabled", False)
    if enabled:
        specification: dict[str, Any] = {"PointInTimeRecoveryEnabled": True}
        if days:
            specification["RecoveryPeriodInDays"] = days
        request.client("dynamodb").update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification=specification
        )
