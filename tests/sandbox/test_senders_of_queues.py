"""Who may send to the queues: the topic, the function, and the principals that the configuration names.

The emulator evaluates the queues' policies, with its own evaluator. Not proved: that AWS's agrees, and that SQS moves
a message to a dead-letter queue whose policy names no sender: the emulator moves it without asking any policy.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox import Account, DeployedStack, deploy

REGION, QUEUES = "eu-west-1", ("queueUrl", "deadLetterQueueUrl", "subscriptionDeadLetterQueueUrl")
EVERYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
)
"""What an administrator of the account has."""


@pytest.fixture(scope="module")
def stack(new_account: Callable[[], Account]) -> DeployedStack:
    account = new_account()
    principals = [f"arn:aws:iam::{account.id}:{principal}" for principal in ("user/operator", "role/operators")]
    return deploy(account, {"ses-feedback:redrivePrincipals": principals})


@pytest.fixture(scope="module")
def pipeline(stack: DeployedStack) -> dict[str, Any]:
    outputs: dict[str, Any] = stack.outputs["pipelines"]["bounce-eu-west-1-shop-example"]
    # What is sent is to be found in the queue.
    client = stack.account.client("lambda", REGION)
    (mapping,) = client.list_event_source_mappings(FunctionName=outputs["functionName"])["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    return outputs


def user(account: Account, name: str) -> Any:
    """The SQS client of a new user who may do anything with any queue, as far as the queue agrees."""
    iam = account.client("iam", "us-east-1")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=EVERYTHING)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return account.client("sqs", REGION, (key["AccessKeyId"], key["SecretAccessKey"]))


def role_session(account: Account, role_arn: str) -> Any:
    """The SQS client of a session of a role."""
    credentials = account.client("sts", REGION).assume_role(RoleArn=role_arn, RoleSessionName="session")["Credentials"]
    sqs = account.client("sqs", REGION, (credentials["AccessKeyId"], credentials["SecretAccessKey"]))
    sqs._request_signer._credentials.token = credentials["SessionToken"]
    return sqs


def operators(account: Account) -> Any:
    """The SQS client of a session of the role that the configuration names."""
    iam, trust = account.client("iam", "us-east-1"), {"Effect": "Allow", "Action": "sts:AssumeRole"}
    statement = trust | {"Principal": {"AWS": f"arn:aws:iam::{account.id}:root"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="operators", AssumeRolePolicyDocument=document)["Role"]
    iam.put_role_policy(RoleName="operators", PolicyName="all", PolicyDocument=EVERYTHING)
    return role_session(account, role["Arn"])


def allowed(client: Any, pipeline: dict[str, Any]) -> set[str]:
    """The queues that a client can send to; of each other one it is told that it may not."""
    return {queue for queue in QUEUES if not is_denied(client, pipeline[queue])}


def is_denied(client: Any, queue_url: str) -> bool:
    try:
        client.send_message(QueueUrl=queue_url, MessageBody="{}")
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"AccessDenied", "AccessDeniedException"}:
            raise
        return True
    return False


def test_a_stranger_in_the_same_account_cannot_send_whatever_rights_he_has(
    stack: DeployedStack, pipeline: dict[str, Any]
) -> None:
    stranger = user(stack.account, "stranger")
    assert allowed(stranger, pipeline) == set()
    stranger.get_queue_attributes(QueueUrl=pipeline["queueUrl"], AttributeNames=["All"])  # what is not denied, he can


@pytest.mark.parametrize("client", [lambda account: user(account, "operator"), operators], ids=["user", "role"])
def test_who_is_named_can_redrive_and_no_more(
    stack: DeployedStack, pipeline: dict[str, Any], client: Callable[[Account], Any]
) -> None:
    assert allowed(client(stack.account), pipeline) == {"queueUrl"}


def test_the_function_sends_dead_letters_and_redrives(stack: DeployedStack, pipeline: dict[str, Any]) -> None:
    function = role_session(stack.account, pipeline["roleArn"])
    assert allowed(function, pipeline) == {"queueUrl", "deadLetterQueueUrl"}


def test_the_topic_delivers_and_another_topic_does_not(stack: DeployedStack, pipeline: dict[str, Any]) -> None:
    sns, sqs = stack.account.client("sns", REGION), stack.account.client("sqs", REGION)
    queue_arn = sqs.get_queue_attributes(QueueUrl=pipeline["queueUrl"], AttributeNames=["QueueArn"])["Attributes"]
    other = sns.create_topic(Name="other")["TopicArn"]
    sns.subscribe(TopicArn=other, Protocol="sqs", Endpoint=queue_arn["QueueArn"])
    sqs.purge_queue(QueueUrl=pipeline["queueUrl"])
    sns.publish(TopicArn=other, Message="forged")
    sns.publish(TopicArn=pipeline["topicArn"], Message="genuine")
    messages = sqs.receive_message(QueueUrl=pipeline["queueUrl"], MaxNumberOfMessages=10, WaitTimeSeconds=2)["Messages"]
    assert [message["Body"] for message in messages] == ["genuine"]
