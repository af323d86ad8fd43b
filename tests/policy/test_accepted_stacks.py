"""Other ways to carry feedback, and to write the same configuration, that the rules accept."""

import json

import pytest

from policy.resource_types import (
    CLASSIC_EVENT_DESTINATION,
    EMAIL_FORWARDING,
    IDENTITY,
    IDENTITY_TOPIC,
    REDRIVE_POLICY,
    SUBSCRIPTION,
    TABLE_POLICY,
    TOPIC,
)
from tests.policy import graphs
from tests.policy.analyzer import StackResource, find_violations, in_preview
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
    subscribe_function,
)
from tests.recorder import ACCOUNT, RANDOM_SUFFIX

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


def _consume_by_two_aliases(graph: list[StackResource]) -> None:
    """As while one version of a function replaces another."""
    mapping = resource_named(graph, f"{BASE}-mapping")
    function_arn = resource_named(graph, f"{BASE}-function")["arn"]
    mapping.inputs["functionName"] = f"{function_arn}:blue"
    inputs = {**mapping.inputs, "functionName": f"{function_arn}:green"}
    graph.append(StackResource(type=mapping.type, name="green", inputs=inputs))


def _disable_old_mapping(graph: list[StackResource]) -> None:
    mapping, function = resource_named(graph, f"{BASE}-mapping"), resource_named(graph, f"{BASE}-function")
    inputs = {**mapping.inputs, "functionName": f"{function['arn']}:old", "enabled": False}
    graph.append(StackResource(type=mapping.type, name="old-mapping", inputs=inputs))


def _disable_old_destination(graph: list[StackResource]) -> None:
    destination = resource_named(graph, f"{BASE}-event-destination")
    inputs = json.loads(json.dumps(destination.inputs))
    inputs["eventDestination"]["enabled"] = False
    graph.append(StackResource(type=destination.type, name="old-destination", inputs=inputs))


def _publish_to_another_stack(graph: list[StackResource]) -> None:
    """Leave only the sources of SES in the stack."""
    graph[:] = [resource for resource in graph if resource.type.startswith("aws:ses")]


def _deliver_to_another_stack(graph: list[StackResource]) -> None:
    graph.remove(resource_named(graph, f"{BASE}-queue-policy"))
    graph.remove(resource_named(graph, f"{BASE}-queue"))
    graph.remove(resource_named(graph, f"{BASE}-redrive-allow-policy"))


def _invoke_another_stack(graph: list[StackResource]) -> None:
    graph.remove(resource_named(graph, f"{BASE}-function"))


def _write_another_stack(graph: list[StackResource]) -> None:
    """As a member of a rollout, whose tables are in another account."""
    text = json.dumps([resource.inputs for resource in graph if not resource.type.startswith("aws:dynamodb")])
    inputs = iter(json.loads(text.replace(f"eu-central-1:{ACCOUNT}:table", "eu-central-1:210987654321:table")))
    graph[:] = [resource for resource in graph if not resource.type.startswith("aws:dynamodb")]
    for resource in graph:
        resource.inputs = next(inputs)


def _write_idempotency_table(graph: list[StackResource]) -> None:
    """The function stores the ids of messages, too, in a table with another key."""
    blocked = resource_named(graph, TABLE)
    inputs = {**blocked.inputs, "hashKey": "id", "attributes": [{"name": "id", "type": "S"}]}
    outputs = {key: value.replace(TABLE, "idempotency") for key, value in blocked.outputs.items()}
    graph.append(StackResource(type=blocked.type, name="idempotency", inputs=inputs, outputs=outputs))
    change_statement("role-policy", WRITE_HISTORY_TABLE, Resource=outputs["arn"])(graph)


def _disable_forwarding(identity: str) -> GraphChange:
    attributes = StackResource(type=EMAIL_FORWARDING, name="forwarding", inputs={"emailIdentity": identity})
    return lambda graph: graph.append(attributes)


def _track_by_configuration_set(graph: list[StackResource]) -> None:
    """Use no notification topics of identities, but the default configuration set of the identity."""
    for base in (BASE, COMPLAINT_BASE):
        graph.remove(resource_named(graph, f"{base}-example.com"))
    inputs = {"emailIdentity": "example.com", "configurationSetName": "main"}
    graph.append(StackResource(type=IDENTITY, name="identity", inputs=inputs))
    _disable_forwarding("example.com")(graph)


def _forward_by_email(graph: list[StackResource]) -> None:
    inputs = {"emailIdentity": "example.org", "emailForwardingEnabled": True}
    graph.append(StackResource(type=EMAIL_FORWARDING, name="forwarding", inputs=inputs))


def _share_deliveries(graph: list[StackResource]) -> None:
    """Somebody else gets the notifications of deliveries."""
    topic_arn = f"arn:aws:sns:eu-west-1:{ACCOUNT}:deliveries"
    inputs = {"identity": "example.com", "notificationType": "Delivery", "topicArn": topic_arn}
    subscription = {"topic": topic_arn, "protocol": "https", "endpoint": "https://example.org/sns"}
    graph += [
        StackResource(type=TOPIC, name="deliveries", inputs={}, outputs={"arn": topic_arn}),
        StackResource(type=IDENTITY_TOPIC, name="deliveries-topic", inputs=inputs),
        StackResource(type=SUBSCRIPTION, name="deliveries-subscription", inputs=subscription),
    ]


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
    "an operating system only": set_input("function", "runtime", "provided.al2023"),
    "a runtime that is not listed": set_input("function", "runtime", "python3.99"),
    "two aliases of one function": _consume_by_two_aliases,
    "a disabled mapping beside an enabled one": _disable_old_mapping,
    "a disabled event destination beside an enabled one": _disable_old_destination,
    "a topic in another stack": _publish_to_another_stack,
    "a queue in another stack": _deliver_to_another_stack,
    "a function in another stack": _invoke_another_stack,
    "tables in another account": _write_another_stack,
    "a table for idempotency": _write_idempotency_table,
    "no forwarding beside both topics": _disable_forwarding("example.com"),
    "no forwarding of an identity by its ARN": _disable_forwarding(
        f"arn:aws:ses:eu-west-1:{ACCOUNT}:identity/example.com"
    ),
    "no forwarding beside a configuration set": _track_by_configuration_set,
    "forwarding without topics": _forward_by_email,
    "another subscriber of deliveries": _share_deliveries,
    "a function that is subscribed": subscribe_function(
        principal="sns.amazonaws.com", sourceArn=f"arn:aws:sns:eu-west-1:{ACCOUNT}:{BASE}-topic-1a2b3c4"
    ),
    "a function that any topic may invoke": subscribe_function(principal="sns.amazonaws.com"),
    "reserved concurrency": set_input("function", "reservedConcurrentExecutions", 5),
    "the message size of SNS": set_input("queue", "maxMessageSize", 262_144),
    "the default message size": set_input("queue", "maxMessageSize", None),
}  # fmt: skip


@pytest.mark.parametrize("change", ACCEPTED.values(), ids=list(ACCEPTED))
def test_it_is_no_violation(change: GraphChange) -> None:
    graph = graphs.without_components()
    change(graph)
    assert find_violations(graph) == set()
    graph = graphs.one_source()  # with the dependencies by which a preview follows what is unknown
    change(graph)
    assert find_violations(in_preview(graph, RANDOM_SUFFIX), preview=True) == set()


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


def test_the_configuration_may_name_what_another_stack_holds() -> None:
    graph = graphs.without_components()
    graph.remove(resource_named(graph, f"{BASE}-subscription"))
    graph.remove(resource_named(graph, f"{COMPLAINT_BASE}-mapping"))
    _disable_forwarding("example.org")(graph)
    assert find_violations(graph) == {
        ("topic-has-subscription", f"{BASE}-topic"),
        ("queue-has-consumer", f"{COMPLAINT_BASE}-queue"),
        ("email-forwarding-needs-topics", "forwarding"),
    }
    config = {
        "topic-has-subscription": {"subscribedElsewhere": [f"{BASE}-topic"]},
        "queue-has-consumer": {"consumedElsewhere": [f"{COMPLAINT_BASE}-queue"]},
        "email-forwarding-needs-topics": {"notifiedElsewhere": ["example.org"]},
    }
    assert find_violations(graph, config) == set()


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [("https", "https://example.org/sns"), ("sqs", "arn:aws:sqs:eu-west-1:210987654321:theirs")],
)
def test_the_configuration_may_allow_other_subscribers(protocol: str, endpoint: str) -> None:
    graph = graphs.without_components()
    subscription = resource_named(graph, f"{BASE}-subscription")
    inputs = {**subscription.inputs, "protocol": protocol, "endpoint": endpoint}
    graph.append(StackResource(type=SUBSCRIPTION, name="other", inputs=inputs))
    assert find_violations(graph) == {("feedback-not-shared", "other")}
    assert find_violations(graph, {"feedback-not-shared": {"allowedEndpoints": [endpoint]}}) == set()
