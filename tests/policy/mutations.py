"""The mutation table: every promise of the components, a way to break it in a graph, and the rule that must see it.

It breaks what is recorded, so it proves that the rules bite on the program's own graph, not that AWS would fail.
"""

import json
from typing import Any, NamedTuple

from tests.policy.analyzer import Given
from tests.policy.breaks import (
    BASE,
    TABLE,
    Break,
    attached,
    edit,
    inline,
    more,
    one,
    put,
    statement,
    table_policy,
    without,
)


class Mutation(NamedTuple):
    """One way to break one promise."""

    promise: str
    rule: str
    apply: Break
    resource: str = BASE + "-queue"
    """The resource that the rule must name."""


_ACCOUNT, _SNS, _SES = "123456789012", {"Service": "sns.amazonaws.com"}, {"Service": "ses.amazonaws.com"}
_ROLE, _SQS_FULL = f"{BASE}-role-1a2b3c4", "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
_TOPIC_ARN = f"arn:aws:sns:eu-west-1:{_ACCOUNT}:{BASE}-topic-1a2b3c4"
_SENDER = {"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:eu-west-1:{_ACCOUNT}:other"}}
_OF = {"StringEquals": {"aws:SourceAccount": "210987654321"}}
_ALARM = f"ses-feedback-eu-west-1-{BASE}"
_IDENTITY, _DESTINATION = f"{BASE}-example.com", f"{BASE}-event-destination"
_COMPLAINT = _IDENTITY.replace("bounce", "complaint")
_EVERYBODY = {"AWS": "*"}
# Statement ids
_TOPIC_SENDS, _TLS_ONLY, _SES_PUBLISH = "AllowTopicSendMessage", "DenyInsecureTransport", "AllowSesPublish"
_WRITE_BLOCKED, _WRITE_HIST = "WriteBlockedTable", "WriteHistoryTable"
_INSECURE = {"Bool": {"aws:SecureTransport": "false"}}


def _shared(graph: list[Given]) -> None:
    letters = one(graph, f"{BASE}-dead-letters")
    subscription = one(graph, f"{BASE}-subscription")
    subscription.inputs["redrivePolicy"] = json.dumps({"deadLetterTargetArn": letters["arn"]})
    subscription.made_from["redrivePolicy"] = [letters.name]


def _watches_another(graph: list[Given]) -> None:
    alarm = one(graph, f"{_ALARM}-dead-letters")
    alarm.inputs["dimensions"] = {"QueueName": one(graph, f"{BASE}-queue")["name"]}
    alarm.made_from["dimensions"] = [f"{BASE}-queue"]


def _own_group(graph: list[Given]) -> None:
    del one(graph, f"{BASE}-function").inputs["loggingConfig"]
    del one(graph, f"{BASE}-function").made_from["loggingConfig"]


def _destination(**changed: object) -> Break:
    def apply(graph: list[Given]) -> None:
        one(graph, _DESTINATION.replace("bounce", "complaint")).inputs["eventDestination"].update(changed)

    return apply


def _kinds_shared_out(graph: list[Given]) -> None:
    put("subscription", "filterPolicyScope", "MessageBody")(graph)
    put("subscription", "filterPolicy", json.dumps({"notificationType": ["Bounce"]}))(graph)


MUTATIONS = (
    Mutation("complaints have a topic", "bounces-and-complaints", without(_COMPLAINT), _IDENTITY),
    Mutation("bounces have a topic", "bounces-and-complaints", without(_IDENTITY), _COMPLAINT),
    Mutation("complaints of a set are seen", "bounces-and-complaints",
             without(_DESTINATION.replace("bounce", "complaint")), _DESTINATION),
    Mutation("complaints of a set are switched on", "bounces-and-complaints", _destination(enabled=False),
             _DESTINATION),
    Mutation("complaints of a set go to a topic", "bounces-and-complaints", _destination(snsDestination=None),
             _DESTINATION),
    Mutation("complaints go to a topic", "bounces-and-complaints",
             lambda graph: one(graph, _COMPLAINT).inputs.pop("topicArn"), _IDENTITY),
    Mutation("no original headers", "no-original-headers", put("example.com", "includeOriginalHeaders", True),
             _IDENTITY),
    Mutation("the topic may send", "only-the-topic-sends", statement("queue-policy", _TOPIC_SENDS)),
    Mutation("the queue has a policy", "only-the-topic-sends", without(f"{BASE}-queue-policy")),
    Mutation("only SNS sends", "only-the-topic-sends",
             statement("queue-policy", _TOPIC_SENDS, Principal=_EVERYBODY)),
    Mutation("no other topic sends", "only-the-topic-sends",
             statement("queue-policy", _TOPIC_SENDS, Condition=_SENDER)),
    Mutation("not every topic sends", "only-the-topic-sends", statement("queue-policy", _TOPIC_SENDS, Condition={})),
    Mutation("only the topic sends to the subscription dead letters", "only-the-topic-sends",
             statement("subscription-dead-letters-policy", _TOPIC_SENDS, Principal="*"),
             f"{BASE}-subscription-dead-letters"),
    Mutation("nobody but SNS sends", "only-the-topic-sends",
             statement("queue-policy", _TOPIC_SENDS, Principal=None, NotPrincipal={"AWS": "210987654321"})),
    Mutation("no other service sends", "only-the-topic-sends",
             statement("queue-policy", _TOPIC_SENDS, Principal={"Service": ["sns.amazonaws.com", "s3.amazonaws.com"]})),
    Mutation("the topic is asked for in every case", "only-the-topic-sends",
             statement("queue-policy", _TOPIC_SENDS, Condition={"ArnEqualsIfExists": {"aws:SourceArn": _TOPIC_ARN}})),
    Mutation("the topic is not merely excluded", "only-the-topic-sends",
             statement("queue-policy", _TOPIC_SENDS, Condition={"ArnNotEquals": {"aws:SourceArn": _TOPIC_ARN}})),
    Mutation("not every topic of the account sends", "only-the-topic-sends",
             statement("queue-policy", _TOPIC_SENDS,
                       Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:sns:eu-west-1:{_ACCOUNT}:*"}})),
    Mutation("the account is no condition", "only-the-topic-sends",
             statement("queue-policy", _TOPIC_SENDS, Condition={"StringEquals": {"aws:SourceAccount": _ACCOUNT}})),
    Mutation("the statement is about the queue", "only-the-topic-sends",
             statement("queue-policy", _TOPIC_SENDS, Resource="arn:aws:sqs:eu-west-1:123456789012:other")),
    Mutation("nothing refuses the topic", "only-the-topic-sends",
             more("queue-policy", Effect="Deny", Principal="*", Action="sqs:*")),
    Mutation("nobody else reads", "only-the-topic-sends",
             more("queue-policy", Principal=_EVERYBODY, Action=["sqs:ReceiveMessage"])),
    Mutation("nobody else reads dead letters", "only-the-topic-sends",
             more("dead-letters-policy", Principal={"AWS": "210987654321"}, Action="SQS:*"), f"{BASE}-dead-letters"),
    Mutation("nobody but some do the rest", "only-the-topic-sends",
             more("queue-policy", Principal="*", NotAction="sqs:SendMessage")),
    Mutation("TLS", "queues-demand-tls", statement("queue-policy", _TLS_ONLY)),
    Mutation("TLS for everybody", "queues-demand-tls",
             statement("queue-policy", _TLS_ONLY, Principal={"AWS": "123456789012"})),
    Mutation("TLS for sending", "queues-demand-tls", statement("queue-policy", _TLS_ONLY, Action="sqs:ReceiveMessage")),
    Mutation("TLS for reading", "queues-demand-tls", statement("queue-policy", _TLS_ONLY, Action="sqs:SendMessage")),
    Mutation("TLS for every action", "queues-demand-tls",
             statement("queue-policy", _TLS_ONLY, Action=None, NotAction=["sqs:Send*"])),
    Mutation("TLS on this queue", "queues-demand-tls",
             statement("queue-policy", _TLS_ONLY, Resource="arn:aws:sqs:eu-west-1:123456789012:other")),
    Mutation("TLS in every case", "queues-demand-tls",
             statement("queue-policy", _TLS_ONLY, Condition={**_INSECURE, **_OF})),
    Mutation("no TLS is refused", "queues-demand-tls",
             statement("queue-policy", _TLS_ONLY, Condition={"Bool": {"aws:SecureTransport": "true"}})),
    Mutation("TLS without exception", "queues-demand-tls",
             statement("queue-policy", _TLS_ONLY, Principal=None, NotPrincipal={"AWS": "123456789012"})),
    Mutation("TLS on dead letters", "queues-demand-tls", without(f"{BASE}-dead-letters-policy"),
             f"{BASE}-dead-letters"),
    Mutation("SES may publish", "only-ses-publishes", without(f"{BASE}-topic-policy"), f"{BASE}-topic"),
    Mutation("only SES publishes", "only-ses-publishes",
             statement("topic-policy", _SES_PUBLISH, Principal=_EVERYBODY), f"{BASE}-topic"),
    Mutation("only this account's SES publishes", "only-ses-publishes",
             statement("topic-policy", _SES_PUBLISH, Condition={}), f"{BASE}-topic"),
    Mutation("no other account's SES publishes", "only-ses-publishes",
             statement("topic-policy", _SES_PUBLISH, Condition=_OF), f"{BASE}-topic"),
    Mutation("the account is one", "only-ses-publishes",
             statement("topic-policy", _SES_PUBLISH, Condition={"StringLike": {"aws:SourceAccount": "1234*"}}),
             f"{BASE}-topic"),
    Mutation("the identities are of this account", "only-ses-publishes",
             statement("topic-policy", _SES_PUBLISH, Condition={
                 "ArnLike": {"aws:SourceArn": ["arn:aws:ses:*:123456789012:*", "arn:aws:ses:*:*:identity/example.com"]},
             }), f"{BASE}-topic"),
    Mutation("the account is asked for in every case", "only-ses-publishes",
             statement("topic-policy", _SES_PUBLISH,
                       Condition={"StringEqualsIfExists": {"aws:SourceAccount": _ACCOUNT}}), f"{BASE}-topic"),
    Mutation("SES may publish to this topic", "only-ses-publishes",
             statement("topic-policy", _SES_PUBLISH, Resource="arn:aws:sns:eu-west-1:123456789012:other"),
             f"{BASE}-topic"),
    Mutation("nothing refuses SES", "only-ses-publishes",
             more("topic-policy", Effect="Deny", Principal=_SES, Action="sns:*"), f"{BASE}-topic"),
    Mutation("nobody subscribes", "only-ses-publishes",
             more("topic-policy", Principal="*", Action=["sns:Subscribe", "sns:Receive"]), f"{BASE}-topic"),
    Mutation("no other account changes the topic", "only-ses-publishes",
             more("topic-policy", Principal={"AWS": "arn:aws:iam::210987654321:root"}, Action="sns:*"),
             f"{BASE}-topic"),
    Mutation("what SNS writes by itself is not enough", "only-ses-publishes",
             more("topic-policy", Principal=_EVERYBODY, Action="SNS:Publish",
                  Condition={"StringEquals": {"AWS:SourceOwner": _ACCOUNT}}), f"{BASE}-topic"),
    Mutation("the subscription has dead letters", "subscription-has-dead-letters",
             put("subscription", "redrivePolicy", None), f"{BASE}-subscription"),
    Mutation("its dead letters are its own", "subscription-has-dead-letters", _shared, f"{BASE}-subscription"),
    Mutation("single failures", "mapping-reports-failures", put("mapping", "functionResponseTypes", []),
             f"{BASE}-mapping"),
    Mutation("no filter on attributes", "nothing-is-filtered-out",
             put("subscription", "filterPolicy", json.dumps({"notificationType": ["Bounce"]})), f"{BASE}-subscription"),
    Mutation("no filter on anything else", "nothing-is-filtered-out",
             lambda graph: [put("subscription", "filterPolicyScope", "MessageBody")(graph),
                            put("subscription", "filterPolicy", json.dumps({"mail": {"source": ["a"]}}))(graph)],
             f"{BASE}-subscription"),
    Mutation("the filter takes both dialects", "nothing-is-filtered-out", _kinds_shared_out, f"{BASE}-subscription"),
    Mutation("no filter on the queue", "nothing-is-filtered-out",
             put("mapping", "filterCriteria", {"filters": [{"pattern": "{}"}]}), f"{BASE}-mapping"),
    Mutation("the mapping is switched on", "nothing-is-filtered-out", put("mapping", "enabled", False),
             f"{BASE}-mapping"),
    Mutation("dead letters", "queue-has-dead-letters", put("queue", "redrivePolicy", None)),
    Mutation("attempts", "queue-tries-again",
             edit("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=2))),
    Mutation("enough attempts", "queue-tries-often",
             edit("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=4))),
    Mutation("attempts end", "queue-gives-up-in-time",
             edit("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=9999))),
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
    Mutation("dead letters of this queue", "dead-letters-are-of-one-queue",
             edit("redrive-allow-policy", "redriveAllowPolicy", lambda one: one.update(sourceQueueArns=["arn:aws:x"]))),
    Mutation("an alarm on dead letters", "dead-letters-are-watched", without(f"{_ALARM}-dead-letters"),
             f"{BASE}-dead-letters"),
    Mutation("an alarm on the subscription dead letters", "dead-letters-are-watched",
             without(f"{_ALARM}-subscription-dead-letters"),
             f"{BASE}-subscription-dead-letters"),
    Mutation("an alarm on the right metric", "dead-letters-are-watched",
             put(f"{_ALARM}-dead-letters", "metricName", "NumberOfMessagesSent"), f"{BASE}-dead-letters"),
    Mutation("an alarm somebody hears", "dead-letters-are-watched",
             put(f"{_ALARM}-dead-letters", "alarmActions", None), f"{BASE}-dead-letters"),
    Mutation("an alarm that is switched on", "dead-letters-are-watched",
             put(f"{_ALARM}-dead-letters", "actionsEnabled", False), f"{BASE}-dead-letters"),
    Mutation("an alarm on the right queue", "dead-letters-are-watched", _watches_another, f"{BASE}-dead-letters"),
    Mutation("an alarm at the first message", "dead-letters-are-watched",
             put(f"{_ALARM}-dead-letters", "threshold", 100), f"{BASE}-dead-letters"),
    Mutation("an alarm at many messages", "dead-letters-are-watched",
             put(f"{_ALARM}-dead-letters", "comparisonOperator", "LessThanThreshold"), f"{BASE}-dead-letters"),
    Mutation("encryption", "queues-are-encrypted", put("queue", "sqsManagedSseEnabled", None)),
    Mutation("encryption of dead letters", "queues-are-encrypted", put("dead-letters", "sqsManagedSseEnabled", False),
             f"{BASE}-dead-letters"),
    Mutation("a key SES can use", "no-key-that-stops-feedback", put("topic", "kmsMasterKeyId", "alias/aws/sns"),
             f"{BASE}-topic"),
    Mutation("a key SNS can use", "no-key-that-stops-feedback", put("queue", "kmsMasterKeyId", "alias/aws/sqs")),
    Mutation("a key SES can use, by its ARN", "no-key-that-stops-feedback",
             put("topic", "kmsMasterKeyId", f"arn:aws:kms:eu-west-1:{_ACCOUNT}:alias/aws/sns"), f"{BASE}-topic"),
    Mutation("a runtime that lasts", "runtime-lasts", put("function", "runtime", "python3.10"), f"{BASE}-function"),
    Mutation("a runtime of these years", "runtime-lasts", put("function", "runtime", "python3.9"), f"{BASE}-function"),
    Mutation("a runtime of this decade", "runtime-lasts", put("function", "runtime", "python2.7"), f"{BASE}-function"),
    Mutation("a runtime of any language", "runtime-lasts", put("function", "runtime", "nodejs18.x"),
             f"{BASE}-function"),
    Mutation("exact actions", "role-has-no-wildcards", statement("role-policy", _WRITE_BLOCKED, Action="dynamodb:*"),
             f"{BASE}-role"),
    Mutation("exact resources", "role-has-no-wildcards", statement("role-policy", _WRITE_BLOCKED, Resource="*"),
             f"{BASE}-role"),
    Mutation("exact tables", "role-has-no-wildcards",
             statement("role-policy", _WRITE_HIST, Resource="arn:aws:dynamodb:eu-west-1:123456789012:table/*"),
             f"{BASE}-role"),
    Mutation("exact letters", "role-has-no-wildcards",
             statement("role-policy", _WRITE_BLOCKED, Action="dynamodb:?etItem"), f"{BASE}-role"),
    Mutation("exact accounts", "role-has-no-wildcards",
             statement("role-policy", _WRITE_HIST, Resource="arn:aws:dynamodb:eu-west-1:*:table/jobs"),
             f"{BASE}-role"),
    Mutation("exact log groups", "role-has-no-wildcards",
             statement("role-policy", _WRITE_HIST, Resource="arn:aws:logs:eu-west-1:123456789012:log-group:/aws/*"),
             f"{BASE}-role"),
    Mutation("allowed by name", "role-has-no-wildcards",
             statement("role-policy", _WRITE_HIST, Action=None, NotAction="iam:*"), f"{BASE}-role"),
    Mutation("no policy of AWS", "role-has-no-wildcards",
             attached("rolePolicyAttachment:RolePolicyAttachment", role=_ROLE, policyArn=_SQS_FULL), f"{BASE}-role"),
    Mutation("no policy of AWS for many roles", "role-has-no-wildcards",
             attached("policyAttachment:PolicyAttachment", roles=[_ROLE], policyArn=_SQS_FULL), f"{BASE}-role"),
    Mutation("no policy of AWS in a list", "role-has-no-wildcards",
             attached("rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", roleName=_ROLE,
                      policyArns=[_SQS_FULL]), f"{BASE}-role"),
    Mutation("no policy of AWS in the role", "role-has-no-wildcards", put("role", "managedPolicyArns", [_SQS_FULL]),
             f"{BASE}-role"),
    Mutation("exact actions in the role", "role-has-no-wildcards", inline(Action="s3:*", Resource="arn:aws:s3:::mine"),
             f"{BASE}-role"),
    Mutation("only Lambda takes the role", "role-has-no-wildcards",
             edit("role", "assumeRolePolicy", lambda policy: policy["Statement"][0].update(Principal=_EVERYBODY)),
             f"{BASE}-role"),
    Mutation("log retention", "logs-end", put("logs", "retentionInDays", None), f"{BASE}-function"),
    Mutation("log retention is bounded", "logs-end", put("logs", "retentionInDays", 3653), f"{BASE}-function"),
    Mutation("a log group of its own", "logs-end", _own_group, f"{BASE}-function"),
    Mutation("recovery", "tables-recover", put(TABLE, "pointInTimeRecovery", None), TABLE),
    Mutation("recovery of the history", "tables-recover",
             put("ses-feedback-history", "pointInTimeRecovery", {"enabled": False}), "ses-feedback-history"),
    Mutation("recovery of replicas", "tables-recover",
             put(TABLE, "replicas", [{"regionName": "eu-west-2", "deletionProtectionEnabled": True}]), TABLE),
    Mutation("deletion protection of replicas", "tables-resist-deletion",
             put(TABLE, "replicas", [{"regionName": "eu-west-2", "pointInTimeRecovery": True}]), TABLE),
    Mutation("nobody reads the table", "tables-are-not-open", table_policy(Principal="*"), TABLE),
    Mutation("nobody of any account reads the table", "tables-are-not-open",
             table_policy(Principal=_EVERYBODY, Condition={"StringLike": {"aws:PrincipalOrgID": "*"}}), TABLE),
    Mutation("nobody but some reads the table", "tables-are-not-open",
             table_policy(NotPrincipal={"AWS": "210987654321"}), TABLE),
    Mutation("deletion protection", "tables-resist-deletion", put(TABLE, "deletionProtectionEnabled", False), TABLE),
    Mutation("time to live", "tables-forget", put(TABLE, "ttl", {"attributeName": "expires_at", "enabled": False}),
             TABLE),
    Mutation("the key", "tables-have-the-key", put(TABLE, "hashKey", "email"), TABLE),
    Mutation("the key's type", "tables-have-the-key", put(TABLE, "attributes", [{"name": "value", "type": "B"}]),
             TABLE),
)  # fmt: skip

CONFIGURED: tuple[tuple[str, dict[str, Any], Break, str], ...] = (
    ("customer-keys", {"kinds": ["topics"]}, lambda _: None, f"{BASE}-topic"),
    ("customer-keys", {"kinds": ["queues"]}, lambda _: None, f"{BASE}-queue"),
    ("customer-keys", {"kinds": ["tables"]}, lambda _: None, TABLE),
    ("customer-keys", {"kinds": ["logs"]}, lambda _: None, f"{BASE}-logs"),
    ("allowed-regions", {"regions": ["eu-west-1"]}, lambda _: None, TABLE),
    (
        "allowed-regions",
        {"regions": ["eu-central-1", "eu-west-1"]},
        put(
            TABLE,
            "replicas",
            [{"regionName": "us-east-1", "pointInTimeRecovery": True, "deletionProtectionEnabled": True}],
        ),
        TABLE,
    ),
    ("allowed-accounts", {"accounts": ["210987654321"]}, lambda _: None, TABLE),
    ("required-tags", {"tags": ["owner"]}, lambda _: None, f"{BASE}-topic"),
    ("queue-tries-again", {"minimumReceiveCount": 6}, lambda _: None, f"{BASE}-queue"),
    ("visibility-covers-the-function", {"factor": 7}, lambda _: None, f"{BASE}-mapping"),
    ("logs-end", {"maximumDays": 29}, lambda _: None, f"{BASE}-function"),
    ("tables-have-the-key", {"keys": ["address"]}, lambda _: None, TABLE),
    ("runtime-lasts", {"today": "2029-01-01"}, lambda _: None, f"{BASE}-function"),
    ("runtime-lasts", {"endOfLife": {"python3.13": "2020-01-01"}}, lambda _: None, f"{BASE}-function"),
)
"""What only a configuration makes a violation: rule, its settings, a change, the resource it must name."""
