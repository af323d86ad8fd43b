"""What a rollout asks of AWS itself, by the roles of each stack: which account this is, and whether all is well."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from .executor import Health, StackError
from .plan import PlannedStack

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_sqs import SQSClient


def account(stack: PlannedStack) -> str:
    """The id of the account that the stack's roles lead to. Raises: StackError."""
    try:
        return _session(stack).client("sts").get_caller_identity()["Account"]
    except (ClientError, BotoCoreError) as error:
        raise StackError(_told(error)) from None


def health(stack: PlannedStack, outputs: Mapping[str, object]) -> Health:
    """Alarms that ring, and messages in dead-letter queues. Raises: StackError.

    Needs cloudwatch:DescribeAlarms and sqs:GetQueueAttributes. SQS counts approximately, within a minute or so
    (SQS API, GetQueueAttributes).
    """
    if not outputs:
        return {}
    try:
        session = _session(stack)
        return dict(_alarms(session, outputs)) | dict(_dead_letters(session, outputs))
    except (ClientError, BotoCoreError) as error:
        raise StackError(_told(error)) from None


def _alarms(session: boto3.Session, outputs: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """By the topic that they notify: their names are the engine's business."""
    for region, monitoring in outputs.get("monitoring", {}).items():
        client: CloudWatchClient = session.client("cloudwatch", region_name=region)
        pages = client.get_paginator("describe_alarms").paginate(
            StateValue="ALARM", ActionPrefix=monitoring["alarmTopicArn"], AlarmTypes=["MetricAlarm"]
        )
        for page in pages:
            for alarm in page["MetricAlarms"]:
                if alarm["StateValue"] == "ALARM":  # some emulators filter by one of the two only
                    yield f"alarm {alarm['AlarmName']} in {region}", 1


def _dead_letters(session: boto3.Session, outputs: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for name, pipeline in outputs.get("pipelines", {}).items():
        client: SQSClient = session.client("sqs", region_name=pipeline["region"])
        for key, what in (
            ("deadLetterQueueUrl", "dead letters"),
            ("subscriptionDeadLetterQueueUrl", "subscription dead letters"),
        ):
            found = client.get_queue_attributes(QueueUrl=pipeline[key], AttributeNames=["ApproximateNumberOfMessages"])
            if count := int(found["Attributes"]["ApproximateNumberOfMessages"]):
                yield f"{what} of {name}", count


def _session(stack: PlannedStack) -> boto3.Session:
    """Credentials after assuming the stack's roles, one after the other. New each time: a soak outlasts them."""
    session = boto3.Session(region_name=stack.region)
    for role in cast(list[Mapping[str, str]], stack.config.get("aws:assumeRoles", [])):
        got = session.client("sts").assume_role(RoleArn=role["roleArn"], RoleSessionName=role["sessionName"])
        keys = got["Credentials"]
        session = boto3.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=stack.region
        )
    return session


def _told(error: ClientError | BotoCoreError) -> str:
    operation = f"{error.operation_name}: " if isinstance(error, ClientError) else ""
    return f"{operation}{error}".replace("An error occurred ", "")
