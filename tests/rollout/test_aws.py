"""What a rollout asks of AWS, on moto. Does not prove which rights AWS asks for."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import boto3
import pytest
from moto import mock_aws

from rollout import aws
from rollout.executor import StackError
from tests.rollout.fake import stack

REGION = "eu-west-1"
TOPIC = f"arn:aws:sns:{REGION}:123456789012:alarms"


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    with mock_aws():
        yield


def test_the_roles_are_assumed_one_after_the_other() -> None:
    one = stack("a")
    assert aws.account(one) == "123456789012"
    roles = [
        {"roleArn": f"arn:aws:iam::{account}:role/deploy", "sessionName": "rollout"} for account in ("3" * 12, "4" * 12)
    ]
    assert aws.account(replace(one, config={"aws:assumeRoles": roles[:1]})) == "3" * 12
    assert aws.account(replace(one, config={"aws:assumeRoles": roles})) == "4" * 12


def test_credentials_that_are_missing_are_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(StackError, match="credentials"):
        aws.account(stack("a"))


def exported(sqs: Any) -> dict[str, Any]:  # boto3's client
    urls = {
        key: sqs.create_queue(QueueName=key)["QueueUrl"]
        for key in ("deadLetterQueueUrl", "subscriptionDeadLetterQueueUrl")
    }
    return {
        "pipelines": {"bounce-a": {"region": REGION, **urls}},
        "monitoring": {REGION: {"alarmTopicArn": TOPIC}},
    }


def test_healthy_is_nothing_and_so_is_a_stack_that_does_not_exist() -> None:
    assert aws.health(stack("a"), exported(boto3.client("sqs", region_name=REGION))) == {}
    assert aws.health(stack("a"), {}) == {}


def test_alarms_of_the_stack_that_ring_and_messages_in_both_queues_are_found() -> None:
    sqs = boto3.client("sqs", region_name=REGION)
    cloudwatch = boto3.client("cloudwatch", region_name=REGION)
    outputs = exported(sqs)
    for url, count in zip(list(outputs["pipelines"]["bounce-a"].values())[1:], (2, 1), strict=True):
        for _ in range(count):
            sqs.send_message(QueueUrl=url, MessageBody="{}")
    states: dict[str, Literal["ALARM", "OK"]] = {"rings": "ALARM", "quiet": "OK"}
    for name, state in states.items():
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/SQS",
            MetricName="x",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=[TOPIC],
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")
    assert aws.health(stack("a"), outputs) == {
        "alarm rings in eu-west-1": 1,
        "dead letters of bounce-a": 2,
        "subscription dead letters of bounce-a": 1,
    }


def test_a_look_that_aws_refuses_is_told_with_its_operation() -> None:
    outputs = exported(boto3.client("sqs", region_name=REGION))
    outputs["pipelines"]["bounce-a"]["deadLetterQueueUrl"] += "-gone"
    with pytest.raises(StackError, match="GetQueueAttributes"):
        aws.health(stack("a"), outputs)
