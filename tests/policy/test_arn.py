"""ARNs with and without all parts, and strings that are none."""

import pytest

from policy.arn import Arn


@pytest.mark.parametrize(
    ("text", "arn"),
    [
        ("arn:aws:sqs:eu-west-1:123456789012:queue", Arn("aws", "sqs", "eu-west-1", "123456789012", "queue")),
        ("arn:aws-cn:iam::aws:policy/A", Arn("aws-cn", "iam", "", "aws", "policy/A")),
        ("arn:aws:s3:::mail/*", Arn("aws", "s3", "", "", "mail/*")),
        ("arn:aws:lambda:*:1:function:f:7", Arn("aws", "lambda", "*", "1", "function:f:7")),
        ("arn:aws:sqs:eu-west-1:123456789012", None),
        ("urn:aws:sqs:eu-west-1:123456789012:queue", None),
        ("queue", None),
        ("*", None),
        ("", None),
    ],
)
def test_an_arn_is_parsed_and_nothing_else(text: str, arn: Arn | None) -> None:
    assert Arn.parse(text) == arn
