"""Asks about a pipeline's way from topic to function."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ses_feedback_cli.doctor import calls
from ses_feedback_cli.doctor.ask import Ask
from ses_feedback_cli.doctor.facts import (
    Absent,
    Document,
    EventMapping,
    Function,
    Key,
    Queue,
    Subscription,
    Topic,
)
from ses_feedback_cli.stack_outputs import Pipeline

AWS_KEYS = ("alias/aws/sns", "alias/aws/sqs")
FindKey = Callable[[str | None], Key | None]


def key_finder(ask: Ask) -> FindKey:
    """Find a key by what a topic or a queue calls it; each is asked about once."""

    @cache
    def find(name: str | None) -> Key | None:
        if not name:
            return None
        if name.endswith(AWS_KEYS):
            return Key(name, managed=True)
        told = ask(calls.KEY, KeyId=name)
        if isinstance(told, Absent):
            return Key(name, state=told)
        about = told["KeyMetadata"]
        managed = about.get("KeyManager") == "AWS"
        policy = Absent.UNSEEN if managed else ask(calls.KEY_POLICY, KeyId=about["Arn"], PolicyName="default")
        return Key(name, managed, about["KeyState"], policy if isinstance(policy, Absent) else read(policy["Policy"]))

    return find


def topic(ask: Ask, pipeline: Pipeline, find_key: FindKey) -> Topic | Absent:
    """The topic, its policy and its key."""
    told = ask(calls.TOPIC, TopicArn=pipeline.topic_arn)
    if isinstance(told, Absent):
        return told
    attributes = told["Attributes"]
    return Topic(read(attributes.get("Policy")), find_key(attributes.get("KmsMasterKeyId")))


def subscription(ask: Ask, pipeline: Pipeline, queue_arn: str) -> Subscription | Absent:
    """The subscription of this queue; GONE also if the topic is."""
    told = ask(calls.SUBSCRIPTIONS, TopicArn=pipeline.topic_arn)
    if isinstance(told, Absent):
        return told
    arns = [one["SubscriptionArn"] for one in told["Subscriptions"] if one["Endpoint"] == queue_arn]
    if not arns:
        return Absent.GONE
    arn = next((arn for arn in arns if arn.startswith("arn:")), None)
    if arn is None:
        return Subscription(arns[0], pending=True)  # SNS says PendingConfirmation in the ARN's place
    about = ask(calls.SUBSCRIPTION, SubscriptionArn=arn)
    if isinstance(about, Absent):
        return about
    attributes = about["Attributes"]
    return Subscription(
        arn,
        attributes.get("PendingConfirmation") == "true",
        attributes.get("RawMessageDelivery") == "true",
        attributes.get("FilterPolicy") or None,
        read(attributes.get("RedrivePolicy")).get("deadLetterTargetArn"),
    )


def queue(ask: Ask, url: str, find_key: FindKey) -> Queue | Absent:
    """A queue."""
    told = ask(calls.QUEUE, QueueUrl=url, AttributeNames=["All"])
    if isinstance(told, Absent):
        return told
    attributes = told["Attributes"]
    return Queue(
        attributes["QueueArn"],
        url,
        read(attributes.get("Policy")),
        sum(int(attributes.get(f"ApproximateNumberOfMessages{which}", 0)) for which in ("", "NotVisible")),
        int(attributes.get("VisibilityTimeout", 0)),
        read(attributes.get("RedrivePolicy")).get("deadLetterTargetArn"),
        find_key(attributes.get("KmsMasterKeyId")),
    )


def mapping(ask: Ask, pipeline: Pipeline, queue_arn: str) -> EventMapping | Absent:
    """The mapping from this queue to the function; that which is on, if there are several."""
    told = ask(calls.MAPPINGS, FunctionName=pipeline.function_name)
    if isinstance(told, Absent):
        return told
    found = [one for one in told["EventSourceMappings"] if one.get("EventSourceArn") == queue_arn]
    if not found:
        return Absent.GONE
    one = max(found, key=lambda each: each["State"] == "Enabled")
    return EventMapping(one["UUID"], one["State"], tuple(one.get("FunctionResponseTypes", ())))


def function(ask: Ask, pipeline: Pipeline) -> tuple[Function | Absent, int | Absent | None]:
    """The function, and the concurrency reserved for it, none if it shares the account's."""
    told = ask(calls.FUNCTION, FunctionName=pipeline.function_name)
    if isinstance(told, Absent):
        return told, told
    variables = told.get("Environment", {}).get("Variables", {})
    made = Function(
        told.get("State", "Active"),
        told.get("StateReason", "") or told.get("LastUpdateStatusReason", ""),
        told.get("LastUpdateStatus", "Successful"),
        told["Timeout"],
        tuple(variables[name] for name in ("BLOCKED_TABLE_ARN", "HISTORY_TABLE_ARN") if name in variables),
    )
    limit = ask(calls.CONCURRENCY, FunctionName=pipeline.function_name)
    return made, limit if isinstance(limit, Absent) else limit.get("ReservedConcurrentExecutions")


def read(text: str | None) -> Document:
    """A policy, also a redrive policy, from its JSON; empty for none."""
    found: Any = json.loads(text) if text else {}
    return found if isinstance(found, Mapping) else {}
