"""What every child of every component must do, whatever its inputs.

A new type of child needs an entry in CONTRACTS; a type without one fails.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest

from components import (
    BlockedTable,
    BlockedTableArgs,
    FeedbackCanary,
    FeedbackCanaryArgs,
    FeedbackKmsKey,
    FeedbackMonitoring,
    FeedbackMonitoringArgs,
    FeedbackPipeline,
    FeedbackPipelineArgs,
)
from tests.recorder import ACCOUNT, RANDOM_SUFFIX, Graph, RegisteredResource, record

KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd"
TABLE = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/"


@dataclass(frozen=True)
class Contract:
    """What the resources of a type must do."""

    has_tags: bool = False
    is_regional: bool = True
    longest_name: int | None = None
    """The longest physical name that AWS accepts, where the engine makes up the name."""
    is_encrypted: Callable[[RegisteredResource], bool] = lambda _: True
    key_input: str | None = None
    """The input that holds the customer key, if there is one."""
    is_protected: bool = False
    """Whether it is protected from deletion."""


CONTRACTS: dict[str, Contract] = {
    "aws:cloudwatch/dashboard:Dashboard": Contract(),
    "aws:cloudwatch/logGroup:LogGroup": Contract(has_tags=True, longest_name=512, key_input="kmsKeyId"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Contract(has_tags=True, longest_name=255),
    "aws:dynamodb/resourcePolicy:ResourcePolicy": Contract(),
    "aws:dynamodb/table:Table": Contract(has_tags=True, longest_name=255, is_protected=True),
    "aws:dynamodb/tableItem:TableItem": Contract(),
    "aws:iam/role:Role": Contract(has_tags=True, is_regional=False, longest_name=64),
    "aws:iam/rolePolicy:RolePolicy": Contract(is_regional=False, longest_name=128),
    "aws:kms/key:Key": Contract(has_tags=True, is_protected=True),
    "aws:kms/keyPolicy:KeyPolicy": Contract(),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Contract(has_tags=True),
    "aws:lambda/function:Function": Contract(has_tags=True, longest_name=64),
    "aws:scheduler/schedule:Schedule": Contract(longest_name=64),
    "aws:ses/identityNotificationTopic:IdentityNotificationTopic": Contract(),
    "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": Contract(),
    "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes": Contract(),
    "aws:sns/topic:Topic": Contract(has_tags=True, longest_name=256, key_input="kmsMasterKeyId"),
    "aws:sns/topicPolicy:TopicPolicy": Contract(),
    "aws:sns/topicSubscription:TopicSubscription": Contract(),
    "aws:sqs/queue:Queue": Contract(
        has_tags=True,
        longest_name=80,
        key_input="kmsMasterKeyId",
        is_encrypted=lambda queue: queue.inputs.get("sqsManagedSseEnabled") is True or "kmsMasterKeyId" in queue.inputs,
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Contract(),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": Contract(),
}
TAGS = {"service": "mail"}


def record_all_components(*, kms_key_arn: str | None = None) -> Graph:
    """Every component with every child it can have, under the longest names they take."""

    def program() -> None:
        table_args: dict[str, object] = {"region": "eu-west-1", "tags": TAGS, "kms_key_arn": kms_key_arn}
        table_args |= {"reader_principals": ["o-abcdefghij"], "writer_principals": [ACCOUNT]}
        table_args |= {} if kms_key_arn else {"replica_regions": ["us-east-1"]}
        FeedbackKmsKey("k" * 47, {"region": "eu-west-1", "tags": cast(Any, TAGS)})
        tables = BlockedTable("t" * 47, cast(BlockedTableArgs, table_args))
        pipelines = {}
        for kind in ("bounce", "complaint"):
            pipeline_args: dict[str, object] = {
                "kind": kind,
                "region": "eu-west-1",
                "identities": ["a.example", f"{'long' * 15}.{'domain' * 10}.example"],
                "configuration_set_name": "main",
                "blocked_table_arn": tables.blocked_table_arn,
                "history_table_arn": tables.history_table_arn,
                "maximum_concurrency": 2,
                "email_forwarding": False,
                "kms_key_arn": kms_key_arn,
                "tags": TAGS,
            }
            pipelines[kind] = FeedbackPipeline(kind[0] * 46, cast(FeedbackPipelineArgs, pipeline_args))
        canary_args: dict[str, object] = {
            "sender": "canary@a.example",
            "blocked_table_arn": tables.blocked_table_arn,
            **{f"{kind}_pipeline": pipeline.monitored for kind, pipeline in pipelines.items()},
            "kms_key_arn": kms_key_arn,
            "tags": TAGS,
        }
        canary = FeedbackCanary("c" * 46, cast(FeedbackCanaryArgs, canary_args))
        monitoring_args: dict[str, object] = {
            "bounce_pipelines": {"shop": pipelines["bounce"].monitored},
            "complaint_pipelines": {"shop": pipelines["complaint"].monitored},
            "canaries": {"shop": canary.monitored},
            "alarm_emails": ["oncall@example.com"],
            "tags": TAGS,
            "kms_key_arn": kms_key_arn,
        }
        FeedbackMonitoring("m" * 47, cast(FeedbackMonitoringArgs, monitoring_args))

    return record(program)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return record_all_components()


def test_every_type_of_child_has_a_contract(graph: Graph) -> None:
    assert {resource.type for resource in graph.custom} == set(CONTRACTS)


def test_a_component_is_the_parent(graph: Graph) -> None:
    components = {resource.name for resource in graph.resources if not resource.custom}
    assert {resource.parent for resource in graph.custom} == components


def test_names_begin_with_the_components_name(graph: Graph) -> None:
    for resource in graph.custom:
        assert resource.name.startswith(f"{resource.parent}-"), resource


def test_regional_children_carry_the_region_and_only_they(graph: Graph) -> None:
    for resource in graph.custom:
        replica = "us-east-1" if resource.name.endswith("-us-east-1") else "eu-west-1"
        assert resource.inputs.get("region") == (replica if CONTRACTS[resource.type].is_regional else None), resource


def test_what_takes_tags_has_them(graph: Graph) -> None:
    for resource in graph.custom:
        assert resource.inputs.get("tags") == (TAGS if CONTRACTS[resource.type].has_tags else None), resource


def test_no_physical_name_is_fixed_and_the_longest_fit_aws(graph: Graph) -> None:
    for resource in graph.custom:
        assert not {"name", "namePrefix"} & resource.inputs.keys(), resource
        longest_name = CONTRACTS[resource.type].longest_name
        assert longest_name is None or len(f"{resource.name}-{RANDOM_SUFFIX}") <= longest_name, resource
    destination = graph.of("aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination")[0]
    assert len(destination.inputs["eventDestinationName"]) <= 64


def test_everything_is_encrypted(graph: Graph) -> None:
    for resource in graph.custom:
        assert CONTRACTS[resource.type].is_encrypted(resource), resource


def test_a_customer_key_reaches_everything_that_takes_one() -> None:
    for resource in record_all_components(kms_key_arn=KEY).custom:
        if key_input := CONTRACTS[resource.type].key_input:
            assert resource.inputs[key_input] == KEY, resource


def test_only_what_holds_data_for_good_is_protected_from_deletion(graph: Graph) -> None:
    for resource in graph.custom:
        assert resource.protect == CONTRACTS[resource.type].is_protected, resource
        if resource.type == "aws:dynamodb/table:Table":
            assert resource.inputs["deletionProtectionEnabled"] is True, resource
