"""Inspection of resources in moto, with fixed responses for the SES API v2, which moto does not have.

Not tested: the responses of AWS; tests/sandbox/test_doctor.py covers more of them.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws
from ses_feedback_cli.app import app
from ses_feedback_cli.context import Context
from ses_feedback_cli.doctor.aws.calls import CALLS, Call, required_policy
from ses_feedback_cli.doctor.aws.clients import AccountClients
from ses_feedback_cli.doctor.inspection import inspect
from ses_feedback_cli.doctor.observations import Observations
from ses_feedback_cli.doctor.resources import CanaryState, Function, Missing, PipelineMetrics, Queue
from ses_feedback_cli.doctor.rules import findings
from ses_feedback_cli.errors import UsageError
from typer.testing import CliRunner

from tests.cli.doctor.healthy import (
    ACCOUNT_ID,
    BLOCKED_TABLE_ARN,
    DEAD_LETTER_QUEUE_ARN,
    HEALTHY,
    HISTORY_TABLE_ARN,
    PIPELINE,
    QUEUE_ARN,
    REGION,
    SUBSCRIPTION_DEAD_LETTER_QUEUE_ARN,
    TOPIC_ARN,
)
from tests.tables import create_tables, settings_item

NOW = datetime.now(UTC)
OUTPUTS: dict[str, Any] = {
    "blockedTableArn": BLOCKED_TABLE_ARN,
    "historyTableArn": HISTORY_TABLE_ARN,
    "pipelines": {
        PIPELINE.name: {
            "kind": PIPELINE.kind,
            "region": REGION,
            "identities": list(PIPELINE.identities),
            "configurationSet": "main",
            "topicArn": TOPIC_ARN,
            "queueUrl": PIPELINE.queue_url,
            "deadLetterQueueUrl": PIPELINE.dead_letter_queue_url,
            "subscriptionDeadLetterQueueUrl": PIPELINE.subscription_dead_letter_queue_url,
            "functionName": PIPELINE.function_name,
            "logGroupName": PIPELINE.log_group_name,
            "roleArn": PIPELINE.role_arn,
            "redriveSchedule": PIPELINE.redrive_schedule,
        }
    },
    "canaries": {
        "other": {"addresses": {"bounce-other": "a@b.example"}, "functionName": "other", "logGroupName": "other"},
        "shop": {"addresses": {PIPELINE.name: "a@b.example"}, "functionName": "canary", "logGroupName": "canary-logs"},
    },
}
SESV2_RESPONSES: dict[str, dict[str, Any]] = {
    "GetAccount": {
        "ProductionAccessEnabled": False,
        "SendingEnabled": False,
        "EnforcementStatus": "PROBATION",
        "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE"]},
    },
    "GetConfigurationSetEventDestinations": {"EventDestinations": []},
}


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    with mock_aws():
        yield


def context_with_responses(*outputs: dict[str, Any]) -> Context:
    context = Context(stack_outputs=outputs or (OUTPUTS,))
    for operation, response in SESV2_RESPONSES.items():
        context.session.events.register(f"before-call.sesv2.{operation}", _handler(response))
    return context


def _handler(response: dict[str, Any]) -> Any:
    return lambda **_: (SimpleNamespace(status_code=200), response)


def observe(context: Context, hours: int = 3) -> Observations:
    return inspect(context, AccountClients(context), NOW, hours)


def test_every_missing_resource_is_reported() -> None:
    found = findings(observe(context_with_responses()))
    assert sorted(finding.id for finding in found) == sorted(
        [
            *("identity-missing", "identity-missing", "event-destination-missing", "topic-missing", "function-missing"),
            *("queue-missing", "queue-missing", "queue-missing", "table-missing", "table-missing"),
            *("redrive-schedule-missing", "canary-missing"),
            *("sandbox", "sending-disabled", "under-review", "suppression-list-disabled"),
        ]
    )
    assert {finding.account for finding in found} == {ACCOUNT_ID}


def test_the_calls_are_those_that_the_policy_is_made_of() -> None:
    context = context_with_responses()
    called: set[str] = set()
    context.session.events.register("provide-client-params", lambda model, **_: called.add(xform_name(model.name)))
    observe(context)
    declared = {call.method for call in CALLS}
    assert called - declared == {"get_caller_identity"}  # needs no permission
    # Resources that do not exist have no key, no subscription and no settings to read.
    assert declared - called == {
        *("get_subscription_attributes", "describe_key", "get_key_policy", "get_function_concurrency"),
        *("describe_time_to_live", "describe_continuous_backups", "get_item"),
    }


@pytest.mark.parametrize("call", CALLS, ids=[call.action for call in CALLS])
def test_each_call_exists_and_has_the_name_of_its_action(call: Call) -> None:
    client = boto3.client(call.service, region_name=REGION)  # type: ignore[call-overload] # any service of the calls
    operation = client.meta.method_to_api_mapping[call.method]
    assert call.action.partition(":")[2] == operation
    assert operation.startswith(("Get", "List", "Describe"))


def test_the_settings_of_the_table_are_compared_with_those_of_the_stack_that_owns_it() -> None:
    client = boto3.client("dynamodb", region_name="eu-central-1")
    create_tables(client)

    def found(*outputs: dict[str, Any]) -> list[str]:
        observations = observe(context_with_responses(*outputs))
        return [finding.message for finding in findings(observations) if finding.id.startswith("settings-")]

    outputs = {
        **OUTPUTS,
        "blockedTableArn": BLOCKED_TABLE_ARN.rpartition("/")[0] + "/blocked",
        "historyTableArn": HISTORY_TABLE_ARN.rpartition("/")[0] + "/history",
    }
    owner = {**outputs, "tableSettings": {"softBounceThreshold": 5, "holdDays": 7}}
    assert found(outputs) == ["the history table has no settings: everybody who writes to it uses the defaults"]
    client.put_item(TableName="history", Item=settings_item(hold_days=3))
    assert found(outputs) == []
    assert found(outputs, owner) == [
        "holdDays is 3 in the history table, which decides, and 7 in the stack that owns it"
    ]
    client.put_item(TableName="history", Item=settings_item(hold_days=7))
    assert found(outputs, owner) == []


def test_the_policy_has_the_tables_key_where_there_is_one(tmp_path: Path) -> None:
    key = f"arn:aws:kms:eu-central-1:{ACCOUNT_ID}:key/1234abcd"
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps({**OUTPUTS, "tableKmsKeyArn": key}))
    result = CliRunner().invoke(app, ["doctor", "--outputs", str(file), "--policy"])
    assert json.loads(result.stdout)["Statement"][-1] == {
        "Effect": "Allow",
        "Action": ["kms:Decrypt"],
        "Resource": [key],
        "Condition": {"StringLike": {"kms:ViaService": "dynamodb.*.amazonaws.com"}},
    }


def test_several_stacks_are_inspected_each_in_its_region() -> None:
    us_json = json.dumps(OUTPUTS).replace(REGION, "us-east-1").replace("bounce-shop", "bounce-us")
    us_outputs = {
        **json.loads(us_json),
        "blockedTableArn": BLOCKED_TABLE_ARN,
        "historyTableArn": HISTORY_TABLE_ARN,
    }
    observations = observe(context_with_responses(OUTPUTS, us_outputs))
    assert [(pipeline.region, pipeline.subject) for pipeline in observations.pipelines] == [
        (REGION, "bounce-shop"),
        ("us-east-1", "bounce-us"),
    ]
    assert [(account.account, account.region) for account in observations.accounts] == [
        (ACCOUNT_ID, REGION),
        (ACCOUNT_ID, "us-east-1"),
    ]
    assert [table.table for table in observations.tables] == [BLOCKED_TABLE_ARN, HISTORY_TABLE_ARN]


def test_what_decides_how_long_failures_come_back_is_read() -> None:
    sqs = boto3.client("sqs", region_name=REGION)
    redrive_policy = json.dumps({"deadLetterTargetArn": DEAD_LETTER_QUEUE_ARN, "maxReceiveCount": 5})
    sqs.create_queue(QueueName="dead-letters")
    attributes: Any = {
        "VisibilityTimeout": "240", "MessageRetentionPeriod": "86400", "RedrivePolicy": redrive_policy,
    }  # fmt: skip
    sqs.create_queue(QueueName="queue", Attributes=attributes)
    boto3.client("scheduler", region_name=REGION).create_schedule(
        Name=str(PIPELINE.redrive_schedule),
        ScheduleExpression="rate(15 minutes)",
        State="DISABLED",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:function", "RoleArn": PIPELINE.role_arn},
    )
    mapping = {"UUID": "1", "State": "Enabled", "EventSourceArn": QUEUE_ARN, "ScalingConfig": {"MaximumConcurrency": 7}}
    responses: dict[str, dict[str, Any]] = {
        "ListEventSourceMappings": {"EventSourceMappings": [mapping]},
        "GetFunctionConfiguration": {"Timeout": 30, "Environment": {"Variables": {"QUEUE_URL": PIPELINE.queue_url}}},
        "GetFunctionConcurrency": {"ReservedConcurrentExecutions": 6},
    }
    context = context_with_responses()
    for operation, response in responses.items():
        context.session.events.register(f"before-call.lambda.{operation}", _handler(response))
    (pipeline,) = observe(context).pipelines
    queue, function = pipeline.queue, pipeline.function
    assert isinstance(queue, Queue)
    assert (queue.max_receive_count, queue.visibility_timeout_seconds, queue.retention_seconds) == (5, 240, 86_400)
    assert isinstance(function, Function)
    assert function.queue_urls == {"QUEUE_URL": PIPELINE.queue_url}
    ids = {finding.id: finding.message for finding in findings(replace(HEALTHY, pipelines=(pipeline,)))}
    assert ids.keys() >= {"reserved-concurrency", "redrive-schedule-disabled", "function-environment"}
    assert "(DEAD_LETTER_QUEUE_URL, SUBSCRIPTION_DEAD_LETTER_QUEUE_URL)" in ids["function-environment"]
    assert (
        "an outage of 20 minutes makes dead letters, although the queue keeps messages for 24 hours"
        in (ids["queue-receive-count"])
    )


def test_a_stack_without_automatic_redrive_needs_no_schedule() -> None:
    pipeline = {**OUTPUTS["pipelines"][PIPELINE.name], "redriveSchedule": None}
    outputs = {**OUTPUTS, "pipelines": {PIPELINE.name: pipeline}}
    (observed,) = observe(context_with_responses(outputs)).pipelines
    assert observed.redrive_schedule is None
    policy = required_policy([observed.pipeline], [], None)
    assert not any("scheduler:GetSchedule" in statement["Action"] for statement in policy["Statement"])


def test_the_schedule_of_a_canary_is_the_one_that_invokes_its_function() -> None:
    scheduler, arn = boto3.client("scheduler", region_name=REGION), f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:"
    for name, function, state in (
        ("canary-shop-schedule-1", "of-another-stack", "ENABLED"),
        ("canary-shop-schedule-2", "canary", "DISABLED"),
        ("canary-shopping-schedule-3", "canary", "ENABLED"),
    ):
        scheduler.create_schedule(
            Name=name,
            ScheduleExpression="rate(1 day)",
            State=state,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn + function, "RoleArn": PIPELINE.role_arn},
        )
    context = context_with_responses()
    context.session.events.register("before-call.lambda.GetFunctionConfiguration", _handler({"Timeout": 30}))
    (pipeline,) = observe(context).pipelines
    assert pipeline.canary == CanaryState("Active", "DISABLED")


def test_a_stack_without_canary_needs_no_right_for_it() -> None:
    outputs = {name: output for name, output in OUTPUTS.items() if name != "canaries"}
    (observed,) = observe(context_with_responses(outputs)).pipelines
    assert (observed.canary, observed.metrics.canary_failed) == (None, Missing.UNKNOWN)
    policy = json.dumps(required_policy([observed.pipeline], [], None))
    assert ("scheduler:ListSchedules" in policy, "function:canary" in policy) == (False, False)


PutMetric = Callable[..., None]


@pytest.fixture
def put_metric() -> PutMetric:
    client = boto3.client("cloudwatch", region_name=REGION)

    def put(namespace: str, metric: str, value: float, age: timedelta, **dimensions: str) -> None:
        datum: Any = {
            "MetricName": metric,
            "Value": value,
            "Timestamp": NOW - age,
            "Dimensions": [{"Name": name, "Value": dimension} for name, dimension in dimensions.items()],
        }
        client.put_metric_data(Namespace=namespace, MetricData=[datum])

    return put


def test_metrics_cover_the_given_hours_and_this_pipeline(put_metric: PutMetric) -> None:
    for age in (timedelta(minutes=5), timedelta(minutes=100), timedelta(hours=5)):
        put_metric("AWS/Lambda", "Errors", 2, age, FunctionName="function")
    put_metric("AWS/Lambda", "Errors", 100, timedelta(minutes=5), FunctionName="another")
    put_metric("SesFeedback", "RefusedAge", 900, timedelta(minutes=100), service="ses-feedback", pipeline=PIPELINE.name)
    put_metric("SesFeedback", "RefusedAge", 901, timedelta(minutes=5), service="ses-feedback", pipeline="another")
    put_metric("AWS/Lambda", "Throttles", 1, timedelta(minutes=5), FunctionName="function")
    put_metric("AWS/SNS", "NumberOfNotificationsFailed", 3, timedelta(minutes=5), TopicName="topic")
    put_metric("AWS/SQS", "ApproximateAgeOfOldestMessage", 7000, timedelta(hours=2), QueueName="queue")
    put_metric("AWS/SQS", "ApproximateAgeOfOldestMessage", 1000, timedelta(minutes=4), QueueName="queue")
    (pipeline,) = observe(context_with_responses()).pipelines
    assert pipeline.metrics == PipelineMetrics(4, 1, 3, 1000, 900, Missing.NOT_FOUND)
    (pipeline,) = observe(context_with_responses(), hours=8).pipelines
    assert pipeline.metrics.errors == 6


def test_the_last_result_of_the_canary_counts(put_metric: PutMetric) -> None:
    dimensions = {"service": "ses-feedback", "pipeline": PIPELINE.name}
    put_metric("SesFeedback", "CanaryFailed", 0, timedelta(minutes=5), service="ses-feedback", pipeline="another")
    for age, result in ((timedelta(hours=31), Missing.NOT_FOUND), (timedelta(hours=29), 1), (timedelta(hours=28.9), 0)):
        put_metric("SesFeedback", "CanaryFailed", float(result == 1), age, **dimensions)
        (pipeline,) = observe(context_with_responses()).pipelines
        assert pipeline.metrics.canary_failed == result


def test_the_rates_are_the_latest_of_the_last_day(put_metric: PutMetric) -> None:
    put_metric("AWS/SES", "Reputation.BounceRate", 0.2, timedelta(hours=20))
    put_metric("AWS/SES", "Reputation.BounceRate", 0.06, timedelta(hours=2))
    put_metric("AWS/SES", "Reputation.ComplaintRate", 0.2, timedelta(hours=30))
    (account,) = observe(context_with_responses()).accounts
    assert (account.bounce_rate, account.complaint_rate) == (0.06, None)


def test_many_identities_are_read_a_hundred_at_a_time() -> None:
    ses = boto3.client("ses", region_name=REGION)
    names = [f"shop{number}.example" for number in range(201)]
    for name in names[:200]:
        ses.verify_domain_identity(Domain=name)
    pipeline = {**OUTPUTS["pipelines"][PIPELINE.name], "identities": names}
    context = context_with_responses({**OUTPUTS, "pipelines": {PIPELINE.name: pipeline}})
    batch_sizes: list[int] = []
    context.session.events.register(
        "provide-client-params.ses.GetIdentityVerificationAttributes",
        lambda params, **_: batch_sizes.append(len(params["Identities"])),
    )
    (observed,) = observe(context).pipelines
    verified = [identity.name for identity in observed.identities if identity.verification_status == "Success"]
    assert verified == names[:200]
    assert batch_sizes == [100, 100, 1]


def test_a_service_that_does_not_answer_is_reported_and_the_inspection_continues() -> None:
    context = context_with_responses()

    def fail(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://sns.eu-west-1.amazonaws.com")

    context.session.events.register("before-call.sns", fail)
    found = findings(observe(context))
    messages = [finding.message for finding in found if finding.id == "call-failed"]
    assert any("sns:GetTopicAttributes was not answered (EndpointConnectionError)" in message for message in messages)
    assert "function-missing" in {finding.id for finding in found}
    assert "topic-missing" not in {finding.id for finding in found}


def test_a_topic_that_is_not_an_arn_is_rejected() -> None:
    pipeline = {**OUTPUTS["pipelines"][PIPELINE.name], "topicArn": "topic"}
    context = context_with_responses({**OUTPUTS, "pipelines": {PIPELINE.name: pipeline}})
    with pytest.raises(UsageError, match="pipeline bounce-shop: topicArn topic is not an ARN"):
        observe(context)


@pytest.fixture
def outputs(tmp_path: Path) -> str:
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(OUTPUTS))
    return str(file)


def test_without_pipelines_the_error_names_the_options() -> None:
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 2
    assert "--outputs" in result.stderr


@pytest.mark.parametrize(
    ("option", "value", "valid_value"), [("--ignore", "sandboxes", "sandbox"), ("--region", "x", REGION)]
)
def test_an_unknown_value_is_rejected_with_the_valid_values(
    outputs: str, option: str, value: str, valid_value: str
) -> None:
    result = CliRunner().invoke(app, ["doctor", "--outputs", outputs, option, value])
    assert result.exit_code == 2
    assert value in result.stderr
    assert valid_value in result.stderr


def test_the_policy_has_every_action_once_limited_to_its_resources(outputs: str) -> None:
    result = CliRunner().invoke(app, ["doctor", "--outputs", outputs, "--policy", "--role", "inspector"])
    policy = json.loads(result.stdout)
    actions = [action for statement in policy["Statement"] for action in statement["Action"]]
    assert sorted(actions) == sorted([*(call.action for call in CALLS), "sts:AssumeRole"])
    resources = {action: statement["Resource"] for statement in policy["Statement"] for action in statement["Action"]}
    assert resources["sns:GetTopicAttributes"] == [TOPIC_ARN]
    assert resources["dynamodb:DescribeTable"] == [BLOCKED_TABLE_ARN, HISTORY_TABLE_ARN]
    assert resources["sqs:GetQueueAttributes"] == [
        DEAD_LETTER_QUEUE_ARN,
        QUEUE_ARN,
        SUBSCRIPTION_DEAD_LETTER_QUEUE_ARN,
    ]
    (settings,) = (statement for statement in policy["Statement"] if "dynamodb:GetItem" in statement["Action"])
    assert settings["Resource"] == [BLOCKED_TABLE_ARN, HISTORY_TABLE_ARN]
    assert settings["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["settings"]}}
    assert resources["scheduler:GetSchedule"] == [
        f"arn:aws:scheduler:{REGION}:{ACCOUNT_ID}:schedule/default/{PIPELINE.redrive_schedule}"
    ]
    assert resources["scheduler:ListSchedules"] == ["*"]
    assert resources["lambda:GetFunctionConfiguration"] == [
        f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}" for name in ("canary", PIPELINE.function_name)
    ]
    assert resources["sts:AssumeRole"] == [f"arn:aws:iam::{ACCOUNT_ID}:role/inspector"]
    assert all(action.partition(":")[2].startswith(("Get", "List", "Describe", "Assume")) for action in actions)
