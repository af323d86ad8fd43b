"""Checks the canary of a targets file: the target that is updated before the hub."""

from .target_config import is_canary, is_hub
from .targets import Canary, Hub, TargetsFile
from .wave_validation import names_are_sound
from .words import did_you_mean
from .yaml_reader import YamlReader

CANARY_WAVE = "canary"
"""The name of the wave of the canary stack."""


def add_missing_target(reader: YamlReader, targets_file: TargetsFile, owner: Hub | Canary) -> None:
    """Record that there is no target of the hub or the canary, unless its account could not be read."""
    accounts = targets_file.accounts
    same_name = [account for account in accounts if account.name == owner.account_name]
    read_paths = [f"{account.node.path}.regions" for account in same_name]
    if not reader.is_sound(*read_paths) or (not same_name and not names_are_sound(reader, accounts)):
        return
    regions = [target.region for target in targets_file.targets if target.account in same_name]
    meant = (
        did_you_mean(owner.region, regions)
        if same_name
        else did_you_mean(owner.account_name, [account.name for account in accounts])
    )
    subject = f"{owner.node.path}: there is no target {owner.account_name} in {owner.region}"
    reader.add_problem(owner.node, f"{subject}; accounts must have it, with this Region{meant}")


def check_canary(reader: YamlReader, targets_file: TargetsFile, canary: Canary) -> None:
    """Add to `reader.problems` what does not fit between the canary and the rest of the file."""
    name, region = canary.account_name, canary.region
    target = next((target for target in targets_file.targets if is_canary(target, canary)), None)
    if target is None:
        add_missing_target(reader, targets_file, canary)
    elif targets_file.hub and is_hub(target, targets_file.hub):
        message = f"canary: {name} in {region} is the hub, before which the canary is updated: name another target"
        reader.add_problem(canary.node, message)
    for wave in targets_file.waves:
        if wave.name == CANARY_WAVE:
            requirement = "another name is needed: the wave of the canary stack, before the hub's, has this name"
            reader.add_value_problem(wave.node.find("name"), requirement)
