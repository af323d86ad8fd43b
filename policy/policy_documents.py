"""Reads policy documents as AWS does: the principals, actions, resources and conditions of a statement."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

from policy.arn import Arn
from policy.iam import UNKNOWN_TEXT
from policy.properties import as_list, as_object

Statement = Mapping[str, Any]

ALLOW, DENY = "Allow", "Deny"
EVERYBODY = frozenset({"*"})
_NOT_PRINCIPAL = "everybody except its NotPrincipal"
# An operator that ends in IfExists also matches a request without the key, and a negated one restricts nobody.
_RESTRICTING_OPERATORS = ("arnequals", "arnlike", "stringequals", "stringequalsignorecase", "stringlike")


def read_document(resource: PolicyResource, key: str = "policy") -> Any:
    """The policy document in a property for `policy.iam`, where `UNKNOWN_TEXT` stands for what is unknown."""
    return _plain(resource.props, key) if key in list(resource.props) else None


def _plain(container: Any, key: Any) -> Any:
    try:
        value = container[key]
    except UnknownValueError:
        return UNKNOWN_TEXT
    if isinstance(value, Mapping):
        return {name: _plain(value, name) for name in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(value, index) for index in range(len(value))]
    return value


def statements(policy: Any) -> list[Statement]:
    """The statements of a policy document, a JSON string or already parsed."""
    return [statement for statement in as_list(as_object(policy).get("Statement")) if isinstance(statement, Mapping)]


def describe_statement(statement: Statement) -> str:
    """How a message refers to a statement."""
    return f"statement {statement.get('Sid') or 'without Sid'}"


def principals(statement: Statement) -> frozenset[str]:
    """The principals of a statement as written; `*` is everybody, in every notation."""
    if "NotPrincipal" in statement:
        return frozenset({_NOT_PRINCIPAL})
    principal = statement.get("Principal")
    values = principal.values() if isinstance(principal, Mapping) else [principal]
    return frozenset(str(item) for value in values for item in as_list(value))


def has_open_principal(statement: Statement) -> bool:
    """Whether a statement is not limited to principals that it names."""
    return any(has_wildcard(principal) or principal == _NOT_PRINCIPAL for principal in principals(statement))


def covers_action(statement: Statement, action: str) -> bool:
    """Whether a statement applies to an action."""
    is_negated = "NotAction" in statement
    patterns = as_list(statement.get("NotAction" if is_negated else "Action"))
    return any(fnmatchcase(action.lower(), str(pattern).lower()) for pattern in patterns) != is_negated


def covers_resource(statement: Statement, arn: str) -> bool:
    """Whether a statement applies to a resource; true where the ARN is unknown (empty)."""
    is_negated = "NotResource" in statement
    patterns = as_list(statement.get("NotResource" if is_negated else "Resource", "*"))
    return not arn or any(fnmatchcase(arn, str(pattern)) for pattern in patterns) != is_negated


def required_values(statement: Statement, key: str) -> list[list[str]]:
    """The values that a statement's conditions require of a key; a request must match one of every list."""
    return [
        [str(value) for value in as_list(values)]
        for operator, condition_key, values in _conditions(statement)
        if operator in _RESTRICTING_OPERATORS and condition_key == key.lower()
    ]


def covers_insecure_transport(statement: Statement) -> bool:
    """Whether a statement applies to every request without TLS; a second condition would exempt some of them."""
    conditions = [
        (operator, key, [str(value).lower() for value in as_list(values)])
        for operator, key, values in _conditions(statement)
    ]
    return conditions in [[(operator, "aws:securetransport", ["false"])] for operator in ("bool", "boolifexists")]


def _conditions(statement: Statement) -> Iterator[tuple[str, str, Any]]:
    """(operator, key, values) of each condition."""
    for operator, conditions in as_object(statement.get("Condition")).items():
        for key, values in as_object(conditions).items():
            yield operator.lower(), key.lower(), values


def has_wildcard(text: str) -> bool:
    """Whether a string matches more than itself in a policy document."""
    return "*" in text or "?" in text


def account_of(text: str) -> str:
    """The account in an ARN; empty where there is none."""
    arn = Arn.parse(text)
    return arn.account if arn else ""


def is_limited_to_account(statement: Statement, account: str) -> bool:
    """Whether a statement applies to principals of this account only; where the account is unknown (empty), to any."""
    named = principals(statement)
    if named and all(_is_account_root(principal, account) for principal in named):
        return True
    return named == EVERYBODY and any(
        not account or values == [account]
        for key in ("aws:SourceOwner", "aws:PrincipalAccount")
        for values in required_values(statement, key)
    )


def _is_account_root(principal: str, account: str) -> bool:
    principal_account = principal if principal.isdigit() else account_of(principal)
    return (principal.isdigit() or principal.endswith(":root")) and account in {"", principal_account}
