"""Changes to a recorded graph that break a rule, or that a rule must accept."""

import json
from collections.abc import Callable
from typing import Any

from policy.resource_types import PERMISSION
from tests.policy.analyzer import StackResource

GraphChange = Callable[[list[StackResource]], object]
BASE, TABLE = "bounce-eu-west-1-example-com", "ses-feedback-blocked"
"""The name of a pipeline, which the names of its resources start with; the name of the blocked table."""

# Statement ids in the policies of the program.
TOPIC_SENDS, SES_PUBLISHES, TLS_ONLY = "AllowTopicSendMessage", "AllowSesPublish", "DenyInsecureTransport"
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


def add_inline_policy(**statement: object) -> GraphChange:
    """Give the role an inline policy."""
    document = {"Statement": {"Effect": "Allow", **statement}}
    return set_input("role", "inlinePolicies", [{"policy": json.dumps(document)}])


def subscribe_function(**permission: object) -> GraphChange:
    """Subscribe the function itself instead of the queue; `permission` lets somebody invoke it, none nobody."""

    def apply(graph: list[StackResource]) -> None:
        graph.remove(resource_named(graph, f"{BASE}-mapping"))
        function, subscription = (resource_named(graph, f"{BASE}-{suffix}") for suffix in ("function", "subscription"))
        subscription.inputs |= {"protocol": "lambda", "endpoint": function["arn"]}
        subscription.property_dependencies["endpoint"] = [function.name]
        if permission:
            inputs = {"function": function["name"], "action": "lambda:InvokeFunction", **permission}
            topics = [topic.name for topic in graph if topic.outputs.get("arn") == permission.get("sourceArn", "")]
            dependencies = {"function": [function.name], "sourceArn": topics}
            graph.append(
                StackResource(type=PERMISSION, name="permission", inputs=inputs, property_dependencies=dependencies)
            )

    return apply
