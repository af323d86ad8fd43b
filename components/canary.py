"""What a canary sends and may do, as plain data from plain values, so that a test can compare it whole.

Sources: SES checks the right to send on the identity, and on the configuration set where one applies, the identity's
default one included (Service Authorization Reference, SES, SendEmail; its errors name either); `ses:FromAddress` and
`ses:Recipients` are sent with SendEmail (SES Developer Guide, "Identity and access management").
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from components.arn import Arn
from components.policies import Document, decrypt_table, document

_SIMULATOR = "simulator.amazonses.com"
_LONGEST_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1
_DIGEST_LENGTH = 8


def simulator_addresses(name: str, log_group_arn: str, pipelines: Mapping[str, str]) -> dict[str, str]:
    """The address that each pipeline's mail goes to, by the pipeline's name; ``pipelines`` are names by kind.

    The label is of this canary alone, also where many accounts and Regions write to one table: its end stands for
    account, Region and name. Two canaries with one address would each find the other's mail.
    """
    canary = Arn.of(log_group_arn)
    digest = hashlib.sha256(f"{canary.account}:{canary.region}:{name}".encode()).hexdigest()[:_DIGEST_LENGTH]
    return {pipeline: f"{_local_part(kind, name.lower(), digest)}@{_SIMULATOR}" for kind, pipeline in pipelines.items()}


def _local_part(kind: str, name: str, digest: str) -> str:
    room = _LONGEST_LOCAL_PART - len(f"{kind}+-{digest}")
    return f"{kind}+{name[:room].rstrip('-')}-{digest}"


def sending_identities(sender: str) -> list[str]:
    """The identities by which SES may send as an address: itself, its domain, and the domains above that."""
    labels = sender.rpartition("@")[2].split(".")
    return [sender, *(".".join(labels[start:]) for start in range(len(labels) - 1))]


def canary_policy(
    *,
    log_group_arn: str,
    blocked_table_arn: str,
    sender: str,
    addresses: Mapping[str, str],
    configuration_set: str | None,
    table_kms_key_arn: str | None,
) -> Document:
    """What the canary's function does, and nothing else: it mails these addresses and reads what blocks them."""
    log_group = Arn.of(log_group_arn)
    ses = f"arn:{log_group.partition}:ses:{log_group.region}:{log_group.account}"
    send_by = [f"{ses}:identity/{identity}" for identity in sending_identities(sender)]
    send_by += [f"{ses}:configuration-set/{configuration_set}"] if configuration_set else []
    recipients = sorted(addresses.values())
    statements: list[dict[str, Any]] = [
        {
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{log_group_arn}:*",
        },
        {
            "Sid": "MailSimulator",
            "Effect": "Allow",
            "Action": "ses:SendEmail",
            "Resource": send_by,
            "Condition": {
                "StringEquals": {"ses:FromAddress": sender},
                "ForAllValues:StringEquals": {"ses:Recipients": recipients},
            },
        },
        {
            "Sid": "ReadBlocks",
            "Effect": "Allow",
            "Action": "dynamodb:GetItem",
            "Resource": blocked_table_arn,
            "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": recipients}},
        },
    ]
    if table_kms_key_arn:
        statements.append(decrypt_table("DecryptBlockedTable", table_kms_key_arn, blocked_table_arn))
    return document(*statements)
