"""A customer managed key: who may use it, and that nobody uses it before its policy is in force.

Recorded, not deployed: nothing here proves that AWS accepts it.
"""

from typing import cast

import pulumi
import pytest

from components import FeedbackKmsKey, FeedbackKmsKeyArgs
from tests.recorder import ACCOUNT, Graph, record


def key(**given: object) -> Graph:
    def program() -> None:
        pulumi.export("arn", FeedbackKmsKey("k", cast(FeedbackKmsKeyArgs, {"region": "eu-west-1"} | given)).key_arn)

    return record(program)


def test_children_are_exactly_these() -> None:
    graph = key()
    assert {(one.type, one.name, one.parent) for one in graph.custom} == {
        ("aws:kms/key:Key", "k-key", "k"),
        ("aws:kms/keyPolicy:KeyPolicy", "k-key-policy", "k"),
    }
    assert graph["k-key"].inputs == {
        "region": "eu-west-1",
        "description": "Feedback from Amazon SES",
        "enableKeyRotation": True,
        "deletionWindowInDays": 30,
        "tags": {},
    }
    assert graph["k-key"].protect
    assert graph.outputs["arn"] == f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k-key-1a2b3c4"


def test_the_policy_is_exactly_this() -> None:
    policy = key(table_principals=["210987654321", "o-abcdefghij"])["k-key-policy"]
    via = {"kms:ViaService": "dynamodb.eu-west-1.amazonaws.com"}
    assert policy.inputs["keyId"] == "k-key-1a2b3c4"
    assert policy.document("policy")["Statement"] == [
        {
            "Sid": "AccountManages",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "ServicesSend",
            "Effect": "Allow",
            "Principal": {"Service": ["cloudwatch.amazonaws.com", "ses.amazonaws.com", "sns.amazonaws.com"]},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
        },
        {
            "Sid": "LogsAreKept",
            "Effect": "Allow",
            "Principal": {"Service": "logs.eu-west-1.amazonaws.com"},
            "Action": ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            "Resource": "*",
            "Condition": {
                "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:*"},
            },
        },
        {
            "Sid": "TablesAreUsed",
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::210987654321:root"]},
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {"StringEquals": via},
        },
        {
            "Sid": "TablesAreUsedInOrganisation",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": ["o-abcdefghij"], **via}},
        },
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"region": "mars"}, "region is 'mars'"),
        ({"deletion_window_days": 6}, "deletion_window_days is 6: a whole number from 7 to 30 days is needed"),
        ({"table_principals": ["all"]}, "table_principals[0] is 'all'"),
        ({"deletion_protection": 1}, "deletion_protection is 1: true or false is needed"),
        ({"rotation": True}, "there is no such input"),
    ],
)
def test_a_wrong_input_is_named_with_its_value_and_what_would_be_right(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=r"(?s).*") as refused:
        key(**given)
    assert message in str(refused.value)
