"""The mutation table: every promise of the components, a way to break it in a graph, and the rule that must see it.

It breaks what is recorded, so it proves that the rules bite on the program's own graph, not that AWS would fail.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from policy.analyzer import Given

Break = Callable[[list[Given]], None]
BASE = "bounce-eu-west-1-example-com"


class Mutation(NamedTuple):
    """One way to break one promise."""

    promise: str
    rule: str
    apply: Break
    resource: str = BASE + "-queue"
    """The resource that the rule must name."""


def one(graph: list[Given], name: str) -> Given:
    """The resource of that name."""
    (found,) = [given for given in graph if given.name == name]
    return found


def put(suffix: str, key: str, value: Any) -> Break:  # noqa: ANN401 - JSON
    """Set an input; None takes it away, with what it was made from."""

    def apply(graph: list[Given]) -> None:
        given = one(graph, suffix if suffix.startswith("ses-") else f"{BASE}-{suffix}")
        given.properties[key] = value
        if value is None:
            del given.properties[key]
            given.made_from.pop(key, None)

    return apply


def edit(suffix: str, key: str, change: Callable[[Any], object]) -> Break:
    """Change a JSON text."""

    def apply(graph: list[Given]) -> None:
        given = one(graph, f"{BASE}-{suffix}")
        document = json.loads(given.properties[key])
        change(document)
        given.properties[key] = json.dumps(document)

    return apply


def statement(suffix: str, sid: str, **changed: object) -> Break:
    """Change one statement of a policy; no change takes it away."""

    def change(document: dict[str, Any]) -> None:
        found = next(each for each in document["Statement"] if each["Sid"] == sid)
        found.update(changed)
        if not changed:
            document["Statement"].remove(found)

    return edit(suffix, "policy", change)


def without(name: str) -> Break:
    """Take a resource away."""

    def apply(graph: list[Given]) -> None:
        graph.remove(one(graph, name))

    return apply


def add(given: Given) -> Break:
    """Add a resource."""
    return lambda graph: graph.append(given)


def _shared(graph: list[Given]) -> None:
    letters = one(graph, f"{BASE}-dead-letters")
    subscription = one(graph, f"{BASE}-subscription")
    subscription.properties["redrivePolicy"] = json.dumps({"deadLetterTargetArn": letters.properties["arn"]})
    subscription.made_from["redrivePolicy"] = [letters.name]


def _own_group(graph: list[Given]) -> None:
    del one(graph, f"{BASE}-function").properties["loggingConfig"]
    del one(graph, f"{BASE}-function").made_from["loggingConfig"]


_ARN, _ROLE = f"arn:aws:iam::123456789012:role/{BASE}-role-1a2b3c4", f"{BASE}-role-1a2b3c4"
_ATTACHED = Given(
    type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    name="attached",
    properties={"role": _ROLE, "policyArn": "arn:aws:iam::aws:policy/AmazonSQSFullAccess"},
)
_SENDER = {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:eu-west-1:123456789012:other"}}
_OF = {"StringEquals": {"aws:SourceAccount": "210987654321"}}
_ALARM = f"ses-feedback-eu-west-1-{BASE}"
_TABLE, _IDENTITY, _DESTINATION = "ses-feedback-blocked", f"{BASE}-example.com", f"{BASE}-event-destination"
_COMPLAINT = _IDENTITY.replace("bounce", "complaint")
_EVERYBODY = {"AWS": "*"}

MUTATIONS = (
    Mutation("complaints have a topic", "bounces-and-complaints", without(_COMPLAINT), _IDENTITY),
    Mutation("bounces have a topic", "bounces-and-complaints", without(_IDENTITY), _COMPLAINT),
    Mutation("complaints of a set are seen", "bounces-and-complaints",
             without(_DESTINATION.replace("bounce", "complaint")), _DESTINATION),
    Mutation("no original headers", "no-original-headers", put("example.com", "includeOriginalHeaders", True),
             _IDENTITY),
    Mutation("the topic may send", "only-the-topic-sends", statement("queue-policy", "TopicSends")),
    Mutation("the queue has a policy", "only-the-topic-sends", without(f"{BASE}-queue-policy")),
    Mutation("only SNS sends", "only-the-topic-sends",
             statement("queue-policy", "TopicSends", Principal=_EVERYBODY)),
    Mutation("no other topic sends", "only-the-topic-sends",
             statement("queue-policy", "TopicSends", Condition=_SENDER)),
    Mutation("not every topic sends", "only-the-topic-sends", statement("queue-policy", "TopicSends", Condition={})),
    Mutation("only the topic sends to the undelivered", "only-the-topic-sends",
             statement("undelivered-policy", "TopicSends", Principal="*"), f"{BASE}-undelivered"),
    Mutation("TLS", "queues-demand-tls", statement("queue-policy", "TlsOnly")),
    Mutation("TLS for everybody", "queues-demand-tls",
             statement("queue-policy", "TlsOnly", Principal={"AWS": "123456789012"})),
    Mutation("TLS for sending", "queues-demand-tls", statement("queue-policy", "TlsOnly", Action="sqs:ReceiveMessage")),
    Mutation("TLS on dead letters", "queues-demand-tls", without(f"{BASE}-dead-letters-policy"),
             f"{BASE}-dead-letters"),
    Mutation("SES may publish", "only-ses-publishes", without(f"{BASE}-topic-policy"), f"{BASE}-topic"),
    Mutation("only SES publishes", "only-ses-publishes",
             statement("topic-policy", "SesPublishes", Principal=_EVERYBODY), f"{BASE}-topic"),
    Mutation("only this account's SES publishes", "only-ses-publishes",
             statement("topic-policy", "SesPublishes", Condition={}), f"{BASE}-topic"),
    Mutation("no other account's SES publishes", "only-ses-publishes",
             statement("topic-policy", "SesPublishes", Condition=_OF), f"{BASE}-topic"),
    Mutation("the subscription has dead letters", "subscription-has-dead-letters",
             put("subscription", "redrivePolicy", None), f"{BASE}-subscription"),
    Mutation("its dead letters are its own", "subscription-has-dead-letters", _shared, f"{BASE}-subscription"),
    Mutation("single failures", "mapping-reports-failures", put("mapping", "functionResponseTypes", []),
             f"{BASE}-mapping"),
    Mutation("dead letters", "queue-has-dead-letters", put("queue", "redrivePolicy", None)),
    Mutation("attempts", "queue-tries-again",
             edit("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=2))),
    Mutation("enough attempts", "queue-tries-often",
             edit("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=4))),
    Mutation("dead letters are kept longer", "dead-letters-outlive-their-queue",
             put("dead-letters", "messageRetentionSeconds", 604_800)),
    Mutation("dead letters are kept longer than by default", "dead-letters-outlive-their-queue",
             put("dead-letters", "messageRetentionSeconds", None)),
    Mutation("visibility", "visibility-covers-the-function", put("queue", "visibilityTimeoutSeconds", 179),
             f"{BASE}-mapping"),
    Mutation("visibility is set", "visibility-covers-the-function", put("queue", "visibilityTimeoutSeconds", None),
             f"{BASE}-mapping"),
    Mutation("visibility covers the window", "visibility-covers-the-function",
             put("mapping", "maximumBatchingWindowInSeconds", 1), f"{BASE}-mapping"),
    Mutation("dead letters of one queue", "dead-letters-are-of-one-queue", without(f"{BASE}-redrive-allow-policy")),
    Mutation("dead letters of no other queue", "dead-letters-are-of-one-queue",
             edit("redrive-allow-policy", "redriveAllowPolicy", lambda one: one.update(redrivePermission="allowAll"))),
    Mutation("an alarm on dead letters", "dead-letters-are-watched", without(f"{_ALARM}-dead-letters"),
             f"{BASE}-dead-letters"),
    Mutation("an alarm on the undelivered", "dead-letters-are-watched", without(f"{_ALARM}-undelivered"),
             f"{BASE}-undelivered"),
    Mutation("an alarm on the right metric", "dead-letters-are-watched",
             put(f"{_ALARM}-dead-letters", "metricName", "NumberOfMessagesSent"), f"{BASE}-dead-letters"),
    Mutation("an alarm somebody hears", "dead-letters-are-watched",
             put(f"{_ALARM}-dead-letters", "alarmActions", None), f"{BASE}-dead-letters"),
    Mutation("encryption", "queues-are-encrypted", put("queue", "sqsManagedSseEnabled", None)),
    Mutation("encryption of dead letters", "queues-are-encrypted", put("dead-letters", "sqsManagedSseEnabled", False),
             f"{BASE}-dead-letters"),
    Mutation("a key SES can use", "no-key-that-stops-feedback", put("topic", "kmsMasterKeyId", "alias/aws/sns"),
             f"{BASE}-topic"),
    Mutation("a key SNS can use", "no-key-that-stops-feedback", put("queue", "kmsMasterKeyId", "alias/aws/sqs")),
    Mutation("a runtime that lasts", "runtime-lasts", put("function", "runtime", "python3.10"), f"{BASE}-function"),
    Mutation("a runtime of these years", "runtime-lasts", put("function", "runtime", "python3.9"), f"{BASE}-function"),
    Mutation("exact actions", "role-has-no-wildcards", statement("role-policy", "BlockAddresses", Action="dynamodb:*"),
             f"{BASE}-role"),
    Mutation("exact resources", "role-has-no-wildcards", statement("role-policy", "BlockAddresses", Resource="*"),
             f"{BASE}-role"),
    Mutation("exact tables", "role-has-no-wildcards",
             statement("role-policy", "KeepHistory", Resource="arn:aws:dynamodb:eu-west-1:123456789012:table/*"),
             f"{BASE}-role"),
    Mutation("no policy of AWS", "role-has-no-wildcards", add(_ATTACHED), f"{BASE}-role"),
    Mutation("log retention", "logs-end", put("logs", "retentionInDays", None), f"{BASE}-function"),
    Mutation("log retention is bounded", "logs-end", put("logs", "retentionInDays", 3653), f"{BASE}-function"),
    Mutation("a log group of its own", "logs-end", _own_group, f"{BASE}-function"),
    Mutation("recovery", "tables-recover", put(_TABLE, "pointInTimeRecovery", None), _TABLE),
    Mutation("recovery of the history", "tables-recover",
             put("ses-feedback-history", "pointInTimeRecovery", {"enabled": False}), "ses-feedback-history"),
    Mutation("deletion protection", "tables-resist-deletion", put(_TABLE, "deletionProtectionEnabled", False), _TABLE),
    Mutation("time to live", "tables-forget", put(_TABLE, "ttl", {"attributeName": "expires_at", "enabled": False}),
             _TABLE),
    Mutation("the key", "tables-have-the-key", put(_TABLE, "hashKey", "email"), _TABLE),
    Mutation("the key's type", "tables-have-the-key", put(_TABLE, "attributes", [{"name": "value", "type": "B"}]),
             _TABLE),
)  # fmt: skip

CONFIGURED: tuple[tuple[str, dict[str, Any], Break, str], ...] = (
    ("customer-keys", {"kinds": ["topics"]}, lambda _: None, f"{BASE}-topic"),
    ("customer-keys", {"kinds": ["queues"]}, lambda _: None, f"{BASE}-queue"),
    ("customer-keys", {"kinds": ["tables"]}, lambda _: None, _TABLE),
    ("customer-keys", {"kinds": ["logs"]}, lambda _: None, f"{BASE}-logs"),
    ("allowed-regions", {"regions": ["eu-west-1"]}, lambda _: None, _TABLE),
    ("allowed-accounts", {"accounts": ["210987654321"]}, lambda _: None, _TABLE),
    ("required-tags", {"tags": ["owner"]}, lambda _: None, f"{BASE}-topic"),
    ("queue-tries-again", {"minimumReceiveCount": 6}, lambda _: None, f"{BASE}-queue"),
    ("visibility-covers-the-function", {"factor": 7}, lambda _: None, f"{BASE}-mapping"),
    ("logs-end", {"maximumDays": 29}, lambda _: None, f"{BASE}-function"),
    ("tables-have-the-key", {"keys": ["address"]}, lambda _: None, _TABLE),
    ("runtime-lasts", {"today": "2029-01-01"}, lambda _: None, f"{BASE}-function"),
    ("runtime-lasts", {"endOfLife": {"python3.13": "2020-01-01"}}, lambda _: None, f"{BASE}-function"),
)
"""What only a configuration makes a violation: rule, its settings, a change, the resource it must name."""
