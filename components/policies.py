"""Policy documents, as plain data from plain values, so that a test can compare a whole document.

Sources: SES publishes with `aws:SourceAccount` and `aws:SourceArn` (SES Developer Guide, "Configuring Amazon SNS
notifications"); SNS delivers with `aws:SourceArn` (SNS Developer Guide, "Subscribing an Amazon SQS queue"); CloudWatch
notifies of alarms with both (SNS Developer Guide, "Example cases for Amazon SNS access control"). Whether a key is
sent in other calls is not always documented: `...IfExists` compares it where it is, and lets the call pass where it is
not (IAM User Guide, "Condition operators"). docs/adr/0016-rights.md says what is known of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.arn import Arn

Document = dict[str, Any]

READ_ACTIONS = ("dynamodb:BatchGetItem", "dynamodb:GetItem")
"""What a sender needs on the blocked table."""
BLOCKED_WRITE_ACTIONS = ("dynamodb:DeleteItem", "dynamodb:PutItem")
"""What a pipeline's function needs on the blocked table; a transaction is authorised by the actions inside it."""
HISTORY_WRITE_ACTIONS = ("dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
"""What a pipeline's function needs on the history table: its counts of a domain's bounces are updates."""


@dataclass(frozen=True)
class Grant:
    """Permission for principals to carry out actions: a statement of a resource policy."""

    sid: str
    principals: Sequence[str]
    """Account ids, ARNs of roles or users, organisation ids."""
    actions: Sequence[str]


def document(*statements: Mapping[str, Any]) -> Document:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": [dict(statement) for statement in statements]}


def function_trust_policy(account: str) -> Document:
    """Trust policy of the function's role: Lambda, for functions of this account.

    Lambda's guide does not say that it sends `aws:SourceAccount` when it assumes a role. A role cannot be passed to
    another account's function anyway (IAM User Guide, "Pass a role to an AWS service").
    """
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": account}},
        },
    )


def schedule_trust_policy(region: str, account: str, partition: str) -> Document:
    """Trust policy of a schedule's role: EventBridge Scheduler, for this account's default group of schedules.

    The condition names the group, as the guide demands; a schedule it must not name (EventBridge Scheduler User Guide,
    "Confused deputy prevention").
    """
    group = f"arn:{partition}:scheduler:{region}:{account}:schedule-group/default"
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account, "aws:SourceArn": group}},
        },
    )


def schedule_policy(function_arn: str) -> Document:
    """What a schedule's role does: it invokes one function."""
    return document(
        {"Sid": "InvokeFunction", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function_arn},
    )


def topic_policy(topic_arn: str, identities: Sequence[str], configuration_set: str | None) -> Document:
    """Only SES, only for this account, only for these identities and this configuration set."""
    topic = Arn.of(topic_arn)
    ses = f"arn:{topic.partition}:ses:{topic.region}:{topic.account}"
    source_arns = [f"{ses}:identity/{identity}" for identity in identities]
    if configuration_set:
        source_arns.append(f"{ses}:configuration-set/{configuration_set}")
    return document(
        {
            "Sid": "AllowSesPublish",
            "Effect": "Allow",
            "Principal": {"Service": "ses.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic_arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": topic.account, "aws:SourceArn": source_arns}},
        },
    )


def alarm_topic_policy(topic_arn: str) -> Document:
    """Only CloudWatch, only for alarms of this account in the topic's Region."""
    topic = Arn.of(topic_arn)
    alarms = f"arn:{topic.partition}:cloudwatch:{topic.region}:{topic.account}:alarm:*"
    return document(
        {
            "Sid": "AllowAlarmsPublish",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic_arn,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": topic.account},
                "ArnLike": {"aws:SourceArn": alarms},
            },
        },
    )


def queue_policy(queue_arn: str, topic_arn: str | None, senders: Sequence[str] = ()) -> Document:
    """TLS only; and only the topic, if one is given, and the roles and users `senders` may send.

    An identity policy of the account, such as `sqs:*` of an administrator, allows sending to any of its queues, so
    others are denied here. The topic is known by `aws:SourceArn`, which no principal can set; a role by
    `aws:PrincipalArn`, which is its own ARN and not that of its session. Each negated operator is also true where its
    key is absent, so the statement applies to whoever is none of them (IAM User Guide, "Condition operators"). An
    operator's redrive sends as that operator. SQS's own move to a
    dead-letter queue is no SendMessage (the metric NumberOfMessagesSent does not count it, and only the redrive allow
    policy governs it: "Using dead-letter queues in Amazon SQS").
    """
    allowed_senders = {
        **({"aws:SourceArn": topic_arn} if topic_arn else {}),
        **({"aws:PrincipalArn": sorted(senders)} if senders else {}),
    }
    statements: list[Document] = [
        {
            "Sid": "DenyInsecureTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": queue_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "DenyOtherSenders",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            **({"Condition": {"ArnNotEquals": allowed_senders}} if allowed_senders else {}),
        },
    ]
    if topic_arn:
        statements.append(
            {
                "Sid": "AllowTopicSendMessage",
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
            },
        )
    return document(*statements)


def function_policy(
    *,
    log_group_arn: str,
    receives_from: Sequence[str],
    sends_to: Sequence[str],
    blocked_table_arn: str,
    history_table_arn: str,
    kms_key_arn: str | None,
    table_kms_key_arn: str | None,
) -> Document:
    """What the function does, and nothing else; a customer key adds permission to use it.

    Lambda receives and deletes with this role. The function itself sends dead letters, delays what failed, and moves
    dead letters of an outage back, if it shall (docs/adr/0015-poison-and-outage.md).
    """
    statements: list[Document] = [
        {
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{log_group_arn}:*",
        },
        {
            "Sid": "ReceiveMessages",
            "Effect": "Allow",
            "Action": [
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
            ],
            "Resource": list(receives_from),
        },
        {
            "Sid": "SendMessages",
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": list(sends_to),
        },
        {
            "Sid": "WriteHistoryTable",
            "Effect": "Allow",
            "Action": list(HISTORY_WRITE_ACTIONS),
            "Resource": history_table_arn,
        },
        {
            "Sid": "WriteBlockedTable",
            "Effect": "Allow",
            "Action": list(BLOCKED_WRITE_ACTIONS),
            "Resource": blocked_table_arn,
        },
    ]
    if kms_key_arn:
        # To send, the sender needs both; to receive, Decrypt (SQS Developer Guide, "Key management").
        use_queues = _decrypt("UseQueueKey", kms_key_arn, _service_endpoint("sqs", receives_from[0]))
        statements.append({**use_queues, "Action": ["kms:Decrypt", "kms:GenerateDataKey"]})
    if table_kms_key_arn:
        statements.append(decrypt_table("DecryptTables", table_kms_key_arn, blocked_table_arn))
    return document(*statements)


def sender_policy(*, blocked_table_arn: str, replica_regions: Sequence[str], kms_key_arn: str | None) -> Document:
    """What a sender's role needs to read the blocked table, in the table's Region and wherever it is replicated."""
    replica_arns = [Arn.of(blocked_table_arn).in_region(region) for region in replica_regions]
    statements: list[Document] = [
        {
            "Sid": "ReadBlockedTable",
            "Effect": "Allow",
            "Action": list(READ_ACTIONS),
            "Resource": [blocked_table_arn, *replica_arns],
        },
    ]
    if kms_key_arn:
        statements.append(decrypt_table("DecryptBlockedTable", kms_key_arn, blocked_table_arn))
    return document(*statements)


def decrypt_table(sid: str, key_arn: str, table_arn: str) -> Document:
    """The statement that lets a reader or writer of a table use its customer key."""
    return _decrypt(sid, key_arn, _service_endpoint("dynamodb", table_arn))


def _decrypt(sid: str, key_arn: str, via_service: str) -> Document:
    condition = {"StringEquals": {"kms:ViaService": via_service}}
    return {"Sid": sid, "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key_arn, "Condition": condition}


def _service_endpoint(service: str, resource_arn: str) -> str:
    return f"{service}.{Arn.of(resource_arn).region}.amazonaws.com"


def key_policy(key_arn: str, table_principals: Sequence[str]) -> Document:
    """Policy of a key for topics, queues, alarms, logs and tables.

    SES, SNS and CloudWatch use it for this account only, as far as they name the account: AWS recommends
    `aws:SourceAccount` here (SNS Developer Guide, "Managing Amazon SNS encryption keys and costs"), SES's own example
    has no condition (SES Developer Guide, "Configuring Amazon SNS notifications"), and feedback is lost without an
    error if a service does not meet one. What they may encrypt is decided by the policies of topic and queue.
    """
    key = Arn.of(key_arn)
    log_groups = f"arn:{key.partition}:logs:{key.region}:{key.account}:*"
    statements: list[Document] = [
        {
            "Sid": "EnableIamUserPermissions",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{key.partition}:iam::{key.account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "AllowServicesEncryptMessages",
            "Effect": "Allow",
            "Principal": {"Service": ["cloudwatch.amazonaws.com", "ses.amazonaws.com", "sns.amazonaws.com"]},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": key.account}},
        },
        {
            "Sid": "AllowCloudWatchLogs",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{key.region}.amazonaws.com"},
            "Action": ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
        },
    ]
    decrypt_tables = Grant("DecryptTables", table_principals, ["kms:Decrypt"])
    via_dynamodb = {"kms:ViaService": _service_endpoint("dynamodb", key_arn)}
    return document(*statements, *_grant_statements(decrypt_tables, "*", key.partition, via_dynamodb))


def table_grants(readers: Sequence[str], writers: Sequence[str]) -> dict[str, list[Grant]]:
    """What principals of other accounts may do: on the blocked table, its replicas and the history table."""
    read_blocked = Grant("ReadBlockedTable", readers, READ_ACTIONS)
    write_blocked = Grant("WriteBlockedTable", writers, BLOCKED_WRITE_ACTIONS)
    write_history = Grant("WriteHistoryTable", writers, HISTORY_WRITE_ACTIONS)
    return {"blocked": [read_blocked, write_blocked], "replica": [read_blocked], "history": [write_history]}


def table_policy(table_arn: str, grants: Sequence[Grant]) -> Document:
    """Resource policy of a table."""
    partition = Arn.of(table_arn).partition
    return document(
        *(statement for grant in grants for statement in _grant_statements(grant, table_arn, partition, {}))
    )


def _grant_statements(grant: Grant, resource: str, partition: str, conditions: Mapping[str, Any]) -> list[Document]:
    """One statement for the accounts, roles and users of a grant, and one for its organisations."""
    organisations = sorted(principal for principal in grant.principals if principal.startswith("o-"))
    principal_arns = sorted(
        f"arn:{partition}:iam::{principal}:root" if principal.isdigit() else principal
        for principal in grant.principals
        if principal not in organisations
    )
    allow: Document = {"Effect": "Allow", "Action": list(grant.actions), "Resource": resource}
    statements: list[Document] = []
    if principal_arns:
        condition = {"Condition": {"StringEquals": dict(conditions)}} if conditions else {}
        statements.append({"Sid": grant.sid, "Principal": {"AWS": principal_arns}, **condition, **allow})
    if organisations:
        condition = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": organisations, **conditions}}}
        statements.append({"Sid": f"{grant.sid}InOrganisation", "Principal": {"AWS": "*"}, **condition, **allow})
    return statements
