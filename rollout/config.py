"""The configuration of one target's stack, as `stack.config` and the AWS provider expect it."""

import json
from collections.abc import Mapping

from .targets import Hub, Target, Targets

PROJECT = "ses-feedback"
FROM_HUB = ("blockedTableArn", "historyTableArn")
"""The keys of a member's stack whose values are outputs of the hub's stack."""
TABLE_KEY = "tableKmsKeyArn"
"""Another, where the hub makes keys."""


def is_hub(target: Target, hub: Hub) -> bool:
    """Whether a target's stack owns the tables."""
    return (target.account.name, target.region) == (hub.account, hub.region)


def own(target: Target, targets: Targets, hub: Hub) -> dict[str, object]:
    """The keys of the program, without those that are known only once the hub's stack is up."""
    nodes = {**target.config, **(hub.config if is_hub(target, hub) else {})}
    config = {key: node.plain for key, node in nodes.items()} | {"sources": target.sources.plain}
    if is_hub(target, hub):
        others = sorted({other.account.id for other in targets.targets} - {target.account.id})
        config["writerPrincipals"] = others if hub.writers is None else hub.writers
        config["readerPrincipals"] = others if hub.readers is None else hub.readers
    return config


def provider(target: Target) -> dict[str, object]:
    """The keys of the AWS provider. It refuses every account but the target's before it does anything."""
    roles = [role.replace("{account}", target.account.id) for role in target.account.roles or ()]
    config: dict[str, object] = {"aws:region": target.region, "aws:allowedAccountIds": [target.account.id]}
    if roles:
        config["aws:assumeRoles"] = [{"roleArn": role, "sessionName": "ses-feedback-rollout"} for role in roles]
    return config


def makes_keys(targets: Targets, hub: Hub) -> bool:
    """Whether the tables are under a key that the hub's stack makes."""
    owner = next((target for target in targets.targets if is_hub(target, hub)), None)
    key = {**(owner.config if owner else {}), **hub.config}.get("createKmsKeys")
    return key is not None and key.plain is True


def stand_ins(region: str, account: str) -> dict[str, str]:
    """ARNs of the right form for what the hub's stack has yet to make."""
    arn = f"arn:aws:dynamodb:{region}:{account}:table/"
    tables = {key: f"{arn}known-when-the-hub-is-up-{key[:7]}" for key in FROM_HUB}
    return tables | {TABLE_KEY: f"arn:aws:kms:{region}:{account}:key/00000000-0000-0000-0000-000000000000"}


def texts(config: Mapping[str, object]) -> dict[str, str]:
    """Configuration as the engine hands it over: every value a text."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
