"""Other ways to carry feedback, and to write the same configuration, that the rules accept."""

import json

import pytest

from policy.resource_types import CLASSIC_EVENT_DESTINATION, REDRIVE_POLICY, TABLE_POLICY
from tests.policy import graphs
from tests.policy.analyzer import StackResource, find_violations
from tests.policy.graph_changes import (
    BASE,
    SES_PUBLISHES,
    TABLE,
    TLS_ONLY,
    TOPIC_SENDS,
    WRITE_HISTORY_TABLE,
    GraphChange,
    add_statement,
    change_statement,
    resource_named,
    set_input,
)
from tests.recorder import ACCOUNT

COMPLAINT_BASE = BASE.replace("bounce", "complaint")


def _parse_policies(graph: list[StackResource]) -> None:
    for resource in graph:
        for key in ("policy", "redrivePolicy", "assumeRolePolicy", "redriveAllowPolicy"):
            if key in resource.inputs:
                resource.inputs[key] = json.loads(resource.inputs[key])


def _add_redrive_policy(graph: list[StackResource]) -> None:
    queue = resource_named(graph, f"{BASE}-queue")
    inputs = {"queueUrl": queue["url"], "redrivePolicy": queue.inputs.pop("redrivePolicy")}
    graph.append(StackResource(type=REDRIVE_POLICY, name="redrive-policy", inputs=inputs))


def _use_classic_destination(graph: list[StackResource]) -> None:
    """Publish the bounces of the configuration set by an event destination of SES v1, its complaints by one of v2."""
    source = resource_named(graph, f"{BASE}-event-destination")
    destination = source.inputs.pop("eventDestination")["snsDestination"]
    source.type = CLASSIC_EVENT_DESTINATION
    source.inputs |= {"enabled": True, "matchingTypes": ["bounce"], "snsDestination": destination}


def distribute_by_filters(graph: list[StackResource]) -> None:
    """Use one topic for bounces and complaints, with a filter policy for each queue."""
    topic_arn = resource_named(graph, f"{BASE}-topic")["arn"]
    for base in (BASE, COMPLAINT_BASE):
        graph.remove(resource_named(graph, f"{base}-event-destination"))
    resource_named(graph, f"{COMPLAINT_BASE}-example.com").inputs["topicArn"] = topic_arn
    resource_named(graph, f"{COMPLAINT_BASE}-subscription").inputs["topic"] = topic_arn
    for base, notification_type in ((BASE, "Bounce"), (COMPLAINT_BASE, "Complaint")):
        filter_policy = json.dumps({"notificationType": [notification_type]})
        inputs = resource_named(graph, f"{base}-subscription").inputs
        inputs |= {"filterPolicyScope": "MessageBody", "filterPolicy": filter_policy}
    for suffix in ("queue-policy", "subscription-dead-letters-policy"):
        inputs = resource_named(graph, f"{COMPLAINT_BASE}-{suffix}").inputs
        inputs["policy"] = inputs["policy"].replace(f"{COMPLAINT_BASE}-topic", f"{BASE}-topic")


def _map_to_function_version(graph: list[StackResource]) -> None:
    function_arn = resource_named(graph, f"{BASE}-function")["arn"]
    resource_named(graph, f"{BASE}-mapping").inputs["functionName"] = f"{function_arn}:live"


def _add_alarm_without_action(graph: list[StackResource]) -> None:
    alarm = resource_named(graph, f"ses-feedback-eu-west-1-{BASE}-dead-letters")
    inputs = {**alarm.inputs, "alarmActions": []}
    graph.insert(0, StackResource(type=alarm.type, name="alarm-without-action", inputs=inputs))


def _set_default_outputs(graph: list[StackResource]) -> None:
    """Set what AWS returns where the program sets nothing, and what a refresh has read before the last change."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:Publish", "SNS:Subscribe"],
        "Resource": "*",
        "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT}},
    }
    topic_policy = {"Statement": [statement]}
    queue_policy = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sqs:*", "Resource": "*"}]}
    resource_named(graph, f"{BASE}-topic").outputs["policy"] = json.dumps(topic_policy)
    resource_named(graph, f"{BASE}-queue").outputs["policy"] = json.dumps(queue_policy)
    resource_named(graph, f"{BASE}-dead-letters").outputs["redriveAllowPolicy"] = ""


def _set_function_name(graph: list[StackResource]) -> None:
    set_input("mapping", "functionName", resource_named(graph, f"{BASE}-function")["name"])(graph)


def _set_customer_managed_keys(graph: list[StackResource]) -> None:
    set_input("topic", "kmsMasterKeyId", "alias/mail")(graph)
    set_input("queue", "kmsMasterKeyId", "alias/mail")(graph)


ACCEPTED: dict[str, GraphChange] = {
    "no components": lambda _: None,
    "a function by its name": _set_function_name,
    "a function by its version": _map_to_function_version,
    "a separate redrive policy": _add_redrive_policy,
    "policies as objects": _parse_policies,
    "one topic for both types": distribute_by_filters,
    "event destinations of SES v1 and v2": _use_classic_destination,
    "a second alarm": _add_alarm_without_action,
    "defaults of AWS": _set_default_outputs,
    "an identity by its ARN": set_input(
        "example.com", "identity", f"arn:aws:ses:eu-west-1:{ACCOUNT}:identity/example.com"
    ),
    "a string that is not JSON": set_input(
        "function", "environment", {"variables": {"GREETING": "{name}, hello", "N": "{}"}}
    ),
    "a statement for the own account": add_statement(
        "queue-policy", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Action="sqs:*"
    ),
    "a second condition": change_statement(
        "queue-policy", TOPIC_SENDS,
        Condition={
            "ArnLike": {"AWS:sourceArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:*"},
            "ArnEquals": {"aws:SourceArn": [f"arn:aws:sns:eu-west-1:{ACCOUNT}:{BASE}-topic-1a2b3c4"]},
        },
    ),
    "TLS in another notation": change_statement(
        "queue-policy", TLS_ONLY, Principal={"AWS": ["*"]}, Action=["SQS:*"],
        Condition={"bool": {"AWS:SecureTransport": [False]}},
    ),
    "TLS by NotAction and NotResource": change_statement(
        "queue-policy", TLS_ONLY, Action=None, NotAction="s3:*", Resource=None, NotResource="arn:aws:s3:::*"
    ),
    "the account in source ARNs": change_statement(
        "topic-policy", SES_PUBLISHES, Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:ses:*:{ACCOUNT}:*"}}
    ),
    "customer managed keys": _set_customer_managed_keys,
    "parts of one resource": change_statement(
        "role-policy", WRITE_HISTORY_TABLE, Action="s3:GetObject", Resource=["arn:aws:s3:::mail/*",
        f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/jobs/index/*", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:a:*",
        f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:mail-??????"],
    ),
    "a container image": set_input("function", "runtime", None),
    "an unlisted runtime": set_input("function", "runtime", "provided.al2023"),
}  # fmt: skip


@pytest.mark.parametrize("change", ACCEPTED.values(), ids=list(ACCEPTED))
def test_it_is_no_violation(change: GraphChange) -> None:
    graph = graphs.without_components()
    change(graph)
    assert find_violations(graph) == set()


def test_filters_that_distribute_feedback_must_lose_no_type() -> None:
    graph = graphs.without_components()
    distribute_by_filters(graph)
    set_input("subscription", "filterPolicy", json.dumps({"notificationType": ["bounce"]}))(graph)
    assert ("feedback-not-filtered", f"{BASE}-subscription") in find_violations(graph)
    anything_but = {"notificationType": [{"anything-but": ["Complaint"]}]}
    set_input("subscription", "filterPolicy", json.dumps(anything_but))(graph)
    assert find_violations(graph) == set()


def test_the_configuration_may_allow_other_principals() -> None:
    graph = graphs.without_components()
    add_statement("queue-policy", Principal={"AWS": "210987654321"}, Action="sqs:ReceiveMessage")(graph)
    assert find_violations(graph) == {("queue-policy-restricts-sender", f"{BASE}-queue")}
    config = {"queue-policy-restricts-sender": {"allowedPrincipals": ["210987654321"]}}
    assert find_violations(graph, config) == set()


@pytest.mark.parametrize(
    "callers",
    [
        {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}},
        {"Principal": {"AWS": "210987654321"}},
        {"Principal": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::210987654321:role/send-*"}}},
    ],
)
def test_a_table_may_be_shared_with_an_organisation_or_an_account(callers: dict[str, object]) -> None:
    graph = graphs.without_components()
    arn = resource_named(graph, TABLE)["arn"]
    statement = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": arn, **callers}
    inputs = {"resourceArn": arn, "policy": json.dumps({"Statement": statement})}
    graph.append(StackResource(type=TABLE_POLICY, name="table-policy", inputs=inputs))
    assert find_violations(graph) == set()
