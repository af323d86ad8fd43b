"""The canary in the emulator: its function under its own role, through SES, SNS, SQS, the pipeline and the table.

Not proved: SES's own simulator and rights beside those that sandbox/server.py checks, the condition on the items that
it may read (the emulator does not know `dynamodb:LeadingKeys`), and that EventBridge Scheduler invokes it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ses_feedback_cli.simulation.follower import blocked_item

from sandbox import Account, DeployedStack, deploy
from sandbox.stack_context import context_of

REGION = "eu-west-1"
BOUNCES, COMPLAINTS = (f"{kind}-eu-west-1-shop-example" for kind in ("bounce", "complaint"))

pytestmark = pytest.mark.xdist_group("canary")


@pytest.fixture(scope="module")
def chain(new_account: Callable[[], Account]) -> DeployedStack:
    """A stack of its own: a test takes a hop away."""
    stack = deploy(new_account())
    client = stack.account.client("lambda", REGION)
    for pipeline in stack.outputs["pipelines"].values():  # with functions that have started, seconds suffice
        client.invoke(FunctionName=pipeline["functionName"], Payload=b'{"Records": []}')
    return stack


def canary_outputs(stack: DeployedStack) -> Mapping[str, Any]:
    outputs: Mapping[str, Any] = stack.outputs["canaries"]["eu-west-1-shop-example"]
    return outputs


def invoke(stack: DeployedStack) -> dict[str, dict[str, Any]]:
    client = stack.account.client("lambda", REGION)
    response = client.invoke(FunctionName=canary_outputs(stack)["functionName"], Payload=b"{}")
    payload = response["Payload"].read()
    assert "FunctionError" not in response, payload
    result: dict[str, dict[str, Any]] = json.loads(payload)
    return result


def published_metrics(stack: DeployedStack) -> list[dict[str, Any]]:
    """Name and value of the metrics that the canary published, by pipeline, oldest first."""
    logs = stack.account.client("logs", REGION)
    events = logs.filter_log_events(logGroupName=canary_outputs(stack)["logGroupName"])["events"]
    lines = [json.loads(event["message"]) for event in events if event["message"].startswith('{"_aws"')]
    return [
        {
            "pipeline": line["pipeline"],
            **{name: line[name][0] for name in ("CanaryFailed", "CanarySeconds") if name in line},
        }
        for line in lines
    ]


def test_every_run_proves_the_chain_again_and_the_metric_says_in_how_many_seconds(chain: DeployedStack) -> None:
    items = []
    for _ in range(2):
        result = invoke(chain)
        assert {name: outcome["problem"] for name, outcome in result.items()} == {BOUNCES: None, COMPLAINTS: None}
        published = published_metrics(chain)[-2:]
        assert published == [
            {"pipeline": name, "CanaryFailed": 0.0, "CanarySeconds": outcome["seconds"]}
            for name, outcome in result.items()
        ]
        assert all(metric["CanarySeconds"] > 0 for metric in published)
        addresses = canary_outputs(chain)["addresses"]
        items.append({name: blocked_item(context_of(chain), address) for name, address in addresses.items()})
    for name, reason in ((BOUNCES, "bounce"), (COMPLAINTS, "complaint")):
        first, second = (run[name] for run in items)
        assert first
        assert second
        assert first["reason"] == second["reason"] == reason
        assert first["message_id"] != second["message_id"]


@pytest.fixture
def without_a_subscription(chain: DeployedStack) -> Iterator[None]:
    """The topic of bounces delivers to nobody; and the canary waits for five seconds only."""
    client, name = chain.account.client("lambda", REGION), canary_outputs(chain)["functionName"]
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    short = {"Variables": {**variables, "TIMEOUT_SECONDS": "5"}}
    sns, topic = chain.account.client("sns", REGION), chain.outputs["pipelines"][BOUNCES]["topicArn"]
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscription["SubscriptionArn"])["Attributes"]
    kept = {key: attributes[key] for key in ("RawMessageDelivery", "RedrivePolicy")}
    client.update_function_configuration(FunctionName=name, Environment=short)
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=subscription["Endpoint"], Attributes=kept)


def test_a_broken_hop_fails_the_pipeline_that_has_it(chain: DeployedStack, without_a_subscription: None) -> None:
    del without_a_subscription
    result = invoke(chain)
    assert result[COMPLAINTS]["problem"] is None
    assert result[BOUNCES]["seconds"] is None
    assert result[BOUNCES]["problem"].startswith(("only an earlier mail is known", "no mail to this address ever"))
    failed = {metric["pipeline"]: metric for metric in published_metrics(chain)[-2:]}
    assert failed[BOUNCES] == {"pipeline": BOUNCES, "CanaryFailed": 1.0}
    assert failed[COMPLAINTS]["CanaryFailed"] == 0.0


def test_the_role_sends_from_its_sender_to_its_addresses_and_nothing_else(chain: DeployedStack) -> None:
    """A user with the policy of the role: the emulator, like AWS, lets only Lambda assume the role itself."""
    iam, outputs = chain.account.client("iam", "us-east-1"), canary_outputs(chain)
    role = outputs["roleArn"].rsplit("/", 1)[1]
    (policy_name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=policy_name)["PolicyDocument"]
    iam.create_user(UserName="canary")
    iam.put_user_policy(UserName="canary", PolicyName="canary", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="canary")["AccessKey"]
    credentials = key["AccessKeyId"], key["SecretAccessKey"]
    ses = chain.account.client("ses", REGION, credentials)
    content: Any = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hi"}}}

    def send(sender: str, *recipients: str) -> str:
        try:
            ses.send_email(Source=sender, Destination={"ToAddresses": list(recipients)}, Message=content)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "sent"

    sender, (bounce, complaint) = outputs["sender"], outputs["addresses"].values()
    assert send(sender, bounce) == send(sender, bounce, complaint) == "sent"
    assert send("news@shop.example", bounce) == "AccessDenied"
    assert send(sender, "jane@example.org") == send(sender, bounce, "jane@example.org") == "AccessDenied"

    table, region = chain.outputs["blockedTableArn"], "eu-central-1"
    dynamodb = chain.account.client("dynamodb", region, credentials)
    assert dynamodb.get_item(TableName=table, Key={"value": {"S": bounce}})
    refused: list[Callable[[], object]] = [
        lambda: dynamodb.scan(TableName=table),
        lambda: dynamodb.delete_item(TableName=table, Key={"value": {"S": bounce}}),
        lambda: dynamodb.get_item(TableName=chain.outputs["historyTableArn"], Key={"value": {"S": bounce}}),
    ]
    for call in refused:
        with pytest.raises(ClientError, match="AccessDenied"):
            call()


def test_its_schedule_invokes_it_once_a_day(chain: DeployedStack) -> None:
    scheduler = chain.account.client("scheduler", REGION)
    schedules = [
        scheduler.get_schedule(Name=schedule["Name"])
        for schedule in scheduler.list_schedules()["Schedules"]
        if schedule["Name"].startswith("canary-")
    ]
    assert [
        (schedule["ScheduleExpression"], schedule["State"], schedule["Target"]["Arn"].rsplit(":", 1)[1])
        for schedule in schedules
    ] == [("rate(1 day)", "ENABLED", canary_outputs(chain)["functionName"])]
