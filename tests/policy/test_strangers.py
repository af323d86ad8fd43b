"""The rules over stacks of others: what has nothing to do with feedback, and what carries feedback in other ways."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.policy import graphs
from tests.policy.analyzer import Given, analyze, in_preview
from tests.policy.breaks import BASE, TABLE, edit, more, one, put, statement
from tests.properties import profile_times
from tests.recorder import MADE_UP

SES, ACCOUNT = "aws:ses/identityNotificationTopic:IdentityNotificationTopic", "123456789012"
CLASSIC = "aws:ses/eventDestination:EventDestination"
Change = Callable[[list[Given]], object]


def broken(graph: list[Given], config: dict[str, dict[str, Any]] | None = None) -> set[tuple[str, str]]:
    """(rule, resource) of each violation."""
    return {(found.rule, found.resource) for found in analyze(graph, config) if found.resource}


def by_hand() -> list[Given]:
    """A stack without our components, in which nothing says what it is made from."""
    graph = [each for each in graphs.small() if each.type.startswith("aws:")]
    for each in graph:
        each.made_from, each.parent = {}, ""
    return graph


def foreign() -> list[Given]:
    """The same resources with no word of SES, each of them as bad as can be."""
    graph = [each for each in by_hand() if not each.type.startswith(("aws:ses", "aws:dynamodb"))]
    for each in graph:
        each.name = f"other-{each.name}"
        text = json.dumps([each.inputs, each.answer]).replace(BASE.split("-", 1)[1], "elsewhere")
        each.inputs, each.answer = json.loads(text)
        for key in ("redrivePolicy", "functionResponseTypes", "retentionInDays", "sqsManagedSseEnabled"):
            each.inputs.pop(key, None)
        if "policy" in each.inputs:
            everything = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
            each.inputs["policy"] = json.dumps({"Statement": [everything]})
    table = {"name": "jobs", "hashKey": "id", "arn": f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/jobs"}
    return [*graph, Given(type="aws:dynamodb/table:Table", name="jobs", inputs=table)]


def topic_of(graph: list[Given]) -> str:
    """The ARN of a topic for bounces."""
    return str(next(each for each in graph if each.name.endswith(f"{BASE}-topic"))["arn"])


def test_resources_of_others_are_left_alone() -> None:
    others = foreign()
    assert analyze(others) == []
    assert analyze([*graphs.small(), *others]) == []
    assert not [found for found in analyze(in_preview(others, MADE_UP), preview=True) if found.resource]


NO_SOURCES: dict[str, tuple[str, dict[str, Any]]] = {
    "deliveries": (SES, {"identity": "example.com", "notificationType": "Delivery", "topicArn": "{topic}"}),
    "a topic taken away": (SES, {"identity": "example.com", "notificationType": "Bounce"}),
    "opens": (CLASSIC, {"enabled": True, "matchingTypes": ["open"], "snsDestination": {"topicArn": "{topic}"}}),
    "switched off": (
        CLASSIC, {"enabled": False, "matchingTypes": ["bounce"], "snsDestination": {"topicArn": "{topic}"}},
    ),
    "not switched on": (CLASSIC, {"matchingTypes": ["bounce"], "snsDestination": {"topicArn": "{topic}"}}),
    "counted only": (CLASSIC, {"enabled": True, "matchingTypes": ["bounce"], "cloudwatchDestinations": [{}]}),
    "switched off, by the new interface": (
        "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination",
        {"eventDestination": {"matchingEventTypes": ["BOUNCE"], "snsDestination": {"topicArn": "{topic}"}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("type_", "inputs"), NO_SOURCES.values(), ids=list(NO_SOURCES))
def test_what_sends_no_feedback_makes_nothing_of_a_topic(type_: str, inputs: dict[str, Any]) -> None:
    graph = foreign()
    inputs = json.loads(json.dumps(inputs).replace("{topic}", topic_of(graph)))
    graph.append(Given(type=type_, name="source", inputs={"configurationSetName": "main", **inputs}))
    assert analyze(graph) == []


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        (SES, {"identity": "example.com", "notificationType": "Bounce", "topicArn": "{topic}"}),
        (CLASSIC, {"enabled": True, "matchingTypes": ["bounce"], "snsDestination": {"topicArn": "{topic}"}}),
    ],
)
def test_what_sends_feedback_puts_the_rest_under_the_rules(type_: str, inputs: dict[str, Any]) -> None:
    graph = foreign()
    inputs = json.loads(json.dumps(inputs).replace("{topic}", topic_of(graph)))
    graph.append(Given(type=type_, name="source", inputs={"configurationSetName": "main", **inputs}))
    assert {rule for rule, _ in broken(graph)} >= {
        "bounces-and-complaints", "only-ses-publishes", "only-the-topic-sends", "queues-demand-tls",
        "queue-has-dead-letters", "mapping-reports-failures", "logs-end", "role-has-no-wildcards",
    }  # fmt: skip


def _as_objects(graph: list[Given]) -> None:
    for each in graph:
        for key in ("policy", "redrivePolicy", "assumeRolePolicy", "redriveAllowPolicy"):
            if key in each.inputs:
                each.inputs[key] = json.loads(each.inputs[key])


def _redrive_apart(graph: list[Given]) -> None:
    queue = one(graph, f"{BASE}-queue")
    apart = {"queueUrl": queue["url"], "redrivePolicy": queue.inputs.pop("redrivePolicy")}
    graph.append(Given(type="aws:sqs/redrivePolicy:RedrivePolicy", name="apart", inputs=apart))


def _classic(graph: list[Given]) -> None:
    """The bounces of the configuration set by the older interface, its complaints by the newer."""
    source = one(graph, f"{BASE}-event-destination")
    given = source.inputs.pop("eventDestination")
    source.type = CLASSIC
    source.inputs |= {"enabled": True, "matchingTypes": ["bounce"], "snsDestination": given["snsDestination"]}


def _shared_out(graph: list[Given]) -> None:
    """One topic for both kinds, and a filter before each queue."""
    topic = topic_of(graph)
    graph.remove(one(graph, f"{BASE}-event-destination"))
    graph.remove(one(graph, f"{BASE}-event-destination".replace("bounce", "complaint")))
    other = BASE.replace("bounce", "complaint")
    one(graph, f"{other}-example.com").inputs["topicArn"] = topic
    one(graph, f"{other}-subscription").inputs["topic"] = topic
    for base, kind in ((BASE, "Bounce"), (other, "Complaint")):
        inputs = one(graph, f"{base}-subscription").inputs
        inputs |= {"filterPolicyScope": "MessageBody", "filterPolicy": json.dumps({"notificationType": [kind]})}
    for suffix in ("queue-policy", "subscription-dead-letters-policy"):
        policy = one(graph, f"{other}-{suffix}").inputs
        policy["policy"] = policy["policy"].replace(f"{other}-topic", f"{BASE}-topic")


def _called_by_alias(graph: list[Given]) -> None:
    alias = f"{one(graph, f'{BASE}-function')['arn']}:live"
    one(graph, f"{BASE}-mapping").inputs["functionName"] = alias


def _two_alarms(graph: list[Given]) -> None:
    """One that shows it on a screen, one that calls somebody."""
    loud = one(graph, f"ses-feedback-eu-west-1-{BASE}-dead-letters")
    graph.insert(0, Given(type=loud.type, name="quiet", inputs={**loud.inputs, "alarmActions": []}))


def _answered(graph: list[Given]) -> None:
    """What AWS answers where the program says nothing, and what a refresh has read before the last change."""
    default = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:Publish", "SNS:Subscribe"],
        "Resource": "*",
    }
    condition = {"StringEquals": {"AWS:SourceOwner": ACCOUNT}}
    one(graph, f"{BASE}-topic").answer["policy"] = json.dumps({"Statement": [{**default, "Condition": condition}]})
    one(graph, f"{BASE}-queue").answer["policy"] = json.dumps({"Statement": [{**default, "Action": "sqs:*"}]})
    one(graph, f"{BASE}-dead-letters").answer["redriveAllowPolicy"] = ""


FINE: dict[str, Change] = {
    "written by hand": lambda _: None,
    "a plain name": lambda graph: put("mapping", "functionName", one(graph, f"{BASE}-function")["name"])(graph),
    "a version of a function": _called_by_alias,
    "a redrive policy of its own": _redrive_apart,
    "policies as objects": _as_objects,
    "one topic for both kinds": _shared_out,
    "two interfaces to one set": _classic,
    "two alarms": _two_alarms,
    "answers of AWS": _answered,
    "an identity by its ARN": put(
        "example.com", "identity", f"arn:aws:ses:eu-west-1:{ACCOUNT}:identity/example.com"
    ),
    "a text that is no JSON": put("function", "environment", {"variables": {"GREETING": "{name}, hello", "N": "{}"}}),
    "the owner's own statement": more(
        "queue-policy", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Action="sqs:*"
    ),
    "a second condition": statement(
        "queue-policy", "TopicSends",
        Condition={
            "ArnLike": {"AWS:sourceArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:*"},
            "ArnEquals": {"aws:SourceArn": [f"arn:aws:sns:eu-west-1:{ACCOUNT}:{BASE}-topic-1a2b3c4"]},
        },
    ),
    "TLS written otherwise": statement(
        "queue-policy", "TlsOnly", Principal={"AWS": ["*"]}, Action=["SQS:*"],
        Condition={"bool": {"AWS:SecureTransport": [False]}},
    ),
    "TLS for all but other things": statement(
        "queue-policy", "TlsOnly", Action=None, NotAction="s3:*", Resource=None, NotResource="arn:aws:s3:::*"
    ),
    "accounts in ARNs": statement(
        "topic-policy", "SesPublishes", Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:ses:*:{ACCOUNT}:*"}}
    ),
    "a key of one's own": lambda graph: [
        put("topic", "kmsMasterKeyId", "alias/mail")(graph), put("queue", "kmsMasterKeyId", "alias/mail")(graph),
    ],
    "parts of one resource": statement(
        "role-policy", "KeepHistory", Action="s3:GetObject", Resource=["arn:aws:s3:::mail/*",
        f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/jobs/index/*", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:a:*",
        f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:mail-??????"],
    ),
    "a container image": put("function", "runtime", None),
    "a runtime nobody has heard of": put("function", "runtime", "provided.al2023"),
}  # fmt: skip


@pytest.mark.parametrize("change", FINE.values(), ids=list(FINE))
def test_what_is_fine_is_not_refused(change: Change) -> None:
    graph = by_hand()
    change(graph)
    assert broken(graph) == set()


def test_a_function_by_its_version_behind_an_alias_or_a_topic_is_on_the_way() -> None:
    graph = by_hand()
    function, mapping = one(graph, f"{BASE}-function"), one(graph, f"{BASE}-mapping")
    alias = Given(type="aws:lambda/alias:Alias", name="live", inputs={"functionName": function["name"]},
                  answer={"arn": f"{function['arn']}:live"})  # fmt: skip
    function.inputs["runtime"] = "python3.8"
    mapping.inputs["functionName"] = f"{function['arn']}:7"
    assert broken(graph) == {("runtime-lasts", function.name)}
    mapping.inputs["functionName"], mapping.made_from["functionName"] = alias["arn"], ["live"]
    assert broken([*graph, alias]) == {("runtime-lasts", function.name)}
    graph.remove(mapping)
    subscription = one(graph, f"{BASE}-subscription")
    subscription.inputs |= {"protocol": "lambda", "endpoint": function["arn"]}
    assert ("runtime-lasts", function.name) in broken(graph)


def test_an_alias_is_followed_in_a_preview() -> None:
    graph = graphs.small()
    function, mapping = one(graph, f"{BASE}-function"), one(graph, f"{BASE}-mapping")
    alias = Given(type="aws:lambda/alias:Alias", name="live", inputs={"functionName": function["name"]})
    alias.answer, alias.made_from = {"arn": f"{function['arn']}:live"}, {"functionName": [function.name]}
    graph.append(alias)
    mapping.inputs["functionName"], mapping.made_from["functionName"] = f"{function['arn']}:live", ["live"]
    put("queue", "visibilityTimeoutSeconds", 30)(graph)
    found = analyze(in_preview(graph, MADE_UP), preview=True)
    assert ("visibility-covers-the-function", mapping.name) in {(each.rule, each.resource) for each in found}


def test_a_topic_that_is_shared_out_by_filters_loses_no_kind() -> None:
    graph = by_hand()
    _shared_out(graph)
    put("subscription", "filterPolicy", json.dumps({"notificationType": ["bounce"]}))(graph)
    assert ("nothing-is-filtered-out", f"{BASE}-subscription") in broken(graph)
    put("subscription", "filterPolicy", json.dumps({"notificationType": [{"anything-but": ["Complaint"]}]}))(graph)
    assert broken(graph) == set()


def test_friends_are_let_in_by_configuration() -> None:
    graph = by_hand()
    more("queue-policy", Principal={"AWS": "210987654321"}, Action="sqs:ReceiveMessage")(graph)
    assert broken(graph) == {("only-the-topic-sends", f"{BASE}-queue")}
    assert broken(graph, {"only-the-topic-sends": {"principals": ["210987654321"]}}) == set()


def test_a_table_may_be_shared_with_an_organisation_or_an_account() -> None:
    arn = one(by_hand(), TABLE)["arn"]
    for whom in (
        {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}},
        {"Principal": {"AWS": "210987654321"}},
        {"Principal": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::210987654321:role/send-*"}}},
    ):
        policy = json.dumps({"Statement": {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": arn, **whom}})
        shared = Given(type="aws:dynamodb/resourcePolicy:ResourcePolicy", name="shared",
                       inputs={"resourceArn": arn, "policy": policy})  # fmt: skip
        assert broken([*by_hand(), shared]) == set()


def test_a_key_that_only_aws_gave_is_not_the_programs() -> None:
    graph = by_hand()
    table = one(graph, TABLE)
    table.inputs["serverSideEncryption"] = {"enabled": True}
    table.answer["serverSideEncryption"] = {"enabled": True, "kmsKeyArn": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"}
    asked = {"customer-keys": {"kinds": ["tables"]}}
    assert ("customer-keys", TABLE) in broken(graph, asked)
    table.inputs["serverSideEncryption"] = dict(table.answer["serverSideEncryption"])
    assert ("customer-keys", TABLE) not in broken(graph, asked)


def test_a_key_is_known_by_what_it_is_made_from() -> None:
    graph = graphs.small()
    topic = one(graph, f"{BASE}-topic")
    topic.inputs["kmsMasterKeyId"] = f"key-{MADE_UP}"
    asked: dict[str, dict[str, Any]] = {"customer-keys": {"kinds": ["topics"]}}
    found = {(each.rule, each.resource) for each in analyze(in_preview(graph, MADE_UP), asked, preview=True)}
    assert found >= {("no-key-that-stops-feedback", ""), ("customer-keys", "")}
    graph.append(Given(type="aws:kms/key:Key", name="key", inputs={}))
    topic.made_from["kmsMasterKeyId"] = ["key"]
    found = {(each.rule, each.resource) for each in analyze(in_preview(graph, MADE_UP), asked, preview=True)}
    assert not found & {("no-key-that-stops-feedback", ""), ("customer-keys", topic.name)}


def test_what_comes_after_the_source_is_judged_before_it_is_made_and_nothing_else_is_missed() -> None:
    """A program may tell SES of a topic first, and give the queue later."""
    graph = graphs.small()
    sources = [each for each in graph if each.type.startswith("aws:ses")]
    graph = [*[each for each in graph if each not in sources], *sources]
    assert analyze(graph) == []
    graph = [*sources, *[each for each in graph if each not in sources]]
    assert analyze(graph) == []
    more("queue-policy", Principal="*", Action="sqs:ReceiveMessage")(graph)
    (found,) = analyze(graph)
    assert (found.rule, found.resource) == ("only-the-topic-sends", f"{BASE}-queue")
    assert found.before == f"{BASE}-subscription"
    edit("queue-policy", "policy", lambda policy: policy["Statement"].pop())(graph)
    assert analyze(graph) == []


WORDS = [
    "Statement", "Effect", "Principal", "NotPrincipal", "AWS", "Service", "Action", "NotAction", "Resource",
    "Condition",
    "StringEquals", "ArnLike", "Bool", "aws:SourceArn", "aws:SecureTransport", "maxReceiveCount", "notificationType",
]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 99) | st.sampled_from(["*", "Allow", "Deny", "sqs:SendMessage"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@profile_times(0.1, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_document_brings_the_pack_down(data: st.DataObject) -> None:
    """AWS refuses most of these in its own words; a rule that fails on one would hide them."""
    graph = by_hand()
    for each in graph:
        for key in ("policy", "redrivePolicy", "redriveAllowPolicy", "assumeRolePolicy", "filterPolicy"):
            if key in each.inputs or key == "filterPolicy":
                drawn = data.draw(JSON)
                each.inputs[key] = data.draw(st.sampled_from([drawn, json.dumps(drawn), json.dumps(drawn)[:-1]]))
    analyze(graph)
