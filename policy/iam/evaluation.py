"""Decides whether the policies of a principal and of a resource together allow a request."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from policy.iam.answers import Answer, answer, both, either, negate
from policy.iam.conditions import Context, evaluate_conditions
from policy.iam.patterns import UNKNOWN_TEXT, compile_pattern, matches, matches_arn

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Principal:
    """Who makes a request."""

    type: str
    """`AWS` or `Service`, as in the element Principal."""
    value: str
    """The ARN of a role or a user, `arn:aws:iam::<account>:root` for an account, or the name of a service."""

    @property
    def account(self) -> str:
        """The account of an AWS principal; empty for a service."""
        if self.type != "AWS" or self.value == UNKNOWN_TEXT:
            return UNKNOWN_TEXT if self.type == "AWS" else ""
        return _account_of(self.value)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a principal wants to do; `UNKNOWN_TEXT` may stand for any part of a value."""

    principal: Principal
    action: str
    resource: str
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The values of each context key; a key that is not here is not in the request."""
    unknown_keys: Sequence[str] = ()
    """Keys that may be in the request with any value, or not be there; `aws:ResourceTag/` stands for all tags."""


@dataclass(frozen=True)
class Decision:
    """Whether a request is allowed."""

    answer: Answer
    statement: Statement | None = None
    """The statement that denies or allows it; None where no statement allows it, or where the answer is unknown."""


def decide(request: Request, policies: Iterable[Any]) -> Decision:
    """Whether the documents, JSON or parsed, allow a request: one allows it, and none denies it.

    A statement without Principal, as in the policy of a role, applies to the principal of the request. An account as
    principal covers its roles and users where a statement denies; where it allows, it only leaves the decision to their
    own policies, and allows nothing itself (IAM User Guide, "AWS JSON policy elements: Principal", AWS account
    principals).
    """
    context = Context(request.context, request.unknown_keys)
    applicable = [
        (effect, _applies(statement, effect, request, context, has_variables=has_variables), statement)
        for policy in policies
        for statement, has_variables in _statements(policy)
        for effect in _effects(statement)
    ]
    denied = either(value for effect, value, _ in applicable if effect == "Deny")
    allowed = either(value for effect, value, _ in applicable if effect == "Allow")
    if Answer.YES in {denied, allowed} and (denied is not Answer.UNKNOWN):
        deciding = "Deny" if denied is Answer.YES else "Allow"
        statement = next(item for effect, value, item in applicable if (effect, value) == (deciding, Answer.YES))
        return Decision(answer(deciding == "Allow"), statement)
    return Decision(Answer.NO if allowed is Answer.NO else Answer.UNKNOWN)


def _effects(statement: Statement) -> Sequence[str]:
    effect = statement.get("Effect")
    return ("Allow", "Deny") if effect == UNKNOWN_TEXT else (str(effect),)


def _statements(policy: Any) -> Iterator[tuple[Statement, bool]]:
    """Each statement of a document, and whether it has policy variables; an unknown one may say anything."""
    anything = {"Effect": UNKNOWN_TEXT, "Action": UNKNOWN_TEXT}
    if isinstance(policy, str) and policy != UNKNOWN_TEXT:
        try:
            policy = json.loads(policy)
        except ValueError:  # AWS rejects it with an error of its own
            policy = None
    if policy == UNKNOWN_TEXT:
        yield anything, False
    for statement in _as_list(policy.get("Statement")) if isinstance(policy, Mapping) else ():
        if statement == UNKNOWN_TEXT:
            yield anything, False
        elif isinstance(statement, Mapping):
            yield statement, policy.get("Version") in {"2012-10-17", UNKNOWN_TEXT}


def _applies(statement: Statement, effect: str, request: Request, context: Context, *, has_variables: bool) -> Answer:
    def covers_action(pattern: str) -> Answer:
        return matches(compile_pattern(pattern.lower()) or "", request.action.lower())

    def covers_resource(text: str) -> Answer:
        pattern = compile_pattern(text, context.values_of if has_variables else None)
        if pattern is None:  # AWS does not say what a variable without a value does in NotResource
            return Answer.UNKNOWN if "NotResource" in statement else Answer.NO
        return Answer.YES if text == "*" else matches_arn(pattern, request.resource)

    def elements() -> Iterator[Answer]:
        yield _covers(statement, "Action", covers_action)
        yield Answer.UNKNOWN if statement.get("Effect") == UNKNOWN_TEXT else Answer.YES
        yield _covers_principal(statement, effect, request.principal)
        yield _covers(statement, "Resource", covers_resource)
        yield evaluate_conditions(statement.get("Condition"), context, has_variables=has_variables)

    return both(elements())


def _covers(statement: Statement, element: str, covers: Any) -> Answer:
    """Whether an element, or its opposite such as NotAction, covers the request; a trust policy has no Resource."""
    is_negated = f"Not{element}" in statement
    name = f"Not{element}" if is_negated else element
    if name not in statement:
        return answer(element == "Resource")
    found = either(covers(str(value)) for value in _as_list(statement[name]))
    return negate(found) if is_negated else found


def _covers_principal(statement: Statement, effect: str, principal: Principal) -> Answer:
    if "NotPrincipal" in statement:
        # "Deny with NotPrincipal": an account in the list exempts the account itself, not its roles and users.
        return negate(_is_named(statement["NotPrincipal"], principal, is_account_enough=False))
    if "Principal" not in statement:
        return Answer.YES
    return _is_named(statement["Principal"], principal, is_account_enough=effect == "Deny")


def _is_named(element: Any, principal: Principal, *, is_account_enough: bool) -> Answer:
    if isinstance(element, str):
        return {"*": Answer.YES, UNKNOWN_TEXT: Answer.UNKNOWN}.get(element, Answer.NO)
    names = [
        (str(type_), str(name))
        for type_, values in (element.items() if isinstance(element, Mapping) else ())
        for name in _as_list(values)
    ]
    return either(_is_principal(type_, name, principal, is_account_enough=is_account_enough) for type_, name in names)


def _is_principal(type_: str, name: str, principal: Principal, *, is_account_enough: bool) -> Answer:
    if (type_, name) == ("AWS", "*"):  # the same as "*"
        return Answer.YES
    if type_ != principal.type:
        return Answer.NO
    if type_ == "AWS" and (name.isdigit() or name.endswith(":root")):
        is_of_account = matches(name if name.isdigit() else _account_of(name), principal.account)
        return both([is_of_account, answer(is_account_enough or principal.value.endswith(":root"))])
    return matches(name, principal.value)


def _account_of(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 else ""  # noqa: PLR2004 - an ARN's fifth part


def _as_list(value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else [value]
