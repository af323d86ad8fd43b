"""Checks that the waves have every account once, and the hub's first: one problem for each mistake."""

from collections.abc import Collection, Iterable, Sequence

from .target_config import has_own_tables, is_canary
from .targets import Account, TargetsFile, Wave
from .words import did_you_mean, listed
from .yaml_reader import YamlReader

_WHOLE_LIST = "accounts[-1]"  # no such entry: a mistake at this path is one of the list as a whole


def accounts_of(wave: Wave, accounts: Iterable[Account]) -> list[Account]:
    """The accounts that a wave lists by name or by label."""
    return [account for account in accounts if account.name in wave.account_names or account.labels & wave.labels]


def names_are_sound(reader: YamlReader, accounts: Sequence[Account]) -> bool:
    """Whether every account, with its name, could be read."""
    return reader.is_sound(_WHOLE_LIST, *(f"{account.node.path}.name" for account in accounts))


def check_waves(reader: YamlReader, targets_file: TargetsFile) -> None:
    """Add what is wrong with the waves to `reader.problems`."""
    accounts, waves = targets_file.accounts, targets_file.waves
    for wave in waves:
        _check_references(reader, targets_file, wave)
    remaining_waves = [wave for wave in waves if wave.remaining_accounts]
    for wave in [wave for wave in remaining_waves[1:] if reader.is_sound(wave.node.path)]:
        message = f"{remaining_waves[0].node.path} already has remainingAccounts: true"
        reader.add_problem(wave.node, f"{wave.node.path}: {message}")
    wave_of_account = _check_once(reader, targets_file)
    _check_hub_is_first(reader, targets_file)
    if not reader.is_sound("waves", "canary") or not _labels_are_sound(reader, accounts):
        return
    remaining_accounts = [
        account for account in accounts if account.name not in wave_of_account and _needs_wave(targets_file, account)
    ]
    for wave in waves:
        named = [account for account in accounts_of(wave, accounts) if not _has_only_canary(account, targets_file)]
        if not named and not (wave.remaining_accounts and remaining_accounts):
            message = f"wave {wave.name!r} is empty: name accounts, labels, or remainingAccounts: true"
            reader.add_problem(wave.node, f"{wave.node.path}: {message}")
        elif (wave.tolerance_count or wave.tolerance_percentage) and not (
            wave.remaining_accounts or any(_needs_wave(targets_file, account) for account in named)
        ):
            message = (
                "leave the failure tolerance out: the wave has only the hub's stack, whose failure is not tolerated"
            )
            reader.add_problem(wave.node, f"{wave.node.path}: {message}")
    if remaining_accounts and not remaining_waves and reader.is_sound("waves", "hub"):
        first, names = remaining_accounts[0], [repr(account.name) for account in remaining_accounts]
        subject = f"account {names[0]} is" if len(names) == 1 else f"accounts {listed(names)} are"
        reader.add_problem(first.node, f"{first.node.path}: {subject} in no wave")


def _labels_are_sound(reader: YamlReader, accounts: Sequence[Account]) -> bool:
    """Whether all of the accounts are known that a wave may list."""
    return names_are_sound(reader, accounts) and reader.is_sound(
        *(f"{account.node.path}.labels" for account in accounts)
    )


def _check_once(reader: YamlReader, targets_file: TargetsFile) -> dict[str, Wave]:
    """Check that no wave has an account of an earlier one; returns the wave of each account that one lists."""
    wave_of_account: dict[str, Wave] = {}
    for wave in targets_file.waves:
        names = [account.name for account in accounts_of(wave, targets_file.accounts)]
        again = [name for name in names if name in wave_of_account]
        if again and reader.is_sound(wave.node.path):
            other_waves = listed(sorted({repr(wave_of_account[name].name) for name in again}))
            subject = f"account {again[0]!r} is" if len(again) == 1 else f"accounts {listed(map(repr, again))} are"
            message = f"{subject} already in wave {other_waves}; name it in one wave"
            reader.add_problem(wave.node, f"{wave.node.path}: {message}")
        wave_of_account |= {name: wave for name in names if name not in wave_of_account}
    return wave_of_account


def _check_references(reader: YamlReader, targets_file: TargetsFile, wave: Wave) -> None:
    """Check that the accounts and labels of a wave exist."""
    accounts = targets_file.accounts

    def check(kind: str, names: frozenset[str], existing: Collection[str]) -> None:
        for name in sorted(names.difference(existing)):
            there_are = f"the {kind}s are {', '.join(sorted(existing))}" if existing else f"no account has a {kind}"
            message = f"there is no {kind} {name!r}; {there_are}{did_you_mean(name, existing)}"
            reader.add_problem(wave.node, f"{wave.node.path}: {message}")

    if names_are_sound(reader, accounts):
        check("account", wave.account_names, {account.name for account in accounts})
    if _labels_are_sound(reader, accounts):
        check("label", wave.labels, {label for account in accounts for label in account.labels})


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


def _has_only_canary(account: Account, targets_file: TargetsFile) -> bool:
    """Whether the canary stack is the account's only stack, so that no other wave can have the account."""
    targets = [target for target in targets_file.targets if target.account is account]
    return bool(targets) and all(is_canary(target, targets_file.canary) for target in targets)
