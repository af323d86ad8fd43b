"""Policies that say the same in other words, or more, and that the rules accept: they are evaluated, not recognised."""

import pytest

from policy.resource_types import MANAGED_POLICY, ROLE_POLICY_ATTACHMENT
from tests.policy import graphs
from tests.policy.analyzer import StackResource, find_violations, in_preview
from tests.policy.graph_changes import (
    BASE,
    RECEIVE_MESSAGES,
    SES_PUBLISHES,
    WRITE_HISTORY_TABLE,
    GraphChange,
    add_key,
    add_key_policy,
    add_statement,
    allow_key,
    chain,
    change_statement,
    edit_json,
    resource_named,
    set_input,
)
from tests.recorder import ACCOUNT, RANDOM_SUFFIX

_ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/{BASE}-role-1a2b3c4"
_OUTSIDE_ORGANISATION = {
    "StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
}  # fmt: skip


def _for_source(source: str) -> dict[str, dict[str, str]]:
    arn = f"arn:aws:ses:eu-west-1:{ACCOUNT}:{source}"
    return {"StringEquals": {"AWS:SourceAccount": ACCOUNT}, "ArnEquals": {"AWS:SourceArn": arn}}


def _decrypt(graph: list[StackResource]) -> None:
    """Let the role use the key of the stack by SQS."""
    condition = {"StringEquals": {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"}}
    arn = resource_named(graph, "key")["arn"]
    add_statement("role-policy", Action=["kms:Decrypt"], Resource=arn, Condition=condition)(graph)


def _use_customer_managed_policy(graph: list[StackResource]) -> None:
    """Give the role its rights by a managed policy of the stack."""
    policy = resource_named(graph, f"{BASE}-role-policy")
    inputs = {"role": policy.inputs.pop("role"), "policyArn": f"arn:aws:iam::{ACCOUNT}:policy/feedback"}
    policy.type, policy.outputs["arn"] = MANAGED_POLICY, inputs["policyArn"]
    dependencies = {"role": [f"{BASE}-role"], "policyArn": [policy.name]}
    graph.append(
        StackResource(type=ROLE_POLICY_ATTACHMENT, name="attachment", inputs=inputs, property_dependencies=dependencies)
    )


def _use_inline_policy(graph: list[StackResource]) -> None:
    policy = resource_named(graph, f"{BASE}-role-policy")
    graph.remove(policy)
    resource_named(graph, f"{BASE}-role").inputs["inlinePolicies"] = [{"policy": policy["policy"]}]


ACCEPTED_POLICIES: dict[str, GraphChange] = {
    "SES by a second policy statement": chain(
        change_statement("topic-policy", SES_PUBLISHES, Condition=_for_source("identity/example.com")),
        add_statement("topic-policy", Principal={"Service": "ses.amazonaws.com"}, Action="sns:Publish",
                      Condition=_for_source("configuration-set/main")),
    ),
    "a topic that denies all but the organisation and services": add_statement(
        "topic-policy", Effect="Deny", Principal="*", Action="sns:*", Condition=_OUTSIDE_ORGANISATION
    ),
    "a queue that denies all but the organisation and services": add_statement(
        "queue-policy", Effect="Deny", Principal={"AWS": "*"}, Action="sqs:*", Condition=_OUTSIDE_ORGANISATION
    ),
    "a topic that denies services of other organisations": add_statement(
        "topic-policy", Effect="Deny", Principal="*", Action="sns:*", Condition={
            "StringNotEqualsIfExists": {"aws:SourceOrgID": "o-a1b2c3d4e5"},
            "Bool": {"aws:PrincipalIsAWSService": "true"},
        },
    ),
    "a topic that denies other identities": add_statement(
        "topic-policy", Effect="Deny", Principal={"Service": "ses.amazonaws.com"}, Action="sns:Publish",
        Condition={"ArnNotLike": {"aws:SourceArn": [f"arn:aws:ses:*:{ACCOUNT}:identity/*",
                                                    f"arn:aws:ses:*:{ACCOUNT}:configuration-set/m?in"]}},
    ),
    "a topic that denies requests without TLS": add_statement(
        "topic-policy", Effect="Deny", Principal="*", Action="sns:Publish",
        Condition={"BoolIfExists": {"aws:SecureTransport": "false"}},
    ),
    "a queue that denies other topics": add_statement(
        "queue-policy", Effect="Deny", Principal={"Service": "sns.amazonaws.com"}, Action="sqs:SendMessage",
        Condition={"ArnNotEquals": {"aws:SourceArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:{BASE}-topic-1a2b3c4"}},
    ),
    "a queue that denies other accounts": add_statement(
        "queue-policy", Effect="Deny", Principal="*", Action="sqs:SendMessage",
        Condition={"StringNotEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
    ),
    "a key of the stack": chain(
        add_key(allow_key("ses", "sns"), "topic", "queue", "subscription-dead-letters"), _decrypt
    ),
    "a key for SES alone on a topic": add_key(allow_key("ses"), "topic"),
    "a key with conditions on the source": add_key(
        allow_key("ses", Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT},
                                    "ArnLike": {"aws:SourceArn": f"arn:aws:ses:*:{ACCOUNT}:*"}}), "topic",
    ),
    "a key by its alias": add_key(allow_key("ses"), "topic", alias="alias/mail"),
    "a key with a separate policy": chain(add_key(None, "topic"), add_key_policy(allow_key("ses"))),
    "a key whose policy names the role": add_key(
        [*allow_key("sns")[1:], {"Effect": "Allow", "Principal": {"AWS": _ROLE_ARN},
                             "Action": "kms:Decrypt", "Resource": "*"}], "queue",
    ),
    "a customer managed policy": _use_customer_managed_policy,
    "rights in an inline policy": _use_inline_policy,
    "one table that is only read": change_statement(
        "role-policy", WRITE_HISTORY_TABLE, Action=["dynamodb:GetItem", "dynamodb:Query"]
    ),
    "Lambda assumes the role for its functions": edit_json(
        "role", "assumeRolePolicy", lambda policy: policy["Statement"][0].update(Condition={
            "ArnLike": {"aws:SourceArn": f"arn:aws:lambda:*:{ACCOUNT}:function:*"},
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
        })
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", ACCEPTED_POLICIES.values(), ids=list(ACCEPTED_POLICIES))
def test_it_is_no_violation(change: GraphChange) -> None:
    graph = graphs.without_components()
    change(graph)
    assert find_violations(graph) == set()
    graph = graphs.one_source()
    change(graph)
    assert find_violations(in_preview(graph, RANDOM_SUFFIX), preview=True) == set()


def test_the_policy_of_a_queue_may_let_the_function_receive() -> None:
    graph = graphs.without_components()
    change_statement("role-policy", RECEIVE_MESSAGES)(graph)
    receive = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    add_statement("queue-policy", Principal={"AWS": _ROLE_ARN}, Action=receive)(graph)
    config = {"queue-policy-restricts-sender": {"allowedPrincipals": [_ROLE_ARN]}}
    assert find_violations(graph, config) == set()


@pytest.mark.parametrize("name", ["AWSLambdaSQSQueueExecutionRole", "a-policy-of-another-stack"])
def test_rights_may_come_from_a_managed_policy_that_the_stack_does_not_hold(name: str) -> None:
    graph = graphs.without_components()
    change_statement("role-policy", RECEIVE_MESSAGES)(graph)
    assert find_violations(graph) == {("role-allows-feedback", f"{BASE}-role")}
    owner = "aws:policy/service-role" if name.startswith("AWS") else f"{ACCOUNT}:policy"
    set_input("role", "managedPolicyArns", [f"arn:aws:iam::{owner}/{name}"])(graph)
    assert find_violations(graph, {"lambda-role-no-wildcards": {"allowedManagedPolicies": [name]}}) == set()
