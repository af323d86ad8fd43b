"""Reads policy documents as AWS does: whom a statement means, for what, on what, and under which conditions."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from policy.wiring import document, items

Statement = Mapping[str, Any]

ALLOW, DENY = "Allow", "Deny"
EVERYBODY = frozenset({"*"})
# Operators that bind: one that ends in IfExists lets pass what lacks the key, and a negation binds nobody.
_BINDING = ("arnequals", "arnlike", "stringequals", "stringequalsignorecase", "stringlike")


def statements(policy: Any) -> list[Statement]:
    """The statements of a policy, given as a text or as it is."""
    return [one for one in items(document(policy).get("Statement")) if isinstance(one, Mapping)]


def label(statement: Statement) -> str:
    """What to call a statement in a message."""
    return f"statement {statement.get('Sid') or 'without Sid'} of its policy"


def principals(statement: Statement) -> frozenset[str]:
    """Whom a statement means, as it writes them; `*` is everybody, however written."""
    if "NotPrincipal" in statement:
        return frozenset({"everybody but some"})
    given = statement.get("Principal")
    found = [each for one in given.values() for each in items(one)] if isinstance(given, Mapping) else items(given)
    return frozenset(str(one) for one in found)


def acts(statement: Statement, action: str) -> bool:
    """Whether a statement is about an action."""
    inverse = "NotAction" in statement
    patterns = items(statement.get("NotAction" if inverse else "Action"))
    return any(fnmatchcase(action.lower(), str(one).lower()) for one in patterns) != inverse


def concerns(statement: Statement, arn: str) -> bool:
    """Whether a statement is about a resource; it is where the ARN is not known."""
    inverse = "NotResource" in statement
    patterns = items(statement.get("NotResource" if inverse else "Resource", "*"))
    return not arn or any(fnmatchcase(arn, str(one)) for one in patterns) != inverse


def demands(statement: Statement, key: str) -> list[list[str]]:
    """What a statement's conditions demand of a key: every one of these lists must hold one that fits."""
    return [
        [str(value) for value in items(values)]
        for operator, name, values in _conditions(statement)
        if operator in _BINDING and name == key.lower()
    ]


def without_tls(statement: Statement) -> bool:
    """Whether a statement is about every call without TLS; a second condition would let some of them out."""
    conditions = [(operator, name, [str(value).lower() for value in items(values)])
                  for operator, name, values in _conditions(statement)]  # fmt: skip
    return conditions in [[(operator, "aws:securetransport", ["false"])] for operator in ("bool", "boolifexists")]


def _conditions(statement: Statement) -> Iterator[tuple[str, str, Any]]:
    for operator, wanted in document(statement.get("Condition")).items():
        for name, values in document(wanted).items():
            yield operator.lower(), name.lower(), values


def fits(values: list[str], wanted: str) -> bool:
    """Whether one of the values of a condition is this ARN, wildcards included."""
    return any(fnmatchcase(wanted, value) for value in values)


def wild(text: str) -> bool:
    """Whether a text stands for several."""
    return "*" in text or "?" in text


def account(arn: str) -> str:
    """The account in an ARN; empty where there is none."""
    return (arn.split(":") + [""] * 5)[4]


def is_owner(statement: Statement, owner: str) -> bool:
    """Whether a statement is about the owner's own account only; every account passes where the owner is unknown."""
    named = principals(statement)
    if named and all(_is_root(one, owner) for one in named):
        return True
    return named == EVERYBODY and any(
        not owner or values == [owner]
        for key in ("aws:SourceOwner", "aws:PrincipalAccount")
        for values in demands(statement, key)
    )


def _is_root(principal: str, owner: str) -> bool:
    of = principal if principal.isdigit() else account(principal)
    return (principal.isdigit() or principal.endswith(":root")) and owner in {"", of}
