"""Whether a resource's policy lets an AWS service do something: as much of IAM's language as such policies use.

Operators and keys that it does not know count as met in an Allow and as not met in a Deny, so that what it cannot judge
is not reported as broken.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any


def allows(policy: Mapping[str, Any], service: str, action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Whether a policy lets a service act on a resource.

    Args:
        policy: the document.
        service: the principal, for example ses.amazonaws.com.
        action: for example sns:Publish.
        resource: an ARN.
        context: condition keys in lower case, for example aws:sourcearn.
    """
    statements = [one for one in _many(policy.get("Statement")) if isinstance(one, Mapping)]
    about = [
        one
        for one in statements
        if _principal(one, service)
        and _takes(one, "Action", action, fold=True)
        and _takes(one, "Resource", resource, fold=False)
    ]
    denied = any(one.get("Effect") == "Deny" and _met(one, context, unknown=False) for one in about)
    return not denied and any(one.get("Effect") == "Allow" and _met(one, context, unknown=True) for one in about)


def _principal(statement: Mapping[str, Any], service: str) -> bool:
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        # {"AWS": "*"} is everybody, services too.
        return service in _many(principal.get("Service")) or "*" in _many(principal.get("AWS"))
    return principal == "*"


def _takes(statement: Mapping[str, Any], key: str, value: str, *, fold: bool) -> bool:
    if key in statement:
        return any(_like(pattern, value, fold=fold) for pattern in _many(statement[key]))
    if f"Not{key}" in statement:
        return not any(_like(pattern, value, fold=fold) for pattern in _many(statement[f"Not{key}"]))
    return True


def _met(statement: Mapping[str, Any], context: Mapping[str, str], *, unknown: bool) -> bool:
    return all(
        _condition(operator, [str(value) for value in _many(values)], context.get(key.lower()), unknown=unknown)
        for operator, tests in statement.get("Condition", {}).items()
        for key, values in tests.items()
    )


def _condition(operator: str, values: list[str], given: str | None, *, unknown: bool) -> bool:
    name = operator.rpartition(":")[2].removesuffix("IfExists").lower()
    negated = "not" in name
    name = name.replace("not", "")
    if name not in {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "bool"}:
        return unknown
    if given is None:
        return unknown
    wild = name in {"stringlike", "arnequals", "arnlike"}
    fold = name in {"stringequalsignorecase", "bool"}
    return negated != any(
        _like(value, given, fold=fold) if wild else _same(value, given, fold=fold) for value in values
    )


def _same(one: str, other: str, *, fold: bool) -> bool:
    return one.lower() == other.lower() if fold else one == other


def _like(pattern: object, value: str, *, fold: bool) -> bool:
    text = re.escape(str(pattern)).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(text, value, re.DOTALL | (re.IGNORECASE if fold else 0)) is not None


def _many(value: object) -> Iterable[Any]:
    if value is None:
        return []
    return value if isinstance(value, list | tuple) else [value]
