"""Every call that the doctor makes, each with the right that it needs. All of them only read.

Facts: what a right can be limited to is in the Service Authorization Reference ("Actions, resources, and condition
keys" of each service). A subscription, for example, is no resource there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ses_feedback_cli.doctor.facts import queue_name
from ses_feedback_cli.stack_outputs import Pipeline


@dataclass(frozen=True)
class Call:
    """A call of an AWS service."""

    action: str
    """The IAM action."""
    service: str
    """As boto3 calls it."""
    method: str
    on: str = "*"
    """What the right can be limited to: a key of `resources`; * where IAM knows no resource for the action."""


ACCOUNT = Call("ses:GetAccount", "sesv2", "get_account")
VERIFICATION = Call("ses:GetIdentityVerificationAttributes", "ses", "get_identity_verification_attributes")
NOTIFICATION = Call("ses:GetIdentityNotificationAttributes", "ses", "get_identity_notification_attributes")
DESTINATIONS = Call(
    "ses:GetConfigurationSetEventDestinations", "sesv2", "get_configuration_set_event_destinations", "configuration set"
)
TOPIC = Call("sns:GetTopicAttributes", "sns", "get_topic_attributes", "topic")
SUBSCRIPTIONS = Call("sns:ListSubscriptionsByTopic", "sns", "list_subscriptions_by_topic", "topic")
SUBSCRIPTION = Call("sns:GetSubscriptionAttributes", "sns", "get_subscription_attributes")
QUEUE = Call("sqs:GetQueueAttributes", "sqs", "get_queue_attributes", "queue")
KEY = Call("kms:DescribeKey", "kms", "describe_key", "key")
KEY_POLICY = Call("kms:GetKeyPolicy", "kms", "get_key_policy", "key")
FUNCTION = Call("lambda:GetFunctionConfiguration", "lambda", "get_function_configuration", "function")
CONCURRENCY = Call("lambda:GetFunctionConcurrency", "lambda", "get_function_concurrency", "function")
MAPPINGS = Call("lambda:ListEventSourceMappings", "lambda", "list_event_source_mappings")
METRICS = Call("cloudwatch:GetMetricData", "cloudwatch", "get_metric_data")
TABLE = Call("dynamodb:DescribeTable", "dynamodb", "describe_table", "table")
TTL = Call("dynamodb:DescribeTimeToLive", "dynamodb", "describe_time_to_live", "table")
BACKUPS = Call("dynamodb:DescribeContinuousBackups", "dynamodb", "describe_continuous_backups", "table")

CALLS = (
    *(ACCOUNT, VERIFICATION, NOTIFICATION, DESTINATIONS, TOPIC, SUBSCRIPTIONS, SUBSCRIPTION, QUEUE, KEY, KEY_POLICY),
    *(FUNCTION, CONCURRENCY, MAPPINGS, METRICS, TABLE, TTL, BACKUPS),
)


def policy(pipelines: Sequence[Pipeline], tables: Sequence[str], role: str | None) -> dict[str, Any]:
    """The IAM policy that lets somebody run the doctor on these, and no more.

    A table that is given by name is taken to be of the pipelines' account. Keys are not in a stack's outputs, so every
    key of the pipelines' accounts may be looked at: its state and its policy.
    """
    on = _resources(pipelines, tables)
    statements: list[dict[str, Any]] = []
    for target in dict.fromkeys(call.on for call in CALLS):
        actions = sorted(call.action for call in CALLS if call.on == target)
        if resources := ["*"] if target == "*" else sorted(on[target]):
            statements.append(_statement(actions, resources))
    if role:
        accounts = {(arn[1], arn[4]) for one in pipelines for arn in [one.topic_arn.split(":")]}
        roles = [f"arn:{partition}:iam::{account}:role/{role}" for partition, account in sorted(accounts)]
        statements.append(_statement(["sts:AssumeRole"], roles))
    return {"Version": "2012-10-17", "Statement": statements}


def _statement(actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _resources(pipelines: Iterable[Pipeline], tables: Sequence[str]) -> Mapping[str, set[str]]:
    on: dict[str, set[str]] = {call.on: set() for call in CALLS}
    for one in pipelines:
        _, partition, _, region, account, _ = one.topic_arn.split(":", 5)

        def arn(service: str, resource: str, place: str = f"{region}:{account}", cloud: str = partition) -> str:
            return f"arn:{cloud}:{service}:{place}:{resource}"

        on["topic"].add(one.topic_arn)
        urls = (one.queue_url, one.dead_letter_queue_url, one.subscription_dead_letter_queue_url)
        on["queue"].update(arn("sqs", queue_name(url)) for url in urls)
        on["function"].add(arn("lambda", f"function:{one.function_name}"))
        on["key"].add(arn("kms", "key/*"))
        if one.configuration_set:
            on["configuration set"].add(arn("ses", f"configuration-set/{one.configuration_set}"))
        on["table"].update(table if table.startswith("arn:") else arn("dynamodb", f"table/{table}") for table in tables)
    return on
