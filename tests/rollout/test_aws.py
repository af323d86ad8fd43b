"""The calls that a rollout makes to AWS, on moto. Does not prove which permissions AWS requires."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import boto3
import pytest
from moto import mock_aws

from rollout import aws
from rollout.deployer import StackError
from tests.rollout.fake_deployer import member_stack

REGION = "eu-west-1"
ALARM_TOPIC_ARN = f"arn:aws:sns:{REGION}:123456789012:alarms"


@pytest.fixture(autouse=True)
def moto_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    with mock_aws():
        yield


def test_the_roles_are_assumed_one_after_the_other() -> None:
    stack = member_stack("a")
    assert aws.read_account_id(stack) == "123456789012"
    role_arns = tuple(f"arn:aws:iam::{account_id}:role/deploy" for account_id in ("3" * 12, "4" * 12))
    assert aws.read_account_id(replace(stack, role_arns=role_arns[:1])) == "3" * 12
    assert aws.read_account_id(replace(stack, role_arns=role_arns)) == "4" * 12


def test_missing_credentials_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(StackError, match="credentials"):
        aws.read_account_id(member_stack("a"))


def stack_outputs(sqs: Any) -> dict[str, Any]:
    urls = {
        key: sqs.create_queue(QueueName=key)["QueueUrl"]
        for key in ("deadLetterQueueUrl", "subscriptionDeadLetterQueueUrl")
    }
    return {
        "pipelines": {"bounce-a": {"region": REGION, **urls}},
        "monitoring": {REGION: {"alarmTopicArn": ALARM_TOPIC_ARN}},
    }


def test_a_healthy_stack_and_one_that_does_not_exist_have_no_findings() -> None:
    assert aws.check_health(member_stack("a"), stack_outputs(boto3.client("sqs", region_name=REGION))) == {}
    assert aws.check_health(member_stack("a"), {}) == {}


def test_alarms_of_the_stack_and_messages_in_both_dead_letter_queues_are_found() -> None:
    sqs = boto3.client("sqs", region_name=REGION)
    cloudwatch = boto3.client("cloudwatch", region_name=REGION)
    outputs = stack_outputs(sqs)
    for url, count in zip(list(outputs["pipelines"]["bounce-a"].values())[1:], (2, 1), strict=True):
        for _ in range(count):
            sqs.send_message(QueueUrl=url, MessageBody="{}")
    states: dict[str, Literal["ALARM", "OK"]] = {"in-alarm": "ALARM", "ok": "OK"}
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
            AlarmActions=[ALARM_TOPIC_ARN],
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")
    assert aws.check_health(member_stack("a"), outputs) == {
        "alarm in-alarm in eu-west-1": 1,
        "dead letters of bounce-a": 2,
        "subscription dead letters of bounce-a": 1,
    }


def test_dead_letters_are_counted_without_the_alarms_and_a_refusal_is_reported() -> None:
    sqs = boto3.client("sqs", region_name=REGION)
    outputs = stack_outputs(sqs)
    sqs.send_message(QueueUrl=outputs["pipelines"]["bounce-a"]["deadLetterQueueUrl"], MessageBody="{}")
    assert aws.count_dead_letters(member_stack("a"), outputs) == {"dead letters of bounce-a": 1}
    assert aws.count_dead_letters(member_stack("a"), {}) == {}
    outputs["pipelines"]["bounce-a"]["deadLetterQueueUrl"] += "-gone"
    with pytest.raises(StackError, match="GetQueueAttributes"):
        aws.count_dead_letters(member_stack("a"), outputs)


def test_a_health_check_that_aws_refuses_is_reported_with_its_operation() -> None:
    outputs = stack_outputs(boto3.client("sqs", region_name=REGION))
    outputs["pipelines"]["bounce-a"]["deadLetterQueueUrl"] += "-gone"
    with pytest.raises(StackError, match="GetQueueAttributes"):
        aws.check_health(member_stack("a"), outputs)
