"""Functions and their roles."""

import json
from typing import Any

from tests.policy.analyzer import StackResource
from tests.policy.graph_changes import (
    BASE,
    QUEUE_RIGHTS,
    RECEIVE_MESSAGES,
    WRITE_BLOCKED_TABLE,
    WRITE_HISTORY_TABLE,
    add_inline_policy,
    add_key,
    add_statement,
    allow_key,
    attach_policy,
    chain,
    change_statement,
    edit_json,
    remove_resource,
    resource_named,
    set_input,
)
from tests.policy.mutations.changes import (
    ACCOUNT,
    EVERYBODY,
    FROM_OTHER_ACCOUNT,
    WITHOUT_TLS,
)
from tests.policy.mutations.mutation import Mutation

_SQS_FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"


def _remove_log_group(graph: list[StackResource]) -> None:
    function = resource_named(graph, "function")
    function.inputs.pop("loggingConfig", None)
    function.property_dependencies.pop("loggingConfig", None)
    graph.remove(resource_named(graph, "logs"))


def _write_misspelt_table(policy: dict[str, Any]) -> None:
    for statement in _statements_on("dynamodb", policy):
        statement["Resource"] = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/misspelt"


def _write_no_table(graph: list[StackResource]) -> None:
    graph.remove(resource_named(graph, "role-policy"))
    set_input("function", "environment", {})(graph)


def _only_read_tables(policy: dict[str, Any]) -> None:
    for statement in _statements_on("dynamodb", policy):
        statement["Action"] = ["dynamodb:GetItem"]


def _never_decrypt(policy: dict[str, Any]) -> None:
    for statement in _statements_on("kms", policy):
        policy["Statement"].remove(statement)


def _statements_on(service: str, policy: dict[str, Any]) -> list[dict[str, Any]]:
    return [statement for statement in policy["Statement"] if f'"{service}:' in json.dumps(statement["Action"])]


MUTATIONS = (
    Mutation("a runtime that is not deprecated soon", "lambda-runtime-supported",
             set_input("function", "runtime", "python3.10"), f"{BASE}-function"),
    Mutation("a runtime that is not deprecated", "lambda-runtime-supported",
             set_input("function", "runtime", "python3.9"), f"{BASE}-function"),
    Mutation("a runtime that was not deprecated long ago", "lambda-runtime-supported",
             set_input("function", "runtime", "python2.7"), f"{BASE}-function"),
    Mutation("a runtime of another language", "lambda-runtime-supported",
             set_input("function", "runtime", "nodejs18.x"), f"{BASE}-function"),
    Mutation("exact actions", "lambda-role-no-wildcards",
             change_statement("role-policy", WRITE_BLOCKED_TABLE, Action="dynamodb:*"), f"{BASE}-role"),
    Mutation("exact resources", "lambda-role-no-wildcards",
             change_statement("role-policy", WRITE_BLOCKED_TABLE, Resource="*"), f"{BASE}-role"),
    Mutation("exact tables", "lambda-role-no-wildcards",
             change_statement("role-policy", WRITE_HISTORY_TABLE,
                              Resource="arn:aws:dynamodb:eu-west-1:123456789012:table/*"), f"{BASE}-role"),
    Mutation("no wildcard for one character in an action", "lambda-role-no-wildcards",
             change_statement("role-policy", WRITE_BLOCKED_TABLE, Action="dynamodb:?etItem"), f"{BASE}-role"),
    Mutation("exact accounts", "lambda-role-no-wildcards",
             change_statement("role-policy", WRITE_HISTORY_TABLE, Resource="arn:aws:dynamodb:eu-west-1:*:table/jobs"),
             f"{BASE}-role"),
    Mutation("exact log groups", "lambda-role-no-wildcards",
             change_statement("role-policy", WRITE_HISTORY_TABLE,
                              Resource="arn:aws:logs:eu-west-1:123456789012:log-group:/aws/*"), f"{BASE}-role"),
    Mutation("no NotAction in the role's policy", "lambda-role-no-wildcards",
             change_statement("role-policy", WRITE_HISTORY_TABLE, Action=None, NotAction="iam:*"), f"{BASE}-role"),
    Mutation("no AWS managed policy", "lambda-role-no-wildcards",
             attach_policy("rolePolicyAttachment:RolePolicyAttachment", "role", str, policyArn=_SQS_FULL_ACCESS),
             f"{BASE}-role"),
    Mutation("no AWS managed policy for many roles", "lambda-role-no-wildcards",
             attach_policy("policyAttachment:PolicyAttachment", "roles", lambda role: [role],
             policyArn=_SQS_FULL_ACCESS),
             f"{BASE}-role"),
    Mutation("no AWS managed policy in a list", "lambda-role-no-wildcards",
             attach_policy("rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", "roleName", str,
                           policyArns=[_SQS_FULL_ACCESS]), f"{BASE}-role"),
    Mutation("no AWS managed policy in the role", "lambda-role-no-wildcards",
             set_input("role", "managedPolicyArns", [_SQS_FULL_ACCESS]), f"{BASE}-role"),
    Mutation("exact actions in inline policies", "lambda-role-no-wildcards",
             add_inline_policy(Action="s3:*", Resource="arn:aws:s3:::mine"), f"{BASE}-role"),
    Mutation("only Lambda assumes the role", "lambda-role-no-wildcards",
             edit_json("role", "assumeRolePolicy", lambda policy: policy["Statement"][0].update(Principal=EVERYBODY)),
             f"{BASE}-role"),
    Mutation("log retention", "log-group-retention", set_input("logs", "retentionInDays", None), f"{BASE}-function"),
    Mutation("log retention is limited", "log-group-retention", set_input("logs", "retentionInDays", 3653),
             f"{BASE}-function"),
    Mutation("a log group in the stack", "log-group-retention", _remove_log_group, f"{BASE}-function"),
    Mutation("the function may run", "function-not-paused", set_input("function", "reservedConcurrentExecutions", 0),
             f"{BASE}-function"),
    Mutation("the function writes a table", "function-writes-table", _write_no_table, f"{BASE}-function"),
    Mutation("the deprecated Go runtime", "lambda-runtime-supported", set_input("function", "runtime", "go1.x"),
             f"{BASE}-function"),
    Mutation("an operating system that is not deprecated", "lambda-runtime-supported",
             set_input("function", "runtime", "provided.al2"), f"{BASE}-function"),
    Mutation("an operating system that was not deprecated long ago", "lambda-runtime-supported",
             set_input("function", "runtime", "provided"), f"{BASE}-function"),
    Mutation("a runtime that had another name", "lambda-runtime-supported",
             set_input("function", "runtime", "dotnetcore3.1"), f"{BASE}-function"),
    Mutation("the policy with the rights is attached", "role-allows-feedback", remove_resource("reader-duties"),
             f"{BASE}-role", ("foreign",)),
    Mutation("the function may write a table", "role-allows-feedback",
             edit_json("role-policy", "policy", _only_read_tables), f"{BASE}-role"),
    Mutation("nothing denies the function", "role-allows-feedback",
             add_inline_policy(Effect="Deny", Action="dynamodb:*", Resource="*"), f"{BASE}-role"),
    Mutation("the function may decrypt", "role-allows-feedback", edit_json(QUEUE_RIGHTS, "policy", _never_decrypt),
             f"{BASE}-role", ("own with keys", "foreign")),
    Mutation("the role has a policy", "role-allows-feedback",
             remove_resource("role-policy"), f"{BASE}-role"),
    Mutation("the function receives messages", "role-allows-feedback",
             change_statement(QUEUE_RIGHTS, RECEIVE_MESSAGES), f"{BASE}-role"),
    Mutation("the function deletes messages", "role-allows-feedback",
             change_statement(QUEUE_RIGHTS, RECEIVE_MESSAGES,
                              Action=["sqs:ReceiveMessage", "sqs:GetQueueAttributes"]), f"{BASE}-role"),
    Mutation("the function receives from this queue", "role-allows-feedback",
             change_statement(QUEUE_RIGHTS, RECEIVE_MESSAGES, Resource=f"arn:aws:sqs:eu-west-1:{ACCOUNT}:other"),
             f"{BASE}-role"),
    Mutation("the function receives without a condition that it never meets", "role-allows-feedback",
             change_statement(QUEUE_RIGHTS, RECEIVE_MESSAGES, Condition=WITHOUT_TLS), f"{BASE}-role"),
    Mutation("the queue's policy does not lock the function out", "role-allows-feedback",
             add_statement("queue-policy", Effect="Deny", Principal="*", Action="sqs:ReceiveMessage",
                           Condition={"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/other"}}),
             f"{BASE}-role"),
    Mutation("the role may write a table", "role-allows-feedback",
             chain(change_statement("role-policy", WRITE_BLOCKED_TABLE),
                   change_statement("role-policy", WRITE_HISTORY_TABLE, Action="dynamodb:BatchGetItem")),
             f"{BASE}-role", ("own",)),
    Mutation("nothing denies what the function writes", "role-allows-feedback",
             add_statement("role-policy", Effect="Deny", Action="dynamodb:*", Resource="*"), f"{BASE}-role"),
    Mutation("an inline policy denies nothing", "role-allows-feedback",
             set_input("role", "inlinePolicies", [{"policy": json.dumps({"Statement": {
                 "Effect": "Deny", "NotAction": "sqs:*", "Resource": "*"}})}]), f"{BASE}-role"),
    Mutation("the function decrypts messages", "role-allows-feedback",
             add_key(allow_key("ses", "sns"), "queue"), f"{BASE}-role"),
    Mutation("the role may write the table that the function names", "role-allows-feedback",
             edit_json("role-policy", "policy", _write_misspelt_table), f"{BASE}-role"),
    Mutation("Lambda assumes the role", "role-allows-feedback",
             edit_json("role", "assumeRolePolicy", lambda policy: policy["Statement"][0].update(
                 Principal={"Service": "ec2.amazonaws.com"})), f"{BASE}-role"),
    Mutation("Lambda of this account assumes the role", "role-allows-feedback",
             edit_json("role", "assumeRolePolicy", lambda policy: policy["Statement"][0].update(
                 Condition=FROM_OTHER_ACCOUNT)), f"{BASE}-role"),
)  # fmt: skip
