"""DynamoDB tables, their resource policies, and single items."""

import json
from typing import Any

from sandbox.provider import WAITER_CONFIG, CreateRequest, CreateResult


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


def resource_policy(request: CreateRequest) -> CreateResult:
    """DynamoDB PutResourcePolicy."""
    arn = request.inputs.take("resourceArn")
    request.client("dynamodb").put_resource_policy(ResourceArn=arn, Policy=request.inputs.take("policy"))
    return CreateResult(arn)


def table_item(request: CreateRequest) -> CreateResult:
    """DynamoDB PutItem, of an item that does not exist yet; the id is made as the AWS provider does."""
    inputs = request.inputs
    table_name, keys = inputs.take("tableName"), [inputs.take("hashKey"), inputs.take("rangeKey")]
    item = json.loads(inputs.take("item"))
    request.client("dynamodb").put_item(
        TableName=table_name,
        Item=item,
        ConditionExpression="attribute_not_exists(#k)",
        ExpressionAttributeNames={"#k": keys[0]},
    )
    return CreateResult(",".join([table_name, *(item[key]["S"] for key in keys if key)]))


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
