"""Violations of every guarantee of the components, and the rule that must report each.

They are made in the recorded graph of the program: this proves that the rules report them, not that AWS would fail.
"""

import copy
import json
from typing import Any, NamedTuple

from policy.resource_types import EMAIL_FORWARDING, PIPE, SUBSCRIPTION
from tests.policy.analyzer import StackResource
from tests.policy.graph_changes import (
    BASE,
    SES_PUBLISHES,
    TABLE,
    TLS_ONLY,
    TOPIC_SENDS,
    WRITE_BLOCKED_TABLE,
    WRITE_HISTORY_TABLE,
    GraphChange,
    add_inline_policy,
    add_statement,
    add_table_policy,
    attach_policy,
    change_statement,
    edit_json,
    remove_resource,
    resource_named,
    set_input,
    subscribe_function,
)


class Mutation(NamedTuple):
    """A change that violates one guarantee."""

    guarantee: str
    rule: str
    apply: GraphChange
    resource: str = BASE + "-queue"
    """The resource that the rule must report."""


class ConfiguredMutation(NamedTuple):
    """A change, or none, that is a violation only with settings."""

    rule: str
    settings: dict[str, Any]
    apply: GraphChange
    resource: str
    """The resource that the rule must report."""


_ACCOUNT, _SNS, _SES = "123456789012", {"Service": "sns.amazonaws.com"}, {"Service": "ses.amazonaws.com"}
_ROLE, _SQS_FULL_ACCESS = f"{BASE}-role-1a2b3c4", "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
_TOPIC_ARN = f"arn:aws:sns:eu-west-1:{_ACCOUNT}:{BASE}-topic-1a2b3c4"
_FROM_OTHER_TOPIC = {"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:eu-west-1:{_ACCOUNT}:other"}}
_FROM_OTHER_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "210987654321"}}
_ALARM = f"ses-feedback-eu-west-1-{BASE}"
_IDENTITY, _DESTINATION = f"{BASE}-example.com", f"{BASE}-event-destination"
_COMPLAINT_IDENTITY = _IDENTITY.replace("bounce", "complaint")
_COMPLAINT_DESTINATION = _DESTINATION.replace("bounce", "complaint")
_COMPLAINT_BASE = BASE.replace("bounce", "complaint")
_COMPLAINT_FUNCTION = f"{_COMPLAINT_BASE}-function"
_EVERYBODY = {"AWS": "*"}
_WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


def _share_dead_letter_queue(graph: list[StackResource]) -> None:
    dead_letter_queue = resource_named(graph, f"{BASE}-dead-letters")
    subscription = resource_named(graph, f"{BASE}-subscription")
    subscription.inputs["redrivePolicy"] = json.dumps({"deadLetterTargetArn": dead_letter_queue["arn"]})
    subscription.property_dependencies["redrivePolicy"] = [dead_letter_queue.name]


def _alarm_on_other_queue(graph: list[StackResource]) -> None:
    alarm = resource_named(graph, f"{_ALARM}-dead-letters")
    alarm.inputs["dimensions"] = {"QueueName": resource_named(graph, f"{BASE}-queue")["name"]}
    alarm.property_dependencies["dimensions"] = [f"{BASE}-queue"]


def _remove_log_group(graph: list[StackResource]) -> None:
    del resource_named(graph, f"{BASE}-function").inputs["loggingConfig"]
    del resource_named(graph, f"{BASE}-function").property_dependencies["loggingConfig"]


def _change_complaint_destination(**changes: object) -> GraphChange:
    def apply(graph: list[StackResource]) -> None:
        resource_named(graph, _COMPLAINT_DESTINATION).inputs["eventDestination"].update(changes)

    return apply


def _filter_message_body(filter_policy: dict[str, Any]) -> GraphChange:
    def apply(graph: list[StackResource]) -> None:
        set_input("subscription", "filterPolicyScope", "MessageBody")(graph)
        set_input("subscription", "filterPolicy", json.dumps(filter_policy))(graph)

    return apply


def _add_mapping(**inputs: object) -> GraphChange:
    """Add an event source mapping of the queue, by default to the function of the complaints."""

    def apply(graph: list[StackResource]) -> None:
        other = copy.deepcopy(resource_named(graph, f"{BASE}-mapping"))
        function = resource_named(graph, _COMPLAINT_FUNCTION)
        other.name, other.property_dependencies["functionName"] = "second-mapping", [function.name]
        other.inputs |= {"functionName": function["arn"], **inputs}
        graph.append(other)

    return apply


def _add_pipe(graph: list[StackResource]) -> None:
    queue = resource_named(graph, f"{BASE}-queue")
    inputs = {"source": queue["arn"], "target": f"arn:aws:logs:eu-west-1:{_ACCOUNT}:log-group:mail"}
    graph.append(StackResource(type=PIPE, name="pipe", inputs=inputs, property_dependencies={"source": [queue.name]}))


def _subscribe(protocol: str, endpoint: str) -> GraphChange:
    """Subscribe something else to the topic."""

    def apply(graph: list[StackResource]) -> None:
        topic = resource_named(graph, f"{BASE}-topic")
        subscription = StackResource(
            type=SUBSCRIPTION, name="other",
            inputs={"topic": topic["arn"], "protocol": protocol, "endpoint": endpoint, "redrivePolicy": "{}"},
            property_dependencies={"topic": [topic.name]},
        )  # fmt: skip
        graph.append(subscription)

    return apply


def _disable_forwarding(*without: str) -> GraphChange:
    """Switch e-mail forwarding of the identity off, and remove notification topics."""

    def apply(graph: list[StackResource]) -> None:
        for name in without:
            graph.remove(resource_named(graph, name))
        graph.append(StackResource(type=EMAIL_FORWARDING, name="forwarding", inputs={"emailIdentity": "example.com"}))

    return apply


def _write_no_table(graph: list[StackResource]) -> None:
    graph.remove(resource_named(graph, f"{BASE}-role-policy"))
    function = resource_named(graph, f"{BASE}-function")
    function.inputs["environment"], function.property_dependencies["environment"] = {}, []


def _write_unnamed_table(**inputs: object) -> GraphChange:
    """Let the function write a table that its environment does not name."""

    def apply(graph: list[StackResource]) -> None:
        table = copy.deepcopy(resource_named(graph, TABLE))
        table.name, table.parent = "unnamed", ""
        table.outputs = {key: value.replace(TABLE, table.name) for key, value in table.outputs.items()}
        table.inputs |= inputs
        graph.insert(0, table)
        change_statement("role-policy", WRITE_BLOCKED_TABLE, Resource=table["arn"])(graph)
        resource_named(graph, f"{BASE}-role-policy").property_dependencies["policy"].append(table.name)

    return apply


MUTATIONS = (
    Mutation("complaints have a topic", "bounce-and-complaint-topics", remove_resource(_COMPLAINT_IDENTITY), _IDENTITY),
    Mutation("bounces have a topic", "bounce-and-complaint-topics", remove_resource(_IDENTITY), _COMPLAINT_IDENTITY),
    Mutation("complaints of a configuration set are published", "bounce-and-complaint-topics",
             remove_resource(_COMPLAINT_DESTINATION), _DESTINATION),
    Mutation("the event destination for complaints is enabled", "event-destination-enabled",
             _change_complaint_destination(enabled=False), _COMPLAINT_DESTINATION),
    Mutation("complaints of a configuration set go to a topic", "bounce-and-complaint-topics",
             _change_complaint_destination(snsDestination=None), _DESTINATION),
    Mutation("complaints go to a topic", "bounce-and-complaint-topics",
             lambda graph: resource_named(graph, _COMPLAINT_IDENTITY).inputs.pop("topicArn"), _IDENTITY),
    Mutation("no original headers", "original-headers-excluded",
             set_input("example.com", "includeOriginalHeaders", True), _IDENTITY),
    Mutation("the topic may send", "queue-policy-restricts-sender", change_statement("queue-policy", TOPIC_SENDS)),
    Mutation("the queue has a policy", "queue-policy-restricts-sender", remove_resource(f"{BASE}-queue-policy")),
    Mutation("only SNS sends", "queue-policy-restricts-sender",
             change_statement("queue-policy", TOPIC_SENDS, Principal=_EVERYBODY)),
    Mutation("no other topic sends", "queue-policy-restricts-sender",
             change_statement("queue-policy", TOPIC_SENDS, Condition=_FROM_OTHER_TOPIC)),
    Mutation("not every topic sends", "queue-policy-restricts-sender",
             change_statement("queue-policy", TOPIC_SENDS, Condition={})),
    Mutation("only the topic sends to the subscription dead-letter queue", "queue-policy-restricts-sender",
             change_statement("subscription-dead-letters-policy", TOPIC_SENDS, Principal="*"),
             f"{BASE}-subscription-dead-letters"),
    Mutation("nobody but SNS sends", "queue-policy-restricts-sender",
             change_statement("queue-policy", TOPIC_SENDS, Principal=None, NotPrincipal={"AWS": "210987654321"})),
    Mutation("no other service sends", "queue-policy-restricts-sender",
             change_statement("queue-policy", TOPIC_SENDS, Principal={"Service": ["sns.amazonaws.com",
                              "s3.amazonaws.com"]})),
    Mutation("a request without a source ARN is denied", "queue-policy-restricts-sender",
             change_statement("queue-policy", TOPIC_SENDS,
                              Condition={"ArnEqualsIfExists": {"aws:SourceArn": _TOPIC_ARN}})),
    Mutation("a negated condition does not restrict the topic", "queue-policy-restricts-sender",
             change_statement("queue-policy", TOPIC_SENDS, Condition={"ArnNotEquals": {"aws:SourceArn": _TOPIC_ARN}})),
    Mutation("not every topic of the account sends", "queue-policy-restricts-sender",
             change_statement("queue-policy", TOPIC_SENDS,
                              Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:sns:eu-west-1:{_ACCOUNT}:*"}})),
    Mutation("the account alone does not restrict the topic", "queue-policy-restricts-sender",
             change_statement("queue-policy", TOPIC_SENDS,
                              Condition={"StringEquals": {"aws:SourceAccount": _ACCOUNT}})),
    Mutation("the statement is about the queue", "queue-policy-restricts-sender",
             change_statement("queue-policy", TOPIC_SENDS, Resource="arn:aws:sqs:eu-west-1:123456789012:other")),
    Mutation("nothing denies the topic", "queue-policy-restricts-sender",
             add_statement("queue-policy", Effect="Deny", Principal="*", Action="sqs:*")),
    Mutation("nobody else reads", "queue-policy-restricts-sender",
             add_statement("queue-policy", Principal=_EVERYBODY, Action=["sqs:ReceiveMessage"])),
    Mutation("nobody else reads dead letters", "queue-policy-restricts-sender",
             add_statement("dead-letters-policy", Principal={"AWS": "210987654321"}, Action="SQS:*"),
             f"{BASE}-dead-letters"),
    Mutation("no NotAction allows the rest", "queue-policy-restricts-sender",
             add_statement("queue-policy", Principal="*", NotAction="sqs:SendMessage")),
    Mutation("TLS", "queue-policy-requires-tls", change_statement("queue-policy", TLS_ONLY)),
    Mutation("TLS for everybody", "queue-policy-requires-tls",
             change_statement("queue-policy", TLS_ONLY, Principal={"AWS": "123456789012"})),
    Mutation("TLS for sending", "queue-policy-requires-tls",
             change_statement("queue-policy", TLS_ONLY, Action="sqs:ReceiveMessage")),
    Mutation("TLS for reading", "queue-policy-requires-tls",
             change_statement("queue-policy", TLS_ONLY, Action="sqs:SendMessage")),
    Mutation("TLS for every action", "queue-policy-requires-tls",
             change_statement("queue-policy", TLS_ONLY, Action=None, NotAction=["sqs:Send*"])),
    Mutation("TLS on this queue", "queue-policy-requires-tls",
             change_statement("queue-policy", TLS_ONLY, Resource="arn:aws:sqs:eu-west-1:123456789012:other")),
    Mutation("TLS without a second condition", "queue-policy-requires-tls",
             change_statement("queue-policy", TLS_ONLY, Condition={**_WITHOUT_TLS, **_FROM_OTHER_ACCOUNT})),
    Mutation("TLS itself is not denied", "queue-policy-requires-tls",
             change_statement("queue-policy", TLS_ONLY, Condition={"Bool": {"aws:SecureTransport": "true"}})),
    Mutation("TLS without a NotPrincipal", "queue-policy-requires-tls",
             change_statement("queue-policy", TLS_ONLY, Principal=None, NotPrincipal={"AWS": "123456789012"})),
    Mutation("TLS on dead letters", "queue-policy-requires-tls", remove_resource(f"{BASE}-dead-letters-policy"),
             f"{BASE}-dead-letters"),
    Mutation("SES may publish", "topic-policy-restricts-publisher", remove_resource(f"{BASE}-topic-policy"),
             f"{BASE}-topic"),
    Mutation("only SES publishes", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Principal=_EVERYBODY), f"{BASE}-topic"),
    Mutation("only this account's SES publishes", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Condition={}), f"{BASE}-topic"),
    Mutation("no other account's SES publishes", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Condition=_FROM_OTHER_ACCOUNT), f"{BASE}-topic"),
    Mutation("the account has no wildcard", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Condition={"StringLike": {"aws:SourceAccount": "1234*"}}),
             f"{BASE}-topic"),
    Mutation("the identities are of this account", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES,
                              Condition={"ArnLike": {"aws:SourceArn": [f"arn:aws:ses:*:{_ACCOUNT}:*",
                                                                       "arn:aws:ses:*:*:identity/example.com"]}}),
             f"{BASE}-topic"),
    Mutation("a request without a source account is denied", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES,
                              Condition={"StringEqualsIfExists": {"aws:SourceAccount": _ACCOUNT}}), f"{BASE}-topic"),
    Mutation("SES may publish to this topic", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Resource="arn:aws:sns:eu-west-1:123456789012:other"),
             f"{BASE}-topic"),
    Mutation("nothing denies SES", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Effect="Deny", Principal=_SES, Action="sns:*"), f"{BASE}-topic"),
    Mutation("nobody subscribes", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Principal="*", Action=["sns:Subscribe", "sns:Receive"]), f"{BASE}-topic"),
    Mutation("no other account changes the topic", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Principal={"AWS": "arn:aws:iam::210987654321:root"}, Action="sns:*"),
             f"{BASE}-topic"),
    Mutation("the default policy of SNS is not accepted", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Principal=_EVERYBODY, Action="SNS:Publish",
                           Condition={"StringEquals": {"AWS:SourceOwner": _ACCOUNT}}), f"{BASE}-topic"),
    Mutation("the subscription has a dead-letter queue", "subscription-dead-letter-queue",
             set_input("subscription", "redrivePolicy", None), f"{BASE}-subscription"),
    Mutation("the subscription's dead-letter queue is its own", "subscription-dead-letter-queue",
             _share_dead_letter_queue, f"{BASE}-subscription"),
    Mutation("batch item failures are reported", "batch-item-failures-reported",
             set_input("mapping", "functionResponseTypes", []), f"{BASE}-mapping"),
    Mutation("no filter on attributes", "feedback-not-filtered",
             set_input("subscription", "filterPolicy", json.dumps({"notificationType": ["Bounce"]})),
             f"{BASE}-subscription"),
    Mutation("no filter on other fields", "feedback-not-filtered",
             _filter_message_body({"mail": {"source": ["a"]}}), f"{BASE}-subscription"),
    Mutation("the filter matches both notificationType and eventType", "feedback-not-filtered",
             _filter_message_body({"notificationType": ["Bounce"]}), f"{BASE}-subscription"),
    Mutation("no filter on the mapping", "feedback-not-filtered",
             set_input("mapping", "filterCriteria", {"filters": [{"pattern": "{}"}]}), f"{BASE}-mapping"),
    Mutation("the mapping is enabled", "feedback-not-filtered", set_input("mapping", "enabled", False),
             f"{BASE}-mapping"),
    Mutation("the queue has a dead-letter queue", "queue-dead-letter-queue", set_input("queue", "redrivePolicy", None)),
    Mutation("several attempts", "queue-minimum-receive-count",
             edit_json("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=2))),
    Mutation("the recommended number of attempts", "queue-recommended-receive-count",
             edit_json("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=4))),
    Mutation("attempts end before the message expires", "queue-retention-covers-retries",
             edit_json("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=9999))),
    Mutation("a thousand attempts end before the message expires", "queue-retention-covers-retries",
             set_input("queue", "visibilityTimeoutSeconds", 605)),
    Mutation("an outage of hours makes no dead letters", "queue-retries-last",
             edit_json("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=5))),
    Mutation("dead letters are kept longer", "dead-letter-queue-retention",
             set_input("dead-letters", "messageRetentionSeconds", 604_800)),
    Mutation("dead letters are kept longer than by default", "dead-letter-queue-retention",
             set_input("dead-letters", "messageRetentionSeconds", None)),
    Mutation("the visibility timeout covers the function's timeout", "queue-visibility-timeout",
             set_input("queue", "visibilityTimeoutSeconds", 179), f"{BASE}-mapping"),
    Mutation("the visibility timeout is not the default", "queue-visibility-timeout",
             set_input("queue", "visibilityTimeoutSeconds", None), f"{BASE}-mapping"),
    Mutation("the visibility timeout covers the batching window", "queue-visibility-timeout",
             set_input("mapping", "maximumBatchingWindowInSeconds", 419), f"{BASE}-mapping"),
    Mutation("the redrive allow policy exists", "redrive-allow-policy-by-queue",
             remove_resource(f"{BASE}-redrive-allow-policy")),
    Mutation("the redrive allow policy is by queue", "redrive-allow-policy-by-queue",
             edit_json("redrive-allow-policy", "redriveAllowPolicy",
                       lambda policy: policy.update(redrivePermission="allowAll"))),
    Mutation("the redrive allow policy names the queue", "redrive-allow-policy-by-queue",
             edit_json("redrive-allow-policy", "redriveAllowPolicy",
                       lambda policy: policy.update(sourceQueueArns=["arn:aws:x"]))),
    Mutation("an alarm on the dead-letter queue", "dead-letter-queue-alarm", remove_resource(f"{_ALARM}-dead-letters"),
             f"{BASE}-dead-letters"),
    Mutation("an alarm on the subscription dead-letter queue", "dead-letter-queue-alarm",
             remove_resource(f"{_ALARM}-subscription-dead-letters"),
             f"{BASE}-subscription-dead-letters"),
    Mutation("an alarm on the right metric", "dead-letter-queue-alarm",
             set_input(f"{_ALARM}-dead-letters", "metricName", "NumberOfMessagesSent"), f"{BASE}-dead-letters"),
    Mutation("an alarm with an action", "dead-letter-queue-alarm",
             set_input(f"{_ALARM}-dead-letters", "alarmActions", None), f"{BASE}-dead-letters"),
    Mutation("an alarm with actions enabled", "dead-letter-queue-alarm",
             set_input(f"{_ALARM}-dead-letters", "actionsEnabled", False), f"{BASE}-dead-letters"),
    Mutation("an alarm on the right queue", "dead-letter-queue-alarm", _alarm_on_other_queue, f"{BASE}-dead-letters"),
    Mutation("an alarm at the first message", "dead-letter-queue-alarm",
             set_input(f"{_ALARM}-dead-letters", "threshold", 100), f"{BASE}-dead-letters"),
    Mutation("an alarm with the right comparison", "dead-letter-queue-alarm",
             set_input(f"{_ALARM}-dead-letters", "comparisonOperator", "LessThanThreshold"), f"{BASE}-dead-letters"),
    Mutation("encryption", "queue-encrypted", set_input("queue", "sqsManagedSseEnabled", None)),
    Mutation("encryption of the dead-letter queue", "queue-encrypted",
             set_input("dead-letters", "sqsManagedSseEnabled", False), f"{BASE}-dead-letters"),
    Mutation("a key SES can use", "kms-key-not-aws-managed", set_input("topic", "kmsMasterKeyId", "alias/aws/sns"),
             f"{BASE}-topic"),
    Mutation("a key SNS can use", "kms-key-not-aws-managed", set_input("queue", "kmsMasterKeyId", "alias/aws/sqs")),
    Mutation("a key SES can use, by its ARN", "kms-key-not-aws-managed",
             set_input("topic", "kmsMasterKeyId", f"arn:aws:kms:eu-west-1:{_ACCOUNT}:alias/aws/sns"), f"{BASE}-topic"),
    Mutation("a runtime that is not deprecated soon", "lambda-runtime-supported",
             set_input("function", "runtime", "python3.10"), f"{BASE}-function"),
    Mutation("a runtime that is not deprecated", "lambda-runtime-supported",
             set_input("function", "runtime", "python3.9"), f"{BASE}-function"),
    Mutation("a runtime that was not deprecated long ago", "lambda-runtime-supported",
             set_input("function", "runtime", "python2.7"), f"{BASE}-function"),
    Mutation("a runtime of another language", "lambda-runtime-supported",
             set_input("function", "runtime", "nodejs18.x"), f"{BASE}-function"),
    Mutation("exact actions", "lambda-role-no-wildcards",
             change_statement("role-policy", WRITE_BLOCKED_TABLE, Action="dynamodb:*"), f"{BASE}-role"),
    Mutation("exact resources", "lambda-role-no-wildcards",
             change_statement("role-policy", WRITE_BLOCKED_TABLE, Resource="*"), f"{BASE}-role"),
    Mutation("exact tables", "lambda-role-no-wildcards",
             change_statement("role-policy", WRITE_HISTORY_TABLE,
                              Resource="arn:aws:dynamodb:eu-west-1:123456789012:table/*"), f"{BASE}-role"),
    Mutation("no wildcard for one character in an action", "lambda-role-no-wildcards",
             change_statement("role-policy", WRITE_BLOCKED_TABLE, Action="dynamodb:?etItem"), f"{BASE}-role"),
    Mutation("exact accounts", "lambda-role-no-wildcards",
             change_statement("role-policy", WRITE_HISTORY_TABLE, Resource="arn:aws:dynamodb:eu-west-1:*:table/jobs"),
             f"{BASE}-role"),
    Mutation("exact log groups", "lambda-role-no-wildcards",
             change_statement("role-policy", WRITE_HISTORY_TABLE,
                              Resource="arn:aws:logs:eu-west-1:123456789012:log-group:/aws/*"), f"{BASE}-role"),
    Mutation("no NotAction in the role's policy", "lambda-role-no-wildcards",
             change_statement("role-policy", WRITE_HISTORY_TABLE, Action=None, NotAction="iam:*"), f"{BASE}-role"),
    Mutation("no AWS managed policy", "lambda-role-no-wildcards",
             attach_policy("rolePolicyAttachment:RolePolicyAttachment", role=_ROLE, policyArn=_SQS_FULL_ACCESS),
             f"{BASE}-role"),
    Mutation("no AWS managed policy for many roles", "lambda-role-no-wildcards",
             attach_policy("policyAttachment:PolicyAttachment", roles=[_ROLE], policyArn=_SQS_FULL_ACCESS),
             f"{BASE}-role"),
    Mutation("no AWS managed policy in a list", "lambda-role-no-wildcards",
             attach_policy("rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", roleName=_ROLE,
                           policyArns=[_SQS_FULL_ACCESS]), f"{BASE}-role"),
    Mutation("no AWS managed policy in the role", "lambda-role-no-wildcards",
             set_input("role", "managedPolicyArns", [_SQS_FULL_ACCESS]), f"{BASE}-role"),
    Mutation("exact actions in inline policies", "lambda-role-no-wildcards",
             add_inline_policy(Action="s3:*", Resource="arn:aws:s3:::mine"), f"{BASE}-role"),
    Mutation("only Lambda assumes the role", "lambda-role-no-wildcards",
             edit_json("role", "assumeRolePolicy", lambda policy: policy["Statement"][0].update(Principal=_EVERYBODY)),
             f"{BASE}-role"),
    Mutation("log retention", "log-group-retention", set_input("logs", "retentionInDays", None), f"{BASE}-function"),
    Mutation("log retention is limited", "log-group-retention", set_input("logs", "retentionInDays", 3653),
             f"{BASE}-function"),
    Mutation("a log group in the stack", "log-group-retention", _remove_log_group, f"{BASE}-function"),
    Mutation("point-in-time recovery", "table-point-in-time-recovery", set_input(TABLE, "pointInTimeRecovery", None),
             TABLE),
    Mutation("point-in-time recovery of the history table", "table-point-in-time-recovery",
             set_input("ses-feedback-history", "pointInTimeRecovery", {"enabled": False}), "ses-feedback-history"),
    Mutation("point-in-time recovery of replicas", "table-point-in-time-recovery",
             set_input(TABLE, "replicas", [{"regionName": "eu-west-2", "deletionProtectionEnabled": True}]), TABLE),
    Mutation("deletion protection of replicas", "table-deletion-protection",
             set_input(TABLE, "replicas", [{"regionName": "eu-west-2", "pointInTimeRecovery": True}]), TABLE),
    Mutation("nobody reads the table", "table-policy-restricts-access", add_table_policy(Principal="*"), TABLE),
    Mutation("nobody of any account reads the table", "table-policy-restricts-access",
             add_table_policy(Principal=_EVERYBODY, Condition={"StringLike": {"aws:PrincipalOrgID": "*"}}), TABLE),
    Mutation("no NotPrincipal reads the table", "table-policy-restricts-access",
             add_table_policy(NotPrincipal={"AWS": "210987654321"}), TABLE),
    Mutation("deletion protection", "table-deletion-protection", set_input(TABLE, "deletionProtectionEnabled", False),
             TABLE),
    Mutation("time to live", "table-ttl-enabled",
             set_input(TABLE, "ttl", {"attributeName": "expires_at", "enabled": False}), TABLE),
    Mutation("the hash key", "table-hash-key", set_input(TABLE, "hashKey", "email"), TABLE),
    Mutation("the hash key's type", "table-hash-key", set_input(TABLE, "attributes", [{"name": "value", "type": "B"}]),
             TABLE),
    # The way from each source to a table.
    Mutation("the bounce topic has a subscription", "topic-has-subscription", remove_resource(f"{BASE}-subscription"),
             f"{BASE}-topic"),
    Mutation("the complaint topic has a subscription", "topic-has-subscription",
             remove_resource(f"{_COMPLAINT_BASE}-subscription"), f"{_COMPLAINT_BASE}-topic"),
    Mutation("a queue or a function subscribes", "topic-has-subscription",
             set_input("subscription", "protocol", "https"), f"{BASE}-topic"),
    Mutation("the queue has a consumer", "queue-has-consumer", remove_resource(f"{BASE}-mapping")),
    Mutation("no second function takes messages", "queue-single-consumer", _add_mapping()),
    Mutation("no function of another stack takes messages", "queue-single-consumer",
             _add_mapping(functionName="another-function")),
    Mutation("no pipe takes messages", "queue-single-consumer", _add_pipe),
    Mutation("SNS may invoke the function", "function-allows-topic", subscribe_function(), f"{BASE}-subscription"),
    Mutation("SNS may invoke the function, not only others", "function-allows-topic",
             subscribe_function(principal="s3.amazonaws.com"), f"{BASE}-subscription"),
    Mutation("SNS may invoke the function for this topic", "function-allows-topic",
             subscribe_function(principal="sns.amazonaws.com", sourceArn=_TOPIC_ARN.replace("bounce", "complaint")),
             f"{BASE}-subscription"),
    Mutation("nobody gets feedback by https", "feedback-not-shared", _subscribe("https", "https://example.org/sns"),
             "other"),
    Mutation("nobody gets feedback by e-mail", "feedback-not-shared", _subscribe("email", "mail@example.org"), "other"),
    Mutation("no delivery stream gets feedback", "feedback-not-shared",
             _subscribe("firehose", f"arn:aws:firehose:eu-west-1:{_ACCOUNT}:deliverystream/mail"), "other"),
    Mutation("no queue of another account gets feedback", "feedback-not-shared",
             _subscribe("sqs", "arn:aws:sqs:eu-west-1:210987654321:theirs"), "other"),
    Mutation("no function of another account gets feedback", "feedback-not-shared",
             _subscribe("lambda", "arn:aws:lambda:eu-west-1:210987654321:function:theirs"), "other"),
    Mutation("enabled is set on the event destination", "event-destination-enabled",
             _change_complaint_destination(enabled=None), _COMPLAINT_DESTINATION),
    Mutation("e-mails are forwarded without a topic", "email-forwarding-needs-topics",
             _disable_forwarding(_IDENTITY, _COMPLAINT_IDENTITY), "forwarding"),
    Mutation("complaints are forwarded without a topic for them", "email-forwarding-needs-topics",
             _disable_forwarding(_COMPLAINT_IDENTITY), "forwarding"),
    Mutation("the function may run", "function-not-paused", set_input("function", "reservedConcurrentExecutions", 0),
             f"{BASE}-function"),
    Mutation("large messages are accepted", "queue-accepts-full-messages", set_input("queue", "maxMessageSize", 1024)),
    Mutation("large messages can be dead letters", "queue-accepts-full-messages",
             set_input("dead-letters", "maxMessageSize", 262_143), f"{BASE}-dead-letters"),
    Mutation("large messages that were not delivered are kept", "queue-accepts-full-messages",
             set_input("subscription-dead-letters", "maxMessageSize", 65_536), f"{BASE}-subscription-dead-letters"),
    Mutation("no range key", "table-hash-key", set_input(TABLE, "rangeKey", "received_at"), TABLE),
    Mutation("the function writes a table", "function-writes-table", _write_no_table, f"{BASE}-function"),
    Mutation("point-in-time recovery of a table that the environment does not name", "table-point-in-time-recovery",
             _write_unnamed_table(pointInTimeRecovery=None), "unnamed"),
    Mutation("deletion protection of a table that the environment does not name", "table-deletion-protection",
             _write_unnamed_table(deletionProtectionEnabled=False), "unnamed"),
    Mutation("the deprecated Go runtime", "lambda-runtime-supported", set_input("function", "runtime", "go1.x"),
             f"{BASE}-function"),
    Mutation("an operating system that is not deprecated", "lambda-runtime-supported",
             set_input("function", "runtime", "provided.al2"), f"{BASE}-function"),
    Mutation("an operating system that was not deprecated long ago", "lambda-runtime-supported",
             set_input("function", "runtime", "provided"), f"{BASE}-function"),
    Mutation("a runtime that had another name", "lambda-runtime-supported",
             set_input("function", "runtime", "dotnetcore3.1"), f"{BASE}-function"),
)  # fmt: skip

CONFIGURED = (
    ConfiguredMutation("kms-key-required", {"resourceTypes": ["topics"]}, lambda _: None, f"{BASE}-topic"),
    ConfiguredMutation("kms-key-required", {"resourceTypes": ["queues"]}, lambda _: None, f"{BASE}-queue"),
    ConfiguredMutation("kms-key-required", {"resourceTypes": ["tables"]}, lambda _: None, TABLE),
    ConfiguredMutation("kms-key-required", {"resourceTypes": ["logGroups"]}, lambda _: None, f"{BASE}-logs"),
    ConfiguredMutation("allowed-regions", {"regions": ["eu-west-1"]}, lambda _: None, TABLE),
    ConfiguredMutation(
        "allowed-regions",
        {"regions": ["eu-central-1", "eu-west-1"]},
        set_input(
            TABLE,
            "replicas",
            [{"regionName": "us-east-1", "pointInTimeRecovery": True, "deletionProtectionEnabled": True}],
        ),
        TABLE,
    ),
    ConfiguredMutation("allowed-accounts", {"accounts": ["210987654321"]}, lambda _: None, TABLE),
    ConfiguredMutation("required-tags", {"tags": ["owner"]}, lambda _: None, f"{BASE}-topic"),
    ConfiguredMutation("queue-minimum-receive-count", {"minimumReceiveCount": 1001}, lambda _: None, f"{BASE}-queue"),
    ConfiguredMutation("queue-retries-last", {"minimumPercent": 99}, lambda _: None, f"{BASE}-queue"),
    ConfiguredMutation(
        "queue-retries-last",
        {"minimumPercent": 58},
        set_input("queue", "visibilityTimeoutSeconds", 350),  # a thousand times: 57.9 % of 7 days
        f"{BASE}-queue",
    ),
    ConfiguredMutation("queue-visibility-timeout", {"functionTimeoutMultiple": 20}, lambda _: None, f"{BASE}-mapping"),
    ConfiguredMutation("log-group-retention", {"maximumDays": 29}, lambda _: None, f"{BASE}-function"),
    ConfiguredMutation("table-hash-key", {"hashKeyNames": ["address"]}, lambda _: None, TABLE),
    ConfiguredMutation("lambda-runtime-supported", {"currentDate": "2029-01-01"}, lambda _: None, f"{BASE}-function"),
    ConfiguredMutation(
        "lambda-runtime-supported",
        {"deprecationDates": {"python3.13": "2020-01-01"}},
        lambda _: None,
        f"{BASE}-function",
    ),
)
"""Violations that depend on the configuration of a rule."""
