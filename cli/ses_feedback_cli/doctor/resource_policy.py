"""Evaluates resource policies: whether one lets an AWS service act. Covers the policy language that such policies use.

An operator or a condition key that is not evaluated here counts as matching in an Allow and as not matching in a Deny:
what cannot be judged is not reported as a fault.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

SES_PRINCIPAL, SNS_PRINCIPAL = "ses.amazonaws.com", "sns.amazonaws.com"


def service_context(source_arn: str, account: str) -> Mapping[str, str]:
    """The condition keys of a request that an AWS service makes for one of its resources, in lower case."""
    return {
        "aws:sourcearn": source_arn,
        "aws:sourceaccount": account,
        "aws:securetransport": "true",
        "aws:principalisawsservice": "true",
    }


def allows(policy: Mapping[str, Any], service: str, action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Whether a policy lets a service perform an action on a resource.

    Args:
        policy: the policy document.
        service: the service principal, for example ses.amazonaws.com.
        action: for example sns:Publish.
        resource: an ARN.
        context: the request's condition keys, in lower case, for example aws:sourcearn.
    """
    statements = [statement for statement in _as_list(policy.get("Statement")) if isinstance(statement, Mapping)]
    applicable = [
        statement
        for statement in statements
        if _matches_principal(statement, service)
        and _matches_element(statement, "Action", action, ignore_case=True)
        and _matches_element(statement, "Resource", resource, ignore_case=False)
    ]
    denied = any(
        statement.get("Effect") == "Deny" and _matches_conditions(statement, context, if_unknown=False)
        for statement in applicable
    )
    allowed = any(
        statement.get("Effect") == "Allow" and _matches_conditions(statement, context, if_unknown=True)
        for statement in applicable
    )
    return allowed and not denied


def _matches_principal(statement: Mapping[str, Any], service: str) -> bool:
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        # {"AWS": "*"} includes AWS services.
        return service in _as_list(principal.get("Service")) or "*" in _as_list(principal.get("AWS"))
    return principal == "*"


def _matches_element(statement: Mapping[str, Any], element: str, value: str, *, ignore_case: bool) -> bool:
    """Whether Action or Resource (or NotAction or NotResource) of a statement covers a value."""

    def covered(patterns: object) -> bool:
        return any(_matches_pattern(pattern, value, ignore_case=ignore_case) for pattern in _as_list(patterns))

    if element in statement:
        return covered(statement[element])
    if f"Not{element}" in statement:
        return not covered(statement[f"Not{element}"])
    return True


def _matches_conditions(statement: Mapping[str, Any], context: Mapping[str, str], *, if_unknown: bool) -> bool:
    return all(
        _matches_condition(
            operator, [str(value) for value in _as_list(values)], context.get(key.lower()), if_unknown=if_unknown
        )
        for operator, conditions in statement.get("Condition", {}).items()
        for key, values in conditions.items()
    )


def _matches_condition(operator: str, values: list[str], request_value: str | None, *, if_unknown: bool) -> bool:
    name = operator.rpartition(":")[2].removesuffix("IfExists").lower()
    negated = "not" in name
    name = name.replace("not", "")
    if name not in {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "bool"}:
        return if_unknown
    if request_value is None:
        return if_unknown
    ignore_case = name in {"stringequalsignorecase", "bool"}
    matches = _matches_pattern if name in {"stringlike", "arnequals", "arnlike"} else _equals
    return negated != any(matches(value, request_value, ignore_case=ignore_case) for value in values)


def _equals(expected: object, value: str, *, ignore_case: bool) -> bool:
    return str(expected).lower() == value.lower() if ignore_case else expected == value


def _matches_pattern(pattern: object, value: str, *, ignore_case: bool) -> bool:
    expression = re.escape(str(pattern)).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


def _as_list(value: object) -> Iterable[Any]:
    if value is None:
        return []
    return value if isinstance(value, list | tuple) else [value]
