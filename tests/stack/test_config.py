"""The configuration of a stack: what is read, and that every mistake is named before a resource is registered."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.blocked_table_args import TableSettings
from components.feedback_pipeline_args import PipelineSettings
from components.inputs import KINDS, camel_case
from stack.config import KEYS, load, parse
from stack.model import ExistingTables, MonitoringSettings, NewTables, Source
from tests.recorder import ACCOUNT, record

ROOT = Path(__file__).parents[2]
BLOCKED = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/blocked"
HISTORY = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/history"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarms"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd"
SHOPS = [f"shop-{number}.example" for number in range(700)]
ACCOUNTS = [f"{number:012}" for number in range(700)]


def config_values(**changes: object) -> dict[str, str]:
    """Configuration as the engine passes it, with one valid source unless the test changes it."""
    values = {"sources": [{"identities": ["shop.example"]}]} | changes
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def declared_keys() -> dict[str, dict[str, Any]]:
    declarations: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    return declarations


def test_every_key_is_declared_with_type_default_and_description() -> None:
    assert set(declared_keys()) == KEYS
    for key, declaration in declared_keys().items():
        assert {"type", "default", "description"} <= set(declaration), key


def test_the_declared_defaults_and_one_source_are_enough() -> None:
    defaults = {key: declaration["default"] for key, declaration in declared_keys().items()}
    config = parse(config_values(**(defaults | {"sources": [{"identities": ["shop.example"]}]})), "eu-west-1")
    assert config == parse(config_values(), "eu-west-1")
    assert config.tables == NewTables(region="eu-west-1")
    assert config.deletion_protection
    assert config.tags == {}
    assert config.sources == [
        Source(
            "eu-west-1-shop-example",
            "eu-west-1",
            ["shop.example"],
            canary_sender="ses-feedback-canary@shop.example",
        )
    ]
    assert config.pipeline_settings == PipelineSettings()
    assert config.monitoring_settings == MonitoringSettings()
    assert config.canary_settings is None


def test_arguments_of_the_tables() -> None:
    values = config_values(tableRegion="eu-central-1", readerPrincipals=[ACCOUNT], holdDays=7, tags={"team": "mail"})
    config = parse(values, "eu-west-1")
    assert isinstance(config.tables, NewTables)
    assert config.table_args(config.tables, {}) == {
        **vars(TableSettings(hold_days=7)),
        "region": "eu-central-1",
        "replica_regions": [],
        "reader_principals": [ACCOUNT],
        "writer_principals": [],
        "kms_key_arn": None,
        "warm_write_units_per_second": None,
        "warm_read_units_per_second": None,
        "max_write_request_units": None,
        "max_read_request_units": None,
        "deletion_protection": True,
        "tags": {"team": "mail"},
    }


@pytest.mark.parametrize(
    ("changes", "bounces", "complaints"),
    [
        ({}, 2000, 4000),  # what a new table takes
        ({"warmWriteUnitsPerSecond": 9000}, 4500, 9000),
        ({"warmWriteUnitsPerSecond": 9000, "maxWriteRequestUnits": 1000}, 500, 1000),
        ({"maxWriteRequestUnits": 30}, 25, 30),
        ({"maxWriteRequestUnits": 1000, "tableWriteUnitsPerSecond": 600}, 300, 600),
        ({"blockedTableArn": BLOCKED, "historyTableArn": HISTORY}, 2000, 4000),
        ({"blockedTableArn": BLOCKED, "historyTableArn": HISTORY, "tableWriteUnitsPerSecond": 400}, 200, 400),
        ({"warmWriteUnitsPerSecond": 0, "maxWriteRequestUnits": 0, "tableWriteUnitsPerSecond": 0}, 2000, 4000),
    ],
)
def test_pipelines_of_bounces_share_what_the_tables_take(
    changes: dict[str, object], bounces: int, complaints: int
) -> None:
    sources = [{"identities": ["a.example"]}, {"identities": ["b.example"]}]
    config = parse(config_values(sources=sources, **changes), "eu-west-1")
    assert (config.write_units_per_second("bounce"), config.write_units_per_second("complaint")) == (
        bounces,
        complaints,
    )
    tables = ExistingTables(blocked_table_arn=BLOCKED, history_table_arn=HISTORY)
    args = config.pipeline_args(config.sources[1], "bounce", tables, {})
    assert args["table_write_units_per_second"] == bounces


def test_the_capacity_reaches_the_tables() -> None:
    config = parse(config_values(warmWriteUnitsPerSecond=9000, maxReadRequestUnits=500), "eu-west-1")
    assert isinstance(config.tables, NewTables)
    args = config.table_args(config.tables, {})
    assert (args["warm_write_units_per_second"], args["max_read_request_units"]) == (9000, 500)


def test_the_settings_of_given_tables_may_be_the_defaults_which_pulumi_sets() -> None:
    defaults = {camel_case(name): number for name, number in vars(TableSettings()).items()}
    config = parse(config_values(blockedTableArn=BLOCKED, historyTableArn=HISTORY, **defaults), "eu-west-1")
    assert isinstance(config.tables, ExistingTables)


def test_arguments_of_a_pipeline() -> None:
    source = {"configurationSet": "main", "identities": ["shop.example"], "emailForwarding": False}
    config = parse(config_values(sources=[source], batchSize=5, tags={"team": "mail"}), "eu-west-1")
    tables = ExistingTables(blocked_table_arn=BLOCKED, history_table_arn=HISTORY)
    bounce_args, complaint_args = (config.pipeline_args(config.sources[0], kind, tables, {}) for kind in KINDS)
    assert bounce_args == {
        **vars(PipelineSettings(batch_size=5, table_write_units_per_second=4000)),
        "kind": "bounce",
        "region": "eu-west-1",
        "identities": ["shop.example"],
        "configuration_set_name": "main",
        "blocked_table_arn": BLOCKED,
        "history_table_arn": HISTORY,
        "kms_key_arn": None,
        "table_kms_key_arn": None,
        "tags": {"team": "mail"},
    }
    assert complaint_args == {**bounce_args, "kind": "complaint", "email_forwarding": False}


def test_arguments_of_a_key() -> None:
    values = config_values(
        tableRegion="eu-central-1",
        createKmsKeys=True,
        readerPrincipals=[ACCOUNT],
        writerPrincipals=[ACCOUNT, "o-abcdefghij"],
        deletionProtection=False,
        tags={"team": "mail"},
    )
    config = parse(values, "eu-west-1")
    assert config.key_regions == ["eu-west-1", "eu-central-1"]
    principals = {region: config.key_args(region)["table_principals"] for region in config.key_regions}
    assert principals == {"eu-west-1": [], "eu-central-1": [ACCOUNT, "o-abcdefghij"]}
    assert config.key_args("eu-west-1") == {
        "region": "eu-west-1",
        "table_principals": [],
        "deletion_protection": False,
        "tags": {"team": "mail"},
    }


def test_keys_of_the_configuration_reach_pipelines_and_tables() -> None:
    source = {"identities": ["shop.example"], "kmsKeyArn": KEY}
    config = parse(config_values(sources=[source], tableKmsKeyArn=KEY), "eu-west-1")
    tables = ExistingTables(blocked_table_arn=BLOCKED, history_table_arn=HISTORY)
    pipeline_args = config.pipeline_args(config.sources[0], "bounce", tables, {})
    assert (pipeline_args["kms_key_arn"], pipeline_args["table_kms_key_arn"]) == (KEY, KEY)
    assert isinstance(config.tables, NewTables)
    assert config.table_args(config.tables, {})["kms_key_arn"] == KEY


def test_sources_are_named_after_region_and_first_identity_or_set() -> None:
    sources = [
        {"region": "us-east-1", "identities": ["news@Shop.example", "shop.example"]},
        {"configurationSet": "Main_Set"},
        {"name": "mine", "identities": ["other.example"], "kmsKeyArn": KEY},
        {"identities": ["a-very-long-name-of-a-shop-that-sells-everything.example"]},
    ]
    config = parse(config_values(sources=sources), "eu-west-1")
    names = [source.name for source in config.sources]
    assert names[:3] == ["us-east-1-news-shop-example", "eu-west-1-main-set", "mine"]
    assert names[3].startswith("eu-west-1-a-very-long-name-of")
    assert len(names[3]) == 36
    assert config.sources[2].kms_key_arn == KEY


def test_a_source_keeps_its_name_when_it_gains_an_identity() -> None:
    before, after = (
        parse(config_values(sources=[{"identities": identities}]), "eu-west-1").sources[0].name
        for identities in (["a.example"], ["a.example", "b.example"])
    )
    assert before == after


def test_tables_made_elsewhere_are_taken_by_arn() -> None:
    config = parse(config_values(blockedTableArn=BLOCKED, historyTableArn=HISTORY), "eu-west-1")
    assert config.tables == ExistingTables(blocked_table_arn=BLOCKED, history_table_arn=HISTORY)


def test_monitoring_takes_the_pipelines_of_its_region() -> None:
    sources = [
        {"region": "us-east-1", "identities": ["a.example"]},
        {"identities": ["b.example"]},
        {"identities": ["c.example"]},
    ]
    config = parse(config_values(sources=sources, alarmTopicArn="", runbookUrl="https://wiki.example.com"), "eu-west-1")
    assert config.regions == ["us-east-1", "eu-west-1"]
    pipelines: Any = {
        (kind, source.name): MonitoredOutput(f"{kind} {source.name}") for kind in KINDS for source in config.sources
    }
    assert config.monitoring_settings
    assert config.monitoring_args("eu-west-1", config.monitoring_settings, pipelines, {}, {}) == {
        "region": "eu-west-1",
        "runbook_url": "https://wiki.example.com",
        "alarm_topic_arn": None,
        "alarm_emails": [],
        "kms_key_arn": None,
        "missing_feedback_hours": 24,
        "canaries": {},
        "tags": {},
        "bounce_pipelines": {name: f"bounce {name}" for name in ("eu-west-1-b-example", "eu-west-1-c-example")},
        "complaint_pipelines": {name: f"complaint {name}" for name in ("eu-west-1-b-example", "eu-west-1-c-example")},
    }


def test_monitoring_takes_the_canaries_of_its_region() -> None:
    sources = [{"region": "us-east-1", "identities": ["a.example"]}, {"identities": ["b.example"]}]
    config = parse(config_values(sources=sources, canary=True), "eu-west-1")
    pipelines: Any = {(kind, source.name): MonitoredOutput("") for kind in KINDS for source in config.sources}
    canaries: Any = {source.name: MonitoredOutput(f"canary {source.name}") for source in config.sources}
    assert config.monitoring_settings
    args: Any = config.monitoring_args("eu-west-1", config.monitoring_settings, pipelines, canaries, {})
    assert args["canaries"] == {"eu-west-1-b-example": "canary eu-west-1-b-example"}


def test_arguments_of_a_canary() -> None:
    source = {"configurationSet": "main", "identities": ["shop.example"], "kmsKeyArn": KEY}
    values = config_values(
        sources=[source], canary=True, canaryTimeoutSeconds=60, logRetentionDays=7, tags={"team": "mail"}
    )
    config = parse(values, "eu-west-1")
    tables = ExistingTables(blocked_table_arn=BLOCKED, history_table_arn=HISTORY)
    pipelines: Any = {(kind, "eu-west-1-shop-example"): MonitoredOutput(kind) for kind in KINDS}
    assert config.canary_settings
    assert config.canary_args(config.sources[0], config.canary_settings, tables, pipelines, {}) == {
        "sender": "ses-feedback-canary@shop.example",
        "configuration_set_name": "main",
        "blocked_table_arn": BLOCKED,
        "timeout_seconds": 60,
        "region": "eu-west-1",
        "log_retention_days": 7,
        "permissions_boundary_arn": None,
        "kms_key_arn": KEY,
        "table_kms_key_arn": None,
        "tags": {"team": "mail"},
        "bounce_pipeline": "bounce",
        "complaint_pipeline": "complaint",
    }


@pytest.mark.parametrize(
    ("source", "sender"),
    [
        ({"identities": ["news@shop.example", "shop.example"]}, "ses-feedback-canary@shop.example"),
        ({"identities": ["news@shop.example", "info@shop.example"]}, "news@shop.example"),
        ({"identities": ["shop.example"], "canarySender": "test@mail.Shop.example"}, "test@mail.Shop.example"),
        ({"configurationSet": "main", "canarySender": "test@other.example"}, "test@other.example"),
    ],
)
def test_a_canary_sends_from_an_identity_of_its_source(source: dict[str, object], sender: str) -> None:
    config = parse(config_values(sources=[source], canary=True), "eu-west-1")
    assert config.sources[0].canary_sender == sender


def test_a_topic_of_another_team_is_notified() -> None:
    config = parse(config_values(alarmTopicArn=TOPIC), "eu-west-1")
    assert config.monitoring_settings == MonitoringSettings(alarm_topic_arn=TOPIC)


def test_a_created_key_is_for_the_topic_that_the_stack_creates() -> None:
    key_arns: Any = {"eu-west-1": KEY}
    pipelines: Any = {(kind, "eu-west-1-shop-example"): MonitoredOutput(kind) for kind in KINDS}
    for alarm_topic_arn, kms_key_arn in (("", KEY), (TOPIC, None)):
        config = parse(config_values(alarmTopicArn=alarm_topic_arn, createKmsKeys=True), "eu-west-1")
        assert config.monitoring_settings
        args = config.monitoring_args("eu-west-1", config.monitoring_settings, pipelines, {}, key_arns)
        assert args.get("kms_key_arn") == kms_key_arn


def test_monitoring_can_be_left_out_as_a_whole_or_in_part() -> None:
    without_monitoring = parse(config_values(monitoring=False, missingFeedbackHours=24), "eu-west-1")
    assert without_monitoring.monitoring_settings is None
    without_alarm = parse(config_values(missingFeedbackHours=0), "eu-west-1")
    assert without_alarm.monitoring_settings == MonitoringSettings(missing_feedback_hours=0)


@dataclass
class MonitoredOutput:
    """Stands in for a pipeline."""

    monitored: str


def test_zero_concurrency_leaves_it_to_what_the_tables_take() -> None:
    for configured, expected in ((0, None), (4, 4)):
        settings = parse(config_values(maximumConcurrency=configured), "eu-west-1").pipeline_settings
        assert settings.maximum_concurrency == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sources": []}, "p:sources is []: a list of at least one {region, identities, configurationSet} is needed"),
        ({"sources": "shop.example"}, "p:sources is 'shop.example': a list of at least one"),
        ({"sources": ["shop.example"]}, "p:sources[0] is 'shop.example': a map of region, identities"),
        ({"sources": [{"region": "eu-west-1"}]}, "p:sources[0] is {'region': 'eu-west-1'}: identities or"),
        ({"sources": [{"identities": ["shop"]}]}, "p:sources[0].identities[0] is 'shop': a domain (example.com)"),
        ({"sources": [{"identities": ["a@b@c.example"]}]}, "p:sources[0].identities[0] is 'a@b@c.example'"),
        ({"sources": [{"identities": ["a.example"], "regon": "x"}]}, "p:sources[0].regon is 'x': there is no such key"),
        ({"sources": [{"identities": ["a.example"], "region": "eu"}]}, "p:sources[0].region is 'eu': a Region such as"),
        ({"sources": [{"identities": ["a.example"], "name": "A B"}]}, "p:sources[0].name is 'A B': up to 36"),
        ({"sources": [{"configurationSet": "a b"}]}, "p:sources[0].configurationSet is 'a b': the name of a"),
        (
            {"sources": [{"configurationSet": "main", "emailForwarding": False}]},
            "p:sources[0].emailForwarding is False: identities are needed, since it is a setting of an identity",
        ),
        (
            {"sources": [{"identities": ["a.example"], "region": "us-east-1", "kmsKeyArn": KEY}]},
            "a key in the source's Region, us-east-1, is needed",
        ),
        (
            {"sources": [{"identities": ["a.example"]}, {"identities": ["b.example", "a.example"]}]},
            "p:sources[1] is 'a.example': p:sources[0] has it already (eu-west-1); name it in one source",
        ),
        (
            {"sources": [{"name": "x", "identities": ["a.example"]}, {"name": "x", "identities": ["b.example"]}]},
            "p:sources[1] is 'x': p:sources[0] has it already (name)",
        ),
        ({"tableRegion": "mars"}, "p:tableRegion is 'mars': a Region such as eu-west-1 is needed"),
        ({"readerPrincipals": ["all"]}, "p:readerPrincipals[0] is 'all': an account id"),
        ({"softBounceTreshold": 3}, "p:softBounceTreshold is 3: there is no such key; there are alarmEmails,"),
        ({"messageRetentionDays": 0}, "p:messageRetentionDays is 0: a whole number from 1 to 13 days is needed"),
        ({"messageRetentionDays": "many"}, "p:messageRetentionDays is 'many': a whole number"),
        ({"maxReceiveCount": 5}, "p:maxReceiveCount is 5: there is no such key"),
        ({"warmWriteUnitsPerSecond": 3999}, "p:warmWriteUnitsPerSecond is 3999: a whole number from 4000 to"),
        ({"tableWriteUnitsPerSecond": 24}, "p:tableWriteUnitsPerSecond is 24: a whole number from 25 to"),
        ({"redrivePrincipals": ["operator"]}, "p:redrivePrincipals[0] is 'operator': the ARN of a role or user"),
        (
            {"blockedTableArn": BLOCKED, "historyTableArn": HISTORY, "maxWriteRequestUnits": 100},
            "p:maxWriteRequestUnits is 100: leave it out, or p:blockedTableArn",
        ),
        ({"batchSize": 100}, "p:maximumBatchingWindowSeconds is 0: at least 1 is needed with p:batchSize 100"),
        ({"blockedTableArn": BLOCKED}, "p:historyTableArn is None: the Region and account of p:blockedTableArn"),
        ({"historyTableArn": HISTORY}, "p:historyTableArn is"),
        ({"blockedTableArn": "blocked"}, "p:blockedTableArn is 'blocked': the ARN of a table such as"),
        (
            {"blockedTableArn": BLOCKED, "historyTableArn": HISTORY, "tableRegion": "eu-west-1"},
            "p:tableRegion is 'eu-west-1': leave it out, or p:blockedTableArn",
        ),
        (
            {"tableKmsKeyArn": KEY, "replicaRegions": ["us-east-1"]},
            "p:replicaRegions is ['us-east-1']: leave it out with p:tableKmsKeyArn",
        ),
        (
            {"missingFeedbackHours": 1},
            "p:missingFeedbackHours is 1: a whole number from 2 to 48 hours, or 0 for no such alarm, is needed",
        ),
        ({"maximumConcurrency": False}, "p:maximumConcurrency is False: a whole number from 2"),
        ({"warmReadUnitsPerSecond": False}, "p:warmReadUnitsPerSecond is False: a whole number from 12000"),
        (
            {"tableWriteUnitsPerSecond": 900, "maximumConcurrency": 4},
            "p:tableWriteUnitsPerSecond is 900: leave it out with p:maximumConcurrency",
        ),
        (
            {"tableWriteUnitsPerSecond": 900, "maxWriteRequestUnits": 800},
            "p:tableWriteUnitsPerSecond is 900: at most p:maxWriteRequestUnits (800) is needed",
        ),
        (
            {"sources": [{"configurationSet": "main", "canarySender": "test@shop.example"}]},
            "p:sources[0].canarySender is 'test@shop.example': leave it out, or set p:canary to true",
        ),
        ({"canary": 1}, "p:canary is 1: true or false is needed"),
        ({"canary": True, "canaryTimeoutSeconds": 900}, "p:canaryTimeoutSeconds is 900: a whole number from 30 to 840"),
        ({"canaryTimeoutSeconds": 60}, "p:canaryTimeoutSeconds is 60: leave it out, or set p:canary to true"),
        (
            {"canary": True, "sources": [{"configurationSet": "main"}]},
            "p:sources[0].canarySender is None: with p:canary an address is needed from which SES may send",
        ),
        (
            {"sources": [{"identities": ["shop.example"], "canarySender": "test@other.example"}]},
            "p:sources[0].canarySender is 'test@other.example': an address of one of the source's identities is needed",
        ),
        (
            {"sources": [{"identities": ["a.example"], "canarySender": "a"}]},
            "p:sources[0].canarySender is 'a': an e-mail",
        ),
        ({"monitoring": "yes"}, "p:monitoring is 'yes': true or false is needed"),
        ({"alarmEmails": ["oncall"]}, "p:alarmEmails[0] is 'oncall': an e-mail address such as"),
        ({"alarmTopicArn": "alarms"}, "p:alarmTopicArn is 'alarms': the ARN of a topic such as"),
        ({"runbookUrl": "wiki"}, "p:runbookUrl is 'wiki': an address such as https://"),
        (
            {"monitoring": False, "alarmEmails": ["oncall@example.com"]},
            "p:alarmEmails is ['oncall@example.com']: leave it out, or set p:monitoring to true",
        ),
        (
            {"alarmTopicArn": TOPIC, "alarmEmails": ["oncall@example.com"]},
            "p:alarmEmails is ['oncall@example.com']: leave it out with p:alarmTopicArn, and subscribe to that topic",
        ),
        (
            {"alarmTopicArn": TOPIC.replace("eu-west-1", "us-east-1")},
            "a topic in eu-west-1 is needed too, since alarms notify in their own Region only",
        ),
        (
            {"createKmsKeys": True, "tableKmsKeyArn": KEY},
            "leave it out with p:createKmsKeys, which creates the keys",
        ),
        (
            {"blockedTableArn": BLOCKED, "historyTableArn": HISTORY, "softBounceThreshold": 3},
            "p:softBounceThreshold is 3: leave it out, or p:blockedTableArn: it is for tables that are created here",
        ),
        ({"softBounceWindowDays": 2}, "p:softBlockDays is 30: at most 12 times p:softBounceWindowDays (2) is needed"),
        (
            {"blockedTableArn": BLOCKED, "historyTableArn": HISTORY, "readerPrincipals": [ACCOUNT]},
            f"p:readerPrincipals is ['{ACCOUNT}']: leave it out, or p:blockedTableArn",
        ),
        (
            {"createKmsKeys": True, "sources": [{"identities": ["a.example"], "kmsKeyArn": KEY}]},
            f"p:sources[0].kmsKeyArn is {KEY!r}: leave it out with p:createKmsKeys",
        ),
        ({"createKmsKeys": True, "replicaRegions": ["us-east-1"]}, "p:replicaRegions is ['us-east-1']: leave it out"),
        ({"createKmsKeys": "yes"}, "p:createKmsKeys is 'yes': true or false is needed"),
        ({"tableKmsKeyArn": KEY, "tableRegion": "eu-central-1"}, f"p:tableKmsKeyArn is {KEY!r}: a key in the tables"),
        (
            {"sources": [{"configurationSet": "main"}, {"identities": SHOPS}]},
            "p:sources[1].identities has 700 entries: the topic's policy would have",
        ),
        ({"protected": SHOPS}, "p:protected has 700 entries: the function's environment would have"),
        ({"sendingAccounts": ACCOUNTS}, "p:sendingAccounts has 700 entries: the function's environment would have"),
        (
            {"redrivePrincipals": [f"arn:aws:iam::{ACCOUNT}:role/{shop}" for shop in SHOPS]},
            "p:redrivePrincipals has 700 entries: the queue's policy would have",
        ),
        ({"readerPrincipals": ACCOUNTS}, "p:readerPrincipals has 700 entries: the table's resource policy would have"),
        ({"writerPrincipals": ACCOUNTS}, "p:writerPrincipals has 700 entries: the table's resource policy would have"),
        (
            {"sources": [{"identities": [shop], "name": f"s{index}"} for index, shop in enumerate(SHOPS)]},
            "p:sources has 700 entries: a graph of the dashboard would have",
        ),
    ],
)
def test_a_mistake_is_named_with_key_value_and_what_would_be_right(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        parse(config_values(**changes), "eu-west-1", "p:")


def test_without_any_region_the_source_is_named() -> None:
    with pytest.raises(ValueError, match=r"sources\[0\].region is None: a Region such as eu-west-1 is needed"):
        parse(config_values())


def test_a_mistake_reaches_the_engine_as_one_sentence() -> None:
    with pytest.raises(pulumi.RunError, match="ses-feedback:sources is None: a list of at least one"):
        record(load, {"aws:region": "eu-west-1"})
