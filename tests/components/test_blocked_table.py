"""What the tables promise: key, encryption, recovery, protection, and who may read and write them.

Recorded, not deployed: nothing here proves that AWS accepts it.
"""

import json
import re
from typing import cast

import pulumi
import pytest

from components import BlockedTable, BlockedTableArgs
from tests.recorder import ACCOUNT, Graph, record

TABLE = "aws:dynamodb/table:Table"
POLICY = "aws:dynamodb/resourcePolicy:ResourcePolicy"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1234abcd"
BLOCKED = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/t-blocked-1a2b3c4"
HISTORY = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/t-history-1a2b3c4"
ROLE = "arn:aws:iam::210987654321:role/pipeline"


def record_tables(**changes: object) -> Graph:
    def program() -> None:
        tables = BlockedTable("t", cast(BlockedTableArgs, {"region": "eu-central-1"} | changes))
        for output in BlockedTable.__annotations__:
            pulumi.export(output, getattr(tables, output))

    return record(program)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return record_tables()


def test_children_are_exactly_these(graph: Graph) -> None:
    assert {(resource.type, resource.name, resource.parent) for resource in graph.custom} == {
        (TABLE, "t-blocked", "t"),
        (TABLE, "t-history", "t"),
    }


@pytest.mark.parametrize(("suffix", "keys"), [("blocked", ["value"]), ("history", ["value", "entry"])])
def test_inputs_are_exactly_these(graph: Graph, suffix: str, keys: list[str]) -> None:
    expected: dict[str, object] = {
        "region": "eu-central-1",
        "billingMode": "PAY_PER_REQUEST",
        "hashKey": "value",
        "attributes": [{"name": key, "type": "S"} for key in keys],
        "ttl": {"attributeName": "expires_at", "enabled": True},
        "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 35},
        "deletionProtectionEnabled": True,
        "tags": {},
    }
    if len(keys) > 1:
        expected["rangeKey"] = keys[1]
    assert graph[f"t-{suffix}"].inputs == expected
    assert graph[f"t-{suffix}"].protect


def test_outputs(graph: Graph) -> None:
    outputs = dict(graph.outputs)
    policy = json.loads(outputs.pop("sender_policy_json"))
    assert outputs == {
        "blocked_table_arn": BLOCKED,
        "blocked_table_name": "t-blocked-1a2b3c4",
        "history_table_arn": HISTORY,
        "history_table_name": "t-history-1a2b3c4",
    }
    assert policy["Statement"] == [
        {
            "Sid": "ReadBlockedTable",
            "Effect": "Allow",
            "Action": ["dynamodb:BatchGetItem", "dynamodb:GetItem"],
            "Resource": [BLOCKED],
        },
    ]


def test_protection_can_be_lifted_before_removal() -> None:
    for resource in record_tables(deletion_protection=False).custom:
        assert resource.inputs["deletionProtectionEnabled"] is False
        assert not resource.protect


def test_a_customer_key_encrypts_both_and_lets_senders_decrypt() -> None:
    graph = record_tables(kms_key_arn=KEY)
    for resource in graph.custom:
        assert resource.inputs["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": KEY}
    assert json.loads(graph.outputs["sender_policy_json"])["Statement"][1] == {
        "Sid": "DecryptBlockedTable",
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": KEY,
        "Condition": {"StringEquals": {"kms:ViaService": "dynamodb.eu-central-1.amazonaws.com"}},
    }


@pytest.mark.parametrize(
    ("changes", "warm", "on_demand"),
    [
        ({}, None, None),
        ({"warm_write_units_per_second": 4000, "warm_read_units_per_second": 12000.0}, None, None),  # AWS's own
        (
            {"warm_write_units_per_second": 9000.0},
            {"writeUnitsPerSecond": 9000, "readUnitsPerSecond": 12000},
            None,
        ),
        (
            {"warm_read_units_per_second": 20000, "max_write_request_units": 500},
            {"writeUnitsPerSecond": 4000, "readUnitsPerSecond": 20000},
            {"maxWriteRequestUnits": 500},
        ),
        ({"max_read_request_units": 700}, None, {"maxReadRequestUnits": 700}),
    ],
)
def test_both_tables_take_at_once_and_at_most_what_is_asked(
    changes: dict[str, object], warm: object, on_demand: object
) -> None:
    for table in record_tables(**changes).of(TABLE):
        assert table.inputs.get("warmThroughput") == warm
        assert table.inputs.get("onDemandThroughput") == on_demand


def test_replicas_are_for_readers_of_the_blocked_table() -> None:
    graph = record_tables(replica_regions=["us-east-1"])
    assert graph["t-blocked"].inputs["streamViewType"] == "NEW_AND_OLD_IMAGES"
    assert graph["t-blocked"].inputs["streamEnabled"] is True
    assert graph["t-blocked"].inputs["replicas"] == [
        {
            "regionName": "us-east-1",
            "pointInTimeRecovery": True,
            "propagateTags": True,
            "deletionProtectionEnabled": True,
        },
    ]
    assert "replicas" not in graph["t-history"].inputs
    assert json.loads(graph.outputs["sender_policy_json"])["Statement"][0]["Resource"] == [
        BLOCKED,
        BLOCKED.replace("eu-central-1", "us-east-1"),
    ]


def test_other_accounts_read_and_write_what_they_need_and_no_more() -> None:
    graph = record_tables(reader_principals=["o-abcdefghij", "210987654321"], writer_principals=[ROLE])
    blocked, history = graph["t-blocked-policy"], graph["t-history-policy"]
    assert (blocked.inputs["resourceArn"], history.inputs["resourceArn"]) == (BLOCKED, HISTORY)
    assert blocked.inputs["region"] == history.inputs["region"] == "eu-central-1"
    read_actions = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
    assert blocked.document("policy")["Statement"] == [
        {
            "Sid": "ReadBlockedTable",
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::210987654321:root"]},
            "Action": read_actions,
            "Resource": BLOCKED,
        },
        {
            "Sid": "ReadBlockedTableInOrganisation",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": ["o-abcdefghij"]}},
            "Action": read_actions,
            "Resource": BLOCKED,
        },
        {
            "Sid": "WriteBlockedTable",
            "Effect": "Allow",
            "Principal": {"AWS": [ROLE]},
            "Action": ["dynamodb:DeleteItem", "dynamodb:PutItem"],
            "Resource": BLOCKED,
        },
    ]
    assert history.document("policy")["Statement"] == [
        {
            "Sid": "WriteHistoryTable",
            "Effect": "Allow",
            "Principal": {"AWS": [ROLE]},
            "Action": ["dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            "Resource": HISTORY,
        },
    ]


def test_other_accounts_read_replicas_too() -> None:
    graph = record_tables(reader_principals=["210987654321"], writer_principals=[ROLE], replica_regions=["us-east-1"])
    assert {policy.name for policy in graph.of(POLICY)} == {
        "t-blocked-policy",
        "t-blocked-policy-us-east-1",
        "t-history-policy",
    }
    replica = graph["t-blocked-policy-us-east-1"]
    arn = BLOCKED.replace("eu-central-1", "us-east-1")
    assert (replica.inputs["region"], replica.inputs["resourceArn"]) == ("us-east-1", arn)
    (statement,) = replica.document("policy")["Statement"]
    assert (statement["Sid"], statement["Resource"]) == ("ReadBlockedTable", arn)


def test_a_reader_alone_gets_nothing_on_the_history() -> None:
    assert [policy.name for policy in record_tables(reader_principals=["210987654321"]).of(POLICY)] == [
        "t-blocked-policy"
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"region": "mars"}, "region is 'mars'"),
        ({"kms_key_arn": "alias/x"}, "kms_key_arn is 'alias/x'"),
        ({"replica_regions": ["x"]}, "replica_regions[0] is 'x'"),
        ({"replica_regions": ["us-east-1"], "kms_key_arn": KEY}, "leave it out with kms_key_arn"),
        ({"reader_principals": ["everyone"]}, "reader_principals[0] is 'everyone'"),
        ({"writer_principals": ["12345"]}, "writer_principals[0] is '12345': an account id (12 digits)"),
        ({"warm_write_units_per_second": 3999}, "warm_write_units_per_second is 3999: a whole number from 4000 to"),
        ({"warm_read_units_per_second": 4000}, "warm_read_units_per_second is 4000: a whole number from 12000 to"),
        ({"max_write_request_units": 24}, "max_write_request_units is 24: a whole number from 25 to"),
        ({"max_read_request_units": 0}, "max_read_request_units is 0: a whole number from 25 to"),
        ({"deletion_protection": "yes"}, "deletion_protection is 'yes': true or false is needed"),
        ({"replicas": ["us-east-1"]}, "there is no such input; there are deletion_protection,"),
    ],
)
def test_a_wrong_input_is_named_with_its_value_and_what_would_be_right(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        record_tables(**changes)
