"""The program of this repository, deployed: its resources as the API of AWS describes them.

Not proved: that AWS accepts it, or that AWS evaluates policies as the emulator does.
"""

import io
import json
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from ses_feedback.history.table_settings import SETTINGS_KEY, TableSettings
from ses_feedback.table import decode, encode

from components.inputs import camel_case
from sandbox import Account, DeployedStack, SandboxError, deploy


@pytest.fixture(scope="module")
def stack(new_account: Callable[[], Account]) -> DeployedStack:
    return deploy(new_account(), {"ses-feedback:functionTimeoutSeconds": 20, "ses-feedback:tags": {"team": "mail"}})


@pytest.fixture(scope="module", params=["bounce", "complaint"])
def pipeline(request: pytest.FixtureRequest, stack: DeployedStack) -> dict[str, Any]:
    outputs: dict[str, Any] = stack.outputs["pipelines"][f"{request.param}-eu-west-1-shop-example"]
    return outputs


def test_what_the_program_expects_is_made_first(stack: DeployedStack) -> None:
    assert stack.prerequisites == [
        "identity shop.example in eu-west-1",
        "identity news.shop.example in eu-west-1",
        "configuration set main in eu-west-1",
    ]


def test_ses_knows_the_topics_of_each_identity(stack: DeployedStack) -> None:
    ses = stack.account.client("ses", "eu-west-1")
    topics = {
        f"{pipeline['kind'].capitalize()}Topic": pipeline["topicArn"]
        for pipeline in stack.outputs["pipelines"].values()
    }
    expected = {
        **topics,
        "ForwardingEnabled": True,
        "HeadersInBounceNotificationsEnabled": False,
        "HeadersInComplaintNotificationsEnabled": False,
    }
    response = ses.get_identity_notification_attributes(Identities=["shop.example", "news.shop.example"])
    assert response["NotificationAttributes"] == {"shop.example": expected, "news.shop.example": expected}


def test_a_resource_waits_for_what_it_depends_on(stack: DeployedStack) -> None:
    names = [resource.name for resource in stack.resources]
    for kind in ("bounce", "complaint"):
        base = f"{kind}-eu-west-1-shop-example"
        assert names.index(f"{base}-topic-policy") < names.index(f"{base}-shop.example")
        assert names.index(f"{base}-role-policy") < names.index(f"{base}-mapping")


def test_the_tables_are_as_asked(stack: DeployedStack) -> None:
    dynamodb = stack.account.client("dynamodb", "eu-central-1")
    keys = {"blocked": ["value"], "history": ["value", "entry"]}
    for table, expected in keys.items():
        name = stack.outputs[f"{table}TableName"]
        described = dynamodb.describe_table(TableName=name)["Table"]
        assert [key["AttributeName"] for key in described["KeySchema"]] == expected
        assert described["TableArn"] == stack.outputs[f"{table}TableArn"]
        assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "expires_at")
        recovery = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        assert recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        tags = dynamodb.list_tags_of_resource(ResourceArn=described["TableArn"])["Tags"]
        assert tags == [{"Key": "team", "Value": "mail"}]


def test_the_queues_are_as_asked(stack: DeployedStack, pipeline: dict[str, Any]) -> None:
    sqs = stack.account.client("sqs", "eu-west-1")

    def attributes(key: str) -> dict[str, str]:
        values: dict[str, str] = sqs.get_queue_attributes(QueueUrl=pipeline[key], AttributeNames=["All"])["Attributes"]
        return values

    queue, dead_letters, subscription_dead_letters = map(
        attributes, ("queueUrl", "deadLetterQueueUrl", "subscriptionDeadLetterQueueUrl")
    )
    assert queue["VisibilityTimeout"] == "483"
    redrive_policy = json.loads(queue["RedrivePolicy"])
    assert redrive_policy == {"deadLetterTargetArn": dead_letters["QueueArn"], "maxReceiveCount": 1000}
    allowed = json.loads(dead_letters["RedriveAllowPolicy"])
    assert allowed == {"redrivePermission": "byQueue", "sourceQueueArns": [queue["QueueArn"]]}
    assert (
        dead_letters["MessageRetentionPeriod"]
        == subscription_dead_letters["MessageRetentionPeriod"]
        == str(14 * 24 * 3600)
    )
    assert {each["SqsManagedSseEnabled"] for each in (queue, dead_letters, subscription_dead_letters)} == {"true"}
    assert {len(json.loads(each["Policy"])["Statement"]) for each in (queue, subscription_dead_letters)} == {3}

    sns = stack.account.client("sns", "eu-west-1")
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=pipeline["topicArn"])["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("sqs", queue["QueueArn"])
    subscription_attributes = sns.get_subscription_attributes(SubscriptionArn=subscription["SubscriptionArn"])[
        "Attributes"
    ]
    assert subscription_attributes["RawMessageDelivery"] == "true"
    assert json.loads(subscription_attributes["RedrivePolicy"]) == {
        "deadLetterTargetArn": subscription_dead_letters["QueueArn"]
    }


def test_the_settings_are_in_the_history_table(stack: DeployedStack) -> None:
    table = stack.outputs["historyTableArn"]
    client = stack.account.client("dynamodb", table.split(":")[3])
    item = client.get_item(TableName=table, Key=encode(SETTINGS_KEY), ConsistentRead=True)["Item"]
    numbers = TableSettings.read(decode(item)).numbers()
    assert {camel_case(name): number for name, number in numbers.items()} == stack.outputs["tableSettings"]


def test_the_function_is_as_asked(stack: DeployedStack, pipeline: dict[str, Any]) -> None:
    client = stack.account.client("lambda", "eu-west-1")
    function = client.get_function(FunctionName=pipeline["functionName"])
    configuration = function["Configuration"]
    assert (configuration["Runtime"], configuration["Architectures"]) == ("python3.13", ["arm64"])
    assert (configuration["Timeout"], configuration["MemorySize"]) == (20, 256)
    assert configuration["Role"] == pipeline["roleArn"]
    assert configuration["LoggingConfig"]["LogGroup"] == pipeline["logGroupName"]
    assert configuration["LoggingConfig"]["LogFormat"] == "JSON"
    variables = configuration["Environment"]["Variables"]
    assert variables["BLOCKED_TABLE_ARN"] == stack.outputs["blockedTableArn"]
    assert function["Tags"] == {"team": "mail"}
    (mapping,) = client.list_event_source_mappings(FunctionName=pipeline["functionName"])["EventSourceMappings"]
    assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (10, ["ReportBatchItemFailures"])
    logs = stack.account.client("logs", "eu-west-1")
    (group,) = logs.describe_log_groups(logGroupNamePrefix=pipeline["logGroupName"])["logGroups"]
    assert group["retentionInDays"] == 30


def test_the_function_is_invoked_on_a_schedule(stack: DeployedStack, pipeline: dict[str, Any]) -> None:
    scheduler = stack.account.client("scheduler", "eu-west-1")
    name = pipeline["functionName"].rsplit("-function-", 1)[0]
    (summary,) = [
        each for each in scheduler.list_schedules()["Schedules"] if each["Name"].startswith(f"{name}-redrive-")
    ]
    schedule = scheduler.get_schedule(Name=summary["Name"])
    assert schedule["ScheduleExpression"] == "rate(15 minutes)"
    assert json.loads(schedule["Target"]["Input"]) == {"redrive": True}
    assert schedule["Target"]["Arn"].endswith(f":function:{pipeline['functionName']}")
    assert schedule["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 2}


def test_the_limit_of_the_tables_is_as_asked(new_account: Callable[[], Account]) -> None:
    """The emulator takes warm throughput, and forgets it."""
    capacity = {"ses-feedback:warmWriteUnitsPerSecond": 9000, "ses-feedback:maxWriteRequestUnits": 500}
    stack = deploy(new_account(), capacity)
    dynamodb = stack.account.client("dynamodb", "eu-central-1")
    for table in ("blocked", "history"):
        described = dynamodb.describe_table(TableName=stack.outputs[f"{table}TableName"])["Table"]
        assert described["OnDemandThroughput"]["MaxWriteRequestUnits"] == 500


def test_the_archive_brings_its_libraries(stack: DeployedStack, pipeline: dict[str, Any]) -> None:
    client = stack.account.client("lambda", "eu-west-1")
    location = client.get_function(FunctionName=pipeline["functionName"])["Code"]["Location"]
    with urllib.request.urlopen(location) as response:  # noqa: S310 - from the emulator
        names = zipfile.ZipFile(io.BytesIO(response.read())).namelist()
    folders = {name.split("/")[0] for name in names}
    assert folders == {"ses_feedback", "aws_lambda_powertools", "jmespath", "typing_extensions.py", "idna"}


def test_an_event_destination_is_set_for_each_kind(stack: DeployedStack) -> None:
    ses = stack.account.client("sesv2", "eu-west-1")
    destinations = ses.get_configuration_set_event_destinations(ConfigurationSetName="main")["EventDestinations"]
    topics = {(tuple(each["MatchingEventTypes"]), each["SnsDestination"]["TopicArn"]) for each in destinations}
    pipelines = stack.outputs["pipelines"].values()
    assert topics == {((pipeline["kind"].upper(),), pipeline["topicArn"]) for pipeline in pipelines}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("sources", [], "ses-feedback:sources"),
        ("sources", [{"region": "eu-west-1"}], "ses-feedback:sources[0]"),
        ("sources", [{"region": "mars", "identities": ["a.example"]}], "ses-feedback:sources[0].region is 'mars'"),
        ("sources", [{"identities": 7}], "ses-feedback:sources[0].identities is 7"),
        ("batchSize", 0, "ses-feedback:batchSize is 0"),
        ("colour", "red", "ses-feedback:colour"),
    ],
)
def test_a_wrong_configuration_stops_before_anything_is_made(key: str, value: object, message: str) -> None:
    unreachable = Account("http://127.0.0.1:9")  # nothing listens there
    with pytest.raises(SandboxError) as caught:
        deploy(unreachable, {f"ses-feedback:{key}": value})
    assert str(caught.value).startswith(f"the program stopped: {message}")


def test_the_archive_needs_nothing_that_lambda_does_not_have(
    stack: DeployedStack, pipeline: dict[str, Any], tmp_path: Path
) -> None:
    client = stack.account.client("lambda", "eu-west-1")
    location = client.get_function(FunctionName=pipeline["functionName"])["Code"]["Location"]
    with urllib.request.urlopen(location) as response:  # noqa: S310 - from the emulator
        zipfile.ZipFile(io.BytesIO(response.read())).extractall(tmp_path / "code")
    # An emulated function can import each package of this machine; Lambda's runtime has boto3 and what it needs.
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    for name in ("boto3", "botocore", "s3transfer", "dateutil", "urllib3", "six.py"):
        (runtime / name).symlink_to(Path(boto3.__file__).parents[1] / name)
    paths = [str(tmp_path / "code"), str(runtime)]
    code = f"import sys; sys.path[:0] = {paths}; from ses_feedback.function import handler"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
