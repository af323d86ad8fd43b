"""Violations of every guarantee of the components, and the rule that must report each.

They are made in the recorded graph of the program: this proves that the rules report them, not that AWS would fail.
"""

import json
from typing import Any, NamedTuple

from policy.resource_types import (
    EMAIL_FORWARDING,
    IDENTITY_TOPIC,
    PIPE,
    SUBSCRIPTION,
)
from tests.policy.analyzer import StackResource
from tests.policy.graph_changes import (
    ALARM,
    BASE,
    COMPLAINT_BASE,
    COMPLAINT_DESTINATION,
    COMPLAINT_IDENTITY,
    DESTINATION,
    IDENTITY,
    OWN_KEY,
    OWN_KEY_POLICY,
    QUEUE_RIGHTS,
    RECEIVE_MESSAGES,
    SES_PUBLISHES,
    TABLE,
    TLS_ONLY,
    TOPIC_SENDS,
    USE_KEY,
    WRITE_BLOCKED_TABLE,
    WRITE_HISTORY_TABLE,
    GraphChange,
    add_inline_policy,
    add_key,
    add_key_policy,
    add_statement,
    add_table_policy,
    allow_key,
    attach_policy,
    chain,
    change_statement,
    copy_of,
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
    programs: tuple[str, ...] = ("own", "foreign")
    """The programs in which the change can be made."""


class ConfiguredMutation(NamedTuple):
    """A change, or none, that is a violation only with settings."""

    rule: str
    settings: dict[str, Any]
    apply: GraphChange
    resource: str
    """The resource that the rule must report."""


_ACCOUNT, _SNS, _SES = "123456789012", {"Service": "sns.amazonaws.com"}, {"Service": "ses.amazonaws.com"}
_SQS_FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
_FROM_OTHER_TOPIC = {"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:eu-west-1:{_ACCOUNT}:other"}}
_FROM_OTHER_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "210987654321"}}
_EVERYBODY = {"AWS": "*"}
_OUTSIDE_ORGANISATION = {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
_WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


def _for_source(source: str) -> dict[str, dict[str, str]]:
    """The condition that SES publishes for one identity or configuration set of the account."""
    return {
        "StringEquals": {
            "aws:SourceAccount": _ACCOUNT, "aws:SourceArn": f"arn:aws:ses:eu-west-1:{_ACCOUNT}:{source}"
        }
    }  # fmt: skip


def _share_dead_letter_queue(graph: list[StackResource]) -> None:
    dead_letter_queue = resource_named(graph, f"{BASE}-dead-letters")
    subscription = resource_named(graph, f"{BASE}-subscription")
    subscription.inputs["redrivePolicy"] = json.dumps({"deadLetterTargetArn": dead_letter_queue["arn"]})
    subscription.property_dependencies["redrivePolicy"] = [dead_letter_queue.name]


def _alarm_on_other_queue(graph: list[StackResource]) -> None:
    alarm, queue = resource_named(graph, f"{ALARM}-dead-letters"), resource_named(graph, "queue")
    alarm.inputs["dimensions"] = {"QueueName": queue["name"]}
    alarm.property_dependencies["dimensions"] = [queue.name]


def _remove_log_group(graph: list[StackResource]) -> None:
    function = resource_named(graph, "function")
    function.inputs.pop("loggingConfig", None)
    function.property_dependencies.pop("loggingConfig", None)
    graph.remove(resource_named(graph, "logs"))


def _publish_no_complaints(graph: list[StackResource]) -> None:
    destination = resource_named(graph, COMPLAINT_DESTINATION)
    if destination is resource_named(graph, DESTINATION):
        destination.inputs["eventDestination"]["matchingEventTypes"] = ["BOUNCE"]
    else:
        graph.remove(destination)


def _filter_message_body(filter_policy: dict[str, Any]) -> GraphChange:
    def apply(graph: list[StackResource]) -> None:
        set_input("subscription", "filterPolicyScope", "MessageBody")(graph)
        set_input("subscription", "filterPolicy", json.dumps(filter_policy))(graph)

    return apply


def _add_mapping(**inputs: object) -> GraphChange:
    """Add an event source mapping of the queue, by default to a second function."""

    def apply(graph: list[StackResource]) -> None:
        other = copy_of(resource_named(graph, "mapping"), "second-mapping")
        function = copy_of(resource_named(graph, "function"), "second-function")
        other.property_dependencies["functionName"] = [function.name]
        other.inputs |= {"functionName": function["arn"], **inputs}
        graph += [function, other]

    return apply


def _add_pipe(graph: list[StackResource]) -> None:
    queue = resource_named(graph, "queue")
    inputs = {"source": queue["arn"], "target": f"arn:aws:logs:eu-west-1:{_ACCOUNT}:log-group:mail"}
    graph.append(StackResource(type=PIPE, name="pipe", inputs=inputs, property_dependencies={"source": [queue.name]}))


def _add_pipe_instead(**inputs: object) -> GraphChange:
    """Let a pipe consume the queue, and no event source mapping."""

    def apply(graph: list[StackResource]) -> None:
        graph.remove(resource_named(graph, "mapping"))
        _add_pipe(graph)
        graph[-1].inputs |= inputs

    return apply


def _set_policy_twice(name: str) -> GraphChange:
    def apply(graph: list[StackResource]) -> None:
        policy = copy_of(resource_named(graph, name), "second-policy")
        policy.inputs["policy"] = json.dumps({"Statement": []})
        policy.property_dependencies.pop("policy", None)
        graph.append(policy)

    return apply


def _keep_undelivered_in_queue(graph: list[StackResource]) -> None:
    queue, subscription = resource_named(graph, "queue"), resource_named(graph, f"{BASE}-subscription")
    subscription.inputs["redrivePolicy"] = json.dumps({"deadLetterTargetArn": queue["arn"]})
    subscription.property_dependencies["redrivePolicy"] = [queue.name]


def _write_misspelt_table(policy: dict[str, Any]) -> None:
    for statement in _statements_on("dynamodb", policy):
        statement["Resource"] = f"arn:aws:dynamodb:eu-west-1:{_ACCOUNT}:table/misspelt"


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
    """Switch e-mail forwarding of the identity off, where it is not, and remove notification topics."""

    def apply(graph: list[StackResource]) -> None:
        identity = resource_named(graph, IDENTITY).inputs["identity"]
        for name in without:
            graph.remove(resource_named(graph, name))
        if not [resource for resource in graph if resource.type == EMAIL_FORWARDING]:
            graph.append(StackResource(type=EMAIL_FORWARDING, name="forwarding", inputs={"emailIdentity": identity}))

    return apply


def _write_no_table(graph: list[StackResource]) -> None:
    graph.remove(resource_named(graph, "role-policy"))
    set_input("function", "environment", {})(graph)


def _write_unnamed_table(**inputs: object) -> GraphChange:
    """Let the function write a table that its environment does not name."""

    def apply(graph: list[StackResource]) -> None:
        table = copy_of(resource_named(graph, TABLE), "unnamed")
        table.inputs |= inputs
        graph.insert(0, table)
        change_statement("role-policy", WRITE_BLOCKED_TABLE, Resource=table["arn"])(graph)
        resource_named(graph, "role-policy").property_dependencies["policy"].append(table.name)

    return apply


def _publish_complaints_to_nobody(graph: list[StackResource]) -> None:
    topic = copy_of(resource_named(graph, "topic"), "nobody")
    policy = copy_of(resource_named(graph, "topic-policy"), "nobody-policy")
    text = policy.inputs["policy"].replace(resource_named(graph, "topic")["arn"], topic["arn"])
    policy.inputs |= {"arn": topic["arn"], "policy": text}
    identity = resource_named(graph, COMPLAINT_IDENTITY)
    identity.inputs["topicArn"] = topic["arn"]
    for resource, key in ((policy, "arn"), (policy, "policy"), (identity, "topicArn")):
        resource.property_dependencies[key] = [topic.name]
    graph[:] = [topic, policy, *graph]


def _map_other_queue(graph: list[StackResource]) -> None:
    mapping, queue = resource_named(graph, "mapping"), resource_named(graph, "dead-letters")
    mapping.inputs["eventSourceArn"] = queue["arn"]
    mapping.property_dependencies["eventSourceArn"] = [queue.name]


def _remove_topics_in_ses(graph: list[StackResource]) -> None:
    graph[:] = [resource for resource in graph if resource.type != IDENTITY_TOPIC]


def _change_destination(name: str, **changes: object) -> GraphChange:
    def apply(graph: list[StackResource]) -> None:
        resource_named(graph, name).inputs["eventDestination"].update(changes)

    return apply


def _only_read_tables(policy: dict[str, Any]) -> None:
    for statement in _statements_on("dynamodb", policy):
        statement["Action"] = ["dynamodb:GetItem"]


def _never_decrypt(policy: dict[str, Any]) -> None:
    for statement in _statements_on("kms", policy):
        policy["Statement"].remove(statement)


def _statements_on(service: str, policy: dict[str, Any]) -> list[dict[str, Any]]:
    return [statement for statement in policy["Statement"] if f'"{service}:' in json.dumps(statement["Action"])]


MUTATIONS = (
    Mutation("complaints have a topic", "bounce-and-complaint-topics", remove_resource(COMPLAINT_IDENTITY), IDENTITY),
    Mutation("bounces have a topic", "bounce-and-complaint-topics", remove_resource(IDENTITY), COMPLAINT_IDENTITY),
    Mutation("complaints of a configuration set are published", "bounce-and-complaint-topics",
             _publish_no_complaints, DESTINATION),
    Mutation("the event destination for complaints is enabled", "event-destination-enabled",
             _change_destination(COMPLAINT_DESTINATION, enabled=False), COMPLAINT_DESTINATION),
    Mutation("complaints of a configuration set go to a topic", "bounce-and-complaint-topics",
             _change_destination(COMPLAINT_DESTINATION, snsDestination=None), DESTINATION, ("own",)),
    Mutation("complaints go to a topic", "bounce-and-complaint-topics",
             set_input(COMPLAINT_IDENTITY, "topicArn", None), IDENTITY),
    Mutation("no original headers", "original-headers-excluded",
             set_input("example.com", "includeOriginalHeaders", True), IDENTITY),
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
                              Condition={"ArnEqualsIfExists": {"aws:SourceArn": "<topic>"}})),
    Mutation("a negated condition does not restrict the topic", "queue-policy-restricts-sender",
             change_statement("queue-policy", TOPIC_SENDS, Condition={"ArnNotEquals": {"aws:SourceArn": "<topic>"}})),
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
    Mutation("many attempts end before the message expires", "queue-retention-covers-retries",
             set_input("queue", "visibilityTimeoutSeconds", 700)),
    Mutation("dead letters are kept longer, not as long", "dead-letter-queue-retention",
             chain(set_input("queue", "messageRetentionSeconds", 1_209_600))),
    Mutation("an outage of hours makes no dead letters", "queue-retries-last",
             edit_json("queue", "redrivePolicy", lambda policy: policy.update(maxReceiveCount=5))),
    Mutation("dead letters are kept longer", "dead-letter-queue-retention",
             set_input("dead-letters", "messageRetentionSeconds", 300_000)),
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
    Mutation("an alarm on the dead-letter queue", "dead-letter-queue-alarm", remove_resource(f"{ALARM}-dead-letters"),
             f"{BASE}-dead-letters"),
    Mutation("an alarm on the subscription dead-letter queue", "dead-letter-queue-alarm",
             remove_resource(f"{ALARM}-subscription-dead-letters"),
             f"{BASE}-subscription-dead-letters"),
    Mutation("an alarm on the right metric", "dead-letter-queue-alarm",
             set_input(f"{ALARM}-dead-letters", "metricName", "NumberOfMessagesSent"), f"{BASE}-dead-letters"),
    Mutation("an alarm with an action", "dead-letter-queue-alarm",
             set_input(f"{ALARM}-dead-letters", "alarmActions", None), f"{BASE}-dead-letters"),
    Mutation("an alarm with actions enabled", "dead-letter-queue-alarm",
             set_input(f"{ALARM}-dead-letters", "actionsEnabled", False), f"{BASE}-dead-letters"),
    Mutation("an alarm on the right queue", "dead-letter-queue-alarm", _alarm_on_other_queue, f"{BASE}-dead-letters"),
    Mutation("an alarm at the first message", "dead-letter-queue-alarm",
             set_input(f"{ALARM}-dead-letters", "threshold", 100), f"{BASE}-dead-letters"),
    Mutation("an alarm with the right comparison", "dead-letter-queue-alarm",
             set_input(f"{ALARM}-dead-letters", "comparisonOperator", "LessThanThreshold"), f"{BASE}-dead-letters"),
    Mutation("encryption", "queue-encrypted",
             chain(set_input("queue", "sqsManagedSseEnabled", None), set_input("queue", "kmsMasterKeyId", None))),
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
             attach_policy("rolePolicyAttachment:RolePolicyAttachment", "role", str, policyArn=_SQS_FULL_ACCESS),
             f"{BASE}-role"),
    Mutation("no AWS managed policy for many roles", "lambda-role-no-wildcards",
             attach_policy("policyAttachment:PolicyAttachment", "roles", lambda role: [role],
             policyArn=_SQS_FULL_ACCESS),
             f"{BASE}-role"),
    Mutation("no AWS managed policy in a list", "lambda-role-no-wildcards",
             attach_policy("rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", "roleName", str,
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
             set_input("ses-feedback-history", "pointInTimeRecovery", {"enabled": False}), "ses-feedback-history",
             ("own",)),
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
    Mutation("the hash key", "table-hash-key", set_input(TABLE, "hashKey", "email"), TABLE, ("own",)),
    Mutation("the hash key's type", "table-hash-key",
             set_input(TABLE, "attributes", [{"name": name, "type": "B"} for name in ("value", "email")]), TABLE),
    # The way from each source to a table.
    Mutation("the bounce topic has a subscription", "topic-has-subscription", remove_resource(f"{BASE}-subscription"),
             f"{BASE}-topic"),
    Mutation("the complaint topic has a subscription", "topic-has-subscription",
             remove_resource(f"{COMPLAINT_BASE}-subscription"), f"{COMPLAINT_BASE}-topic", ("own",)),
    Mutation("complaints go to a topic with a subscription", "topic-has-subscription", _publish_complaints_to_nobody,
             "nobody"),
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
             subscribe_function(principal="sns.amazonaws.com", sourceArn=f"arn:aws:sns:eu-west-1:{_ACCOUNT}:other"),
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
             _change_destination(COMPLAINT_DESTINATION, enabled=None), COMPLAINT_DESTINATION),
    Mutation("e-mails are forwarded without a topic", "email-forwarding-needs-topics",
             _disable_forwarding(IDENTITY, COMPLAINT_IDENTITY), "forwarding"),
    Mutation("complaints are forwarded without a topic for them", "email-forwarding-needs-topics",
             _disable_forwarding(COMPLAINT_IDENTITY), "forwarding"),
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
    Mutation("the queue itself has a consumer", "queue-has-consumer", _map_other_queue),
    Mutation("nobody gets feedback by http", "feedback-not-shared", _subscribe("http", "http://example.org/sns"),
             "other"),
    Mutation("nobody gets feedback by text message", "feedback-not-shared", _subscribe("sms", "+4930123456"), "other"),
    Mutation("the event destination is enabled for every type", "event-destination-enabled",
             chain(_change_destination(DESTINATION, enabled=False),
                    _change_destination(COMPLAINT_DESTINATION, enabled=False)), DESTINATION),
    # Policies as AWS evaluates them.
    Mutation("no network is required of SNS", "queue-policy-restricts-sender",
             add_statement("queue-policy", Effect="Deny", Principal="*", Action="sqs:SendMessage",
                           Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}})),
    Mutation("the policy with the rights is attached", "role-allows-feedback", remove_resource("reader-duties"),
             f"{BASE}-role", ("foreign",)),
    Mutation("the function may write a table", "role-allows-feedback",
             edit_json("role-policy", "policy", _only_read_tables), f"{BASE}-role"),
    Mutation("nothing denies the function", "role-allows-feedback",
             add_inline_policy(Effect="Deny", Action="dynamodb:*", Resource="*"), f"{BASE}-role"),
    Mutation("the function may decrypt", "role-allows-feedback", edit_json(QUEUE_RIGHTS, "policy", _never_decrypt),
             f"{BASE}-role", ("own with keys", "foreign")),
    Mutation("the key lets SES and SNS in", "kms-key-allows-services", change_statement(OWN_KEY_POLICY, USE_KEY),
             OWN_KEY,
             ("own with keys", "foreign")),
    Mutation("the key lets SES in", "kms-key-allows-services", change_statement(OWN_KEY_POLICY, USE_KEY,
             Principal=_SNS),
             OWN_KEY, ("own with keys", "foreign")),
    Mutation("the key lets SNS in", "kms-key-allows-services", change_statement(OWN_KEY_POLICY, USE_KEY,
             Principal=_SES),
             OWN_KEY, ("own with keys", "foreign")),
    Mutation("the key may be used to encrypt", "kms-key-allows-services",
             change_statement(OWN_KEY_POLICY, USE_KEY, Action="kms:Decrypt"), OWN_KEY, ("own with keys", "foreign")),
    Mutation("the key has a policy", "kms-key-allows-services", remove_resource(OWN_KEY_POLICY), OWN_KEY,
             ("own with keys", "foreign")),
    Mutation("the key lets this account's SES in", "kms-key-allows-services",
             change_statement(OWN_KEY_POLICY, USE_KEY, Condition=_FROM_OTHER_ACCOUNT), OWN_KEY, ("own with keys",
             "foreign")),
    Mutation("nothing denies SES the key", "kms-key-allows-services",
             add_statement(OWN_KEY_POLICY, Effect="Deny", Principal="*", Action="kms:GenerateDataKey*",
                           Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}), OWN_KEY,
             ("own with keys", "foreign")),
    # Policies that are evaluated: what they say to SES, SNS, Lambda and the function.
    Mutation("SES is not locked out by an organisation", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Effect="Deny", Principal="*", Action="sns:*",
                           Condition=_OUTSIDE_ORGANISATION),
             f"{BASE}-topic"),
    Mutation("SES is not locked out by an account", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Effect="Deny", Principal="*", Action="sns:Publish",
                           Condition={"StringNotEquals": {"aws:PrincipalAccount": _ACCOUNT}}), f"{BASE}-topic"),
    Mutation("SES is not locked out by addresses", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Effect="Deny", Principal="*", Action="sns:Publish",
                           Condition={"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), f"{BASE}-topic"),
    Mutation("SES is not locked out by an endpoint", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Effect="Deny", Principal="*", Action="sns:Publish",
                           Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}), f"{BASE}-topic"),
    Mutation("SES is not locked out by a NotPrincipal", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Effect="Deny", NotPrincipal={"AWS": _ACCOUNT}, Action="sns:Publish"),
             f"{BASE}-topic"),
    Mutation("the identity may publish", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Condition=_for_source("configuration-set/main")),
             f"{BASE}-topic"),
    Mutation("the configuration set may publish", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Condition=_for_source("identity/example.com")),
             f"{BASE}-topic"),
    Mutation("the identity of this Region may publish", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Condition={
                 "ArnLike": {"aws:SourceArn": f"arn:aws:ses:us-east-1:{_ACCOUNT}:*"}}), f"{BASE}-topic"),
    Mutation("SNS is not locked out by an organisation", "queue-policy-restricts-sender",
             add_statement("queue-policy", Effect="Deny", Principal="*", Action="sqs:*",
                           Condition=_OUTSIDE_ORGANISATION)),
    Mutation("SNS is not locked out of the subscription dead-letter queue", "queue-policy-restricts-sender",
             add_statement("subscription-dead-letters-policy", Effect="Deny", Principal={"AWS": "*"},
                           Action="sqs:SendMessage", Condition=_OUTSIDE_ORGANISATION),
             f"{BASE}-subscription-dead-letters"),
    Mutation("no statement denies the source", "queue-policy-restricts-sender",
             add_statement("queue-policy", Effect="Deny", Principal="*", Action="sqs:SendMessage",
                           Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{_ACCOUNT}:*-*"}})),
    Mutation("a condition that SNS never meets", "queue-policy-restricts-sender",
             change_statement("queue-policy", TOPIC_SENDS, Condition={
                 "ArnEquals": {"aws:SourceArn": "<topic>"}, "Null": {"aws:PrincipalOrgID": "false"}})),
    Mutation("SES may use the topic's key", "kms-key-allows-services",
             add_key(allow_key("sns"), "topic", "queue"), "key"),
    Mutation("SNS may use the queue's key", "kms-key-allows-services",
             add_key(allow_key("ses"), "topic", "queue"), "key"),
    Mutation("SNS may use the subscription dead-letter queue's key", "kms-key-allows-services",
             add_key(allow_key("ses"), "subscription-dead-letters"), "key"),
    Mutation("a key has another policy than AWS's default", "kms-key-allows-services", add_key(None, "topic"), "key"),
    Mutation("a key lets SES decrypt", "kms-key-allows-services",
             add_key(allow_key("ses", Action="kms:GenerateDataKey*"), "topic"), "key"),
    Mutation("a key lets SES of this account in", "kms-key-allows-services",
             add_key(allow_key("ses", Condition=_FROM_OTHER_ACCOUNT), "topic"), "key"),
    Mutation("a key locks no service out", "kms-key-allows-services",
             add_key([*allow_key("ses"), {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*",
                                          "Condition": _OUTSIDE_ORGANISATION}], "topic"), "key"),
    Mutation("a key by its alias", "kms-key-allows-services",
             add_key(allow_key("sns"), "topic", alias="alias/mail"), "key"),
    Mutation("a key with a separate policy", "kms-key-allows-services",
             chain(add_key(None, "topic"), add_key_policy(allow_key("sns"))), "key"),
    Mutation("the role has a policy", "role-allows-feedback",
             remove_resource("role-policy"), f"{BASE}-role"),
    Mutation("the function receives messages", "role-allows-feedback",
             change_statement(QUEUE_RIGHTS, RECEIVE_MESSAGES), f"{BASE}-role"),
    Mutation("the function deletes messages", "role-allows-feedback",
             change_statement(QUEUE_RIGHTS, RECEIVE_MESSAGES,
                              Action=["sqs:ReceiveMessage", "sqs:GetQueueAttributes"]), f"{BASE}-role"),
    Mutation("the function receives from this queue", "role-allows-feedback",
             change_statement(QUEUE_RIGHTS, RECEIVE_MESSAGES, Resource=f"arn:aws:sqs:eu-west-1:{_ACCOUNT}:other"),
             f"{BASE}-role"),
    Mutation("the function receives without a condition that it never meets", "role-allows-feedback",
             change_statement(QUEUE_RIGHTS, RECEIVE_MESSAGES, Condition=_WITHOUT_TLS), f"{BASE}-role"),
    Mutation("the queue's policy does not lock the function out", "role-allows-feedback",
             add_statement("queue-policy", Effect="Deny", Principal="*", Action="sqs:ReceiveMessage",
                           Condition={"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{_ACCOUNT}:role/other"}}),
             f"{BASE}-role"),
    Mutation("the role may write a table", "role-allows-feedback",
             chain(change_statement("role-policy", WRITE_BLOCKED_TABLE),
                   change_statement("role-policy", WRITE_HISTORY_TABLE, Action="dynamodb:BatchGetItem")),
             f"{BASE}-role", ("own",)),
    Mutation("nothing denies what the function writes", "role-allows-feedback",
             add_statement("role-policy", Effect="Deny", Action="dynamodb:*", Resource="*"), f"{BASE}-role"),
    Mutation("an inline policy denies nothing", "role-allows-feedback",
             set_input("role", "inlinePolicies", [{"policy": json.dumps({"Statement": {
                 "Effect": "Deny", "NotAction": "sqs:*", "Resource": "*"}})}]), f"{BASE}-role"),
    Mutation("the function decrypts messages", "role-allows-feedback",
             add_key(allow_key("ses", "sns"), "queue"), f"{BASE}-role"),
    Mutation("a key is enabled", "kms-key-allows-services",
             chain(add_key(allow_key("ses"), "topic"), set_input("key", "isEnabled", False)), "key"),
    Mutation("the subscription's dead-letter queue is not its queue", "subscription-dead-letter-queue",
             _keep_undelivered_in_queue, f"{BASE}-subscription"),
    Mutation("one resource sets the queue's policy", "queue-policy-restricts-sender",
             _set_policy_twice("queue-policy")),
    Mutation("one resource sets the topic's policy", "topic-policy-restricts-publisher",
             _set_policy_twice("topic-policy"), f"{BASE}-topic"),
    Mutation("a pipe runs", "queue-has-consumer", _add_pipe_instead(desiredState="STOPPED")),
    Mutation("a pipe has no filter", "queue-has-consumer",
             _add_pipe_instead(sourceParameters={"filterCriteria": {"filters": [{"pattern": "{}"}]}})),
    Mutation("the role may write the table that the function names", "role-allows-feedback",
             edit_json("role-policy", "policy", _write_misspelt_table), f"{BASE}-role"),
    Mutation("Lambda assumes the role", "role-allows-feedback",
             edit_json("role", "assumeRolePolicy", lambda policy: policy["Statement"][0].update(
                 Principal={"Service": "ec2.amazonaws.com"})), f"{BASE}-role"),
    Mutation("Lambda of this account assumes the role", "role-allows-feedback",
             edit_json("role", "assumeRolePolicy", lambda policy: policy["Statement"][0].update(
                 Condition=_FROM_OTHER_ACCOUNT)), f"{BASE}-role"),
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
