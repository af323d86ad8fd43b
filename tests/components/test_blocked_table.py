"""What the tables promise: key, encryption, recovery, protection, and who may read and write them.

Recorded, not deployed: nothing here proves that AWS accepts it.
"""

import json
import re
from typing import cast

import pulumi
import pytest
from ses_feedback.history.table_settings import SCHEMA, SETTINGS_KEY, TableSettings
from ses_feedback.table import decode

from components import BlockedTable, BlockedTableArgs, FeedbackPipeline
from tests.recorder import ACCOUNT, Graph, record

TABLE = "aws:dynamodb/table:Table"
ITEM = "aws:dynamodb/tableItem:TableItem"
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
        (ITEM, "t-settings", "t"),
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


def settings(item: dict[str, dict[str, str]]) -> dict[str, str]:
    assert item.pop("value") == item.pop("entry") == {"S": "settings"}
    return {name: value["N"] for name, value in item.items()}


def test_the_settings_are_an_item_that_neither_expires_nor_is_in_the_way_of_an_earlier_version(graph: Graph) -> None:
    """Replaced only with its table. That an update is in place, and no creation of what exists, is the provider's."""
    resource = graph["t-settings"]
    item = resource.document("item")
    assert {**resource.inputs, "item": item} == {
        "region": "eu-central-1",
        "tableName": "t-history-1a2b3c4",
        "hashKey": "value",
        "rangeKey": "entry",
        "item": item,
    }
    assert not resource.protect
    assert settings(item) == {
        "schema": "1",
        "soft_bounce_threshold": "5",
        "soft_bounce_window_days": "30",
        "soft_block_days": "30",
        "hold_days": "14",
        "surge_hourly_floor": "100",
        "surge_factor": "3",
    }


def test_each_setting_reaches_the_item_as_an_integer_also_from_an_output() -> None:
    def program() -> None:
        args = {
            "soft_bounce_threshold": 20.0,  # through the plugin every number is a float
            "soft_bounce_window_days": 2,
            "soft_block_days": pulumi.Output.from_input(24),
            "hold_days": 3,
            "surge_hourly_floor": 1_000_000,
            "surge_factor": 1,
        }
        BlockedTable("t", cast(BlockedTableArgs, {"region": "eu-central-1", **args}))

    assert settings(record(program)["t-settings"].document("item")) == {
        "schema": "1",
        "soft_bounce_threshold": "20",
        "soft_bounce_window_days": "2",
        "soft_block_days": "24",
        "hold_days": "3",
        "surge_hourly_floor": "1000000",
        "surge_factor": "1",
    }


def test_what_the_library_reads_is_what_is_written(graph: Graph) -> None:
    item = decode(graph["t-settings"].document("item"))
    assert {name: item[name] for name in SETTINGS_KEY} == SETTINGS_KEY
    assert TableSettings.read(item) == TableSettings()
    assert item["schema"] == SCHEMA


def test_what_uses_the_history_table_waits_for_its_settings() -> None:
    def program() -> None:
        tables = BlockedTable("t", {"region": "eu-central-1"})
        FeedbackPipeline(
            "p",
            {
                "kind": "bounce",
                "region": "eu-west-1",
                "identities": ["shop.example"],
                "blocked_table_arn": tables.blocked_table_arn,
                "history_table_arn": tables.history_table_arn,
            },
        )

    assert "t-settings" in record(program)["p-function"].depends_on


def test_protection_can_be_lifted_before_removal() -> None:
    for resource in record_tables(deletion_protection=False).of(TABLE):
        assert resource.inputs["deletionProtectionEnabled"] is False
        assert not resource.protect


def test_a_customer_key_encrypts_both_and_lets_senders_decrypt() -> None:
    graph = record_tables(kms_key_arn=KEY)
    for resource in graph.of(TABLE):
        assert resource.inputs["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": KEY}
    assert json.loads(graph.outputs["sender_policy_json"])["Statement"][1] == {
        "Sid": "DecryptBlockedTable",
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": KEY,
        "Condition": {"StringEquals": {"kms:ViaService": "dynamodb.eu-central-1.amazonaws.com"}},
    }


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
        ({"soft_bounce_threshold": 0}, "soft_bounce_threshold is 0: a whole number from 1 to 20 soft bounces"),
        ({"soft_bounce_threshold": True}, "soft_bounce_threshold is True"),
        ({"soft_bounce_threshold": 2.5}, "soft_bounce_threshold is 2.5"),
        ({"soft_bounce_window_days": 366}, "soft_bounce_window_days is 366: a whole number from 1 to 365 days"),
        ({"soft_bounce_window_days": 2}, "soft_block_days is 30: at most 12 times soft_bounce_window_days (2)"),
        ({"hold_days": 91}, "hold_days is 91: a whole number from 1 to 90 days is needed"),
        ({"surge_hourly_floor": 0}, "surge_hourly_floor is 0: a whole number from 1 to 1000000 hard bounces is needed"),
        ({"surge_factor": 101}, "surge_factor is 101: a whole number from 1 to 100 times the usual hour is needed"),
        ({"deletion_protection": "yes"}, "deletion_protection is 'yes': true or false is needed"),
        ({"replicas": ["us-east-1"]}, "there is no such input; there are deletion_protection,"),
    ],
)
def test_a_wrong_input_is_named_with_its_value_and_what_would_be_right(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        record_tables(**changes)
