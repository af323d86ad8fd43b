"""`ses-feedback doctor` and the deployed program: healthy, then broken in one place after another.

Not proved: that AWS says these things as the emulator does. It knows every identity (an unknown one is Pending), counts
nothing in CloudWatch, and has SES's own suppression list off and sending on, whatever it is told; tests/cli/doctor has
what it cannot show. Its idea of a right is not AWS's.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ses_feedback_cli.app import app
from ses_feedback_cli.context import Context
from ses_feedback_cli.doctor.ask import Clients
from ses_feedback_cli.doctor.calls import CALLS
from ses_feedback_cli.doctor.gather import gather
from ses_feedback_cli.doctor.rules import findings
from typer.testing import CliRunner

from sandbox import Account, DeployedStack, deploy

pytestmark = pytest.mark.xdist_group("doctor")  # one stack, broken and mended
REGION, HOME = "eu-west-1", "eu-central-1"
NAME, OTHER = "bounce-eu-west-1-shop-example", "complaint-eu-west-1-shop-example"
EVER = {("forwarding-on", NAME), ("forwarding-on", OTHER), ("suppression-off", "account")}
IGNORED = [argument for id_, _ in sorted(EVER) for argument in ("--ignore", id_)]


@dataclass
class World:
    """The deployed program, and the doctor."""

    stack: DeployedStack
    outputs: Path
    context: Context

    def client(self, service: str, region: str = REGION) -> Any:
        return self.stack.account.client(service, region)

    @property
    def pipeline(self) -> dict[str, Any]:
        exported: dict[str, Any] = self.stack.outputs["pipelines"][NAME]
        return exported

    def doctor(self, *arguments: str, credentials: tuple[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        """Run the command; the exit code, and what it writes with --json."""
        key, secret = credentials or (self.stack.account.id, "sandbox")
        environment = {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "SES_FEEDBACK_OUTPUTS": str(self.outputs),
        }
        done = CliRunner().invoke(app, ["doctor", "--json", *arguments], env=environment, prog_name="ses-feedback")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        written: dict[str, Any] = json.loads(done.stdout)
        return done.exit_code, written

    def found(self) -> set[tuple[str, str]]:
        """What the doctor finds beside what is so in every emulator: each id, and what it is about.

        In one session, which saves seconds.
        """
        all_ = findings(gather(self.context, Clients(self.context), datetime.now(UTC), 3))
        return {(one.id, one.about) for one in all_} - EVER


@pytest.fixture(scope="module")
def world(new_account: Callable[[], Account], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    stack = deploy(new_account(), {"ses-feedback:deletionProtection": True, "ses-feedback:createKmsKeys": True})
    outputs = tmp_path_factory.mktemp("doctor") / "outputs.json"
    outputs.write_text(json.dumps(dict(stack.outputs)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", stack.account.endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", stack.account.id)
        patch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, "/dev/null")
        yield World(stack, outputs, Context(outputs=(stack.outputs,)))


def test_what_is_deployed_is_healthy(world: World) -> None:
    code, written = world.doctor("--ignore", "suppression-off")
    assert code == 0
    assert {one["id"] for one in written["findings"]} == {"forwarding-on"}
    assert written["worst"] == "info"
    assert [one["pipeline"] for one in written["pipelines"]] == [NAME, OTHER]


Break = Callable[[World], Callable[[], object]]
"""Breaks something; what it returns mends it again."""


def topic_of_identity(topic: Callable[[World], str | None]) -> Break:
    def apply(world: World) -> Callable[[], object]:
        ses, names = world.client("ses"), {"Identity": "shop.example", "NotificationType": "Bounce"}
        other = topic(world)
        ses.set_identity_notification_topic(**names, **({"SnsTopic": other} if other else {}))
        return lambda: ses.set_identity_notification_topic(**names, SnsTopic=world.pipeline["topicArn"])

    return apply


def event_destination(**changed: Any) -> Break:
    def apply(world: World) -> Callable[[], object]:
        ses, topic = world.client("sesv2"), world.pipeline["topicArn"]
        whole = {"Enabled": True, "MatchingEventTypes": ["BOUNCE"], "SnsDestination": {"TopicArn": topic}}

        def put(destination: dict[str, Any]) -> None:
            ses.update_configuration_set_event_destination(
                ConfigurationSetName="main",
                EventDestinationName=topic.rpartition(":")[2],
                EventDestination=destination,
            )

        put({**whole, **changed})
        return lambda: put(whole)

    return apply


def subscription(world: World) -> str:
    (one,) = world.client("sns").list_subscriptions_by_topic(TopicArn=world.pipeline["topicArn"])["Subscriptions"]
    return str(one["SubscriptionArn"])


def subscription_attribute(name: str, value: str) -> Break:
    def apply(world: World) -> Callable[[], object]:
        sns, arn = world.client("sns"), subscription(world)
        before = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"].get(name, "")
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)
        return lambda: sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=before)

    return apply


def unsubscribe(world: World) -> Callable[[], object]:
    sns, arn = world.client("sns"), subscription(world)
    known = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    sns.unsubscribe(SubscriptionArn=arn)
    return lambda: sns.subscribe(
        TopicArn=known["TopicArn"],
        Protocol="sqs",
        Endpoint=known["Endpoint"],
        Attributes={key: known[key] for key in ("RawMessageDelivery", "RedrivePolicy")},
    )


def topic_attribute(name: str, value: str) -> Break:
    def apply(world: World) -> Callable[[], object]:
        sns, arn = world.client("sns"), world.pipeline["topicArn"]
        before = sns.get_topic_attributes(TopicArn=arn)["Attributes"][name]
        sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)
        return lambda: sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=before)

    return apply


def queue_attribute(name: str, value: str, queue: str = "queueUrl") -> Break:
    def apply(world: World) -> Callable[[], object]:
        sqs, url = world.client("sqs"), world.pipeline[queue]
        before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})
        return lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes={name: before})

    return apply


def message_in(queue: str) -> Break:
    def apply(world: World) -> Callable[[], object]:
        sqs, url = world.client("sqs"), world.pipeline[queue]
        sqs.send_message(QueueUrl=url, MessageBody="{}")
        return lambda: sqs.purge_queue(QueueUrl=url)

    return apply


def mapping(broken: dict[str, Any], whole: dict[str, Any]) -> Break:
    def apply(world: World) -> Callable[[], object]:
        client = world.client("lambda")
        (one,) = client.list_event_source_mappings(FunctionName=world.pipeline["functionName"])["EventSourceMappings"]
        client.update_event_source_mapping(UUID=one["UUID"], **broken)
        return lambda: client.update_event_source_mapping(UUID=one["UUID"], **whole)

    return apply


def stopped(world: World) -> Callable[[], object]:
    client, name = world.client("lambda"), world.pipeline["functionName"]
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    return lambda: client.delete_function_concurrency(FunctionName=name)


def other_table(world: World) -> Callable[[], object]:
    client, name = world.client("lambda"), world.pipeline["functionName"]
    known = client.get_function_configuration(FunctionName=name)["Environment"]
    changed = {"Variables": {**known["Variables"], "HISTORY_TABLE_ARN": "arn:aws:dynamodb:eu-central-1:1:table/other"}}
    client.update_function_configuration(FunctionName=name, Environment=changed)
    return lambda: client.update_function_configuration(FunctionName=name, Environment=known)


def table(call: str, broken: dict[str, Any], whole: dict[str, Any]) -> Break:
    def apply(world: World) -> Callable[[], object]:
        change, name = getattr(world.client("dynamodb", HOME), call), world.stack.outputs["historyTableName"]
        change(TableName=name, **broken)
        return lambda: change(TableName=name, **whole)

    return apply


def recovery(*, enabled: bool) -> dict[str, Any]:
    return {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": enabled}}


def ttl(*, enabled: bool) -> dict[str, Any]:
    return {"TimeToLiveSpecification": {"Enabled": enabled, "AttributeName": "expires_at"}}


PARTIAL = "FunctionResponseTypes"
BREAKS: dict[str, tuple[str, str, Break]] = {
    "no topic": ("identity-topic-missing", NAME, topic_of_identity(lambda _: None)),
    "other topic": (
        "identity-topic-other",
        NAME,
        topic_of_identity(lambda world: str(world.stack.outputs["pipelines"][OTHER]["topicArn"])),
    ),
    "destination off": ("event-destination-off", NAME, event_destination(Enabled=False)),
    "other events": ("event-destination-events", NAME, event_destination(MatchingEventTypes=["OPEN"])),
    "topic policy": ("topic-policy", NAME, topic_attribute("Policy", '{"Version": "2012-10-17", "Statement": []}')),
    "key of AWS": ("key-of-aws", NAME, topic_attribute("KmsMasterKeyId", "alias/aws/sns")),
    "unsubscribed": ("subscription-missing", NAME, unsubscribe),
    "filtered": ("subscription-filtered", NAME, subscription_attribute("FilterPolicy", '{"kind": ["none"]}')),
    "not raw": ("subscription-wrapped", NAME, subscription_attribute("RawMessageDelivery", "false")),
    "kept nowhere": ("subscription-without-dead-letter-queue", NAME, subscription_attribute("RedrivePolicy", "")),
    "queue policy": ("queue-policy", NAME, queue_attribute("Policy", "")),
    "subscription dead-letter queue's policy": (
        "queue-policy",
        NAME,
        queue_attribute("Policy", "", "subscriptionDeadLetterQueueUrl"),
    ),
    "no redrive": ("queue-redrive", NAME, queue_attribute("RedrivePolicy", "")),
    "visibility": ("visibility-timeout", NAME, queue_attribute("VisibilityTimeout", "60")),
    "dead letter": ("dead-letters", NAME, message_in("deadLetterQueueUrl")),
    "subscription-dead-letters": ("subscription-dead-letters", NAME, message_in("subscriptionDeadLetterQueueUrl")),
    "mapping off": ("mapping-off", NAME, mapping({"Enabled": False}, {"Enabled": True})),
    "whole batches": (
        "mapping-whole-batches",
        NAME,
        mapping({PARTIAL: []}, {PARTIAL: ["ReportBatchItemFailures"]}),
    ),
    "stopped": ("function-stopped", NAME, stopped),
    "other table": ("function-table", NAME, other_table),
    "no ttl": ("table-ttl", "history table", table("update_time_to_live", ttl(enabled=False), ttl(enabled=True))),
    "no recovery": (
        "table-recovery",
        "history table",
        table("update_continuous_backups", recovery(enabled=False), recovery(enabled=True)),
    ),
    "unprotected": (
        "table-protection",
        "history table",
        table("update_table", {"DeletionProtectionEnabled": False}, {"DeletionProtectionEnabled": True}),
    ),
}


@contextmanager
def broken(world: World, break_it: Break) -> Iterator[None]:
    mend = break_it(world)
    try:
        yield
    finally:
        mend()


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_broken_is_named_and_nothing_else(world: World, name: str) -> None:
    id_, about, break_it = BREAKS[name]
    with broken(world, break_it):
        assert world.found() == {(id_, about)}  # and all that was broken before is mended


def test_a_key_that_is_switched_off_is_found_where_it_is_used(world: World) -> None:
    topic = world.client("sns").get_topic_attributes(TopicArn=world.pipeline["topicArn"])["Attributes"]
    kms = world.client("kms")
    kms.disable_key(KeyId=topic["KmsMasterKeyId"])
    try:
        assert world.found() == {("key-unusable", NAME), ("key-unusable", OTHER)}
    finally:
        kms.enable_key(KeyId=topic["KmsMasterKeyId"])


@contextmanager
def user(world: World, policy: dict[str, Any]) -> Iterator[tuple[str, str]]:
    iam, name = world.client("iam", "us-east-1"), f"doctor-{time.monotonic_ns()}"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="doctor", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    yield key["AccessKeyId"], key["SecretAccessKey"]


def test_the_policy_that_it_prints_is_enough(world: World) -> None:
    _, policy = world.doctor("--policy")
    # The emulator takes every call about a function's concurrency for the one that sets it.
    policy["Statement"].append({"Effect": "Allow", "Action": "lambda:PutFunctionConcurrency", "Resource": "*"})
    with user(world, policy) as credentials:
        code, written = world.doctor("--ignore", "suppression-off", credentials=credentials)
    assert [one["says"] for one in written["findings"] if one["id"] != "forwarding-on"] == []
    assert code == 0


INNER = {
    *("sns:GetSubscriptionAttributes", "kms:GetKeyPolicy", "lambda:GetFunctionConcurrency", "sqs:GetQueueAttributes"),
    *("dynamodb:DescribeTimeToLive", "dynamodb:DescribeContinuousBackups"),
}
"""Actions that follow others, and so are not tried without these."""


@pytest.mark.parametrize("missing", [INNER, {call.action for call in CALLS} - INNER], ids=["inner", "outer"])
def test_rights_that_are_missing_are_named_and_the_rest_goes_on(world: World, missing: set[str]) -> None:
    _, policy = world.doctor("--policy")
    for statement in policy["Statement"]:
        statement["Action"] = [one for one in statement["Action"] if one not in missing]
    policy["Statement"] = [one for one in policy["Statement"] if one["Action"]]
    with user(world, policy) as credentials, broken(world, message_in("deadLetterQueueUrl")):
        code, written = world.doctor(*IGNORED, credentials=credentials)
    assert code == 1
    refused = {one["says"] for one in written["findings"] if one["id"] == "look-refused"}
    assert {action for action in missing if any(f": {action} is needed" in says for says in refused)} == missing
    others = {one["id"] for one in written["findings"]} - {"look-refused"}
    assert others == (set() if "sqs:GetQueueAttributes" in missing else {"dead-letters"})


def test_without_any_right_nothing_could_be_asked(world: World) -> None:
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    with user(world, nothing) as credentials:
        code, written = world.doctor(credentials=credentials)
    assert code == 3
    assert {one["id"] for one in written["findings"]} == {"look-refused"}


OUTSIDER = "999999999999"


def test_pipelines_of_another_account_are_not_looked_at_but_named(world: World) -> None:
    code, written = world.doctor(credentials=(OUTSIDER, "sandbox"))
    assert code == 3
    (one,) = (one for one in written["findings"] if one["id"] == "other-account")
    assert NAME in one["says"]
    assert "--role" in one["mend"]


def test_a_role_in_the_other_account_lets_it_look(world: World) -> None:
    _, policy = world.doctor("--policy")
    policy["Statement"].append({"Effect": "Allow", "Action": "lambda:PutFunctionConcurrency", "Resource": "*"})
    iam = world.client("iam", "us-east-1")
    outsider = {"AWS": f"arn:aws:iam::{OUTSIDER}:root"}
    trust = {"Effect": "Allow", "Principal": outsider, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="look", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    iam.put_role_policy(RoleName="look", PolicyName="look", PolicyDocument=json.dumps(policy))
    code, written = world.doctor(*IGNORED, "--role", "look", credentials=(OUTSIDER, "sandbox"))
    assert [one["says"] for one in written["findings"]] == []
    assert code == 0


def test_a_role_that_cannot_be_taken_is_named_once(world: World) -> None:
    code, written = world.doctor(*IGNORED, "--role", "nobody", credentials=(OUTSIDER, "sandbox"))
    assert code == 3
    assert [one["says"] for one in written["findings"] if "role/nobody is needed" in one["says"]]
