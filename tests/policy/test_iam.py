"""The evaluator against the tables and examples of the IAM User Guide; each block names its page.

The guide is taken as written: this does not prove that AWS evaluates so where the guide is silent.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.iam import UNKNOWN_TEXT, Answer, Principal, Request, both, decide, either, negate
from policy.iam.patterns import compile_pattern, matches

YES, NO, UNKNOWN = Answer
ROLE = Principal("AWS", "arn:aws:iam::123456789012:role/app")
ROOT = Principal("AWS", "arn:aws:iam::123456789012:root")
SNS = Principal("Service", "sns.amazonaws.com")
QUEUE, TOPIC = "arn:aws:sqs:eu-west-1:123456789012:mail", "arn:aws:sns:eu-west-1:123456789012:mail"


def evaluate(
    *statements: dict[str, Any],
    principal: Principal = ROLE,
    resource: str = QUEUE,
    version: str = "2012-10-17",
    unknown_keys: Sequence[str] = (),
    context: Mapping[str, str | list[str]] | None = None,
) -> Answer:
    """Whether a document with these statements allows sqs:SendMessage."""
    values = {key: [value] if isinstance(value, str) else value for key, value in (context or {}).items()}
    request = Request(
        principal=principal, action="sqs:SendMessage", resource=resource, context=values, unknown_keys=unknown_keys
    )
    return decide(request, [{"Version": version, "Statement": list(statements)}]).answer


def allow(**elements: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", **elements}


def deny(**elements: object) -> dict[str, Any]:
    return {**allow(**elements), "Effect": "Deny"}


def test_explicit_deny_overrides_allow_and_nothing_is_allowed_by_default() -> None:
    """Policy evaluation logic: reference_policies_evaluation-logic.html."""
    assert evaluate() is NO
    assert evaluate(allow()) is YES
    assert evaluate(deny()) is NO
    assert evaluate(allow(), deny()) is evaluate(deny(), allow()) is NO
    assert evaluate(allow(), deny(Action="sqs:ReceiveMessage")) is YES


def test_the_decision_names_the_statement_that_decides() -> None:
    request = Request(principal=ROLE, action="sqs:SendMessage", resource=QUEUE)
    allowing, denying = allow(Sid="Send"), deny(Sid="No")
    assert decide(request, [{"Statement": allowing}]).statement == allowing
    assert decide(request, [{"Statement": allowing}, json.dumps({"Statement": [denying]})]).statement == denying
    assert decide(request, [{"Statement": []}]).statement is None


ELEMENTS: list[tuple[dict[str, Any], Answer]] = [
    # reference_policies_elements_action.html and _notaction.html: actions have no case, wildcards match any part
    ({"Action": "SQS:sendmessage"}, YES),
    ({"Action": ["sqs:Receive*", "sqs:Send*"]}, YES),
    ({"Action": "sqs:Send?essage"}, YES),
    ({"Action": "*"}, YES),
    ({"Action": "sqs:ReceiveMessage"}, NO),
    ({"Action": None, "NotAction": "sqs:Send*"}, NO),
    ({"Action": None, "NotAction": ["sns:*", "s3:*"]}, YES),
    # reference_policies_elements_resource.html and _notresource.html: a wildcard stays in its part of the ARN
    ({"Resource": QUEUE}, YES),
    ({"Resource": "arn:aws:sqs:*:*:ma*"}, YES),
    ({"Resource": "arn:aws:sqs:*:MAIL"}, NO),
    ({"Resource": "arn:aws:sqs:*:mail"}, NO),
    ({"Resource": "arn:aws:sqs:eu-west-1:123456789012:MAIL"}, NO),
    ({"Resource": None, "NotResource": QUEUE}, NO),
    ({"Resource": None, "NotResource": f"{QUEUE}-other"}, YES),
    # reference_policies_variables.html: variables, defaults, escaped characters, no value
    ({"Resource": "arn:aws:sqs:eu-west-1:123456789012:${aws:username}"}, NO),
    ({"Resource": "arn:aws:sqs:eu-west-1:123456789012:${aws:username, 'mail'}"}, YES),
    ({"Resource": "arn:aws:sqs:eu-west-1:123456789012:${*}"}, NO),
    # reference_policies_elements_principal.html: accounts, roles, everybody
    ({"Principal": "*"}, YES),
    ({"Principal": {"AWS": "*"}}, YES),
    ({"Principal": {"AWS": ROLE.value}}, YES),
    ({"Principal": {"AWS": ["arn:aws:iam::123456789012:role/*"]}}, NO),
    ({"Principal": {"AWS": "123456789012"}}, NO),  # leaves the decision to the policies of the account's roles
    ({"Principal": {"AWS": "arn:aws:iam::210987654321:role/app"}}, NO),
    ({"Principal": {"Service": "sns.amazonaws.com"}}, NO),
    ({"NotPrincipal": {"AWS": "arn:aws:iam::123456789012:role/other"}}, YES),
    ({"NotPrincipal": {"AWS": ROLE.value}}, NO),
    ({"NotPrincipal": {"AWS": "123456789012"}}, YES),  # it exempts the account itself, not its roles
]


@pytest.mark.parametrize(("elements", "expected"), ELEMENTS)
def test_the_elements_of_a_statement(elements: dict[str, Any], expected: Answer) -> None:
    statement = {key: value for key, value in allow(**elements).items() if value is not None}
    assert evaluate(statement) is expected


@pytest.mark.parametrize("account", ["123456789012", "arn:aws:iam::123456789012:root"])
def test_a_deny_for_an_account_covers_its_roles_and_no_service(account: str) -> None:
    """reference_policies_elements_principal.html, "AWS account principals"."""
    assert evaluate(allow(), deny(Principal={"AWS": account})) is NO
    assert evaluate(allow(), deny(Principal={"AWS": account}), principal=SNS) is YES
    assert evaluate(allow(), deny(Principal="*"), principal=SNS) is NO
    assert evaluate(allow(Principal={"Service": ["s3.amazonaws.com", "sns.amazonaws.com"]}), principal=SNS) is YES
    assert evaluate(allow(Principal={"AWS": account}), principal=ROOT) is YES


CONDITIONS: list[tuple[str, Any, list[str] | None, Answer]] = [
    # (operator, values of the policy, values of the request or None, whether it matches)
    # reference_policies_elements_condition_operators.html
    ("StringEquals", "a", ["a"], YES),
    ("stringequals", ["b", "a"], ["a"], YES),
    ("StringEquals", "A", ["a"], NO),
    ("StringEquals", "*", ["a"], NO),
    ("StringEquals", "a", None, NO),
    ("StringNotEquals", "a", None, YES),
    ("StringNotEquals", ["b", "a"], ["a"], NO),  # NOR: no value may match
    ("StringNotEquals", ["b", "c"], ["a"], YES),
    ("StringEqualsIgnoreCase", "A", ["a"], YES),
    ("StringNotEqualsIgnoreCase", "A", ["a"], NO),
    ("StringLike", "a*c?", ["abbcd"], YES),
    ("StringLike", "a?", ["a"], NO),
    ("StringNotLike", "a*", ["abc"], NO),
    ("StringNotLike", "a*", None, YES),
    ("StringLike", "${*}", ["*"], YES),
    ("StringLike", "${*}", ["a"], NO),
    ("StringEquals", "${aws:username}", ["a"], NO),
    ("StringEquals", "${aws:username, 'a'}", ["a"], YES),
    ("NumericEquals", 10, ["10.0"], YES),
    ("NumericNotEquals", "10", ["10"], NO),
    ("NumericLessThan", "10", ["9.5"], YES),
    ("NumericLessThanEquals", "10", ["10"], YES),
    ("NumericGreaterThan", "10", ["10"], NO),
    ("NumericGreaterThanEquals", "10", ["10"], YES),
    ("NumericEquals", "10", ["ten"], NO),
    ("DateGreaterThan", "2020-01-01T00:00:01Z", ["2020-01-01T00:00:02Z"], YES),
    ("DateLessThan", "2020-01-01T00:00:01Z", ["1577836801"], NO),
    ("DateEquals", "2020-01-01T00:00:01Z", ["1577836801"], YES),
    ("DateNotEquals", "2020-01-01", ["2020-01-01"], NO),
    ("Bool", True, ["true"], YES),
    ("Bool", "false", ["true"], NO),
    ("Bool", "FALSE", ["false"], YES),
    ("Bool", "no", ["no"], NO),
    ("BinaryEquals", "QmluYXJ5", ["QmluYXJ5"], YES),
    ("IpAddress", "203.0.113.0/24", ["203.0.113.9"], YES),
    ("IpAddress", ["2001:db8::/32", "203.0.113.7"], ["203.0.113.9"], NO),
    ("NotIpAddress", "203.0.113.0/24", ["203.0.113.9"], NO),
    ("NotIpAddress", "203.0.113.0/24", None, YES),
    ("ArnEquals", "arn:aws:sns:*:123456789012:ma*", [TOPIC], YES),  # ArnEquals and ArnLike are the same
    ("ArnLike", "arn:aws:sns:*:mail", [TOPIC], NO),
    ("ArnLike", "arn:aws:sns:*:*:*", ["mail"], NO),
    ("ArnNotEquals", TOPIC, [TOPIC], NO),
    ("ArnNotLike", TOPIC, None, YES),
    # ...IfExists
    ("StringEqualsIfExists", "a", None, YES),
    ("StringEqualsIfExists", "a", ["b"], NO),
    ("BoolIfExists", "true", None, YES),
    ("StringNotEqualsIfExists", "a", ["a"], NO),
    # Null: "true" is a key that is not in the request
    ("Null", "true", None, YES),
    ("Null", "true", ["a"], NO),
    ("Null", False, ["a"], YES),
    # reference_policies_condition-single-vs-multi-valued-context-keys.html: set operators
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], YES),
    ("ForAllValues:StringEquals", ["a"], ["a", "b"], NO),
    ("ForAllValues:StringEquals", ["a"], None, YES),
    ("ForAllValues:StringNotEquals", ["a"], ["b", "c"], YES),
    ("ForAnyValue:StringEquals", ["a"], ["b", "a"], YES),
    ("ForAnyValue:StringEquals", ["a"], ["b"], NO),
    ("ForAnyValue:StringEquals", ["a"], None, NO),
    ("ForAnyValue:StringNotEquals", ["a"], None, NO),
    ("ForAnyValue:StringNotLike", ["a*"], ["ab", "b"], YES),
    ("StringEquals", "a", ["a", "a"], NO),  # several values need a set operator
    ("ForAnyValue:StringEqualsIfExists", ["a"], None, UNKNOWN),  # the guide says yes of the one and no of the other
    ("ForAllValues:StringEqualsIfExists", ["a"], None, YES),
    # AWS rejects it
    ("StringMatches", "a", ["a"], UNKNOWN),
    # Nothing is equal to a variable without a value; what a negated operator then does is not written
    ("StringNotEquals", "${aws:username}", ["a"], UNKNOWN),
    ("StringNotEquals", ["${aws:username}", "a"], ["a"], NO),
]


@pytest.mark.parametrize(("operator", "policy_values", "request_values", "expected"), CONDITIONS)
def test_the_operators_of_conditions(
    operator: str, policy_values: Any, request_values: list[str] | None, expected: Answer
) -> None:
    context: dict[str, str | list[str]] = {} if request_values is None else {"aws:x": request_values}
    assert evaluate(allow(Condition={operator: {"AWS:X": policy_values}}), context=context) is expected
    assert evaluate(allow(), deny(Condition={operator: {"aws:x": policy_values}}), context=context) is negate(expected)


def test_all_conditions_must_match_and_one_value_of_each() -> None:
    """reference_policies_condition-logic-multiple-context-keys-or-values.html."""
    condition = {"StringEquals": {"aws:x": ["a", "b"], "aws:y": "c"}, "Bool": {"aws:SecureTransport": "true"}}
    statement = allow(Condition=condition)
    assert evaluate(statement, context={"aws:x": "b", "aws:y": "c", "aws:SecureTransport": "true"}) is YES
    assert evaluate(statement, context={"aws:x": "b", "aws:y": "d", "aws:SecureTransport": "true"}) is NO
    assert evaluate(statement, context={"aws:x": "b", "aws:y": "c"}) is NO


def test_a_policy_of_2008_has_no_variables() -> None:
    """reference_policies_elements_version.html."""
    statement = allow(Condition={"StringEquals": {"aws:x": "${aws:y}"}})
    assert evaluate(statement, context={"aws:x": "a", "aws:y": "a"}) is YES
    assert evaluate(statement, context={"aws:x": "a", "aws:y": "a"}, version="2008-10-17") is NO
    assert evaluate(statement, context={"aws:x": "${aws:y}"}, version="2008-10-17") is YES


def test_a_deny_of_those_outside_an_organisation_locks_services_out() -> None:
    """reference_policies_condition-keys.html: a service principal has no aws:PrincipalOrgID."""
    outside: dict[str, Any] = {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    allowing = allow(Principal={"Service": SNS.value})
    assert evaluate(allowing, deny(Principal="*", Condition=outside), principal=SNS) is NO
    outside["Bool"] = {"aws:PrincipalIsAWSService": "false"}
    denying = deny(Principal="*", Condition=outside)
    assert evaluate(allowing, denying, principal=SNS, context={"aws:PrincipalIsAWSService": "true"}) is YES


UNKNOWNS: list[tuple[Sequence[dict[str, Any] | str], Answer]] = [
    ([allow(Resource=UNKNOWN_TEXT)], UNKNOWN),
    ([allow(Resource=["*", UNKNOWN_TEXT])], YES),
    ([allow(Action="sqs:ReceiveMessage", Resource=UNKNOWN_TEXT)], NO),
    ([allow(), deny(Resource=UNKNOWN_TEXT)], UNKNOWN),
    ([allow(), deny(Action="sqs:ReceiveMessage", Resource=UNKNOWN_TEXT)], YES),
    ([deny(), allow(Resource=UNKNOWN_TEXT)], NO),
    ([allow(Effect=UNKNOWN_TEXT)], UNKNOWN),
    ([allow(Principal=UNKNOWN_TEXT)], UNKNOWN),
    ([allow(Principal={"AWS": [UNKNOWN_TEXT]})], UNKNOWN),
    ([allow(Condition=UNKNOWN_TEXT)], UNKNOWN),
    ([allow(Condition={"StringEquals": {"aws:x": UNKNOWN_TEXT}})], NO),  # the request does not have the key
    ([allow(Condition={"StringEquals": {"aws:known": [UNKNOWN_TEXT, "b"]}})], UNKNOWN),
    ([allow(Condition={"StringNotEquals": {"aws:known": [UNKNOWN_TEXT, "a"]}})], NO),
    ([allow(Condition={"StringEquals": {"aws:ResourceTag/team": "mail"}})], UNKNOWN),
    ([UNKNOWN_TEXT, allow()], UNKNOWN),
    ([UNKNOWN_TEXT, deny()], NO),
]


@pytest.mark.parametrize(("statements", "expected"), UNKNOWNS)
def test_what_is_unknown_is_neither_yes_nor_no_unless_the_rest_decides(
    statements: Sequence[Any], expected: Answer
) -> None:
    assert evaluate(*statements, unknown_keys=["aws:ResourceTag/"], context={"aws:known": "a"}) is expected
    request = Request(principal=ROLE, action="sqs:SendMessage", resource=QUEUE)
    assert decide(request, [UNKNOWN_TEXT]).answer is UNKNOWN
    assert decide(request, [UNKNOWN_TEXT, {"Statement": deny()}]).answer is NO


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", YES),
        ("arn:aws:sqs:*:*:mail", YES),
        ("arn:aws:sqs:*:*:ma*", YES),
        ("arn:aws:sqs:eu-west-1:123456789012:mail", UNKNOWN),
        ("arn:aws:sqs:eu-west-1:123456789012:other", NO),
        ("arn:aws:sns:*:*:mail", NO),
    ],
)
def test_a_resource_may_be_known_in_part(pattern: str, expected: Answer) -> None:
    """In a preview, a queue's name may be known and its account not."""
    resource = f"arn:aws:sqs:{UNKNOWN_TEXT}:{UNKNOWN_TEXT}:mail"
    assert evaluate(allow(Resource=pattern), resource=resource) is expected


def test_what_is_unknown_on_both_sides_may_differ() -> None:
    assert matches(UNKNOWN_TEXT, UNKNOWN_TEXT) is UNKNOWN
    assert matches(compile_pattern("mai?") or "", f"mai{UNKNOWN_TEXT}") is UNKNOWN
    assert matches(compile_pattern("mai*") or "", f"mai{UNKNOWN_TEXT}") is YES


ANSWERS = st.sampled_from(Answer)


@given(st.lists(ANSWERS, max_size=4))
def test_the_logic_of_three_values_is_that_of_de_morgan(answers: list[Answer]) -> None:
    assert negate(both(answers)) is either(map(negate, answers))


PIECES = st.lists(st.sampled_from(["a", "b", ":", "?", "*", UNKNOWN_TEXT]), max_size=6).map("".join)


@given(PIECES, PIECES, st.lists(st.sampled_from(["", "a", "b", "ab", ":"]), min_size=1, max_size=6))
def test_an_answer_holds_for_every_value_of_the_unknown_parts(text: str, pattern: str, values: list[str]) -> None:
    text = text.replace("?", "a").replace("*", "b")
    found = matches(compile_pattern(pattern) or "", text)
    for value in values:
        known = matches(compile_pattern(pattern.replace(UNKNOWN_TEXT, value)) or "", text.replace(UNKNOWN_TEXT, value))
        assert known is found or found is UNKNOWN


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 9) | st.sampled_from(["*", "Allow", "Deny", "sqs:*", UNKNOWN_TEXT]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from(
            ["Statement", "Effect", "Principal", "NotPrincipal", "AWS", "Action", "Resource", "Condition",
             "StringEquals", "aws:x"]
        ), inner, max_size=4,
    ),
    max_leaves=14,
)  # fmt: skip


@given(JSON)
def test_no_document_fails(document: Any) -> None:
    request = Request(principal=ROLE, action="sqs:SendMessage", resource=QUEUE, context={"aws:x": ["a"]})
    assert decide(request, [document, {"Statement": document}, json.dumps(document)]).answer in Answer
