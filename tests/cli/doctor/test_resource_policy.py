"""Evaluation of resource policies. Not tested: that AWS evaluates them in the same way."""

from typing import Any

import pytest
from ses_feedback_cli.doctor.resource_policy import allows

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:topic"
SOURCE_ARN = "arn:aws:ses:eu-west-1:123456789012:identity/shop.example"
ALLOW: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "ses.amazonaws.com"},
    "Action": "sns:Publish",
    "Resource": TOPIC_ARN,
}


def is_allowed(*statements: dict[str, Any]) -> bool:
    context = {"aws:sourcearn": SOURCE_ARN, "aws:sourceaccount": "123456789012", "aws:securetransport": "true"}
    return allows({"Statement": list(statements)}, "ses.amazonaws.com", "sns:Publish", TOPIC_ARN, context)


def conditional(**condition: dict[str, Any]) -> dict[str, Any]:
    """The statement with a condition; an underscore stands for the colon of a set operator."""
    return {**ALLOW, "Condition": {operator.replace("_", ":"): keys for operator, keys in condition.items()}}


@pytest.mark.parametrize(
    "statement",
    [
        ALLOW,
        {**ALLOW, "Principal": "*"},
        {**ALLOW, "Principal": {"AWS": "*"}},
        {**ALLOW, "Principal": {"Service": ["sns.amazonaws.com", "ses.amazonaws.com"]}},
        {**ALLOW, "Action": ["SNS:Publish", "SNS:Subscribe"]},
        {**ALLOW, "Action": "sns:*"},
        {**ALLOW, "Action": "*"},
        {**ALLOW, "Resource": "*"},
        {**ALLOW, "Resource": "arn:aws:sns:*:123456789012:t?pic"},
        conditional(StringEquals={"aws:SourceAccount": "123456789012"}),
        conditional(StringEquals={"AWS:SourceAccount": ["1", "123456789012"], "AWS:SourceArn": SOURCE_ARN}),
        conditional(ArnLike={"aws:SourceArn": "arn:aws:ses:*:*:identity/*"}),
        conditional(ArnEquals={"aws:SourceArn": "arn:aws:ses:eu-west-1:123456789012:*"}),
        conditional(StringLike={"aws:SourceArn": "*shop.example"}),
        conditional(StringNotEquals={"aws:SourceAccount": "1"}),
        conditional(StringEqualsIfExists={"aws:PrincipalOrgID": "o-1"}),
        conditional(Bool={"aws:SecureTransport": "True"}),
        conditional(DateGreaterThan={"aws:CurrentTime": "2020-01-01T00:00:00Z"}),  # not evaluated
        conditional(ForAllValues_StringEquals={"aws:SourceAccount": "123456789012"}),
    ],
)
def test_the_service_is_allowed(statement: dict[str, Any]) -> None:
    assert is_allowed(statement)


@pytest.mark.parametrize(
    "statement",
    [
        {**ALLOW, "Effect": "Deny"},
        {**ALLOW, "Principal": {"Service": "sns.amazonaws.com"}},
        {**ALLOW, "Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        {**ALLOW, "Action": "sns:Subscribe"},
        {**{key: value for key, value in ALLOW.items() if key != "Action"}, "NotAction": "sns:*"},
        {**ALLOW, "Resource": TOPIC_ARN + "2"},
        conditional(StringEquals={"aws:SourceAccount": "1"}),
        conditional(StringEquals={"aws:SourceArn": "arn:aws:ses:*"}),  # no wildcard in StringEquals
        conditional(StringEquals={"aws:SourceAccount": "123456789012", "aws:SourceArn": SOURCE_ARN + "x"}),
        conditional(ArnLike={"aws:SourceArn": "arn:aws:ses:us-east-1:*:identity/*"}),
        conditional(StringNotEquals={"aws:SourceAccount": "123456789012"}),
        conditional(Bool={"aws:SecureTransport": "false"}),
    ],
)
def test_the_service_is_not_allowed(statement: dict[str, Any]) -> None:
    assert not is_allowed(statement)


def test_a_deny_overrides_an_allow() -> None:
    assert not is_allowed(ALLOW, {**ALLOW, "Effect": "Deny", "Principal": "*"})


def test_a_deny_whose_condition_is_not_met_or_not_evaluated_denies_nothing() -> None:
    not_met = {**conditional(Bool={"aws:SecureTransport": "false"}), "Effect": "Deny"}
    not_evaluated = {**conditional(NumericLessThan={"aws:MultiFactorAuthAge": "1"}), "Effect": "Deny"}
    assert is_allowed(ALLOW, not_met, not_evaluated)


def test_no_policy_allows_nothing() -> None:
    assert not is_allowed()
    assert not allows({}, "ses.amazonaws.com", "sns:Publish", TOPIC_ARN, {})


def test_a_single_statement_needs_no_list() -> None:
    assert allows({"Statement": ALLOW}, "ses.amazonaws.com", "sns:Publish", TOPIC_ARN, {})
