"""DynamoDB tables and their resource policies."""

from typing import Any

from sandbox.provider import WAITER_CONFIG, CreateRequest, CreateResult, Inputs, without_none


def table(request: CreateRequest) -> CreateResult:
    """DynamoDB CreateTable, UpdateTimeToLive and UpdateContinuousBackups."""
    inputs, dynamodb = request.inputs, request.client("dynamodb")
    name = request.physical_name(255)
    key_names = {"HASH": inputs.take("hashKey"), "RANGE": inputs.take("rangeKey")}
    settings: dict[str, Any] = {}
    encryption = inputs.nested("serverSideEncryption")
    if encryption.take("enabled", False):
        settings["SSESpecification"] = {"Enabled": True, "SSEType": "KMS"}
        if key := encryption.take("kmsKeyArn"):
            settings["SSESpecification"]["KMSMasterKeyId"] = key
    settings |= without_none(
        {
            "WarmThroughput": _units(inputs.nested("warmThroughput"), "readUnitsPerSecond", "writeUnitsPerSecond"),
            "OnDemandThroughput": _units(
                inputs.nested("onDemandThroughput"), "maxReadRequestUnits", "maxWriteRequestUnits"
            ),
        }
    )
    dynamodb.create_table(
        TableName=name,
        BillingMode=inputs.take("billingMode", "PROVISIONED"),
        KeySchema=[
            {"AttributeName": key_name, "KeyType": key_type} for key_type, key_name in key_names.items() if key_name
        ],
        AttributeDefinitions=[
            {"AttributeName": attribute.take("name"), "AttributeType": attribute.take("type")}
            for attribute in inputs.each("attributes")
        ],
        DeletionProtectionEnabled=inputs.take("deletionProtectionEnabled", False),
        Tags=inputs.tag_list(),
        **settings,
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig=WAITER_CONFIG)
    _time_to_live(request, name)
    _recovery(request, name)
    return CreateResult(name, {"arn": dynamodb.describe_table(TableName=name)["Table"]["TableArn"], "name": name})


def _units(inputs: Inputs, *names: str) -> dict[str, Any] | None:
    units = {name[0].upper() + name[1:]: inputs.integer(name) for name in names}
    return without_none(units) or None


def resource_policy(request: CreateRequest) -> CreateResult:
    """DynamoDB PutResourcePolicy."""
    arn = request.inputs.take("resourceArn")
    request.client("dynamodb").put_resource_policy(ResourceArn=arn, Policy=request.inputs.take("policy"))
    return CreateResult(arn)


def _time_to_live(request: CreateRequest, name: str) -> None:
    settings = request.inputs.nested("ttl")
    attribute, enabled = settings.take("attributeName"), settings.take("enabled", False)
    if enabled:
        request.client("dynamodb").update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute}
        )


def _recovery(request: CreateRequest, name: str) -> None:
    settings = request.inputs.nested("pointInTimeRecovery")
    days, enabled = settings.integer("recoveryPeriodInDays"), settings.take("enabled", False)
    if enabled:
        specification: dict[str, Any] = {"PointInTimeRecoveryEnabled": True}
        if days:
            specification["RecoveryPeriodInDays"] = days
        request.client("dynamodb").update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification=specification
        )
