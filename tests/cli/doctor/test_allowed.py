"""What a resource's policy allows. Not proved: that AWS reads it so; what is not known here counts as allowed."""

from typing import Any

import pytest
from ses_feedback_cli.doctor.allowed import allows

TOPIC = "arn:aws:sns:eu-west-1:123456789012:topic"
SOURCE = "arn:aws:ses:eu-west-1:123456789012:identity/shop.example"
ALLOW: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "ses.amazonaws.com"},
    "Action": "sns:Publish",
    "Resource": TOPIC,
}


def allowed(*statements: dict[str, Any]) -> bool:
    context = {"aws:sourcearn": SOURCE, "aws:sourceaccount": "123456789012", "aws:securetransport": "true"}
    return allows({"Statement": list(statements)}, "ses.amazonaws.com", "sns:Publish", TOPIC, context)


def when(**condition: dict[str, Any]) -> dict[str, Any]:
    return {**ALLOW, "Condition": {key.replace("_", ":"): value for key, value in condition.items()}}


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
        when(StringEquals={"aws:SourceAccount": "123456789012"}),
        when(StringEquals={"AWS:SourceAccount": ["1", "123456789012"], "AWS:SourceArn": SOURCE}),
        when(ArnLike={"aws:SourceArn": "arn:aws:ses:*:*:identity/*"}),
        when(ArnEquals={"aws:SourceArn": "arn:aws:ses:eu-west-1:123456789012:*"}),
        when(StringLike={"aws:SourceArn": "*shop.example"}),
        when(StringNotEquals={"aws:SourceAccount": "1"}),
        when(StringEqualsIfExists={"aws:PrincipalOrgID": "o-1"}),
        when(Bool={"aws:SecureTransport": "True"}),
        when(DateGreaterThan={"aws:CurrentTime": "2020-01-01T00:00:00Z"}),  # not judged
        when(ForAllValues_StringEquals={"aws:SourceAccount": "123456789012"}),
    ],
)
def test_this_lets_it(statement: dict[str, Any]) -> None:
    assert allowed(statement)


@pytest.mark.parametrize(
    "statement",
    [
        {**ALLOW, "Effect": "Deny"},
        {**ALLOW, "Principal": {"Service": "sns.amazonaws.com"}},
        {**ALLOW, "Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        {**ALLOW, "Action": "sns:Subscribe"},
        {**{key: value for key, value in ALLOW.items() if key != "Action"}, "NotAction": "sns:*"},
        {**ALLOW, "Resource": TOPIC + "2"},
        when(StringEquals={"aws:SourceAccount": "1"}),
        when(StringEquals={"aws:SourceArn": "arn:aws:ses:*"}),  # no wildcard in StringEquals
        when(StringEquals={"aws:SourceAccount": "123456789012", "aws:SourceArn": SOURCE + "x"}),
        when(ArnLike={"aws:SourceArn": "arn:aws:ses:us-east-1:*:identity/*"}),
        when(StringNotEquals={"aws:SourceAccount": "123456789012"}),
        when(Bool={"aws:SecureTransport": "false"}),
    ],
)
def test_this_does_not(statement: dict[str, Any]) -> None:
    assert not allowed(statement)


def test_a_denial_goes_before_what_is_allowed() -> None:
    assert not allowed(ALLOW, {**ALLOW, "Effect": "Deny", "Principal": "*"})


def test_a_denial_that_is_not_met_or_not_understood_denies_nothing() -> None:
    plain = {**when(Bool={"aws:SecureTransport": "false"}), "Effect": "Deny"}
    strange = {**when(NumericLessThan={"aws:MultiFactorAuthAge": "1"}), "Effect": "Deny"}
    assert allowed(ALLOW, plain, strange)


def test_no_policy_allows_nothing() -> None:
    assert not allowed()
    assert not allows({}, "ses.amazonaws.com", "sns:Publish", TOPIC, {})


def test_a_single_statement_needs_no_list() -> None:
    assert allows({"Statement": ALLOW}, "ses.amazonaws.com", "sns:Publish", TOPIC, {})
