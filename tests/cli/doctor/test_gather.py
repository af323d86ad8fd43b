"""What is asked, and what becomes of the answers. On moto; of SES's second API, which moto lacks, a stand-in answers.

Not proved: what AWS answers; tests/sandbox/test_doctor.py has more of it.
"""

import json
from collections.abc import Callable, Iterator
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
from ses_feedback_cli.doctor.ask import Clients
from ses_feedback_cli.doctor.calls import CALLS, Call
from ses_feedback_cli.doctor.facts import Counted, Facts
from ses_feedback_cli.doctor.gather import gather
from ses_feedback_cli.doctor.rules import findings
from typer.testing import CliRunner

from tests.cli.doctor.healthy import ACCOUNT, BLOCKED, HISTORY, PIPELINE, REGION, TOPIC

NOW = datetime.now(UTC)
OUTPUTS: dict[str, Any] = {
    "blockedTableArn": BLOCKED,
    "historyTableArn": HISTORY,
    "pipelines": {
        PIPELINE.name: {
            "kind": PIPELINE.kind,
            "region": REGION,
            "identities": list(PIPELINE.identities),
            "configurationSet": "main",
            "topicArn": TOPIC,
            "queueUrl": PIPELINE.queue_url,
            "deadLetterQueueUrl": PIPELINE.dead_letter_queue_url,
            "subscriptionDeadLetterQueueUrl": PIPELINE.subscription_dead_letter_queue_url,
            "functionName": PIPELINE.function_name,
            "logGroupName": PIPELINE.log_group_name,
            "roleArn": PIPELINE.role_arn,
        }
    },
}
ANSWERS: dict[str, dict[str, Any]] = {
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


def answering(*outputs: dict[str, Any]) -> Context:
    context = Context(stack_outputs=outputs or (OUTPUTS,))
    for operation, answer in ANSWERS.items():
        context.session.events.register(f"before-call.sesv2.{operation}", _instead(answer))
    return context


def _instead(answer: dict[str, Any]) -> Any:
    return lambda **_: (SimpleNamespace(status_code=200), answer)


def facts(context: Context, hours: int = 3) -> Facts:
    return gather(context, Clients(context), NOW, hours)


def test_where_nothing_is_left_all_of_it_is_named() -> None:
    found = findings(facts(answering()))
    assert sorted(one.id for one in found) == sorted(
        [
            *("identity-missing", "identity-missing", "event-destination-missing", "topic-missing", "function-missing"),
            *("queue-missing", "queue-missing", "queue-missing", "table-missing", "table-missing"),
            *("sandbox", "sending-off", "under-review", "suppression-off"),
        ]
    )
    assert {one.account for one in found} == {ACCOUNT}


def test_the_calls_are_those_that_the_policy_is_made_of() -> None:
    context = answering()
    called: set[str] = set()
    context.session.events.register("provide-client-params", lambda model, **_: called.add(xform_name(model.name)))
    facts(context)
    declared = {call.method for call in CALLS}
    assert called - declared == {"get_caller_identity"}  # needs no right
    # Gone things have no key, no subscription and no settings to ask for; the rest is asked.
    assert declared - called == {
        *("get_subscription_attributes", "describe_key", "get_key_policy", "get_function_concurrency"),
        *("describe_time_to_live", "describe_continuous_backups"),
    }


@pytest.mark.parametrize("call", CALLS, ids=[call.action for call in CALLS])
def test_each_call_exists_and_is_named_as_its_right(call: Call) -> None:
    client = boto3.client(call.service, region_name=REGION)  # type: ignore[call-overload] # any of the table
    name = client.meta.method_to_api_mapping[call.method]
    assert call.action.partition(":")[2] == name
    assert name.startswith(("Get", "List", "Describe"))


def test_several_stacks_are_looked_at_each_in_its_region() -> None:
    text = json.dumps(OUTPUTS).replace(REGION, "us-east-1").replace("bounce-shop", "bounce-us")
    other = {**json.loads(text), "blockedTableArn": BLOCKED, "historyTableArn": HISTORY}
    seen = facts(answering(OUTPUTS, other))
    assert [(one.region, one.about) for one in seen.pipelines] == [(REGION, "bounce-shop"), ("us-east-1", "bounce-us")]
    assert [(one.account, one.region) for one in seen.accounts] == [(ACCOUNT, REGION), (ACCOUNT, "us-east-1")]
    assert [one.table for one in seen.tables] == [BLOCKED, HISTORY]


Put = Callable[..., None]


@pytest.fixture
def put() -> Put:
    client = boto3.client("cloudwatch", region_name=REGION)

    def make(namespace: str, metric: str, value: float, ago: timedelta, **dimensions: str) -> None:
        which = [{"Name": key, "Value": dimension} for key, dimension in dimensions.items()]
        datum: Any = {"MetricName": metric, "Value": value, "Timestamp": NOW - ago, "Dimensions": which}
        client.put_metric_data(Namespace=namespace, MetricData=[datum])

    return make


def test_counts_are_of_the_hours_asked_for_and_of_this_pipeline(put: Put) -> None:
    for ago in (timedelta(minutes=5), timedelta(minutes=100), timedelta(hours=5)):
        put("AWS/Lambda", "Errors", 2, ago, FunctionName="function")
    put("AWS/Lambda", "Errors", 100, timedelta(minutes=5), FunctionName="another")
    put("AWS/Lambda", "Throttles", 1, timedelta(minutes=5), FunctionName="function")
    put("AWS/SNS", "NumberOfNotificationsFailed", 3, timedelta(minutes=5), TopicName="topic")
    put("AWS/SQS", "ApproximateAgeOfOldestMessage", 7000, timedelta(hours=2), QueueName="queue")
    put("AWS/SQS", "ApproximateAgeOfOldestMessage", 1000, timedelta(minutes=4), QueueName="queue")
    (one,) = facts(answering()).pipelines
    assert one.counted == Counted(4, 1, 3, 1000)
    (one,) = facts(answering(), hours=8).pipelines
    assert one.counted.errors == 6


def test_the_rates_are_the_last_of_the_day(put: Put) -> None:
    put("AWS/SES", "Reputation.BounceRate", 0.2, timedelta(hours=20))
    put("AWS/SES", "Reputation.BounceRate", 0.06, timedelta(hours=2))
    put("AWS/SES", "Reputation.ComplaintRate", 0.2, timedelta(hours=30))
    (one,) = facts(answering()).accounts
    assert (one.bounce_rate, one.complaint_rate) == (0.06, None)


def test_many_identities_are_asked_about_a_hundred_at_a_time() -> None:
    ses = boto3.client("ses", region_name=REGION)
    names = [f"shop{number}.example" for number in range(201)]
    for name in names[:200]:
        ses.verify_domain_identity(Domain=name)
    pipeline = {**OUTPUTS["pipelines"][PIPELINE.name], "identities": names}
    context = answering({**OUTPUTS, "pipelines": {PIPELINE.name: pipeline}})
    sizes: list[int] = []
    context.session.events.register(
        "provide-client-params.ses.GetIdentityVerificationAttributes",
        lambda params, **_: sizes.append(len(params["Identities"])),
    )
    (one,) = facts(context).pipelines
    assert [name for name, each in zip(names, one.identities, strict=True) if each.verification == "Success"] == names[
        :200
    ]
    assert sizes == [100, 100, 1]


def test_a_service_that_does_not_answer_is_named_and_the_rest_goes_on() -> None:
    context = answering()

    def fail(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://sns.eu-west-1.amazonaws.com")

    context.session.events.register("before-call.sns", fail)
    found = findings(facts(context))
    says = [one.says for one in found if one.id == "look-failed"]
    assert any("sns:GetTopicAttributes was not answered (EndpointConnectionError)" in text for text in says)
    assert "function-missing" in {one.id for one in found}
    assert "topic-missing" not in {one.id for one in found}


@pytest.fixture
def outputs(tmp_path: Path) -> str:
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(OUTPUTS))
    return str(file)


def test_without_pipelines_it_says_how_to_give_them() -> None:
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 2
    assert "--outputs" in done.stderr


@pytest.mark.parametrize(
    ("option", "value", "right"), [("--ignore", "sandboxes", "sandbox"), ("--region", "x", REGION)]
)
def test_what_is_not_known_is_refused_with_what_is(outputs: str, option: str, value: str, right: str) -> None:
    done = CliRunner().invoke(app, ["doctor", "--outputs", outputs, option, value])
    assert done.exit_code == 2
    assert value in done.stderr
    assert right in done.stderr


def test_the_policy_names_what_it_can_and_every_action_once(outputs: str) -> None:
    done = CliRunner().invoke(app, ["doctor", "--outputs", outputs, "--policy", "--role", "look"])
    policy = json.loads(done.stdout)
    actions = [action for one in policy["Statement"] for action in one["Action"]]
    assert sorted(actions) == sorted([*(call.action for call in CALLS), "sts:AssumeRole"])
    on = {action: one["Resource"] for one in policy["Statement"] for action in one["Action"]}
    assert on["sns:GetTopicAttributes"] == [TOPIC]
    assert on["dynamodb:DescribeTable"] == [BLOCKED, HISTORY]
    assert on["sqs:GetQueueAttributes"] == [
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}" for name in ("dead", "queue", "subscription-dead-letters")
    ]
    assert on["sts:AssumeRole"] == [f"arn:aws:iam::{ACCOUNT}:role/look"]
    assert all(action.partition(":")[2].startswith(("Get", "List", "Describe", "Assume")) for action in actions)
