"""What the program registers, as the same resource of CloudFormation, for which AWS publishes a schema.

The translation is explicit: a type or an input that is not here is an error that names it.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.recorder import DEFAULT_REGION, RANDOM_SUFFIX, RegisteredResource

Properties = dict[str, Any]
Converter = Callable[[Any], Any]
Property = str | tuple[str, Converter]
"""Where an input goes, `Outer.Inner` for a property inside another, and how its value is converted."""
NOT_SENT = {"propagateTags", "region"}
"""Inputs that are no property: the Region is that in which the resource is created; tags of replicas are the provider's
own doing."""


def pascal(value: Any) -> Any:
    """Keys with a capital first letter, at every depth."""
    if isinstance(value, Mapping):
        return {key[0].upper() + key[1:]: pascal(item) for key, item in value.items()}
    return [pascal(item) for item in value] if isinstance(value, list) else value


def pairs(key_name: str) -> Converter:
    """A map as a list of its entries, such as `Key` and `Value`."""
    return lambda entries: [{key_name: key, "Value": value} for key, value in entries.items()]


def one(value: Any) -> list[Any]:
    """A list of one."""
    return [value]


def metric_queries(queries: list[dict[str, Any]]) -> list[Properties]:
    """The metrics of an alarm on an expression."""
    translated = []
    for query in queries:
        properties = pascal({key: value for key, value in query.items() if key != "metric"})
        if "metric" in query:
            metric = dict(query["metric"])
            statistic = {key.capitalize(): metric.pop(key) for key in ("period", "stat")}
            dimensions = pairs("Name")(metric.pop("dimensions", {}))
            properties["MetricStat"] = {"Metric": pascal(metric) | {"Dimensions": dimensions}, **statistic}
        translated.append(properties)
    return translated


def sns_destination(destination: dict[str, Any]) -> Properties:
    """An event destination of SES, with an acronym in capitals."""
    properties: Properties = pascal({key: value for key, value in destination.items() if key != "snsDestination"})
    return properties | {"SnsDestination": {"TopicARN": destination["snsDestination"]["topicArn"]}}


TAGS: dict[str, Property] = {"tags": ("Tags", pairs("Key"))}
TYPES: dict[str, tuple[str, dict[str, Property]]] = {
    "aws:cloudwatch/dashboard:Dashboard": (
        "AWS::CloudWatch::Dashboard",
        {"dashboardBody": "DashboardBody", "dashboardName": "DashboardName"},
    ),
    "aws:cloudwatch/logGroup:LogGroup": (
        "AWS::Logs::LogGroup",
        {"name": "LogGroupName", "retentionInDays": "RetentionInDays", "kmsKeyId": "KmsKeyId", **TAGS},
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        "AWS::CloudWatch::Alarm",
        {
            "name": "AlarmName",
            "alarmDescription": "AlarmDescription",
            "alarmActions": "AlarmActions",
            "okActions": "OKActions",
            "comparisonOperator": "ComparisonOperator",
            "datapointsToAlarm": "DatapointsToAlarm",
            "dimensions": ("Dimensions", pairs("Name")),
            "evaluationPeriods": "EvaluationPeriods",
            "metricName": "MetricName",
            "metricQueries": ("Metrics", metric_queries),
            "namespace": "Namespace",
            "period": "Period",
            "statistic": "Statistic",
            "threshold": "Threshold",
            "treatMissingData": "TreatMissingData",
            "warmUpConfiguration": ("WarmUpConfiguration", pascal),
            **TAGS,
        },
    ),
    "aws:iam/role:Role": (
        "AWS::IAM::Role",
        {
            "name": "RoleName",
            "assumeRolePolicy": ("AssumeRolePolicyDocument", json.loads),
            "permissionsBoundary": "PermissionsBoundary",
            **TAGS,
        },
    ),
    "aws:iam/rolePolicy:RolePolicy": (
        "AWS::IAM::RolePolicy",
        {"name": "PolicyName", "role": "RoleName", "policy": ("PolicyDocument", json.loads)},
    ),
    "aws:kms/key:Key": (
        "AWS::KMS::Key",
        {
            "description": "Description",
            "enableKeyRotation": "EnableKeyRotation",
            "deletionWindowInDays": "PendingWindowInDays",
            **TAGS,
        },
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        "AWS::Lambda::EventSourceMapping",
        {
            "batchSize": "BatchSize",
            "eventSourceArn": "EventSourceArn",
            "functionName": "FunctionName",
            "functionResponseTypes": "FunctionResponseTypes",
            "maximumBatchingWindowInSeconds": "MaximumBatchingWindowInSeconds",
            "scalingConfig": ("ScalingConfig", pascal),
            **TAGS,
        },
    ),
    "aws:lambda/function:Function": (
        "AWS::Lambda::Function",
        {
            "name": "FunctionName",
            "architectures": "Architectures",
            "code": ("Code", lambda _: {"S3Bucket": "archives", "S3Key": "archive"}),
            "description": "Description",
            "environment": ("Environment", lambda environment: {"Variables": environment["variables"]}),
            "handler": "Handler",
            "loggingConfig": ("LoggingConfig", pascal),
            "memorySize": "MemorySize",
            "role": "Role",
            "runtime": "Runtime",
            "timeout": "Timeout",
            **TAGS,
        },
    ),
    "aws:scheduler/schedule:Schedule": (
        "AWS::Scheduler::Schedule",
        {
            "name": "Name",
            "description": "Description",
            "flexibleTimeWindow": ("FlexibleTimeWindow", pascal),
            "groupName": "GroupName",
            "kmsKeyArn": "KmsKeyArn",
            "scheduleExpression": "ScheduleExpression",
            "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
            "state": "State",
            "target": ("Target", pascal),
        },
    ),
    "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": (
        "AWS::SES::ConfigurationSetEventDestination",
        {
            "configurationSetName": "ConfigurationSetName",
            "eventDestination": ("EventDestination", sns_destination),
            "eventDestinationName": "EventDestination.Name",
        },
    ),
    "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes": (
        "AWS::SES::EmailIdentity",
        {"emailIdentity": "EmailIdentity", "emailForwardingEnabled": "FeedbackAttributes.EmailForwardingEnabled"},
    ),
    "aws:sns/topic:Topic": ("AWS::SNS::Topic", {"name": "TopicName", "kmsMasterKeyId": "KmsMasterKeyId", **TAGS}),
    "aws:sns/topicPolicy:TopicPolicy": (
        "AWS::SNS::TopicPolicy",
        {"arn": ("Topics", one), "policy": ("PolicyDocument", json.loads)},
    ),
    "aws:sns/topicSubscription:TopicSubscription": (
        "AWS::SNS::Subscription",
        {
            "endpoint": "Endpoint",
            "protocol": "Protocol",
            "rawMessageDelivery": "RawMessageDelivery",
            "redrivePolicy": ("RedrivePolicy", json.loads),
            "topic": "TopicArn",
        },
    ),
    "aws:sqs/queue:Queue": (
        "AWS::SQS::Queue",
        {
            "name": "QueueName",
            "kmsMasterKeyId": "KmsMasterKeyId",
            "maxMessageSize": "MaximumMessageSize",
            "messageRetentionSeconds": "MessageRetentionPeriod",
            "redrivePolicy": ("RedrivePolicy", json.loads),
            "sqsManagedSseEnabled": "SqsManagedSseEnabled",
            "visibilityTimeoutSeconds": "VisibilityTimeout",
            **TAGS,
        },
    ),
    "aws:sqs/queuePolicy:QueuePolicy": (
        "AWS::SQS::QueuePolicy",
        {"queueUrl": ("Queues", one), "policy": ("PolicyDocument", json.loads)},
    ),
}
"""Types with one resource of CloudFormation, and the property of each input; `name` is the physical name."""
_TABLE: dict[str, Property] = {
    "name": "TableName",
    "attributes": ("AttributeDefinitions", lambda a: [{f"Attribute{k.title()}": v for k, v in e.items()} for e in a]),
    "billingMode": "BillingMode",
    "onDemandThroughput": ("OnDemandThroughput", pascal),
    "streamViewType": "StreamSpecification.StreamViewType",
    "ttl": ("TimeToLiveSpecification", pascal),
    "warmThroughput": ("WarmThroughput", pascal),
}
_REPLICA: dict[str, Property] = {
    "deletionProtectionEnabled": "DeletionProtectionEnabled",
    "pointInTimeRecovery": (
        "PointInTimeRecoverySpecification",
        lambda recovery: {
            "PointInTimeRecoveryEnabled": recovery["enabled"],
            "RecoveryPeriodInDays": recovery["recoveryPeriodInDays"],
        },
    ),
    "serverSideEncryption": (
        "SSESpecification",
        lambda encryption: {
            "SSEEnabled": encryption["enabled"],
            "SSEType": "KMS",
            "KMSMasterKeyId": encryption["kmsKeyArn"],
        },
    ),
    **TAGS,
}
"""Inputs of a table that are properties of each replica in a global table."""
_REPLICA_INPUTS: dict[str, Property] = {
    "regionName": "Region",
    "deletionProtectionEnabled": "DeletionProtectionEnabled",
    "pointInTimeRecovery": (
        "PointInTimeRecoverySpecification",
        lambda enabled: {"PointInTimeRecoveryEnabled": enabled},
    ),
}


def to_cloudformation(resource: RegisteredResource) -> tuple[str, Properties]:
    """The type and the properties. Raises: AssertionError, naming the type or the input that has no translation."""
    inputs = {"name": f"{resource.name}-{RANDOM_SUFFIX}", **resource.inputs}
    if translate := _OTHER_TYPES.get(resource.type):
        return translate(resource.type, inputs)
    assert resource.type in TYPES, f"{resource.type} has no translation: add it to {__name__}"
    type_, properties = TYPES[resource.type]
    if "name" not in properties:
        del inputs["name"]
    return type_, _translate(resource.type, inputs, properties)


def _translate(type_: str, inputs: Mapping[str, Any], properties: Mapping[str, Property]) -> Properties:
    translated: Properties = {}
    for name in inputs.keys() - NOT_SENT:
        value = inputs[name]
        assert name in properties, f"{type_} has no property for the input {name}: add it to {__name__}"
        target = properties[name]
        path, convert = target if isinstance(target, tuple) else (target, lambda unchanged: unchanged)
        *outer, last = path.split(".")
        place = translated
        for key in outer:
            place = place.setdefault(key, {})
        place[last] = {**place.get(last, {}), **convert(value)} if isinstance(place.get(last), dict) else convert(value)
    return translated


def _table(type_: str, inputs: Properties) -> tuple[str, Properties]:
    """A table, or a global one with a replica per Region, its own among them."""
    key_types = {"HASH": inputs.pop("hashKey"), "RANGE": inputs.pop("rangeKey", None)}
    inputs.pop("streamEnabled", None)
    replicas = inputs.pop("replicas", [])
    of_replica = {name: inputs.pop(name) for name in list(inputs) if name in _REPLICA}
    properties = _translate(type_, inputs, _TABLE)
    properties["KeySchema"] = [{"AttributeName": name, "KeyType": key} for key, name in key_types.items() if name]
    of_table = _translate(type_, of_replica, _REPLICA)
    if not replicas:
        return "AWS::DynamoDB::Table", properties | of_table
    assert "SSESpecification" not in of_table, "a global table under a customer key has a key in each Region"
    # Writes are limited for the whole of a global table, reads in each replica.
    throughput = properties.pop("OnDemandThroughput", {})
    for kind in ("Read", "Write"):
        if (most := throughput.get(f"Max{kind}RequestUnits")) is not None:
            place = of_table if kind == "Read" else properties
            place[f"{kind}OnDemandThroughputSettings"] = {f"Max{kind}RequestUnits": most}
    of_replicas = [of_table | _translate(type_, replica, _REPLICA_INPUTS) for replica in replicas]
    # Its own replica is in the Region in which the template is validated.
    return "AWS::DynamoDB::GlobalTable", properties | {
        "Replicas": [{"Region": DEFAULT_REGION, **of_table}, *of_replicas]
    }


def _table_policy(_: str, inputs: Properties) -> tuple[str, Properties]:
    """In CloudFormation it is a property of the table, beside the properties that a table must have."""
    properties = {
        "KeySchema": [{"AttributeName": "value", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "value", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    return "AWS::DynamoDB::Table", properties | {"ResourcePolicy": {"PolicyDocument": json.loads(inputs["policy"])}}


def _key_policy(_: str, inputs: Properties) -> tuple[str, Properties]:
    """In CloudFormation it is a property of the key."""
    return "AWS::KMS::Key", {"KeyPolicy": json.loads(inputs["policy"])}


def _redrive_allow_policy(_: str, inputs: Properties) -> tuple[str, Properties]:
    """In CloudFormation it is a property of the queue."""
    return "AWS::SQS::Queue", {"RedriveAllowPolicy": json.loads(inputs["redriveAllowPolicy"])}


_OTHER_TYPES: dict[str, Callable[[str, Properties], tuple[str, Properties]]] = {
    "aws:dynamodb/resourcePolicy:ResourcePolicy": _table_policy,
    "aws:dynamodb/table:Table": _table,
    "aws:kms/keyPolicy:KeyPolicy": _key_policy,
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": _redrive_allow_policy,
}
TRANSLATED = TYPES.keys() | _OTHER_TYPES.keys()
"""The types that have a translation."""
