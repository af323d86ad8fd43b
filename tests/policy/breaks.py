"""Ways to break a recorded graph."""

import json
from collections.abc import Callable
from typing import Any

from tests.policy.analyzer import Given

Break = Callable[[list[Given]], object]
BASE, TABLE = "bounce-eu-west-1-example-com", "ses-feedback-blocked"


def one(graph: list[Given], name: str) -> Given:
    """The resource of that name."""
    (found,) = [given for given in graph if given.name == name]
    return found


def put(suffix: str, key: str, value: Any) -> Break:
    """Set an input; None takes it away, with what it was made from."""

    def apply(graph: list[Given]) -> None:
        given = one(graph, suffix if suffix.startswith("ses-") else f"{BASE}-{suffix}")
        given.inputs[key] = value
        if value is None:
            given.inputs.pop(key, None)
            given.made_from.pop(key, None)

    return apply


def edit(suffix: str, key: str, change: Callable[[Any], object]) -> Break:
    """Change a JSON text."""

    def apply(graph: list[Given]) -> None:
        given = one(graph, f"{BASE}-{suffix}")
        document = json.loads(given.inputs[key])
        change(document)
        given.inputs[key] = json.dumps(document)

    return apply


def statement(suffix: str, sid: str, **changed: object) -> Break:
    """Change one statement of a policy; no change takes it away."""

    def change(document: dict[str, Any]) -> None:
        found = next(each for each in document["Statement"] if each["Sid"] == sid)
        found.update(changed)
        for key in [key for key, value in changed.items() if value is None]:
            del found[key]
        if not changed:
            document["Statement"].remove(found)

    return edit(suffix, "policy", change)


def more(suffix: str, **given: object) -> Break:
    """Add an allowing statement to a policy, on what its others are about."""

    def change(document: dict[str, Any]) -> None:
        resource = document["Statement"][0]["Resource"]
        document["Statement"].append({"Effect": "Allow", "Resource": resource, **given})

    return edit(suffix, "policy", change)


def without(name: str) -> Break:
    """Take a resource away."""

    def apply(graph: list[Given]) -> None:
        graph.remove(one(graph, name))

    return apply


def add(given: Given) -> Break:
    """Add a resource."""
    return lambda graph: graph.append(given)


def attached(type_: str, **inputs: object) -> Break:
    """Attach a policy to the role by a resource of its own."""
    return add(Given(type=f"aws:iam/{type_}", name="attached", inputs=inputs,
                     made_from={key: [f"{BASE}-role"] for key in inputs if key.startswith("role")}))  # fmt: skip


def table_policy(**allowed: object) -> Break:
    """Share a table by a statement."""

    def apply(graph: list[Given]) -> None:
        arn = one(graph, TABLE)["arn"]
        read = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": arn, **allowed}
        inputs = {"resourceArn": arn, "policy": json.dumps({"Statement": [read]})}
        shared = "aws:dynamodb/resourcePolicy:ResourcePolicy"
        graph.append(Given(type=shared, name="shared", inputs=inputs, made_from={"resourceArn": [TABLE]}))

    return apply


def inline(**stated: object) -> Break:
    """Give the role a policy of its own."""
    return put("role", "inlinePolicies", [{"policy": json.dumps({"Statement": {"Effect": "Allow", **stated}})}])
