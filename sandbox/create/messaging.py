"""Topics, queues, and the subscription between them."""

from typing import Any

from sandbox.applier import Made, Request


def topic(request: Request) -> Made:
    """SNS CreateTopic."""
    attributes = {"KmsMasterKeyId": request.inputs.take("kmsMasterKeyId")}
    name = request.physical_name(256)
    arn = request.client("sns").create_topic(Name=name, Attributes=_given(attributes), Tags=_tag_list(request))[
        "TopicArn"
    ]
    return Made(arn, {"arn": arn, "name": name})


def topic_policy(request: Request) -> Made:
    """SNS SetTopicAttributes, Policy."""
    arn = request.inputs.take("arn")
    request.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=request.inputs.take("policy")
    )
    return Made(arn)


def subscription(request: Request) -> Made:
    """SNS Subscribe."""
    inputs = request.inputs
    attributes = {
        "RawMessageDelivery": _flag(inputs.take("rawMessageDelivery")),
        "RedrivePolicy": inputs.take("redrivePolicy"),
        "FilterPolicy": inputs.take("filterPolicy"),
        "FilterPolicyScope": inputs.take("filterPolicyScope"),
    }
    arn = request.client("sns").subscribe(
        TopicArn=inputs.take("topic"),
        Protocol=inputs.take("protocol"),
        Endpoint=inputs.take("endpoint"),
        Attributes=_given(attributes),
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    return Made(arn, {"arn": arn})


def queue(request: Request) -> Made:
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
        "SqsManagedSseEnabled": _flag(inputs.take("sqsManagedSseEnabled")),
        "VisibilityTimeout": inputs.integer("visibilityTimeoutSeconds"),
    }
    sqs, name = request.client("sqs"), request.physical_name(80)
    url = sqs.create_queue(
        QueueName=name,
        Attributes={key: str(value) for key, value in _given(attributes).items()},
        tags=inputs.take("tags", {}),
    )["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Made(url, {"arn": arn, "url": url, "name": name})


def queue_policy(request: Request) -> Made:
    """SQS SetQueueAttributes, Policy."""
    return _queue_attribute(request, "Policy", "policy")


def redrive_allow_policy(request: Request) -> Made:
    """SQS SetQueueAttributes, RedriveAllowPolicy."""
    return _queue_attribute(request, "RedriveAllowPolicy", "redriveAllowPolicy")


def _queue_attribute(request: Request, attribute: str, key: str) -> Made:
    url = request.inputs.take("queueUrl")
    request.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={attribute: request.inputs.take(key)})
    return Made(url)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _flag(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()


def _tag_list(request: Request) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in request.inputs.take("tags", {}).items()]
