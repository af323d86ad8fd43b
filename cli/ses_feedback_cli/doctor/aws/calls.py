"""Every API call that the doctor makes, with the permission that it needs. All of them only read.

The resources that a permission can be limited to are those of the Service Authorization Reference ("Actions, resources,
and condition keys" of each service). A subscription, for example, is not one of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ses_feedback.arn import Arn
from ses_feedback.history.table_settings import SETTINGS_KEY

from ses_feedback_cli.doctor.observations import function_arn, queue_name, regional_arn, topic_arn
from ses_feedback_cli.stack_outputs import Pipeline


@dataclass(frozen=True)
class Call:
    """An API call."""

    action: str
    """The IAM action."""
    service: str
    """boto3's name of the service."""
    method: str
    """The client's method."""
    resource_type: str = "*"
    """What the permission can be limited to; * where IAM defines no resource for the action."""


ACCOUNT = Call("ses:GetAccount", "sesv2", "get_account")
IDENTITY_VERIFICATION = Call("ses:GetIdentityVerificationAttributes", "ses", "get_identity_verification_attributes")
IDENTITY_NOTIFICATION = Call("ses:GetIdentityNotificationAttributes", "ses", "get_identity_notification_attributes")
EVENT_DESTINATIONS = Call(
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
EVENT_SOURCE_MAPPINGS = Call("lambda:ListEventSourceMappings", "lambda", "list_event_source_mappings")
SCHEDULE = Call("scheduler:GetSchedule", "scheduler", "get_schedule", "schedule")
SCHEDULES = Call("scheduler:ListSchedules", "scheduler", "list_schedules", "schedules")
METRICS = Call("cloudwatch:GetMetricData", "cloudwatch", "get_metric_data")
TABLE = Call("dynamodb:DescribeTable", "dynamodb", "describe_table", "table")
TIME_TO_LIVE = Call("dynamodb:DescribeTimeToLive", "dynamodb", "describe_time_to_live", "table")
BACKUPS = Call("dynamodb:DescribeContinuousBackups", "dynamodb", "describe_continuous_backups", "table")
SETTINGS = Call("dynamodb:GetItem", "dynamodb", "get_item", "settings item")

CALLS = (
    *(ACCOUNT, IDENTITY_VERIFICATION, IDENTITY_NOTIFICATION, EVENT_DESTINATIONS, TOPIC, SUBSCRIPTIONS, SUBSCRIPTION),
    *(QUEUE, KEY, KEY_POLICY, FUNCTION, CONCURRENCY, EVENT_SOURCE_MAPPINGS, SCHEDULE, SCHEDULES, METRICS),
    *(TABLE, TIME_TO_LIVE, BACKUPS, SETTINGS),
)
_CONDITIONS: Mapping[str, Mapping[str, Any]] = {
    "settings item": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [SETTINGS_KEY["value"]]}},
}
"""What limits a permission further: of the tables' items, the settings only."""


def required_policy(
    pipelines: Sequence[Pipeline], tables: Sequence[str], role_name: str | None, table_keys: Iterable[str] = ()
) -> dict[str, Any]:
    """The IAM policy with which the doctor can inspect these pipelines and tables, and nothing else.

    A table that is given by name is assumed to be in the pipelines' account. The stack's outputs do not contain its
    keys, so the policy covers the state and the key policy of every key in the pipelines' accounts. ``table_keys``:
    customer managed keys of the tables, without which an item cannot be read.
    """
    resources_by_type = _resources_by_type(pipelines, tables)
    statements: list[dict[str, Any]] = []
    for resource_type in dict.fromkeys(call.resource_type for call in CALLS):
        actions = sorted(call.action for call in CALLS if call.resource_type == resource_type)
        if resources := ["*"] if resource_type == "*" else sorted(resources_by_type[resource_type]):
            condition = _CONDITIONS.get(resource_type)
            statements.append({**_allow(actions, resources), **({"Condition": condition} if condition else {})})
    if keys := sorted(set(table_keys)):
        via_dynamodb = {"StringLike": {"kms:ViaService": "dynamodb.*.amazonaws.com"}}
        statements.append({**_allow(["kms:Decrypt"], keys), "Condition": via_dynamodb})
    if role_name:
        accounts = {(arn.partition, arn.account) for arn in map(topic_arn, pipelines)}
        roles = [f"arn:{partition}:iam::{account}:role/{role_name}" for partition, account in sorted(accounts)]
        statements.append(_allow(["sts:AssumeRole"], roles))
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _resources_by_type(pipelines: Iterable[Pipeline], tables: Sequence[str]) -> Mapping[str, set[str]]:
    resources: dict[str, set[str]] = {call.resource_type: set() for call in CALLS}
    for pipeline in pipelines:
        topic = topic_arn(pipeline)
        queue_urls = (
            pipeline.queue_url,
            pipeline.dead_letter_queue_url,
            pipeline.subscription_dead_letter_queue_url,
        )
        resources["topic"].add(pipeline.topic_arn)
        resources["queue"].update(regional_arn(topic, "sqs", queue_name(url)) for url in queue_urls)
        resources["function"].add(function_arn(pipeline, pipeline.function_name))
        if pipeline.canary:
            resources["function"].add(function_arn(pipeline, pipeline.canary.function_name))
            resources["schedules"].add("*")  # IAM defines no resource for it
        resources["key"].add(regional_arn(topic, "kms", "key/*"))
        if pipeline.redrive_schedule:
            schedule = f"schedule/default/{pipeline.redrive_schedule}"  # in the default group of schedules
            resources["schedule"].add(regional_arn(topic, "scheduler", schedule))
        if pipeline.configuration_set:
            configuration_set = f"configuration-set/{pipeline.configuration_set}"
            resources["configuration set"].add(regional_arn(topic, "ses", configuration_set))
        resources["table"].update(
            table if Arn.parse(table) else regional_arn(topic, "dynamodb", f"table/{table}") for table in tables
        )
        resources["settings item"] = resources["table"]
    return resources
