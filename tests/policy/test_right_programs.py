"""What is right passes: both programs, and harmless changes of both, in an update and in the preview of a new stack."""

import json
from typing import Any

import pytest

from policy.resource_types import PIPE
from policy.rule import MANDATORY
from tests.policy.analyzer import StackResource, analyze
from tests.policy.graph_changes import (
    BASE,
    OWN_KEY_POLICY,
    QUEUE_RIGHTS,
    RECEIVE_MESSAGES,
    SES_PUBLISHES,
    TABLE,
    TOPIC_SENDS,
    USE_KEY,
    GraphChange,
    add_statement,
    attach_policy,
    chain,
    change_statement,
    edit_json,
    remove_resource,
    resource_named,
    set_input,
)
from tests.policy.programs import FOREIGN, OWN, PROGRAMS, Program
from tests.policy.test_accepted_policies import ACCEPTED_POLICIES
from tests.policy.test_accepted_stacks import ACCEPTED
from tests.recorder import ACCOUNT, DEFAULT_REGION

OTHER_NOTATIONS = ACCEPTED | ACCEPTED_POLICIES
ONLY_OWN = {
    "one topic for both types", "event destinations of SES v1 and v2", "a disabled mapping beside an enabled one",
    "tables in another account", "a topic in another stack", "a queue in another stack",
    "no forwarding beside a configuration set", "policies as objects", "a table for idempotency",
    "another subscriber of deliveries", "an identity by its ARN", "a second condition", "parts of one resource",
    "no forwarding beside both topics", "no forwarding of an identity by its ARN", "SES by a second policy statement",
    "a topic that denies other identities", "a queue that denies other topics", "a key whose policy names the role",
    "one table that is only read", "a function that is subscribed",
}  # fmt: skip
"""Changes that name what the foreign program does not have, or has already."""


def _literal_queue_policy(graph: list[StackResource]) -> None:
    """Both ARNs are written out, so the policy is known in a preview, and neither the topic's ARN nor the queue's."""
    resource_named(graph, "queue-policy").property_dependencies.pop("policy", None)


def _literal_topic_policy(graph: list[StackResource]) -> None:
    resource_named(graph, "topic-policy").property_dependencies.pop("policy", None)


def _literal_topic_in_ses(graph: list[StackResource]) -> None:
    resource_named(graph, f"{BASE}-example.com").property_dependencies.pop("topicArn", None)


def _literal_endpoint(graph: list[StackResource]) -> None:
    resource_named(graph, "subscription").property_dependencies.pop("endpoint", None)


def _literal_mapping(graph: list[StackResource]) -> None:
    mapping = resource_named(graph, "mapping")
    mapping.inputs["functionName"] = resource_named(graph, "function")["name"]
    mapping.property_dependencies.clear()


def _literal_role_policy(graph: list[StackResource]) -> None:
    resource_named(graph, "role-policy").property_dependencies.pop("policy", None)


def _literal_dead_letters(graph: list[StackResource]) -> None:
    resource_named(graph, "queue").property_dependencies.pop("redrivePolicy", None)


def _add_pipe(graph: list[StackResource], **inputs: object) -> None:
    queue, function = resource_named(graph, "queue"), resource_named(graph, "function")
    graph.append(
        StackResource(
            type=PIPE, name="pipe", inputs={"source": queue["arn"], "target": function["arn"], **inputs},
            property_dependencies={"source": [queue.name], "target": [function.name]},
        )
    )  # fmt: skip


def _consume_by_pipe(graph: list[StackResource]) -> None:
    graph.remove(resource_named(graph, "mapping"))
    _add_pipe(graph)


def _one_statement(graph: list[StackResource]) -> None:
    policy = resource_named(graph, "topic-policy")
    (policy.inputs["policy"],) = [
        json.dumps({**document, "Statement": document["Statement"][0]})
        for document in [json.loads(policy.inputs["policy"])]
        if isinstance(document["Statement"], list)
    ] or [policy.inputs["policy"]]


HARMLESS: dict[str, GraphChange] = {
    "the queue's policy is a literal": _literal_queue_policy,
    "the topic's policy is a literal": _literal_topic_policy,
    "SES gets the topic's ARN as a literal": _literal_topic_in_ses,
    "the subscription gets the queue's ARN as a literal": _literal_endpoint,
    "the mapping gets literals": _literal_mapping,
    "the role's policy is a literal": _literal_role_policy,
    "the dead-letter queue is named by a literal": _literal_dead_letters,
    "a policy with one statement and no list": _one_statement,
    "SES publishes for its identities and configuration sets": change_statement(
        "topic-policy", SES_PUBLISHES,
        Condition={"StringLike": {"aws:SourceArn": f"arn:aws:ses:eu-west-1:{ACCOUNT}:*"}},
    ),
    "a condition with IfExists": change_statement(
        "queue-policy", TOPIC_SENDS,
        Condition={"ArnEquals": {"aws:SourceArn": "<topic>"}, "BoolIfExists": {"aws:SecureTransport": "true"}},
    ),
    "an organisation is required of principals only": add_statement(
        "topic-policy", Effect="Deny", Principal="*", Action="sns:*",
        Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
                   "Bool": {"aws:PrincipalIsAWSService": "false"}},
    ),
    "an organisation is required of the queue's readers": add_statement(
        "queue-policy", Effect="Deny", Principal="*", Action="sqs:SendMessage",
        Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
                   "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}},
    ),
    "the function receives by a list of resources": change_statement(
        QUEUE_RIGHTS, RECEIVE_MESSAGES,
        Action=["SQS:ReceiveMessage", "sqs:deletemessage", "sqs:GetQueueAttributes"],
    ),
    "an attached policy of another stack": attach_policy(
        "rolePolicyAttachment:RolePolicyAttachment", "role", str,
        policyArn=f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    ),
    "AWS's policy for logs": attach_policy(
        "rolePolicyAttachment:RolePolicyAttachment", "role", str,
        policyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    ),
    "a larger batch with a window": chain(
        set_input("mapping", "batchSize", 10), set_input("mapping", "maximumBatchingWindowInSeconds", 0)
    ),
    "a limit of concurrent batches": set_input("mapping", "scalingConfig", {"maximumConcurrency": 5}),
    "another version of Python": set_input("function", "runtime", "python3.14"),
    "another architecture": set_input("function", "architectures", ["x86_64"]),
    "a shorter function timeout": set_input("function", "timeout", 3),
    "logs for a week": set_input("logs", "retentionInDays", 7),
    "raw messages": set_input("subscription", "rawMessageDelivery", True),
    "a topic of its own name": set_input("topic", "displayName", "Returns"),
    "a display name that is JSON": set_input("topic", "displayName", '{"a": ["b"]}'),
    "streams of the table": set_input(TABLE, "streamEnabled", True),
    "a replica with the same protection": set_input(
        TABLE, "replicas",
        [{"regionName": "eu-west-2", "pointInTimeRecovery": True, "deletionProtectionEnabled": True}],
    ),
    "an alarm at the first message, in another form": chain(
        set_input(f"ses-feedback-eu-west-1-{BASE}-dead-letters", "comparisonOperator", "GreaterThanOrEqualToThreshold"),
        set_input(f"ses-feedback-eu-west-1-{BASE}-dead-letters", "threshold", 1),
    ),
    "more attempts": edit_json("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=900)),
    "the number of attempts as text": edit_json(
        "queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=str(policy["maxReceiveCount"]))
    ),
    "a pipe instead of a mapping": _consume_by_pipe,
    "a stopped pipe beside the mapping": lambda graph: _add_pipe(graph, desiredState="STOPPED"),
    "every queue may use the dead-letter queue": remove_resource("redrive-allow-policy"),
}  # fmt: skip

WITH_KEYS: dict[str, GraphChange] = {
    "SES and SNS by two statements": chain(
        change_statement(OWN_KEY_POLICY, USE_KEY, Principal={"Service": "ses.amazonaws.com"}),
        add_statement(OWN_KEY_POLICY, Principal={"Service": "sns.amazonaws.com"}, Action="kms:*"),
    ),
    "the account of the source": change_statement(
        OWN_KEY_POLICY, USE_KEY, Condition={"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}
    ),
    "no lock-out of services": add_statement(
        OWN_KEY_POLICY, Effect="Deny", Principal="*", Action="kms:*",
        Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
                   "Bool": {"aws:PrincipalIsAWSService": "false"}},
    ),
}  # fmt: skip


def mandatory_violations(program: Program, change: GraphChange) -> list[str]:
    """The messages of mandatory rules in an update and in a preview."""
    graph = program.graph()
    change(graph)
    diagnostics = [*analyze(graph), *analyze(program.preview(graph), preview=True)]
    return [diagnostic.message for diagnostic in diagnostics if diagnostic.level is MANDATORY]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_program_has_no_violation_of_any_level(program: Program) -> None:
    assert analyze(program.graph()) == []
    assert analyze(program.preview(program.graph()), preview=True) == []


@pytest.mark.parametrize("program", [OWN, FOREIGN], ids=lambda program: program.name)
@pytest.mark.parametrize("change", HARMLESS.values(), ids=list(HARMLESS))
def test_a_harmless_change_passes(change: GraphChange, program: Program) -> None:
    assert mandatory_violations(program, change) == []


@pytest.mark.parametrize("change", [change for name, change in OTHER_NOTATIONS.items() if name not in ONLY_OWN],
                         ids=[name for name in OTHER_NOTATIONS if name not in ONLY_OWN])  # fmt: skip
def test_another_notation_passes_in_the_foreign_program(change: GraphChange) -> None:
    assert mandatory_violations(FOREIGN, change) == []


@pytest.mark.parametrize("program", PROGRAMS[1:], ids=lambda program: program.name)
@pytest.mark.parametrize("change", WITH_KEYS.values(), ids=list(WITH_KEYS))
def test_a_harmless_key_policy_passes(change: GraphChange, program: Program) -> None:
    assert mandatory_violations(program, change) == []


def _in_region(resources: list[StackResource], region: str) -> list[StackResource]:
    """The program as a provider of another Region creates it, with the same names; the function has one of its own."""
    return [
        StackResource(
            type=resource.type,
            name=f"{region}-{resource.name}",
            inputs=_with_region(resource.inputs, region),
            outputs=_with_region(resource.outputs, region),
            property_dependencies={
                key: [f"{region}-{name}" for name in names] for key, names in resource.property_dependencies.items()
            },
            provider_region=region,
        )
        for resource in resources
        if resource.type.startswith("aws:")
    ]


def _with_region(values: dict[str, Any], region: str) -> dict[str, Any]:
    text = json.dumps(values).replace(DEFAULT_REGION, region).replace("gazette-reader", f"gazette-{region}-reader")
    return dict(json.loads(text))


def test_the_same_names_in_the_regions_of_two_providers_are_different_resources() -> None:
    """Before the creation of a queue only its name is known, and of its Region only the provider's."""
    graph, preview = FOREIGN.graph(), FOREIGN.preview(FOREIGN.graph())
    regions = ("eu-west-1", "us-east-1")
    assert analyze([resource for region in regions for resource in _in_region(graph, region)]) == []
    previewed = [resource for region in regions for resource in _in_region(preview, region)]
    assert analyze(previewed, preview=True) == []


def test_there_are_enough_of_them() -> None:
    assert len(HARMLESS) >= 25
