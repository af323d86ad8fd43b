"""The configuration of a stack: what is read, and that every mistake is named before anything is made."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components import inputs
from components.feedback_monitoring_args import DEFAULTS as MONITORING_DEFAULTS
from components.feedback_pipeline_args import DEFAULTS
from components.inputs import KINDS
from stack.config import KEYS, load, parse
from stack.model import Source
from tests.recorder import ACCOUNT, record

ROOT = Path(__file__).parents[2]
BLOCKED = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/blocked"
HISTORY = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/history"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarms"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd"


def texts(**given: object) -> dict[str, str]:
    """Configuration as the engine hands it over; one good source where the test says nothing."""
    values = {"sources": [{"identities": ["shop.example"]}]} | given
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def declared() -> dict[str, dict[str, Any]]:
    declarations: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    return declarations


def test_every_key_is_declared_with_type_default_and_description() -> None:
    assert set(declared()) == KEYS
    for key, declaration in declared().items():
        assert {"type", "default", "description"} <= set(declaration), key


def test_declared_defaults_are_the_components_own() -> None:
    for name, default in DEFAULTS.items():
        assert declared()[inputs.camel(name)]["default"] == default, name
    assert declared()["missingFeedbackHours"]["default"] == MONITORING_DEFAULTS["missing_feedback_hours"]


def test_the_declared_defaults_and_one_source_are_enough() -> None:
    defaults = {key: declaration["default"] for key, declaration in declared().items()}
    config = parse(texts(**(defaults | {"sources": [{"identities": ["shop.example"]}]})), "eu-west-1")
    assert config.tables == {
        "region": "eu-west-1",
        "replica_regions": [],
        "reader_principals": [],
        "writer_principals": [],
        "deletion_protection": True,
        "tags": {},
    }
    assert config.sources == [Source("eu-west-1-shop-example", "eu-west-1", ["shop.example"], None, None)]
    assert config.pipeline == DEFAULTS
    assert config.monitoring == {"missing_feedback_hours": 24, "tags": {}}


def test_sources_are_named_after_region_and_first_identity_or_set() -> None:
    sources = [
        {"region": "us-east-1", "identities": ["news@Shop.example", "shop.example"]},
        {"configurationSet": "Main_Set"},
        {"name": "mine", "identities": ["other.example"], "kmsKeyArn": KEY},
        {"identities": ["a-very-long-name-of-a-shop-that-sells-everything.example"]},
    ]
    config = parse(texts(sources=sources), "eu-west-1")
    names = [source.name for source in config.sources]
    assert names[:3] == ["us-east-1-news-shop-example", "eu-west-1-main-set", "mine"]
    assert names[3].startswith("eu-west-1-a-very-long-name-of")
    assert len(names[3]) == 36
    assert config.sources[2].kms_key_arn == KEY


def test_a_source_keeps_its_name_when_it_gains_an_identity() -> None:
    before, after = (
        parse(texts(sources=[{"identities": identities}]), "eu-west-1").sources[0].name
        for identities in (["a.example"], ["a.example", "b.example"])
    )
    assert before == after


def test_tables_made_elsewhere_are_taken_by_arn() -> None:
    config = parse(texts(blockedTableArn=BLOCKED, historyTableArn=HISTORY), "eu-west-1")
    assert config.tables is None
    args = config.pipeline_args(config.sources[0], "bounce", None, {})
    assert (args["blocked_table_arn"], args["history_table_arn"]) == (BLOCKED, HISTORY)


def test_monitoring_takes_the_pipelines_of_its_region() -> None:
    sources = [
        {"region": "us-east-1", "identities": ["a.example"]},
        {"identities": ["b.example"]},
        {"identities": ["c.example"]},
    ]
    config = parse(texts(sources=sources, alarmTopicArn="", runbookUrl="https://wiki.example.com"), "eu-west-1")
    assert config.regions == ["us-east-1", "eu-west-1"]
    made = {(kind, source.name): _Monitored(f"{kind} {source.name}") for kind in KINDS for source in config.sources}
    assert config.monitoring_args("eu-west-1", made, {}) == {  # type: ignore[arg-type] # stands in for pipelines
        "region": "eu-west-1",
        "runbook_url": "https://wiki.example.com",
        "tags": {},
        "bounce_pipelines": {name: f"bounce {name}" for name in ("eu-west-1-b-example", "eu-west-1-c-example")},
        "complaint_pipelines": {name: f"complaint {name}" for name in ("eu-west-1-b-example", "eu-west-1-c-example")},
    }


def test_a_topic_of_another_team_is_notified() -> None:
    config = parse(texts(alarmTopicArn=TOPIC), "eu-west-1")
    assert config.monitoring == {"alarm_topic_arn": TOPIC, "tags": {}}
    assert parse(texts(monitoring=False, missingFeedbackHours=24), "eu-west-1").monitoring is None
    assert parse(texts(missingFeedbackHours=0), "eu-west-1").monitoring == {"missing_feedback_hours": 0, "tags": {}}


@dataclass
class _Monitored:
    monitored: str


def test_zero_concurrency_leaves_scaling_to_lambda() -> None:
    assert "maximum_concurrency" not in parse(texts(maximumConcurrency=0), "eu-west-1").pipeline
    assert parse(texts(maximumConcurrency=4), "eu-west-1").pipeline["maximum_concurrency"] == 4


@pytest.mark.parametrize(
    ("given", "message"),
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
            "p:sources[0].emailForwarding is False: identities are needed, whose forwarding it is",
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
        ({"maxReceiveCount": 0}, "p:maxReceiveCount is 0: a whole number from 1 to 1000 receives is needed"),
        ({"maxReceiveCount": "many"}, "p:maxReceiveCount is 'many': a whole number"),
        ({"batchSize": 100}, "p:maximumBatchingWindowSeconds is 0: at least 1 is needed with p:batchSize 100"),
        ({"blockedTableArn": BLOCKED}, "p:historyTableArn is None: the Region and account of p:blockedTableArn"),
        ({"historyTableArn": HISTORY}, "p:historyTableArn is"),
        ({"blockedTableArn": "blocked"}, "p:blockedTableArn is 'blocked': the ARN of a table such as"),
        (
            {"blockedTableArn": BLOCKED, "historyTableArn": HISTORY, "tableRegion": "eu-west-1"},
            "p:tableRegion is 'eu-west-1': leave it out, or blockedTableArn",
        ),
        (
            {"tableKmsKeyArn": KEY, "replicaRegions": ["us-east-1"]},
            "p:replicaRegions is ['us-east-1']: leave it out with tableKmsKeyArn",
        ),
        ({"missingFeedbackHours": 1}, "p:missingFeedbackHours is 1: 2 to 48 hours are needed, or 0 for no such alarm"),
        ({"monitoring": "yes"}, "p:monitoring is 'yes': true or false is needed"),
        ({"alarmEmails": ["oncall"]}, "p:alarmEmails[0] is 'oncall': an e-mail address such as"),
        ({"alarmTopicArn": "alarms"}, "p:alarmTopicArn is 'alarms': the ARN of a topic such as"),
        ({"runbookUrl": "wiki"}, "p:runbookUrl is 'wiki': an address such as https://"),
        (
            {"monitoring": False, "alarmEmails": ["oncall@example.com"]},
            "p:alarmEmails is ['oncall@example.com']: leave it out, or p:monitoring at true",
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
            "leave it out with p:createKmsKeys, which makes the keys",
        ),
        (
            {"blockedTableArn": BLOCKED, "historyTableArn": HISTORY, "readerPrincipals": [ACCOUNT]},
            f"p:readerPrincipals is ['{ACCOUNT}']: leave it out, or blockedTableArn",
        ),
        (
            {"createKmsKeys": True, "sources": [{"identities": ["a.example"], "kmsKeyArn": KEY}]},
            f"p:sources[0].kmsKeyArn is {KEY!r}: leave it out with p:createKmsKeys",
        ),
        ({"createKmsKeys": True, "replicaRegions": ["us-east-1"]}, "p:replicaRegions is ['us-east-1']: leave it out"),
        ({"createKmsKeys": "yes"}, "p:createKmsKeys is 'yes': true or false is needed"),
        ({"tableKmsKeyArn": KEY, "tableRegion": "eu-central-1"}, f"p:tableKmsKeyArn is {KEY!r}: a key in the tables"),
    ],
)
def test_a_mistake_is_named_with_key_value_and_what_would_be_right(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=r"(?s).*") as refused:
        parse(texts(**given), "eu-west-1", "p:")
    assert message in str(refused.value)


def test_without_any_region_the_source_is_named() -> None:
    with pytest.raises(ValueError, match=r"sources\[0\].region is None: a Region such as eu-west-1 is needed"):
        parse(texts())


def test_a_mistake_reaches_the_engine_as_one_sentence() -> None:
    with pytest.raises(pulumi.RunError, match="ses-feedback:sources is None: a list of at least one"):
        record(load, {"aws:region": "eu-west-1"})
