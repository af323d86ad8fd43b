"""`ses-feedback doctor` on the deployed program: healthy, then with one fault after another.

Not tested: that AWS responds as the emulator does. The emulator knows every identity (an unknown one is Pending), has
no metrics in CloudWatch, and always reports the suppression list as off and sending as enabled; tests/cli/doctor covers
what it cannot show. It does not evaluate permissions exactly as AWS does.
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
from ses_feedback_cli.doctor.aws.calls import CALLS
from ses_feedback_cli.doctor.aws.clients import AccountClients
from ses_feedback_cli.doctor.inspection import inspect
from ses_feedback_cli.doctor.rules import findings
from typer.testing import CliRunner

from sandbox import Account, DeployedStack, deploy

pytestmark = pytest.mark.xdist_group("doctor")  # one stack, changed and restored
REGION, TABLE_REGION = "eu-west-1", "eu-central-1"
BOUNCE_PIPELINE, COMPLAINT_PIPELINE = "bounce-eu-west-1-shop-example", "complaint-eu-west-1-shop-example"
ALWAYS_FOUND = {
    ("email-forwarding-enabled", BOUNCE_PIPELINE),
    ("email-forwarding-enabled", COMPLAINT_PIPELINE),
    ("suppression-list-disabled", "account"),
}
"""The findings, as (id, subject), that the emulator has without any fault."""
IGNORE_OPTIONS = [argument for finding_id, _ in sorted(ALWAYS_FOUND) for argument in ("--ignore", finding_id)]


@dataclass
class Deployment:
    """The deployed program, and the command that inspects it."""

    stack: DeployedStack
    outputs: Path
    context: Context

    def client(self, service: str, region: str = REGION) -> Any:
        return self.stack.account.client(service, region)

    @property
    def pipeline(self) -> dict[str, Any]:
        pipeline: dict[str, Any] = self.stack.outputs["pipelines"][BOUNCE_PIPELINE]
        return pipeline

    def doctor(self, *arguments: str, credentials: tuple[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        """Run the command with --json; returns the exit code and the document."""
        key, secret = credentials or (self.stack.account.id, "sandbox")
        environment = {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "SES_FEEDBACK_OUTPUTS": str(self.outputs),
        }
        result = CliRunner().invoke(app, ["doctor", "--json", *arguments], env=environment, prog_name="ses-feedback")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        document: dict[str, Any] = json.loads(result.stdout)
        return result.exit_code, document

    def findings(self) -> set[tuple[str, str]]:
        """The findings as (id, subject), without those that the emulator always has.

        All calls use one boto3 session, which saves seconds.
        """
        observations = inspect(self.context, AccountClients(self.context), datetime.now(UTC), 3)
        return {(finding.id, finding.subject) for finding in findings(observations)} - ALWAYS_FOUND


@pytest.fixture(scope="module")
def deployment(new_account: Callable[[], Account], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    stack = deploy(new_account(), {"ses-feedback:deletionProtection": True, "ses-feedback:createKmsKeys": True})
    outputs = tmp_path_factory.mktemp("doctor") / "outputs.json"
    outputs.write_text(json.dumps(dict(stack.outputs)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", stack.account.endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", stack.account.id)
        patch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, "/dev/null")
        publish_canary_results(stack)
        yield Deployment(stack, outputs, Context(stack_outputs=(stack.outputs,)))


def publish_canary_results(stack: DeployedStack) -> None:
    """As CloudWatch would take them from the canary's log: no schedule runs in the emulator, and no log has metrics."""
    for pipeline in stack.outputs["pipelines"]:
        dimensions: Any = [
            {"Name": "service", "Value": "ses-feedback"},
            {"Name": "pipeline", "Value": pipeline},
        ]
        result: Any = {"MetricName": "CanaryFailed", "Value": 0, "Dimensions": dimensions}
        stack.account.client("cloudwatch", REGION).put_metric_data(Namespace="SesFeedback", MetricData=[result])


def test_what_is_deployed_is_healthy(deployment: Deployment) -> None:
    exit_code, document = deployment.doctor("--ignore", "suppression-list-disabled")
    assert exit_code == 0
    assert {finding["id"] for finding in document["findings"]} == {"email-forwarding-enabled"}
    assert document["worst_severity"] == "info"
    assert [pipeline["pipeline"] for pipeline in document["pipelines"]] == [BOUNCE_PIPELINE, COMPLAINT_PIPELINE]


Fault = Callable[[Deployment], Callable[[], object]]
"""Causes a fault; returns a function that repairs it."""


def topic_of_identity(topic_arn: Callable[[Deployment], str | None]) -> Fault:
    def apply(deployment: Deployment) -> Callable[[], object]:
        ses = deployment.client("ses")
        parameters = {"Identity": "shop.example", "NotificationType": "Bounce"}
        arn = topic_arn(deployment)
        ses.set_identity_notification_topic(**parameters, **({"SnsTopic": arn} if arn else {}))
        return lambda: ses.set_identity_notification_topic(**parameters, SnsTopic=deployment.pipeline["topicArn"])

    return apply


def event_destination(**changes: Any) -> Fault:
    def apply(deployment: Deployment) -> Callable[[], object]:
        ses, topic_arn = deployment.client("sesv2"), deployment.pipeline["topicArn"]
        original = {"Enabled": True, "MatchingEventTypes": ["BOUNCE"], "SnsDestination": {"TopicArn": topic_arn}}

        def update(destination: dict[str, Any]) -> None:
            ses.update_configuration_set_event_destination(
                ConfigurationSetName="main",
                EventDestinationName=topic_arn.rpartition(":")[2],
                EventDestination=destination,
            )

        update({**original, **changes})
        return lambda: update(original)

    return apply


def subscription_arn(deployment: Deployment) -> str:
    response = deployment.client("sns").list_subscriptions_by_topic(TopicArn=deployment.pipeline["topicArn"])
    (subscription,) = response["Subscriptions"]
    return str(subscription["SubscriptionArn"])


def subscription_attribute(name: str, value: str) -> Fault:
    def apply(deployment: Deployment) -> Callable[[], object]:
        sns, arn = deployment.client("sns"), subscription_arn(deployment)
        original = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"].get(name, "")
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)
        return lambda: sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=original)

    return apply


def unsubscribe(deployment: Deployment) -> Callable[[], object]:
    sns, arn = deployment.client("sns"), subscription_arn(deployment)
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    sns.unsubscribe(SubscriptionArn=arn)
    return lambda: sns.subscribe(
        TopicArn=attributes["TopicArn"],
        Protocol="sqs",
        Endpoint=attributes["Endpoint"],
        Attributes={name: attributes[name] for name in ("RawMessageDelivery", "RedrivePolicy")},
    )


def topic_attribute(name: str, value: str) -> Fault:
    def apply(deployment: Deployment) -> Callable[[], object]:
        sns, arn = deployment.client("sns"), deployment.pipeline["topicArn"]
        original = sns.get_topic_attributes(TopicArn=arn)["Attributes"][name]
        sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)
        return lambda: sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=original)

    return apply


def queue_attribute(name: str, value: str, queue: str = "queueUrl") -> Fault:
    return queue_attributes({name: value}, queue)


def queue_attributes(values: dict[str, str], queue: str = "queueUrl") -> Fault:
    def apply(deployment: Deployment) -> Callable[[], object]:
        sqs, url = deployment.client("sqs"), deployment.pipeline[queue]
        original = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[*values])["Attributes"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes=values)
        return lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes=original)

    return apply


def disable_redrive(deployment: Deployment) -> Callable[[], object]:
    return disable_schedule(deployment, deployment.pipeline["redriveSchedule"])


def disable_canary(deployment: Deployment) -> Callable[[], object]:
    response = deployment.client("scheduler").list_schedules(NamePrefix="canary-")
    (schedule,) = response["Schedules"]
    return disable_schedule(deployment, schedule["Name"])


def disable_schedule(deployment: Deployment, name: str) -> Callable[[], object]:
    client = deployment.client("scheduler")
    schedule = client.get_schedule(Name=name)
    settings = {key: schedule[key] for key in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    client.update_schedule(**settings, State="DISABLED")
    return lambda: client.update_schedule(**settings, State="ENABLED")


def message_in(queue: str) -> Fault:
    def apply(deployment: Deployment) -> Callable[[], object]:
        sqs, url = deployment.client("sqs"), deployment.pipeline[queue]
        sqs.send_message(QueueUrl=url, MessageBody="{}")
        return lambda: sqs.purge_queue(QueueUrl=url)

    return apply


def event_source_mapping(changes: dict[str, Any], original: dict[str, Any]) -> Fault:
    def apply(deployment: Deployment) -> Callable[[], object]:
        client = deployment.client("lambda")
        response = client.list_event_source_mappings(FunctionName=deployment.pipeline["functionName"])
        (mapping,) = response["EventSourceMappings"]
        client.update_event_source_mapping(UUID=mapping["UUID"], **changes)
        return lambda: client.update_event_source_mapping(UUID=mapping["UUID"], **original)

    return apply


def stop_function(deployment: Deployment) -> Callable[[], object]:
    client, name = deployment.client("lambda"), deployment.pipeline["functionName"]
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    return lambda: client.delete_function_concurrency(FunctionName=name)


def write_to_another_table(deployment: Deployment) -> Callable[[], object]:
    client, name = deployment.client("lambda"), deployment.pipeline["functionName"]
    original = client.get_function_configuration(FunctionName=name)["Environment"]
    other_table = "arn:aws:dynamodb:eu-central-1:1:table/other"
    changed = {"Variables": {**original["Variables"], "HISTORY_TABLE_ARN": other_table}}
    client.update_function_configuration(FunctionName=name, Environment=changed)
    return lambda: client.update_function_configuration(FunctionName=name, Environment=original)


def history_table(method: str, changes: dict[str, Any], original: dict[str, Any]) -> Fault:
    def apply(deployment: Deployment) -> Callable[[], object]:
        update = getattr(deployment.client("dynamodb", TABLE_REGION), method)
        name = deployment.stack.outputs["historyTableName"]
        update(TableName=name, **changes)
        return lambda: update(TableName=name, **original)

    return apply


def recovery(*, enabled: bool) -> dict[str, Any]:
    return {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": enabled}}


def ttl(*, enabled: bool) -> dict[str, Any]:
    return {"TimeToLiveSpecification": {"Enabled": enabled, "AttributeName": "expires_at"}}


FAULTS: dict[str, tuple[str, str, Fault]] = {
    "no topic": ("identity-topic-missing", BOUNCE_PIPELINE, topic_of_identity(lambda _: None)),
    "other topic": (
        "identity-topic-mismatch",
        BOUNCE_PIPELINE,
        topic_of_identity(
            lambda deployment: str(deployment.stack.outputs["pipelines"][COMPLAINT_PIPELINE]["topicArn"])
        ),
    ),
    "destination off": ("event-destination-disabled", BOUNCE_PIPELINE, event_destination(Enabled=False)),
    "other events": ("event-destination-events", BOUNCE_PIPELINE, event_destination(MatchingEventTypes=["OPEN"])),
    "topic policy": (
        "topic-policy",
        BOUNCE_PIPELINE,
        topic_attribute("Policy", '{"Version": "2012-10-17", "Statement": []}'),
    ),
    "AWS managed key": ("aws-managed-key", BOUNCE_PIPELINE, topic_attribute("KmsMasterKeyId", "alias/aws/sns")),
    "unsubscribed": ("subscription-missing", BOUNCE_PIPELINE, unsubscribe),
    "filtered": (
        "subscription-filtered",
        BOUNCE_PIPELINE,
        subscription_attribute("FilterPolicy", '{"kind": ["none"]}'),
    ),
    "no raw delivery": (
        "raw-delivery-disabled",
        BOUNCE_PIPELINE,
        subscription_attribute("RawMessageDelivery", "false"),
    ),
    "no subscription dead-letter queue": (
        "subscription-without-dead-letter-queue",
        BOUNCE_PIPELINE,
        subscription_attribute("RedrivePolicy", ""),
    ),
    "queue policy": ("queue-policy", BOUNCE_PIPELINE, queue_attribute("Policy", "")),
    "subscription dead-letter queue's policy": (
        "queue-policy",
        BOUNCE_PIPELINE,
        queue_attribute("Policy", "", "subscriptionDeadLetterQueueUrl"),
    ),
    "no redrive": ("queue-redrive-policy", BOUNCE_PIPELINE, queue_attribute("RedrivePolicy", "")),
    "visibility": (
        "visibility-timeout",
        BOUNCE_PIPELINE,
        queue_attributes({"VisibilityTimeout": "60", "MessageRetentionPeriod": "86400"}),
    ),
    "attempts": ("queue-receive-count", BOUNCE_PIPELINE, queue_attribute("VisibilityTimeout", "240")),
    "redrive off": ("redrive-schedule-disabled", BOUNCE_PIPELINE, disable_redrive),
    "dead letter": ("dead-letters", BOUNCE_PIPELINE, message_in("deadLetterQueueUrl")),
    "subscription-dead-letters": (
        "subscription-dead-letters",
        BOUNCE_PIPELINE,
        message_in("subscriptionDeadLetterQueueUrl"),
    ),
    "mapping off": (
        "event-source-mapping-disabled",
        BOUNCE_PIPELINE,
        event_source_mapping({"Enabled": False}, {"Enabled": True}),
    ),
    "whole batches": (
        "partial-batch-responses-disabled",
        BOUNCE_PIPELINE,
        event_source_mapping({"FunctionResponseTypes": []}, {"FunctionResponseTypes": ["ReportBatchItemFailures"]}),
    ),
    "stopped": ("function-stopped", BOUNCE_PIPELINE, stop_function),
    "other table": ("function-table-mismatch", BOUNCE_PIPELINE, write_to_another_table),
    "no ttl": (
        "table-ttl",
        "history table",
        history_table("update_time_to_live", ttl(enabled=False), ttl(enabled=True)),
    ),
    "no recovery": (
        "table-point-in-time-recovery",
        "history table",
        history_table("update_continuous_backups", recovery(enabled=False), recovery(enabled=True)),
    ),
    "no deletion protection": (
        "table-deletion-protection",
        "history table",
        history_table("update_table", {"DeletionProtectionEnabled": False}, {"DeletionProtectionEnabled": True}),
    ),
}


@contextmanager
def faulty(deployment: Deployment, cause: Fault) -> Iterator[None]:
    repair = cause(deployment)
    try:
        yield
    finally:
        repair()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_gives_its_finding_and_no_other(deployment: Deployment, name: str) -> None:
    finding_id, subject, cause = FAULTS[name]
    with faulty(deployment, cause):
        assert deployment.findings() == {(finding_id, subject)}  # the faults of earlier tests are repaired


def test_a_disabled_key_is_reported_by_each_pipeline_that_uses_it(deployment: Deployment) -> None:
    response = deployment.client("sns").get_topic_attributes(TopicArn=deployment.pipeline["topicArn"])
    key_id = response["Attributes"]["KmsMasterKeyId"]
    kms = deployment.client("kms")
    kms.disable_key(KeyId=key_id)
    try:
        assert deployment.findings() == {("key-unusable", BOUNCE_PIPELINE), ("key-unusable", COMPLAINT_PIPELINE)}
    finally:
        kms.enable_key(KeyId=key_id)


def test_a_canary_without_schedule_is_reported_by_each_pipeline_that_it_tests(deployment: Deployment) -> None:
    with faulty(deployment, disable_canary):
        assert deployment.findings() == {("canary-missing", BOUNCE_PIPELINE), ("canary-missing", COMPLAINT_PIPELINE)}


@contextmanager
def user(deployment: Deployment, policy: dict[str, Any]) -> Iterator[tuple[str, str]]:
    iam, name = deployment.client("iam", "us-east-1"), f"doctor-{time.monotonic_ns()}"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="doctor", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    yield key["AccessKeyId"], key["SecretAccessKey"]


def test_the_printed_policy_is_sufficient(deployment: Deployment) -> None:
    _, policy = deployment.doctor("--policy")
    # The emulator checks every call about a function's concurrency as PutFunctionConcurrency.
    policy["Statement"].append({"Effect": "Allow", "Action": "lambda:PutFunctionConcurrency", "Resource": "*"})
    with user(deployment, policy) as credentials:
        exit_code, document = deployment.doctor("--ignore", "suppression-list-disabled", credentials=credentials)
    assert [finding for finding in document["findings"] if finding["id"] != "email-forwarding-enabled"] == []
    assert exit_code == 0


DEPENDENT_ACTIONS = {
    *("sns:GetSubscriptionAttributes", "kms:GetKeyPolicy", "lambda:GetFunctionConcurrency", "sqs:GetQueueAttributes"),
    *("dynamodb:DescribeTimeToLive", "dynamodb:DescribeContinuousBackups", "dynamodb:GetItem"),
}
"""Actions of calls that are only made when others succeed."""


@pytest.mark.parametrize(
    "missing", [DEPENDENT_ACTIONS, {call.action for call in CALLS} - DEPENDENT_ACTIONS], ids=["dependent", "first"]
)
def test_missing_permissions_are_reported_and_the_inspection_continues(
    deployment: Deployment, missing: set[str]
) -> None:
    _, policy = deployment.doctor("--policy")
    for statement in policy["Statement"]:
        statement["Action"] = [action for action in statement["Action"] if action not in missing]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Action"]]
    with user(deployment, policy) as credentials, faulty(deployment, message_in("deadLetterQueueUrl")):
        exit_code, document = deployment.doctor(*IGNORE_OPTIONS, credentials=credentials)
    assert exit_code == 1
    denied = [finding["message"] for finding in document["findings"] if finding["id"] == "access-denied"]
    assert {action for action in missing if any(f": {action} is needed" in message for message in denied)} == missing
    other_ids = {finding["id"] for finding in document["findings"]} - {"access-denied"}
    assert other_ids == (set() if "sqs:GetQueueAttributes" in missing else {"dead-letters"})


def test_without_any_permission_the_exit_code_is_3(deployment: Deployment) -> None:
    deny_all = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    with user(deployment, deny_all) as credentials:
        exit_code, document = deployment.doctor(credentials=credentials)
    assert exit_code == 3
    assert {finding["id"] for finding in document["findings"]} == {"access-denied"}


OTHER_ACCOUNT = "999999999999"


def test_pipelines_of_another_account_are_reported(deployment: Deployment) -> None:
    exit_code, document = deployment.doctor(credentials=(OTHER_ACCOUNT, "sandbox"))
    assert exit_code == 3
    (finding,) = (finding for finding in document["findings"] if finding["id"] == "other-account")
    assert BOUNCE_PIPELINE in finding["message"]
    assert "--role" in finding["remediation"]


def test_a_role_in_the_other_account_gives_access(deployment: Deployment) -> None:
    _, policy = deployment.doctor("--policy")
    policy["Statement"].append({"Effect": "Allow", "Action": "lambda:PutFunctionConcurrency", "Resource": "*"})
    iam = deployment.client("iam", "us-east-1")
    principal = {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="inspector", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    iam.put_role_policy(RoleName="inspector", PolicyName="inspector", PolicyDocument=json.dumps(policy))
    exit_code, document = deployment.doctor(
        *IGNORE_OPTIONS, "--role", "inspector", credentials=(OTHER_ACCOUNT, "sandbox")
    )
    assert document["findings"] == []
    assert exit_code == 0


def test_a_role_that_cannot_be_assumed_is_reported_once(deployment: Deployment) -> None:
    exit_code, document = deployment.doctor(*IGNORE_OPTIONS, "--role", "nobody", credentials=(OTHER_ACCOUNT, "sandbox"))
    assert exit_code == 3
    assert [finding for finding in document["findings"] if "role/nobody is needed" in finding["message"]]
