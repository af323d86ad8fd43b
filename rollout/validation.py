"""Checks what must hold between the parts of a targets file, and collects every mistake with its line."""

import re
from collections.abc import Collection, Iterable

from components.arn import Arn
from components.inputs import InputError
from stack.config import parse

from .canary import check_canary, has_only_canary
from .organization import read_organization
from .target_config import (
    TABLE_KMS_KEY_ARN,
    TABLE_SETTINGS,
    encode_config,
    has_own_tables,
    hub_creates_kms_keys,
    is_hub,
    member_account_ids,
    placeholder_outputs,
    program_config,
)
from .targets import Account, Hub, Target, TargetsFile, Wave
from .yaml_reader import Node, YamlReader


def validate(reader: YamlReader, targets_file: TargetsFile) -> None:
    """Add what does not fit together to `reader.problems`."""
    accounts, waves = targets_file.accounts, targets_file.waves
    _check_unique(reader, [(account.name, account.node.find("name")) for account in accounts])
    _check_unique(reader, [(account.id, account.node.find("id")) for account in accounts])
    _check_unique(reader, [(wave.name, wave.node.find("name")) for wave in waves])
    for account in accounts:
        _check_roles(reader, account)
    for target in targets_file.targets:
        if targets_file.regions and target.region not in targets_file.regions:
            message = f"{target.region} is not in regions, which has {', '.join(targets_file.regions)}"
            reader.add_problem(target.node, f"{target.node.path}: {message}")
    _check_waves(reader, targets_file)
    if targets_file.canary:
        check_canary(reader, targets_file, targets_file.canary)
    if targets_file.organization:
        read_organization(reader, targets_file.organization)
    if targets_file.hub:
        _check_hub(reader, targets_file, targets_file.hub)


def accounts_of(wave: Wave, accounts: Iterable[Account]) -> list[Account]:
    """The accounts that a wave lists by name or by label."""
    return [account for account in accounts if account.name in wave.account_names or account.labels & wave.labels]


def _check_unique(reader: YamlReader, named_nodes: Iterable[tuple[str, Node]]) -> None:
    first_nodes: dict[str, Node] = {}
    for name, node in named_nodes:
        if name and name in first_nodes:
            first = first_nodes[name]
            reader.add_value_problem(node, f"{first.path} in line {first.line} has it already")
        first_nodes.setdefault(name, node)


def _check_roles(reader: YamlReader, account: Account) -> None:
    if account.roles is None:
        message = "roles is missing, here and for all accounts: the roles to assume, or [] to use the credentials as is"
        reader.add_problem(account.node, f"{account.node.path}: {message}")
    elif account.role_arns and account.id:
        last_role_arn = account.role_arns[-1]
        if Arn.of(last_role_arn).account != account.id:
            node = account.node.find("roles")
            message = f"the last role, {last_role_arn}, must be in the account {account.id}"
            reader.add_problem(node, f"{node.path}: {message}")


def _check_waves(reader: YamlReader, targets_file: TargetsFile) -> None:
    accounts, waves = targets_file.accounts, targets_file.waves
    wave_of_account: dict[str, Wave] = {}
    for wave in waves:
        _check_references(reader, targets_file, wave)
        for account in accounts_of(wave, accounts):
            if account.name in wave_of_account:
                other_wave = wave_of_account[account.name].name
                message = f"account {account.name!r} is already in wave {other_wave!r}; name it in one wave"
                reader.add_problem(wave.node, f"{wave.node.path}: {message}")
            wave_of_account.setdefault(account.name, wave)
    remaining_waves = [wave for wave in waves if wave.remaining_accounts]
    for wave in remaining_waves[1:]:
        message = f"{remaining_waves[0].node.path} already has remainingAccounts: true"
        reader.add_problem(wave.node, f"{wave.node.path}: {message}")
    remaining_accounts = [
        account for account in accounts if account.name not in wave_of_account and _needs_wave(targets_file, account)
    ]
    for account in remaining_accounts if waves and not remaining_waves else []:
        reader.add_problem(account.node, f"{account.node.path}: account {account.name!r} is in no wave")
    for wave in waves:
        listed = [account for account in accounts_of(wave, accounts) if not has_only_canary(account, targets_file)]
        if not listed and not (wave.remaining_accounts and remaining_accounts):
            message = f"wave {wave.name!r} is empty: name accounts, labels, or remainingAccounts: true"
            reader.add_problem(wave.node, f"{wave.node.path}: {message}")
        elif (wave.tolerance_count or wave.tolerance_percentage) and not (
            wave.remaining_accounts or any(_needs_wave(targets_file, account) for account in listed)
        ):
            message = (
                "leave the failure tolerance out: the wave has only the hub's stack, whose failure is not tolerated"
            )
            reader.add_problem(wave.node, f"{wave.node.path}: {message}")
    _check_hub_is_first(reader, targets_file)


def _check_references(reader: YamlReader, targets_file: TargetsFile, wave: Wave) -> None:
    """Check that the accounts and labels of a wave exist."""
    account_names = {account.name for account in targets_file.accounts}
    labels = {label for account in targets_file.accounts for label in account.labels}

    def check(kind: str, names: frozenset[str], existing: Collection[str]) -> None:
        for name in sorted(names.difference(existing)):
            message = f"there is no {kind} {name!r}; the {kind}s are {', '.join(sorted(existing))}"
            reader.add_problem(wave.node, f"{wave.node.path}: {message}")

    check("account", wave.account_names, account_names)
    check("label", wave.labels, labels)


def _check_hub_is_first(reader: YamlReader, targets_file: TargetsFile) -> None:
    hub = targets_file.hub
    if hub is None:
        return
    for index, wave in enumerate(targets_file.waves):
        account_names = {account.name for account in accounts_of(wave, targets_file.accounts)}
        if index and hub.account_name in account_names:
            message = (
                f"the hub's account {hub.account_name!r} must be in the first wave, or in none: its stack goes first"
            )
            reader.add_problem(wave.node, f"{wave.node.path}: {message}")
        if wave.name == "hub" and (index or account_names != {hub.account_name}):
            requirement = "another name is needed: the wave of the hub's stack, which goes first, has this name"
            reader.add_value_problem(wave.node.find("name"), requirement)


def _needs_wave(targets_file: TargetsFile, account: Account) -> bool:
    """Whether the account has a member; the hub's stack and the canary stack need no wave."""
    return any(
        target.account is account and not has_own_tables(target, targets_file) for target in targets_file.targets
    )


def _check_hub(reader: YamlReader, targets_file: TargetsFile, hub: Hub) -> None:
    hub_target = next((target for target in targets_file.targets if is_hub(target, hub)), None)
    if hub_target is None:
        message = f"hub: there is no target {hub.account_name} in {hub.region}; accounts must have it, with this Region"
        reader.add_problem(hub.node, message)
        return
    _check_writers(reader, targets_file, hub)
    if not hub_target.account.id:
        return
    outputs = placeholder_outputs(hub.region, hub_target.account.id)
    if not hub_creates_kms_keys(targets_file, hub):
        del outputs[TABLE_KMS_KEY_ARN]
    _check_table_settings(reader, targets_file, hub, hub_target)
    for target in targets_file.targets:
        config = program_config(target, targets_file, hub)
        config |= {} if has_own_tables(target, targets_file) else outputs
        _check_config(reader, target, config)


def _check_writers(reader: YamlReader, targets_file: TargetsFile, hub: Hub) -> None:
    """Check that every account with a pipeline may write to the tables; an organization id may include them all."""
    if hub.writers is None or any(principal.startswith("o-") for principal in hub.writers):
        return
    member_ids = {*member_account_ids(targets_file, hub)} - {""}
    arn_accounts = {Arn.of(principal).account for principal in hub.writers if ":" in principal}
    for account_id in sorted(member_ids - arn_accounts - {*hub.writers}):
        reader.add_value_problem(
            hub.node.find("writers"), f"account {account_id} has a pipeline and must be among them"
        )


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


def _check_config(reader: YamlReader, target: Target, config: dict[str, object]) -> None:
    """Check each source, then the whole configuration, with the program's own check."""
    region, path, problems_before = target.region, target.node.path, len(reader.problems)
    sources = target.sources.value if isinstance(target.sources.value, list) else []
    for index, source in enumerate(sources):
        if isinstance(source.value, dict) and "region" in source.value:
            return  # already a problem from reading the file
        try:
            parse(encode_config({"sources": [source.plain]}), region)
        except InputError as error:
            node = source.find(error.name.removeprefix("sources[0]"))
            message = str(error).replace("sources[0]", f"sources[{index}]", 1)
            reader.add_problem(node, f"{path}.{message}")
    if len(reader.problems) > problems_before:
        return
    try:
        parse(encode_config(config), region)
    except InputError as error:
        node = _node_of_error(target, error)
        in_defaults = node.path.startswith("defaults")  # one message then, not one for every target
        reader.add_problem(node, f"defaults: {error}" if in_defaults else f"{path}: {error}")


def _node_of_error(target: Target, error: InputError) -> Node:
    """The value that an error of the program's check is about, or one that the error mentions."""
    key = re.split(r"[.\[]", error.name)[0]
    if key == "sources":
        return target.sources.find(error.name.removeprefix("sources"))
    nodes = {**target.config, "sources": target.sources}
    return nodes.get(key) or next((nodes[other] for other in nodes if other in str(error)), target.node)
