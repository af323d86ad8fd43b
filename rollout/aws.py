"""Asks AWS, with the roles of each stack, which account they lead to and whether the stack is healthy."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from .deployer import HealthFindings, StackError
from .plan import PlannedStack
from .target_config import ROLE_SESSION_NAME

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class _AlarmTopic:
    region: str
    arn: str


@dataclass(frozen=True)
class _DeadLetterQueue:
    description: str
    region: str
    url: str


def read_account_id(stack: PlannedStack) -> str:
    """The id of the account that the stack's roles lead to. Raises: StackError."""
    try:
        return session_of(stack.region, stack.role_arns).client("sts").get_caller_identity()["Account"]
    except (ClientError, BotoCoreError) as error:
        raise StackError(message_of(error)) from None


def check_health(stack: PlannedStack, outputs: Mapping[str, object]) -> HealthFindings:
    """Alarms in the ALARM state, and messages in dead-letter queues. Raises: StackError.

    Needs cloudwatch:DescribeAlarms and sqs:GetQueueAttributes. SQS counts approximately, within a minute or so
    (SQS API, GetQueueAttributes).
    """
    if not outputs:
        return {}
    try:
        session = session_of(stack.region, stack.role_arns)
        return dict(_alarms(session, outputs)) | dict(_dead_letters(session, outputs))
    except (ClientError, BotoCoreError) as error:
        raise StackError(message_of(error)) from None


def count_dead_letters(stack: PlannedStack, outputs: Mapping[str, object]) -> HealthFindings:
    """Messages in the dead-letter queues, as `check_health` finds them. Raises: StackError."""
    try:
        return dict(_dead_letters(session_of(stack.region, stack.role_arns), outputs))
    except (ClientError, BotoCoreError) as error:
        raise StackError(message_of(error)) from None


def _alarms(session: boto3.Session, outputs: Mapping[str, object]) -> Iterator[tuple[str, int]]:
    """Alarms are found by the topic that they notify, since the engine chooses their names."""
    for topic in _alarm_topics(outputs):
        client: CloudWatchClient = session.client("cloudwatch", region_name=topic.region)
        pages = client.get_paginator("describe_alarms").paginate(
            StateValue="ALARM", ActionPrefix=topic.arn, AlarmTypes=["MetricAlarm"]
        )
        for page in pages:
            for alarm in page["MetricAlarms"]:
                if alarm["StateValue"] == "ALARM":  # some emulators apply only one of the two filters
                    yield f"alarm {alarm['AlarmName']} in {topic.region}", 1


def _dead_letters(session: boto3.Session, outputs: Mapping[str, object]) -> Iterator[tuple[str, int]]:
    for queue in _dead_letter_queues(outputs):
        client: SQSClient = session.client("sqs", region_name=queue.region)
        response = client.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["ApproximateNumberOfMessages"])
        if count := int(response["Attributes"]["ApproximateNumberOfMessages"]):
            yield queue.description, count


def _alarm_topics(outputs: Mapping[str, Any]) -> Iterator[_AlarmTopic]:
    for region, monitoring in outputs.get("monitoring", {}).items():
        yield _AlarmTopic(region, monitoring["alarmTopicArn"])


def _dead_letter_queues(outputs: Mapping[str, Any]) -> Iterator[_DeadLetterQueue]:
    for name, pipeline in outputs.get("pipelines", {}).items():
        region = pipeline["region"]
        yield _DeadLetterQueue(f"dead letters of {name}", region, pipeline["deadLetterQueueUrl"])
        subscription_url = pipeline["subscriptionDeadLetterQueueUrl"]
        yield _DeadLetterQueue(f"subscription dead letters of {name}", region, subscription_url)


def session_of(region: str, role_arns: Iterable[str]) -> boto3.Session:
    """A session with the credentials of the last role. New for each call: a soak time outlasts credentials."""
    session = boto3.Session(region_name=region)
    for role_arn in role_arns:
        response = session.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=ROLE_SESSION_NAME)
        credentials = response["Credentials"]
        session = boto3.Session(
            credentials["AccessKeyId"],
            credentials["SecretAccessKey"],
            credentials["SessionToken"],
            region_name=region,
        )
    return session


def message_of(error: ClientError | BotoCoreError) -> str:
    """What AWS refused, and why."""
    operation = f"{error.operation_name}: " if isinstance(error, ClientError) else ""
    return f"{operation}{error}".replace("An error occurred ", "")
