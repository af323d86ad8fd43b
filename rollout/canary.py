"""Checks the canary of a targets file: the target that is updated before the hub."""

from .target_config import is_canary, is_hub
from .targets import Account, Canary, TargetsFile
from .yaml_reader import YamlReader

CANARY_WAVE = "canary"
"""The name of the wave of the canary stack."""


def has_only_canary(account: Account, targets_file: TargetsFile) -> bool:
    """Whether the canary stack is the account's only stack, so that no other wave can have the account."""
    targets = [target for target in targets_file.targets if target.account is account]
    return bool(targets) and all(is_canary(target, targets_file.canary) for target in targets)


def check_canary(reader: YamlReader, targets_file: TargetsFile, canary: Canary) -> None:
    """Add to `reader.problems` what does not fit between the canary and the rest of the file."""
    name, region = canary.account_name, canary.region
    target = next((target for target in targets_file.targets if is_canary(target, canary)), None)
    if target is None and reader.is_sound("accounts"):
        message = f"canary: there is no target {name} in {region}; accounts must have it, with this Region"
        reader.add_problem(canary.node, message)
    elif target and targets_file.hub and is_hub(target, targets_file.hub):
        message = f"canary: {name} in {region} is the hub, before which the canary is updated: name another target"
        reader.add_problem(canary.node, message)
    for wave in targets_file.waves:
        if wave.name == CANARY_WAVE:
            requirement = "another name is needed: the wave of the canary stack, before the hub's, has this name"
            reader.add_value_problem(wave.node.find("name"), requirement)
