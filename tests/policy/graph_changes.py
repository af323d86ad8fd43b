"""Changes to a recorded graph that break a rule, or that a rule must accept."""

import json
from collections.abc import Callable
from typing import Any

from policy.resource_types import KEY, KEY_ALIAS, KEY_POLICY
from tests.policy.analyzer import StackResource
from tests.recorder import ACCOUNT, RANDOM_SUFFIX

GraphChange = Callable[[list[StackResource]], object]
BASE, TABLE = "bounce-eu-west-1-example-com", "ses-feedback-blocked"
"""The name of a pipeline, which the names of its resources start with; the name of the blocked table."""

# Statement ids in the policies of the program.
TOPIC_SENDS, SES_PUBLISHES, TLS_ONLY = "AllowTopicSendMessage", "AllowSesPublish", "DenyInsecureTransport"
RECEIVE_MESSAGES = "ReceiveMessages"
WRITE_BLOCKED_TABLE, WRITE_HISTORY_TABLE = "WriteBlockedTable", "WriteHistoryTable"


def resource_named(graph: list[StackResource], name: str) -> StackResource:
    """The resource with this logical name."""
    (resource,) = [resource for resource in graph if resource.name == name]
    return resource


def set_input(suffix: str, key: str, value: Any) -> GraphChange:
    """Set an input; None removes it, with its dependencies."""

    def apply(graph: list[StackResource]) -> None:
        resource = resource_named(graph, suffix if suffix.startswith("ses-") else f"{BASE}-{suffix}")
        resource.inputs[key] = value
        if value is None:
            resource.inputs.pop(key, None)
            resource.property_dependencies.pop(key, None)

    return apply


def edit_json(suffix: str, key: str, change: Callable[[Any], object]) -> GraphChange:
    """Change an input that is a JSON string."""

    def apply(graph: list[StackResource]) -> None:
        resource = resource_named(graph, f"{BASE}-{suffix}")
        document = json.loads(resource.inputs[key])
        change(document)
        resource.inputs[key] = json.dumps(document)

    return apply


def change_statement(suffix: str, sid: str, **changes: object) -> GraphChange:
    """Change one statement of a policy; a value of None removes its key, no changes remove the statement."""

    def change(document: dict[str, Any]) -> None:
        statement = next(statement for statement in document["Statement"] if statement["Sid"] == sid)
        statement.update(changes)
        for key in [key for key, value in changes.items() if value is None]:
            del statement[key]
        if not changes:
            document["Statement"].remove(statement)

    return edit_json(suffix, "policy", change)


def add_statement(suffix: str, **statement: object) -> GraphChange:
    """Add a statement to a policy, by default an allowing one on the resource of the others."""

    def change(document: dict[str, Any]) -> None:
        resource = document["Statement"][0]["Resource"]
        document["Statement"].append({"Effect": "Allow", "Resource": resource, **statement})

    return edit_json(suffix, "policy", change)


def remove_resource(name: str) -> GraphChange:
    """Remove a resource."""

    def apply(graph: list[StackResource]) -> None:
        graph.remove(resource_named(graph, name))

    return apply


def attach_policy(type_: str, **inputs: object) -> GraphChange:
    """Attach a policy to the role by a separate resource."""
    dependencies = {key: [f"{BASE}-role"] for key in inputs if key.startswith("role")}
    attachment = StackResource(
        type=f"aws:iam/{type_}", name="attachment", inputs=inputs, property_dependencies=dependencies
    )
    return lambda graph: graph.append(attachment)


def add_table_policy(**statement: object) -> GraphChange:
    """Share the blocked table by a statement of a table policy."""

    def apply(graph: list[StackResource]) -> None:
        arn = resource_named(graph, TABLE)["arn"]
        document = {"Statement": [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": arn, **statement}]}
        graph.append(
            StackResource(
                type="aws:dynamodb/resourcePolicy:ResourcePolicy",
                name="table-policy",
                inputs={"resourceArn": arn, "policy": json.dumps(document)},
                property_dependencies={"resourceArn": [TABLE]},
            )
        )

    return apply


def chain(*changes: GraphChange) -> GraphChange:
    """Several changes, one after the other."""

    def apply(graph: list[StackResource]) -> None:
        for change in changes:
            change(graph)

    return apply


def allow_key(*services: str, **elements: object) -> list[dict[str, Any]]:
    """The statements of a key's policy that allow its account everything, and services to encrypt messages."""
    account = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    return [
        {"Effect": "Allow", "Principal": account, "Action": "kms:*", "Resource": "*"},
        {"Sid": "Services", "Effect": "Allow", "Principal": {"Service": [f"{name}.amazonaws.com" for name in services]},
         "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*", **elements},
    ]  # fmt: skip


def add_key(statements: list[dict[str, Any]] | None, *suffixes: str, alias: str = "") -> GraphChange:
    """Encrypt resources with a key of the stack that has this policy, or AWS's default one."""
    key_id = f"8c9a0b1c-{RANDOM_SUFFIX}"

    def apply(graph: list[StackResource]) -> None:
        arn = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{key_id}"
        inputs = {} if statements is None else {"policy": json.dumps({"Statement": statements})}
        resources = [StackResource(type=KEY, name="key", inputs=inputs, outputs={"arn": arn, "keyId": key_id})]
        if alias:
            resources.append(
                StackResource(
                    type=KEY_ALIAS,
                    name="alias",
                    inputs={"name": alias, "targetKeyId": key_id},
                    property_dependencies={"targetKeyId": ["key"]},
                )
            )
        graph[:0] = resources
        for suffix in suffixes:
            holder = resource_named(graph, f"{BASE}-{suffix}")
            holder.inputs["kmsMasterKeyId"] = alias or arn
            holder.property_dependencies["kmsMasterKeyId"] = ["key"]

    return apply


def add_key_policy(statements: list[dict[str, Any]]) -> GraphChange:
    """Set the policy of the key by a resource of its own."""

    def apply(graph: list[StackResource]) -> None:
        inputs = {"keyId": resource_named(graph, "key")["keyId"], "policy": json.dumps({"Statement": statements})}
        dependencies = {"keyId": ["key"]}
        policy = StackResource(type=KEY_POLICY, name="key-policy", inputs=inputs, property_dependencies=dependencies)
        graph.insert(1, policy)

    return apply


def add_inline_policy(**statement: object) -> GraphChange:
    """Give the role an inline policy."""
    document = {"Statement": {"Effect": "Allow", **statement}}
    return set_input("role", "inlinePolicies", [{"policy": json.dumps(document)}])
