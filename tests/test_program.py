"""The program as a whole, under the stacks that this repository carries.

Recorded, not deployed: nothing here proves that AWS accepts it.
"""

import json
import re
import runpy
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.arn import Arn
from rollout.plan import build_plan
from rollout.stack_files import complete_config
from rollout.target_config import placeholder_outputs
from tests.recorder import ACCOUNT, Graph, RegisteredResource, record

ROOT = Path(__file__).parents[1]


def stack(
    name: str, registered: list[RegisteredResource] | None = None, *, preview: bool = False, **changes: object
) -> Graph:
    """The graph of a stack, with its configuration as the engine would pass it."""
    project: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    values = {f"{project['name']}:{key}": declaration["default"] for key, declaration in project["config"].items()}
    values |= yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"]
    values |= {f"{project['name']}:{key}": value for key, value in changes.items()}
    config = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    if registered is not None or preview:
        return run(config, registered, preview=preview)
    return cached_run(tuple(sorted(config.items())))


def run(config: dict[str, str], registered: list[RegisteredResource] | None = None, *, preview: bool = False) -> Graph:
    program = str(ROOT / "__main__.py")
    return record(lambda: runpy.run_path(program, run_name="__main__"), config, registered, preview=preview)


@cache
def cached_run(config: tuple[tuple[str, str], ...]) -> Graph:
    """The graph of one configuration, which many tests read and none changes: a run takes a second."""
    return run(dict(config))


@pytest.fixture(scope="module")
def dev() -> Graph:
    return stack("dev")


def is_canary(resource: RegisteredResource) -> bool:
    return resource.parent.startswith("canary-")


def test_the_readme_and_the_rollout_page_state_how_many_resources_there_are() -> None:
    """As `pulumi up` counts: with components, and the stack itself, which the rollout does not count."""
    readme, page = ((ROOT / name).read_text() for name in ("README.md", "docs/rollout.md"))
    one_source = stack("sandbox", canary=False, tableRegion="", sources=[{"identities": ["example.com"]}])
    assert f"It shows {len(one_source.resources) + 1} resources" in readme
    assert f"and {len(one_source.of('aws:cloudwatch/metricAlarm:MetricAlarm'))} alarms" in readme
    targets = ROOT / "examples/rollout/targets.yaml"
    plan = build_plan(targets.read_text(), targets.name)
    stacks = {stack.name: stack for stack in plan.stacks}
    hub_outputs = placeholder_outputs(plan.hub.region, plan.hub.account_id)
    for name in ("mail-eu-central-1", "shop-eu-west-1", "news-eu-west-1"):  # the hub, and two members that differ
        config = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in complete_config(stacks[name], hub_outputs).items()
        }
        created = len(run(config).resources)
        assert re.search(rf" {name} +\d+ +succeeded +{created} create\n", page), (name, created)


def test_dev_has_one_pair_of_tables_and_two_pipelines_per_source(dev: Graph) -> None:
    assert Counter(resource.type for resource in dev.resources if not resource.custom) == {
        "ses-feedback:index:BlockedTable": 1,
        "ses-feedback:index:FeedbackPipeline": 4,
        "ses-feedback:index:FeedbackCanary": 2,
        "ses-feedback:index:FeedbackMonitoring": 2,
    }
    assert set(dev.outputs["pipelines"]) == {
        "bounce-eu-west-1-example-com",
        "complaint-eu-west-1-example-com",
        "bounce-eu-central-1-example-org",
        "complaint-eu-central-1-example-org",
    }


def test_dev_watches_every_identity_for_both_kinds_in_its_region(dev: Graph) -> None:
    topics = dev.of("aws:ses/identityNotificationTopic:IdentityNotificationTopic")
    assert {
        (topic.inputs["region"], topic.inputs["identity"], topic.inputs["notificationType"]) for topic in topics
    } == {
        (region, identity, kind)
        for region, identity in (
            ("eu-west-1", "example.com"),
            ("eu-west-1", "news.example.com"),
            ("eu-central-1", "example.org"),
        )
        for kind in ("Bounce", "Complaint")
    }


def test_every_pipeline_writes_to_the_tables_in_their_own_region(dev: Graph) -> None:
    blocked, history = dev.outputs["blockedTableArn"], dev.outputs["historyTableArn"]
    assert Arn.of(blocked).region == Arn.of(history).region == "eu-central-1"
    for function in dev.of("aws:lambda/function:Function"):
        variables = function.inputs["environment"]["variables"]
        assert variables["BLOCKED_TABLE_ARN"] == blocked
        assert variables.get("HISTORY_TABLE_ARN") == (None if is_canary(function) else history)


def test_every_regional_resource_carries_its_region(dev: Graph) -> None:
    for resource in dev.custom:
        assert resource.type.startswith("aws:iam/") or resource.inputs["region"], resource


def test_every_resource_that_takes_tags_has_the_stacks(dev: Graph) -> None:
    for resource in dev.custom:
        assert resource.inputs.get("tags", {"service": "ses-feedback", "environment": "dev"}) == {
            "service": "ses-feedback",
            "environment": "dev",
        }, resource


def test_exports_are_what_a_consumer_joins_to(dev: Graph) -> None:
    assert set(dev.outputs) == {
        "blockedTableArn",
        "blockedTableName",
        "historyTableArn",
        "historyTableName",
        "senderPolicyJson",
        "tableSettings",
        "protected",
        "pipelines",
        "canaries",
        "monitoring",
    }
    for name, pipeline in dev.outputs["pipelines"].items():
        assert set(pipeline) == {
            "kind",
            "region",
            "identities",
            "configurationSet",
            "sendingAccounts",
            "topicArn",
            "queueUrl",
            "deadLetterQueueUrl",
            "subscriptionDeadLetterQueueUrl",
            "functionName",
            "logGroupName",
            "redriveSchedule",
            "roleArn",
        }
        assert name.startswith(pipeline["kind"])
        assert all(value for key, value in pipeline.items() if key not in {"configurationSet", "sendingAccounts"}), (
            pipeline
        )
    assert dev.outputs["pipelines"]["bounce-eu-west-1-example-com"]["identities"] == ["example.com", "news.example.com"]


def test_exports_name_the_schedule_of_the_automatic_redrive_if_it_is_on() -> None:
    for is_on, expected in ((True, "bounce-eu-west-1-example-com-redrive-1a2b3c4"), (False, "")):
        pipelines = stack("dev", automaticRedrive=is_on).outputs["pipelines"]
        assert pipelines["bounce-eu-west-1-example-com"]["redriveSchedule"] == expected


def test_each_source_of_dev_has_a_canary_that_the_monitoring_of_its_region_watches(dev: Graph) -> None:
    name = "eu-west-1-example-com"
    assert set(dev.outputs["canaries"]) == {name, "eu-central-1-example-org"}
    canary = dev.outputs["canaries"][name]
    assert {key: canary[key] for key in ("region", "sender", "functionName", "logGroupName", "roleArn")} == {
        "region": "eu-west-1",
        "sender": "ses-feedback-canary@example.com",
        "functionName": f"canary-{name}-function-1a2b3c4",
        "logGroupName": f"canary-{name}-logs-1a2b3c4",
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/canary-{name}-role-1a2b3c4",
    }
    assert set(canary["addresses"]) == {f"bounce-{name}", f"complaint-{name}"}
    alarms = {alarm.name for alarm in dev.of("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert f"ses-feedback-eu-west-1-bounce-{name}-canary-failed" in alarms
    assert not {alarm for alarm in alarms if alarm.endswith("-not-processed")}
    assert f"bounce-{name}-subscription" in dev[f"canary-{name}-schedule"].depends_on


def test_without_a_canary_what_ses_counts_is_compared() -> None:
    graph = stack("dev", canary=False)
    assert "canaries" not in graph.outputs
    assert not [resource for resource in graph.resources if "canary" in resource.name]
    assert "ses-feedback-eu-west-1-bounces-not-processed" in {resource.name for resource in graph.custom}


def test_exports_say_what_is_protected_for_a_history_that_is_judged_again() -> None:
    assert stack("dev").outputs["protected"] == []
    assert stack("dev", protected=["abuse@"]).outputs["protected"] == ["abuse@"]


def test_exports_say_what_the_tables_settings_should_be_where_they_are_created() -> None:
    assert stack("dev", softBounceThreshold=3, holdDays=7).outputs["tableSettings"] == {
        "softBounceThreshold": 3,
        "softBounceWindowDays": 30,
        "softBlockDays": 30,
        "holdDays": 7,
        "surgeHourlyFloor": 100,
        "surgeFactor": 3,
    }


def test_dev_watches_each_region_with_its_own_pipelines(dev: Graph) -> None:
    assert dev.outputs["monitoring"] == {
        region: {
            "alarmTopicArn": f"arn:aws:sns:{region}:{ACCOUNT}:ses-feedback-{region}-alarms-1a2b3c4",
            "dashboardName": f"ses-feedback-{region}-1a2b3c4",
        }
        for region in ("eu-west-1", "eu-central-1")
    }
    for alarm in dev.of("aws:cloudwatch/metricAlarm:MetricAlarm"):
        region = alarm.inputs["region"]
        assert alarm.parent == f"ses-feedback-{region}"
        assert alarm.inputs["alarmActions"] == [dev.outputs["monitoring"][region]["alarmTopicArn"]]
        dimensions = alarm.inputs.get("dimensions", {})
        for name in dimensions.keys() - {"service", "verdict", "rule"}:
            assert region in dimensions[name], alarm


def test_without_monitoring_nothing_watches() -> None:
    graph = stack("dev", monitoring=False)
    assert not [resource for resource in graph.custom if resource.type.startswith("aws:cloudwatch/metricAlarm")]
    assert "monitoring" not in graph.outputs


def test_alarms_reach_the_people_and_runbooks_of_the_configuration() -> None:
    url = "https://wiki.example.com/ses-feedback"
    graph = stack("dev", alarmEmails=["oncall@example.com"], runbookUrl=url)
    subscriptions = graph.of("aws:sns/topicSubscription:TopicSubscription")
    emails = [subscription for subscription in subscriptions if subscription.inputs["protocol"] == "email"]
    assert {(email.inputs["region"], email.inputs["endpoint"]) for email in emails} == {
        ("eu-west-1", "oncall@example.com"),
        ("eu-central-1", "oncall@example.com"),
    }
    for alarm in graph.of("aws:cloudwatch/metricAlarm:MetricAlarm"):
        assert f" Runbook: {url}#" in alarm.inputs["alarmDescription"]


def test_email_forwarding_is_switched_off_once_both_kinds_have_a_topic() -> None:
    source = {"region": "eu-west-1", "identities": ["shop.example"], "name": "shop", "emailForwarding": False}
    graph = stack("dev", sources=[source])
    type_ = "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes"
    (forwarding,) = graph.of(type_)
    assert forwarding.inputs["emailForwardingEnabled"] is False
    assert {"bounce-shop-shop.example", "complaint-shop-shop.example"} <= forwarding.depends_on


def test_customer_keys_are_made_per_region_and_reach_everything() -> None:
    graph = stack("dev", createKmsKeys=True)
    key_names = {key.inputs["region"]: key.name for key in graph.of("aws:kms/key:Key")}
    arns = {region: f"arn:aws:kms:{region}:{ACCOUNT}:key/{name}-1a2b3c4" for region, name in key_names.items()}
    assert set(arns) == {"eu-west-1", "eu-central-1"}
    for resource in graph.custom:
        key_arns = [resource.inputs[name] for name in ("kmsMasterKeyId", "kmsKeyId") if name in resource.inputs]
        if resource.type in {"aws:sns/topic:Topic", "aws:sqs/queue:Queue", "aws:cloudwatch/logGroup:LogGroup"}:
            assert key_arns == [arns[resource.inputs["region"]]], resource
        if resource.type == "aws:dynamodb/table:Table":
            assert resource.inputs["serverSideEncryption"]["kmsKeyArn"] == arns["eu-central-1"]
    assert graph.outputs["tableKmsKeyArn"] == arns["eu-central-1"]
    for policy in graph.of("aws:iam/rolePolicy:RolePolicy"):
        if policy.name.endswith("-scheduler-policy"):
            continue
        statements = policy.document("policy")["Statement"]
        key_arns = [
            statement["Resource"]
            for statement in statements
            if statement["Sid"] in {"UseQueueKey", "DecryptTables", "DecryptBlockedTable"}
        ]
        assert len(key_arns) == (1 if is_canary(policy) else 2)
        assert key_arns[-1] == arns["eu-central-1"]


def test_protection_of_keys_can_be_lifted_with_and_without_tables() -> None:
    """Otherwise a stack with existing tables could never be removed."""
    table = "arn:aws:dynamodb:eu-central-1:210987654321:table/"
    existing_tables: dict[str, Any] = {
        "tableRegion": "",
        "blockedTableArn": f"{table}blocked",
        "historyTableArn": f"{table}history",
    }
    for changes in ({}, existing_tables):
        keys = stack("dev", None, createKmsKeys=True, deletionProtection=False, **changes).of("aws:kms/key:Key")
        assert keys
        assert not any(key.protect for key in keys)


def test_tables_made_elsewhere_are_not_made_again() -> None:
    table = "arn:aws:dynamodb:eu-central-1:210987654321:table/"
    graph = stack("dev", tableRegion="", blockedTableArn=f"{table}blocked", historyTableArn=f"{table}history")
    assert graph.of("aws:dynamodb/table:Table") == graph.of("aws:dynamodb/tableItem:TableItem") == []
    assert "tableSettings" not in graph.outputs
    assert graph.outputs["blockedTableArn"] == f"{table}blocked"
    assert "blockedTableName" not in graph.outputs


def test_a_mistake_stops_before_anything_is_made() -> None:
    registered: list[RegisteredResource] = []
    with pytest.raises(pulumi.RunError, match="ses-feedback:batchSize is 0"):
        stack("dev", registered, batchSize=0)
    assert registered == []
