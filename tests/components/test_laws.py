"""Laws that every child of every component keeps, whatever its inputs.

A new type of child has to be entered below, with what it owes; a type that is not there fails.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest

from components import (
    BlockedTable,
    BlockedTableArgs,
    FeedbackKmsKey,
    FeedbackMonitoring,
    FeedbackMonitoringArgs,
    FeedbackPipeline,
    FeedbackPipelineArgs,
)
from tests.recorder import ACCOUNT, Graph, RegisteredResource, record

KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd"
TABLE = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/"


@dataclass(frozen=True)
class Law:
    """What a type owes. `limit`: the longest physical name that AWS takes, where the engine makes it up."""

    tags: bool = False
    regional: bool = True
    limit: int | None = None
    encrypted: Callable[[RegisteredResource], bool] = lambda _: True
    key: str | None = None
    """The input that holds the customer key, if one is given."""
    kept: bool = False
    """Whether it resists deletion."""


LAWS: dict[str, Law] = {
    "aws:cloudwatch/dashboard:Dashboard": Law(),
    "aws:cloudwatch/logGroup:LogGroup": Law(tags=True, limit=512, key="kmsKeyId"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Law(tags=True, limit=255),
    "aws:dynamodb/resourcePolicy:ResourcePolicy": Law(),
    "aws:dynamodb/table:Table": Law(tags=True, limit=255, kept=True),
    "aws:iam/role:Role": Law(tags=True, regional=False, limit=64),
    "aws:iam/rolePolicy:RolePolicy": Law(regional=False, limit=128),
    "aws:kms/key:Key": Law(tags=True, kept=True),
    "aws:kms/keyPolicy:KeyPolicy": Law(),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Law(tags=True),
    "aws:lambda/function:Function": Law(tags=True, limit=64),
    "aws:ses/identityNotificationTopic:IdentityNotificationTopic": Law(),
    "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": Law(),
    "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes": Law(),
    "aws:sns/topic:Topic": Law(tags=True, limit=256, key="kmsMasterKeyId"),
    "aws:sns/topicPolicy:TopicPolicy": Law(),
    "aws:sns/topicSubscription:TopicSubscription": Law(),
    "aws:sqs/queue:Queue": Law(
        tags=True,
        limit=80,
        key="kmsMasterKeyId",
        encrypted=lambda queue: queue.inputs.get("sqsManagedSseEnabled") is True or "kmsMasterKeyId" in queue.inputs,
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Law(),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": Law(),
}
TAGS = {"service": "mail"}
RANDOM = "-1a2b3c4"


def everything(*, key: str | None = None) -> Graph:
    """Every component with every child it can have, under the longest names they take."""

    def program() -> None:
        table: dict[str, object] = {"region": "eu-west-1", "tags": TAGS, "kms_key_arn": key}
        table |= {"reader_principals": ["o-abcdefghij"], "writer_principals": [ACCOUNT]}
        table |= {} if key else {"replica_regions": ["us-east-1"]}
        FeedbackKmsKey("k" * 47, {"region": "eu-west-1", "tags": cast(Any, TAGS)})
        tables = BlockedTable("t" * 47, cast(BlockedTableArgs, table))
        pipelines = {}
        for kind in ("bounce", "complaint"):
            given: dict[str, object] = {
                "kind": kind,
                "region": "eu-west-1",
                "identities": ["a.example", f"{'long' * 15}.{'domain' * 10}.example"],
                "configuration_set_name": "main",
                "blocked_table_arn": tables.blocked_table_arn,
                "history_table_arn": tables.history_table_arn,
                "maximum_concurrency": 2,
                "email_forwarding": False,
                "kms_key_arn": key,
                "tags": TAGS,
            }
            pipelines[kind] = FeedbackPipeline(kind[0] * 46, cast(FeedbackPipelineArgs, given))
        monitoring: dict[str, object] = {
            "bounce_pipelines": {"shop": pipelines["bounce"].monitored},
            "complaint_pipelines": {"shop": pipelines["complaint"].monitored},
            "alarm_emails": ["oncall@example.com"],
            "tags": TAGS,
            "kms_key_arn": key,
        }
        FeedbackMonitoring("m" * 47, cast(FeedbackMonitoringArgs, monitoring))

    return record(program)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return everything()


def test_every_type_of_child_has_its_law(graph: Graph) -> None:
    assert {resource.type for resource in graph.custom} == set(LAWS)


def test_a_component_is_the_parent(graph: Graph) -> None:
    components = {resource.name for resource in graph.resources if not resource.custom}
    assert {resource.parent for resource in graph.custom} == components


def test_names_begin_with_the_components_name(graph: Graph) -> None:
    for resource in graph.custom:
        assert resource.name.startswith(f"{resource.parent}-"), resource


def test_regional_children_carry_the_region_and_only_they(graph: Graph) -> None:
    for resource in graph.custom:
        replica = "us-east-1" if resource.name.endswith("-us-east-1") else "eu-west-1"
        assert resource.inputs.get("region") == (replica if LAWS[resource.type].regional else None), resource


def test_what_takes_tags_has_them(graph: Graph) -> None:
    for resource in graph.custom:
        assert resource.inputs.get("tags") == (TAGS if LAWS[resource.type].tags else None), resource


def test_no_physical_name_is_fixed_and_the_longest_fit_aws(graph: Graph) -> None:
    for resource in graph.custom:
        assert not {"name", "namePrefix"} & resource.inputs.keys(), resource
        limit = LAWS[resource.type].limit
        assert limit is None or len(resource.name + RANDOM) <= limit, resource
    destination = graph.of("aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination")[0]
    assert len(destination.inputs["eventDestinationName"]) <= 64


def test_everything_is_encrypted(graph: Graph) -> None:
    for resource in graph.custom:
        assert LAWS[resource.type].encrypted(resource), resource


def test_a_customer_key_reaches_everything_that_takes_one() -> None:
    for resource in everything(key=KEY).custom:
        if key := LAWS[resource.type].key:
            assert resource.inputs[key] == KEY, resource


def test_what_holds_data_for_good_resists_deletion_and_nothing_else_does(graph: Graph) -> None:
    for resource in graph.custom:
        assert resource.protect == LAWS[resource.type].kept, resource
        if resource.type == "aws:dynamodb/table:Table":
            assert resource.inputs["deletionProtectionEnabled"] is True, resource
