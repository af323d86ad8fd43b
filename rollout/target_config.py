"""Derives the configuration of one target's stack, in the form that `stack.config` and Pulumi's AWS provider read."""

import json
from collections.abc import Mapping
from dataclasses import fields

from components.blocked_table_args import TableSettings
from components.inputs import camel_case

from .targets import Canary, Hub, Target, TargetsFile
from .yaml_reader import Node

PROJECT = "ses-feedback"
ROLE_SESSION_NAME = "ses-feedback-rollout"
"""The session name of every role that the rollout assumes, which AWS CloudTrail shows."""
TABLE_ARN_KEYS = ("blockedTableArn", "historyTableArn")
"""Configuration keys of a member's stack whose values are outputs of the hub's stack."""
TABLE_KMS_KEY_ARN = "tableKmsKeyArn"
"""One more such key, where the hub's stack creates KMS keys."""
PRINCIPAL_KEYS = ("writerPrincipals", "readerPrincipals")
"""Configuration keys of the hub's stack: who may write and read its tables from other accounts."""
TABLE_SETTINGS = {camel_case(field.name): field.default for field in fields(TableSettings)}
"""Configuration keys that only the hub's stack has, since its tables decide for all; each with its default."""


def is_hub(target: Target, hub: Hub) -> bool:
    """Whether a target's stack owns the tables."""
    return (target.account.name, target.region) == (hub.account_name, hub.region)


def is_canary(target: Target, canary: Canary | None) -> bool:
    """Whether a target's stack is updated before the hub's."""
    return canary is not None and (target.account.name, target.region) == (canary.account_name, canary.region)


def has_own_tables(target: Target, targets_file: TargetsFile) -> bool:
    """Whether a target is the canary or the hub; all others are members, and write to the hub's tables."""
    hub = targets_file.hub
    return is_canary(target, targets_file.canary) or (hub is not None and is_hub(target, hub))


def member_account_ids(targets_file: TargetsFile, hub: Hub) -> list[str]:
    """The ids of all accounts with a member but the hub's own, which needs no rights at its tables."""
    return sorted(
        {
            target.account.id
            for target in targets_file.targets
            if target.account.id
            and not has_own_tables(target, targets_file)
            and target.account.name != hub.account_name
        }
        - {""}  # an id that could not be read
    )


def own_nodes(target: Target, targets_file: TargetsFile, hub: Hub) -> dict[str, Node]:
    """What `config` sets for a target, by key: its own and, for the hub and the canary, theirs."""
    canary = targets_file.canary
    return {
        **target.config,
        **(hub.config if is_hub(target, hub) else {}),
        **(canary.config if canary and is_canary(target, canary) else {}),
    }


def program_config(target: Target, targets_file: TargetsFile, hub: Hub) -> dict[str, object]:
    """The configuration keys of the program, without those that come from the outputs of the hub's stack."""
    nodes = own_nodes(target, targets_file, hub)
    own_tables = has_own_tables(target, targets_file)
    config = {key: node.plain for key, node in nodes.items() if own_tables or key not in TABLE_SETTINGS}
    config["sources"] = target.sources.plain
    if is_hub(target, hub):
        account_ids = member_account_ids(targets_file, hub)
        config["writerPrincipals"] = account_ids if hub.writers is None else hub.writers
        config["readerPrincipals"] = account_ids if hub.readers is None else hub.readers
    return config


def provider_config(target: Target) -> dict[str, object]:
    """The configuration keys of the AWS provider, which refuses every account but the target's."""
    config: dict[str, object] = {"aws:region": target.region, "aws:allowedAccountIds": [target.account.id]}
    if role_arns := target.account.role_arns:
        config["aws:assumeRoles"] = [{"roleArn": arn, "sessionName": ROLE_SESSION_NAME} for arn in role_arns]
    return config


def hub_creates_kms_keys(targets_file: TargetsFile, hub: Hub) -> bool:
    """Whether the tables are encrypted with a KMS key that the hub's stack creates."""
    hub_target = next((target for target in targets_file.targets if is_hub(target, hub)), None)
    node = {**(hub_target.config if hub_target else {}), **hub.config}.get("createKmsKeys")
    return node is not None and node.plain is True


def placeholder_outputs(region: str, account_id: str) -> dict[str, str]:
    """Placeholder ARNs, which pass the checks, for what the hub's stack has not created yet."""
    tables = f"arn:aws:dynamodb:{region}:{account_id}:table/"
    outputs = {key: f"{tables}known-after-the-update-of-the-hub-{key[:7]}" for key in TABLE_ARN_KEYS}
    kms_key_arn = f"arn:aws:kms:{region}:{account_id}:key/00000000-0000-0000-0000-000000000000"
    return outputs | {TABLE_KMS_KEY_ARN: kms_key_arn}


def encode_config(config: Mapping[str, object]) -> dict[str, str]:
    """Configuration as the Pulumi engine passes it to the program: every value is a string."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
