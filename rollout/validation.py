"""Checks what must hold between the parts of a targets file, and collects every mistake with its line."""

import re
from collections.abc import Iterable, Mapping

from components.arn import Arn
from components.inputs import InputError
from stack.config import parse

from .aws_regions import dynamodb_region
from .canary import add_missing_target, check_canary
from .organization import read_organization
from .role_validation import check_roles
from .target_config import (
    TABLE_KMS_KEY_ARN,
    TABLE_SETTINGS,
    encode_config,
    has_own_tables,
    hub_creates_kms_keys,
    is_hub,
    own_nodes,
    placeholder_outputs,
    program_config,
)
from .targets import Hub, Target, TargetsFile
from .wave_validation import check_waves
from .words import did_you_mean, listed
from .yaml_reader import Node, YamlReader

_UNKNOWN_ACCOUNT_ID = "000000000000"
"""In the place of an id that could not be read, so that the rest can be checked."""


def validate(reader: YamlReader, targets_file: TargetsFile) -> None:
    """Add what does not fit together to `reader.problems`; what follows from another problem is left out."""
    accounts, waves = targets_file.accounts, targets_file.waves
    _check_unique(reader, [(account.name, account.node, "name") for account in accounts])
    _check_unique(reader, [(account.id, account.node, "id") for account in accounts])
    _check_unique(reader, [(wave.name, wave.node, "name") for wave in waves])
    check_roles(reader, accounts)
    _check_regions(reader, targets_file)
    if targets_file.organization:
        read_organization(reader, targets_file.organization)
    if targets_file.canary:
        check_canary(reader, targets_file, targets_file.canary)
    if targets_file.hub:
        _check_hub(reader, targets_file, targets_file.hub)
    check_waves(reader, targets_file)


def _check_unique(reader: YamlReader, named_nodes: Iterable[tuple[str, Node, str]]) -> None:
    """Check that no two nodes have the same name or id, which is the value of `key` in each."""
    first_nodes: dict[str, Node] = {}
    for name, parent, key in named_nodes:
        node = parent.find(key)
        if name and name in first_nodes and reader.is_sound(f"{parent.path}.name"):
            first = first_nodes[name]
            reader.add_value_problem(node, f"{first.path} in line {first.line} has it already")
        first_nodes.setdefault(name, node)


def _check_regions(reader: YamlReader, targets_file: TargetsFile) -> None:
    """Check that each Region of a target is in `regions`: one problem for each that is not."""
    if not reader.is_sound("regions"):
        return
    targets_by_region: dict[str, list[Target]] = {}
    for target in targets_file.targets:
        if target.region not in targets_file.regions:
            targets_by_region.setdefault(target.region, []).append(target)
    for region, (first, *others) in targets_by_region.items():
        message = f"{region} is not in regions, which has {', '.join(targets_file.regions)}"
        also = f"; it is also in {listed(other.node.path for other in others)}" if others else ""
        meant = did_you_mean(region, targets_file.regions)
        reader.add_problem(first.node, f"{first.node.path}: {message}{also}{meant}")


def _check_hub(reader: YamlReader, targets_file: TargetsFile, hub: Hub) -> None:
    hub_target = next((target for target in targets_file.targets if is_hub(target, hub)), None)
    if hub_target is None:
        add_missing_target(reader, targets_file, hub)
        return
    _check_writers(reader, targets_file, hub)
    outputs = placeholder_outputs(hub.region, hub_target.account.id or _UNKNOWN_ACCOUNT_ID)
    if not hub_creates_kms_keys(targets_file, hub):
        del outputs[TABLE_KMS_KEY_ARN]
    _check_table_settings(reader, targets_file, hub, hub_target)
    for target in targets_file.targets:
        config = program_config(target, targets_file, hub)
        config |= {} if has_own_tables(target, targets_file) else outputs
        _check_config(reader, target, own_nodes(target, targets_file, hub), config)


def _check_writers(reader: YamlReader, targets_file: TargetsFile, hub: Hub) -> None:
    """Check that every account with a pipeline may write to the tables; an organization id may include them all."""
    if hub.writers is None or any(principal.startswith("o-") for principal in hub.writers):
        return
    if not reader.is_sound(f"{hub.node.path}.writers"):
        return
    member_ids = {
        target.account.id
        for target in targets_file.targets
        if not has_own_tables(target, targets_file)
        and target.account.name != hub.account_name
        and reader.is_sound(f"{target.account.node.path}.id", f"{target.account.node.path}.roles")
    }
    arn_accounts = {Arn.of(principal).account for principal in hub.writers if ":" in principal}
    if missing := sorted(member_ids - arn_accounts - {*hub.writers}):
        requirement = (
            f"account {missing[0]} has a pipeline and must be among them"
            if len(missing) == 1
            else f"accounts {listed(missing)} have pipelines and must be among them"
        )
        reader.add_value_problem(hub.node.find("writers"), requirement)


def _check_table_settings(reader: YamlReader, targets_file: TargetsFile, hub: Hub, hub_target: Target) -> None:
    """Check that no member configures other settings than the hub, whose tables decide for all."""
    hub_config = program_config(hub_target, targets_file, hub)
    for target in targets_file.targets:
        is_member = not has_own_tables(target, targets_file)
        for key in sorted(TABLE_SETTINGS.keys() & target.config.keys()) if is_member else []:
            node, hub_value = target.config[key], hub_config.get(key, TABLE_SETTINGS[key])
            if node.plain != hub_value:
                reader.add_value_problem(
                    node, f"leave it out, or {hub_value!r}, as the hub has it: the hub's tables decide for all stacks"
                )


def _check_config(reader: YamlReader, target: Target, nodes: Mapping[str, Node], config: dict[str, object]) -> None:
    """Check each source, then the whole configuration, with the program's own check."""
    region, path = target.region, target.node.path
    for index, source in enumerate(target.sources.value if isinstance(target.sources.value, list) else []):
        if not reader.is_sound(source.path):
            continue  # it has a region, which is already a problem from reading the file
        try:
            parse(encode_config({"sources": [source.plain]}), region)
        except InputError as error:
            node = source.find(error.name.removeprefix("sources[0]"))
            message = str(error).replace("sources[0]", f"sources[{index}]", 1)
            reader.add_problem(node, f"{path}.{message}")
    account_path = target.account.node.path
    if not reader.is_sound(path, f"{account_path}.name", f"{account_path}.config", "defaults", "hub", "canary"):
        return
    try:
        parse(encode_config(config), region)
    except InputError as error:
        node = _node_of_error(target, nodes, error)
        # One message for a value in `defaults` or an account's `config`, not one for every target.
        config_path = path if node.path.startswith(path) else node.path.partition(".config")[0].partition(".")[0]
        reader.add_problem(node, f"{config_path}: {error}")
    else:
        for entry in _entries(nodes.get("replicaRegions")):
            reader.read_value(entry, dynamodb_region)


def _entries(node: Node | None) -> list[Node]:
    return node.value if node and isinstance(node.value, list) else []


def _node_of_error(target: Target, config: Mapping[str, Node], error: InputError) -> Node:
    """The value that an error of the program's check is about, or one that the error mentions."""
    key = re.split(r"[.\[]", error.name)[0]
    if key == "sources":
        return target.sources.find(error.name.removeprefix("sources"))
    nodes = {**config, "sources": target.sources}
    return nodes.get(key) or next((nodes[other] for other in nodes if other in str(error)), target.node)
