"""Topics, queues, and the subscription between them."""

import json

from sandbox.provider import CreateRequest, CreateResult, without_none


def topic(request: CreateRequest) -> CreateResult:
    """SNS CreateTopic."""
    attributes = {"KmsMasterKeyId": request.inputs.take("kmsMasterKeyId")}
    name = request.physical_name(256)
    arn = request.client("sns").create_topic(
        Name=name, Attributes=without_none(attributes), Tags=request.inputs.tag_list()
    )["TopicArn"]
    return CreateResult(arn, {"arn": arn, "name": name})


def topic_policy(request: CreateRequest) -> CreateResult:
    """SNS SetTopicAttributes, Policy."""
    arn = request.inputs.take("arn")
    request.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=request.inputs.take("policy")
    )
    return CreateResult(arn)


def subscription(request: CreateRequest) -> CreateResult:
    """SNS Subscribe."""
    inputs = request.inputs
    attributes = {
        "RawMessageDelivery": _boolean(inputs.take("rawMessageDelivery")),
        "RedrivePolicy": inputs.take("redrivePolicy"),
        "FilterPolicy": inputs.take("filterPolicy"),
        "FilterPolicyScope": inputs.take("filterPolicyScope"),
    }
    arn = request.client("sns").subscribe(
        TopicArn=inputs.take("topic"),
        Protocol=inputs.take("protocol"),
        Endpoint=inputs.take("endpoint"),
        Attributes=without_none(attributes),
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    return CreateResult(arn, {"arn": arn})


def queue(request: CreateRequest) -> CreateResult:
    """SQS CreateQueue."""
    inputs = request.inputs
    attributes = {
        "DelaySeconds": inputs.integer("delaySeconds"),
        "KmsMasterKeyId": inputs.take("kmsMasterKeyId"),
        "MaximumMessageSize": inputs.integer("maxMessageSize"),
        "MessageRetentionPeriod": inputs.integer("messageRetentionSeconds"),
        "Policy": inputs.take("policy"),
        "ReceiveMessageWaitTimeSeconds": inputs.integer("receiveWaitTimeSeconds"),
        "RedriveAllowPolicy": inputs.take("redriveAllowPolicy"),
        "RedrivePolicy": inputs.take("redrivePolicy"),
        "SqsManagedSseEnabled": _boolean(inputs.take("sqsManagedSseEnabled")),
        "VisibilityTimeout": inputs.integer("visibilityTimeoutSeconds"),
    }
    sqs, name = request.client("sqs"), request.physical_name(80)
    url = sqs.create_queue(
        QueueName=name,
        Attributes={key: str(value) for key, value in without_none(attributes).items()},
        tags=inputs.take("tags", {}),
    )["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return CreateResult(url, {"arn": arn, "url": url, "name": name})


def queue_policy(request: CreateRequest) -> CreateResult:
    """SQS SetQueueAttributes, Policy.

    Whoever works in the sandbox is the account's root, and may redrive: on AWS, roles of `redrivePrincipals` do.
    """
    policy = json.loads(request.inputs.take("policy"))
    for statement in policy["Statement"]:
        if statement["Sid"] == "DenyOtherSenders":
            condition = statement["Condition"]["ArnNotEquals"]
            principals = [*condition.get("aws:PrincipalArn", []), f"arn:aws:iam::{request.account.id}:root"]
            condition["aws:PrincipalArn"] = principals
    return _queue_attribute(request, "Policy", json.dumps(policy))


def redrive_allow_policy(request: CreateRequest) -> CreateResult:
    """SQS SetQueueAttributes, RedriveAllowPolicy."""
    return _queue_attribute(request, "RedriveAllowPolicy", request.inputs.take("redriveAllowPolicy"))


def _queue_attribute(request: CreateRequest, attribute: str, value: str) -> CreateResult:
    url = request.inputs.take("queueUrl")
    request.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={attribute: value})
    return CreateResult(url)


def _boolean(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()
