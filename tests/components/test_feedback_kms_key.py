"""A customer managed key: who may use it, and that nobody uses it before its policy is in force.

Recorded, not deployed: nothing here proves that AWS accepts it.
"""

import re
from typing import Any, cast

import pulumi
import pytest
from pulumi.runtime.mocks import MockMonitor

from components import FeedbackKmsKey, FeedbackKmsKeyArgs
from tests.recorder import ACCOUNT, Graph, record


def record_key(**changes: object) -> Graph:
    def program() -> None:
        key = FeedbackKmsKey("k", cast(FeedbackKmsKeyArgs, {"region": "eu-west-1"} | changes))
        pulumi.export("key_arn", key.key_arn)

    return record(program)


def test_children_are_exactly_these() -> None:
    graph = record_key()
    assert {(resource.type, resource.name, resource.parent) for resource in graph.custom} == {
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
    assert graph.outputs["key_arn"] == f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k-key-1a2b3c4"


def test_the_policy_is_exactly_this() -> None:
    policy = record_key(table_principals=["210987654321", "o-abcdefghij"])["k-key-policy"]
    via_dynamodb = {"kms:ViaService": "dynamodb.eu-west-1.amazonaws.com"}
    assert policy.inputs["keyId"] == "k-key-1a2b3c4"
    assert policy.document("policy")["Statement"] == [
        {
            "Sid": "EnableIamUserPermissions",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "AllowServicesEncryptMessages",
            "Effect": "Allow",
            "Principal": {"Service": ["cloudwatch.amazonaws.com", "ses.amazonaws.com", "sns.amazonaws.com"]},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
        },
        {
            "Sid": "AllowCloudWatchLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logs.eu-west-1.amazonaws.com"},
            "Action": ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            "Resource": "*",
            "Condition": {
                "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:*"},
            },
        },
        {
            "Sid": "DecryptTables",
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::210987654321:root"]},
            "Action": ["kms:Decrypt"],
            "Resource": "*",
            "Condition": {"StringEquals": via_dynamodb},
        },
        {
            "Sid": "DecryptTablesInOrganisation",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["kms:Decrypt"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": ["o-abcdefghij"], **via_dynamodb}},
        },
    ]


def test_a_key_of_0_1_0_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its component had another type then. Without the alias, the next update replaces the key."""
    aliases_by_type: dict[str, list[str]] = {}
    register = MockMonitor.RegisterResource

    def record_aliases(monitor: MockMonitor, request: Any) -> object:
        aliases_by_type[request.type] = [alias.spec.type for alias in request.aliases]
        return register(monitor, request)  # type: ignore[no-untyped-call] # the SDK types none of it

    monkeypatch.setattr(MockMonitor, "RegisterResource", record_aliases)
    record_key()
    assert aliases_by_type["ses-feedback:index:FeedbackKmsKey"] == ["ses-feedback:index:FeedbackKey"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"region": "mars"}, "region is 'mars'"),
        ({"deletion_window_days": 6}, "deletion_window_days is 6: a whole number from 7 to 30 days is needed"),
        ({"table_principals": ["all"]}, "table_principals[0] is 'all'"),
        ({"deletion_protection": 1}, "deletion_protection is 1: true or false is needed"),
        ({"rotation": True}, "there is no such input"),
    ],
)
def test_a_wrong_input_is_named_with_its_value_and_what_would_be_right(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        record_key(**changes)
