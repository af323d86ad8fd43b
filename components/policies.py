"""Policy documents, as plain data from plain values, so that a test can compare a whole document.

Facts: SES publishes with `aws:SourceAccount` and `aws:SourceArn` (SES Developer Guide, "Configuring Amazon SNS
notifications"); SNS delivers with `aws:SourceArn` (SNS Developer Guide, "Subscribing an Amazon SQS queue"); CloudWatch
notifies of alarms with both (SNS Developer Guide, "Example cases for Amazon SNS access control").
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Document = dict[str, Any]

READ_ACTIONS = ("dynamodb:BatchGetItem", "dynamodb:GetItem")
"""What a sender needs on the blocked table."""
BLOCKED_WRITE_ACTIONS = ("dynamodb:DeleteItem", "dynamodb:PutItem")
"""What a pipeline's function needs on the blocked table; a transaction is authorised by the actions inside it."""
HISTORY_WRITE_ACTIONS = ("dynamodb:BatchGetItem", "dynamodb:PutItem")
"""What a pipeline's function needs on the history table."""


class Arn(NamedTuple):
    """The parts of an ARN."""

    prefix: str
    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def of(cls, text: str) -> "Arn":
        """Split `text`; a resource may itself hold colons."""
        return cls(*text.split(":", 5))


def in_region(arn: str, region: str) -> str:
    """`arn` of the same resource in another Region: a replica's."""
    return ":".join(Arn.of(arn)._replace(region=region))


def document(*statements: Mapping[str, Any]) -> Document:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": [dict(statement) for statement in statements]}


def assume_by_lambda() -> Document:
    """Trust policy of the function's role."""
    return document(
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    )


def topic_policy(topic_arn: str, identities: Sequence[str], configuration_set: str | None) -> Document:
    """Only SES, only for this account, only for these identities and this configuration set."""
    topic = Arn.of(topic_arn)
    ses = f"arn:{topic.partition}:ses:{topic.region}:{topic.account}"
    sources = [f"{ses}:identity/{identity}" for identity in identities]
    if configuration_set:
        sources.append(f"{ses}:configuration-set/{configuration_set}")
    return document(
        {
            "Sid": "SesPublishes",
            "Effect": "Allow",
            "Principal": {"Service": "ses.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic_arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": topic.account, "aws:SourceArn": sources}},
        },
    )


def alarm_topic_policy(topic_arn: str) -> Document:
    """Only CloudWatch, only for alarms of this account in the topic's Region."""
    topic = Arn.of(topic_arn)
    alarms = f"arn:{topic.partition}:cloudwatch:{topic.region}:{topic.account}:alarm:*"
    return document(
        {
            "Sid": "AlarmsPublish",
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


def queue_policy(queue_arn: str, topic_arn: str | None) -> Document:
    """TLS only; and only this topic may send, where there is one."""
    statements: list[Document] = [
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": queue_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]
    if topic_arn:
        statements.append(
            {
                "Sid": "TopicSends",
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
    queue_arn: str,
    blocked_table_arn: str,
    history_table_arn: str,
    kms_key_arn: str | None,
    table_kms_key_arn: str | None,
) -> Document:
    """What the function does, and nothing else; a customer key adds the right to decrypt."""
    statements: list[Document] = [
        {
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{log_group_arn}:*",
        },
        {
            "Sid": "TakeFeedback",
            "Effect": "Allow",
            "Action": ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
            "Resource": queue_arn,
        },
        {
            "Sid": "KeepHistory",
            "Effect": "Allow",
            "Action": list(HISTORY_WRITE_ACTIONS),
            "Resource": history_table_arn,
        },
        {
            "Sid": "BlockAddresses",
            "Effect": "Allow",
            "Action": list(BLOCKED_WRITE_ACTIONS),
            "Resource": blocked_table_arn,
        },
    ]
    if kms_key_arn:
        statements.append(_decrypt("DecryptQueue", kms_key_arn, f"sqs.{Arn.of(queue_arn).region}.amazonaws.com"))
    if table_kms_key_arn:
        via = f"dynamodb.{Arn.of(blocked_table_arn).region}.amazonaws.com"
        statements.append(_decrypt("DecryptTables", table_kms_key_arn, via))
    return document(*statements)


def _decrypt(sid: str, key_arn: str, via: str) -> Document:
    condition = {"StringEquals": {"kms:ViaService": via}}
    return {"Sid": sid, "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key_arn, "Condition": condition}


def sender_policy(blocked_table_arn: str, replica_regions: Sequence[str], kms_key_arn: str | None) -> Document:
    """What a sender's role needs to ask about an address, in the table's Region and wherever it is replicated."""
    home = Arn.of(blocked_table_arn)
    arns = [blocked_table_arn, *(in_region(blocked_table_arn, region) for region in replica_regions)]
    statements: list[Document] = [
        {"Sid": "AskBlockedTable", "Effect": "Allow", "Action": list(READ_ACTIONS), "Resource": arns},
    ]
    if kms_key_arn:
        statements.append(_decrypt("DecryptBlockedTable", kms_key_arn, f"dynamodb.{home.region}.amazonaws.com"))
    return document(*statements)


def key_policy(key_arn: str, table_principals: Sequence[str]) -> Document:
    """Policy of a key for topics, queues, alarms, logs and tables.

    The services that send carry no condition: SES's own example has none (SES Developer Guide, "Configuring Amazon SNS
    notifications"), and one that a service does not meet loses feedback without a word. What they may encrypt is
    decided by the policies of topic and queue.
    """
    key = Arn.of(key_arn)
    logs = f"arn:{key.partition}:logs:{key.region}:{key.account}:*"
    statements: list[Document] = [
        {
            "Sid": "AccountManages",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{key.partition}:iam::{key.account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "ServicesSend",
            "Effect": "Allow",
            "Principal": {"Service": ["cloudwatch.amazonaws.com", "ses.amazonaws.com", "sns.amazonaws.com"]},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
        },
        {
            "Sid": "LogsAreKept",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{key.region}.amazonaws.com"},
            "Action": ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}},
        },
    ]
    via = {"kms:ViaService": f"dynamodb.{key.region}.amazonaws.com"}
    tables: Document = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
    return document(*statements, *_named("TablesAreUsed", key.partition, table_principals, tables, via))


def _named(
    sid: str, partition: str, principals: Sequence[str], base: Document, equals: Mapping[str, Any]
) -> list[Document]:
    """`base` for these principals: one statement for accounts, roles and users, one for organisations."""
    organisations = sorted(principal for principal in principals if principal.startswith("o-"))
    named = sorted(
        f"arn:{partition}:iam::{principal}:root" if principal.isdigit() else principal
        for principal in principals
        if principal not in organisations
    )
    statements: list[Document] = []
    if named:
        condition = {"Condition": {"StringEquals": dict(equals)}} if equals else {}
        statements.append({"Sid": sid, "Principal": {"AWS": named}, **condition, **base})
    if organisations:
        condition = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": organisations, **equals}}}
        statements.append({"Sid": f"{sid}InOrganisation", "Principal": {"AWS": "*"}, **condition, **base})
    return statements


def table_policy(table_arn: str, grants: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> Document:
    """Resource policy of a table; `grants` maps a statement id to (principals, actions).

    A principal is an account id, a role's or user's ARN, or an organisation id.
    """
    partition = Arn.of(table_arn).partition
    statements: list[Document] = []
    for sid, (principals, actions) in grants.items():
        base: Document = {"Effect": "Allow", "Action": list(actions), "Resource": table_arn}
        statements += _named(sid, partition, principals, base, {})
    return document(*statements)
