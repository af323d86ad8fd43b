"""Changes to a recorded graph that break a rule, or that a rule must accept.

They name a resource as this program does, and change the one that has the same part in the graph: `FOREIGN_NAMES` has
the names of the foreign program.
"""

import json
from collections.abc import Callable
from typing import Any

from policy.resource_types import KEY, KEY_ALIAS, KEY_POLICY, PERMISSION
from tests.policy.analyzer import StackResource
from tests.recorder import ACCOUNT, RANDOM_SUFFIX, aws_outputs

GraphChange = Callable[[list[StackResource]], object]
BASE, TABLE = "bounce-eu-west-1-example-com", "ses-feedback-blocked"
"""The name of a pipeline, which the names of its resources start with; the name of the blocked table."""
COMPLAINT_BASE = BASE.replace("bounce", "complaint")
IDENTITY, COMPLAINT_IDENTITY = f"{BASE}-example.com", f"{COMPLAINT_BASE}-example.com"
DESTINATION, COMPLAINT_DESTINATION = f"{BASE}-event-destination", f"{COMPLAINT_BASE}-event-destination"
OWN_KEY, OWN_KEY_POLICY = "ses-feedback-eu-west-1-key", "ses-feedback-eu-west-1-key-policy"
QUEUE_RIGHTS = "queue-rights"
"""The policy that lets the function receive, which this program does not keep apart."""
ALARM = f"ses-feedback-eu-west-1-{BASE}"

# Statement ids in the policies of the program.
TOPIC_SENDS, SES_PUBLISHES, TLS_ONLY = "AllowTopicSendMessage", "AllowSesPublish", "DenyInsecureTransport"
WRITE_BLOCKED_TABLE, WRITE_HISTORY_TABLE, RECEIVE_MESSAGES = "WriteBlockedTable", "WriteHistoryTable", "ReceiveMessages"
USE_KEY = "AllowServicesEncryptMessages"
_TEXT_OF = {
    TOPIC_SENDS: "sns.amazonaws.com", SES_PUBLISHES: "ses.amazonaws.com", TLS_ONLY: "aws:SecureTransport",
    WRITE_BLOCKED_TABLE: "dynamodb:PutItem", WRITE_HISTORY_TABLE: "dynamodb:PutItem",
    RECEIVE_MESSAGES: "sqs:ReceiveMessage",
    USE_KEY: "ses.amazonaws.com",
}  # fmt: skip
"""What the statement contains in a program that gives it no id."""

FOREIGN_NAMES = {
    IDENTITY: "domain-bounce",
    COMPLAINT_IDENTITY: "domain-complaint",
    DESTINATION: "letters-back",
    COMPLAINT_DESTINATION: "letters-back",
    "forwarding": "domain-forwarding",
    f"{BASE}-topic": "returns",
    f"{BASE}-topic-policy": "returns-access",
    f"{BASE}-subscription": "hand-over",
    f"{BASE}-queue": "inbox",
    f"{BASE}-queue-policy": "inbox-access",
    f"{BASE}-dead-letters": "given-up",
    f"{BASE}-dead-letters-policy": "given-up",
    f"{BASE}-redrive-allow-policy": "given-up",
    f"{BASE}-subscription-dead-letters": "spill",
    f"{BASE}-subscription-dead-letters-policy": "spill-access",
    f"{BASE}-mapping": "feed",
    f"{BASE}-function": "reader",
    f"{BASE}-role": "reader-role",
    f"{BASE}-role-policy": "reader-table",
    f"{BASE}-logs": "notes",
    f"{ALARM}-dead-letters": "given-up-stuck",
    f"{ALARM}-subscription-dead-letters": "spill-stuck",
    QUEUE_RIGHTS: "duties",
    TABLE: "silent",
    OWN_KEY: "seal",
    OWN_KEY_POLICY: "seal",
}
_PROPERTY_INSTEAD = {
    f"{BASE}-dead-letters-policy": "policy",
    f"{BASE}-redrive-allow-policy": "redriveAllowPolicy",
    OWN_KEY_POLICY: "policy",
}
"""What the foreign program sets by a property and not by a resource."""


def resource_named(graph: list[StackResource], name: str) -> StackResource:
    """The resource with this logical name, which may leave out the pipeline's, or that is it in the foreign program."""
    own_name = f"{BASE}-role-policy" if name == QUEUE_RIGHTS else f"{BASE}-{name}"
    names = {name, own_name, FOREIGN_NAMES.get(name, ""), FOREIGN_NAMES.get(f"{BASE}-{name}", "")}
    (resource,) = [resource for resource in graph if resource.name in names]
    return resource


def set_input(name: str, key: str, value: Any) -> GraphChange:
    """Set an input to a literal, which has no dependencies; None removes it."""

    def apply(graph: list[StackResource]) -> None:
        resource = resource_named(graph, name)
        resource.inputs[key] = value
        resource.property_dependencies.pop(key, None)
        if value is None:
            resource.inputs.pop(key, None)

    return apply


def edit_json(name: str, key: str, change: Callable[[Any], object]) -> GraphChange:
    """Change an input that is a JSON string; `<topic>` in it becomes the ARN of the topic."""

    def apply(graph: list[StackResource]) -> None:
        resource = resource_named(graph, name)
        document = json.loads(resource.inputs[key])
        if isinstance(document.get("Statement"), dict):
            document["Statement"] = [document["Statement"]]
        change(document)
        topic_arn = str(resource_named(graph, "topic")["arn"])
        resource.inputs[key] = json.dumps(document).replace("<topic>", topic_arn)

    return apply


def change_statement(name: str, sid: str, **changes: object) -> GraphChange:
    """Change one statement of a policy; a value of None removes its key, no changes remove the statement."""

    def change(document: dict[str, Any]) -> None:
        statements = document["Statement"]
        of_sid = [statement for statement in statements if statement.get("Sid") == sid]
        statement = next(
            iter(of_sid or [statement for statement in statements if _TEXT_OF[sid] in json.dumps(statement)])
        )
        statement.update(changes)
        for key in [key for key, value in changes.items() if value is None]:
            del statement[key]
        if not changes:
            statements.remove(statement)

    return edit_json(name, "policy", change)


def add_statement(name: str, **statement: object) -> GraphChange:
    """Add a statement to a policy, by default an allowing one on the resource of the others."""

    def change(document: dict[str, Any]) -> None:
        resource = document["Statement"][0]["Resource"]
        document["Statement"].append({"Effect": "Allow", "Resource": resource, **statement})

    return edit_json(name, "policy", change)


def remove_resource(name: str) -> GraphChange:
    """Remove a resource, or the property by which the foreign program sets the same."""

    def apply(graph: list[StackResource]) -> None:
        resource = resource_named(graph, name)
        if name in _PROPERTY_INSTEAD and resource.name == FOREIGN_NAMES[name]:
            set_input(name, _PROPERTY_INSTEAD[name], None)(graph)
        else:
            graph.remove(resource)

    return apply


def chain(*changes: GraphChange) -> GraphChange:
    """Several changes, one after the other."""

    def apply(graph: list[StackResource]) -> None:
        for change in changes:
            change(graph)

    return apply


def add_resource(type_: str, name: str, inputs: dict[str, Any], **references: tuple[str, str]) -> GraphChange:
    """Add a resource; each reference is an output of another one: (name, key)."""

    def apply(graph: list[StackResource]) -> None:
        targets = {key: (resource_named(graph, target), output) for key, (target, output) in references.items()}
        graph.append(
            StackResource(
                type=type_,
                name=name,
                inputs=inputs | {key: target[output] for key, (target, output) in targets.items()},
                outputs=aws_outputs(type_, name, inputs),
                property_dependencies={key: [target.name] for key, (target, _) in targets.items()},
            )
        )

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
            holder = resource_named(graph, suffix)
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


def attach_policy(type_: str, role_key: str, role: Callable[[str], object], **inputs: object) -> GraphChange:
    """Attach a policy to the role by a separate resource."""

    def apply(graph: list[StackResource]) -> None:
        resource = resource_named(graph, "role")
        graph.append(
            StackResource(
                type=f"aws:iam/{type_}",
                name="attachment",
                inputs={**inputs, role_key: role(str(resource["name"]))},
                property_dependencies={role_key: [resource.name]},
            )
        )

    return apply


def add_table_policy(**statement: object) -> GraphChange:
    """Share the blocked table by a statement of a table policy."""

    def apply(graph: list[StackResource]) -> None:
        table = resource_named(graph, TABLE)
        arn = table["arn"]
        document = {"Statement": [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": arn, **statement}]}
        graph.append(
            StackResource(
                type="aws:dynamodb/resourcePolicy:ResourcePolicy",
                name="table-policy",
                inputs={"resourceArn": arn, "policy": json.dumps(document)},
                property_dependencies={"resourceArn": [table.name]},
            )
        )

    return apply


def add_inline_policy(**statement: object) -> GraphChange:
    """Give the role an inline policy."""
    document = {"Statement": {"Effect": "Allow", **statement}}
    return set_input("role", "inlinePolicies", [{"policy": json.dumps(document)}])


def copy_of(resource: StackResource, name: str) -> StackResource:
    """The same resource once more, under another name."""
    inputs = {key: value for key, value in resource.inputs.items() if key != "name"}
    return StackResource(
        type=resource.type,
        name=name,
        inputs=inputs,
        outputs=aws_outputs(resource.type, name, inputs),
        property_dependencies={key: list(names) for key, names in resource.property_dependencies.items()},
    )


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
