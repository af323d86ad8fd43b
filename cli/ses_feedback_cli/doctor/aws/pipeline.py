"""Reads the resources of a pipeline from topic to function: SNS, SQS, KMS and Lambda."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ses_feedback_cli.doctor.aws import calls
from ses_feedback_cli.doctor.aws.clients import Reader
from ses_feedback_cli.doctor.observations import function_arn
from ses_feedback_cli.doctor.resources import (
    CanaryState,
    EventSourceMapping,
    Function,
    Key,
    Missing,
    PolicyDocument,
    Queue,
    Subscription,
    Topic,
)
from ses_feedback_cli.stack_outputs import Pipeline

_AWS_MANAGED_ALIASES = ("alias/aws/sns", "alias/aws/sqs")
ReadKey = Callable[[str | None], Key | None]
"""Takes the KmsMasterKeyId attribute of a topic or a queue."""


def key_reader(reader: Reader) -> ReadKey:
    """A function that reads keys, each once."""

    @cache
    def read_key(key_id: str | None) -> Key | None:
        if not key_id:
            return None
        if key_id.endswith(_AWS_MANAGED_ALIASES):
            return Key(key_id, aws_managed=True)
        response = reader.read(calls.KEY, KeyId=key_id)
        if isinstance(response, Missing):
            return Key(key_id, state=response)
        metadata = response["KeyMetadata"]
        aws_managed = metadata.get("KeyManager") == "AWS"
        policy: PolicyDocument | Missing = Missing.UNKNOWN
        if not aws_managed:
            response = reader.read(calls.KEY_POLICY, KeyId=metadata["Arn"], PolicyName="default")
            policy = response if isinstance(response, Missing) else _parse_policy(response["Policy"])
        return Key(key_id, aws_managed, metadata["KeyState"], policy)

    return read_key


def read_topic(reader: Reader, pipeline: Pipeline, read_key: ReadKey) -> Topic | Missing:
    """The topic, its policy and its key."""
    response = reader.read(calls.TOPIC, TopicArn=pipeline.topic_arn)
    if isinstance(response, Missing):
        return response
    attributes = response["Attributes"]
    return Topic(_parse_policy(attributes.get("Policy")), read_key(attributes.get("KmsMasterKeyId")))


def read_subscription(reader: Reader, pipeline: Pipeline, queue_arn: str) -> Subscription | Missing:
    """The queue's subscription to the topic; NOT_FOUND too when the topic does not exist."""
    response = reader.read(calls.SUBSCRIPTIONS, TopicArn=pipeline.topic_arn)
    if isinstance(response, Missing):
        return response
    arns = [
        subscription["SubscriptionArn"]
        for subscription in response["Subscriptions"]
        if subscription["Endpoint"] == queue_arn
    ]
    if not arns:
        return Missing.NOT_FOUND
    arn = next((arn for arn in arns if arn.startswith("arn:")), None)
    if arn is None:
        return Subscription(arns[0], pending=True)  # SNS returns PendingConfirmation instead of the ARN
    response = reader.read(calls.SUBSCRIPTION, SubscriptionArn=arn)
    if isinstance(response, Missing):
        return response
    attributes = response["Attributes"]
    return Subscription(
        arn,
        attributes.get("PendingConfirmation") == "true",
        attributes.get("RawMessageDelivery") == "true",
        attributes.get("FilterPolicy") or None,
        _parse_policy(attributes.get("RedrivePolicy")).get("deadLetterTargetArn"),
    )


def read_queue(reader: Reader, url: str, read_key: ReadKey) -> Queue | Missing:
    """A queue, its policy and its key."""
    response = reader.read(calls.QUEUE, QueueUrl=url, AttributeNames=["All"])
    if isinstance(response, Missing):
        return response
    attributes = response["Attributes"]
    redrive_policy = _parse_policy(attributes.get("RedrivePolicy"))
    return Queue(
        attributes["QueueArn"],
        url,
        _parse_policy(attributes.get("Policy")),
        sum(int(attributes.get(f"ApproximateNumberOfMessages{suffix}", 0)) for suffix in ("", "NotVisible")),
        int(attributes.get("VisibilityTimeout", 0)),
        int(attributes.get("MessageRetentionPeriod", 0)),
        redrive_policy.get("deadLetterTargetArn"),
        int(redrive_policy.get("maxReceiveCount", 0)),
        read_key(attributes.get("KmsMasterKeyId")),
    )


def read_event_source_mapping(reader: Reader, pipeline: Pipeline, queue_arn: str) -> EventSourceMapping | Missing:
    """The event source mapping from this queue to the function; the enabled one if there are several."""
    response = reader.read(calls.EVENT_SOURCE_MAPPINGS, FunctionName=pipeline.function_name)
    if isinstance(response, Missing):
        return response
    mappings = [mapping for mapping in response["EventSourceMappings"] if mapping.get("EventSourceArn") == queue_arn]
    if not mappings:
        return Missing.NOT_FOUND
    mapping = max(mappings, key=lambda mapping: mapping["State"] == "Enabled")
    return EventSourceMapping(
        mapping["UUID"],
        mapping["State"],
        tuple(mapping.get("FunctionResponseTypes", ())),
        mapping.get("ScalingConfig", {}).get("MaximumConcurrency"),
    )


def read_function(reader: Reader, pipeline: Pipeline) -> tuple[Function | Missing, int | Missing | None]:
    """The function and its reserved concurrency, None if it has none."""
    response = reader.read(calls.FUNCTION, FunctionName=pipeline.function_name)
    if isinstance(response, Missing):
        return response, response
    variables = response.get("Environment", {}).get("Variables", {})
    function = Function(
        response.get("State", "Active"),
        response.get("StateReason", "") or response.get("LastUpdateStatusReason", ""),
        response.get("LastUpdateStatus", "Successful"),
        response["Timeout"],
        tuple(variables[name] for name in ("BLOCKED_TABLE_ARN", "HISTORY_TABLE_ARN") if name in variables),
        {name: url for name, url in variables.items() if name.endswith("QUEUE_URL")},
    )
    response = reader.read(calls.CONCURRENCY, FunctionName=pipeline.function_name)
    if isinstance(response, Missing):
        return function, response
    return function, response.get("ReservedConcurrentExecutions")


def read_redrive_schedule(reader: Reader, pipeline: Pipeline) -> str | Missing | None:
    """The state of the schedule that invokes the function for the automatic redrive, if the stack has one."""
    if not pipeline.redrive_schedule:
        return None
    response = reader.read(calls.SCHEDULE, Name=pipeline.redrive_schedule)
    return response if isinstance(response, Missing) else str(response["State"])


def read_canary(reader: Reader, pipeline: Pipeline) -> CanaryState | None:
    """Function and schedule of the canary. The stack exports no name of the schedule: its target is the function."""
    if pipeline.canary is None:
        return None
    name = pipeline.canary.function_name
    function = reader.read(calls.FUNCTION, FunctionName=name)
    response = reader.read(calls.SCHEDULES, NamePrefix=f"canary-{pipeline.canary.source}-")
    schedule: str | Missing = Missing.UNKNOWN
    if not isinstance(response, Missing):
        arn = function_arn(pipeline, name)
        states = [str(each["State"]) for each in response["Schedules"] if each["Target"]["Arn"] == arn]
        schedule = max(states, default=Missing.NOT_FOUND, key=lambda state: state == "ENABLED")
    return CanaryState(function if isinstance(function, Missing) else function.get("State", "Active"), schedule)


def _parse_policy(document: str | None) -> PolicyDocument:
    """A resource policy or a redrive policy, from its JSON; empty for none."""
    policy: Any = json.loads(document) if document else {}
    return policy if isinstance(policy, Mapping) else {}
