"""What must hold between the parts of a targets file. Everything wrong is noted with its line."""

from collections.abc import Iterable

from stack.config import parse

from .config import TABLE_KEY, is_hub, makes_keys, own, stand_ins, texts
from .document import Node, Reader
from .targets import Account, Hub, Target, Targets, Wave


def check(reader: Reader, targets: Targets) -> None:
    """Note what does not fit together."""
    _unique(reader, [(account.name, account.node.find("name")) for account in targets.accounts])
    _unique(reader, [(account.id, account.node.find("id")) for account in targets.accounts])
    _unique(reader, [(wave.name, wave.node.find("name")) for wave in targets.waves])
    for account in targets.accounts:
        _roles(reader, account)
    for target in targets.targets:
        if targets.regions and target.region not in targets.regions:
            reader.note(
                target.node, f"{target.node.path}: {target.region} is none of regions, {_list(targets.regions)}"
            )
    _waves(reader, targets)
    if targets.hub:
        _hub(reader, targets, targets.hub)


def _unique(reader: Reader, found: Iterable[tuple[str, Node]]) -> None:
    seen: dict[str, Node] = {}
    for text, node in found:
        if text and text in seen:
            reader.refuse(node, f"{seen[text].path} in line {seen[text].line} has it already")
        seen.setdefault(text, node)


def _roles(reader: Reader, account: Account) -> None:
    node = account.node.find("roles")
    if account.roles is None:
        text = (
            f"{account.node.path}: a role to assume is missing, here or for all (roles: [] for the credentials at hand)"
        )
        reader.note(account.node, text)
    elif account.roles and account.id:
        last = account.roles[-1].replace("{account}", account.id)
        if last.split(":")[4] != account.id:
            reader.note(node, f"{node.path}: the last role, {last}, must be one of the account {account.id}")


def members(wave: Wave, accounts: Iterable[Account]) -> list[Account]:
    """The accounts that a wave names, by name or by label."""
    return [account for account in accounts if account.name in wave.accounts or account.labels & wave.labels]


def _waves(reader: Reader, targets: Targets) -> None:
    placed: dict[str, Wave] = {}
    for wave in targets.waves:
        _known(reader, targets, wave)
        for account in members(wave, targets.accounts):
            if account.name in placed:
                text = f"account {account.name!r} is in wave {placed[account.name].name!r} already; name it in one wave"
                reader.note(wave.node, f"{wave.node.path}: {text}")
            placed.setdefault(account.name, wave)
    rest = [wave for wave in targets.waves if wave.rest]
    for wave in rest[1:]:
        reader.note(wave.node, f"{wave.node.path}: {rest[0].node.path} takes the rest already")
    left = [account for account in targets.accounts if account.name not in placed and not _only_hub(targets, account)]
    for account in left if targets.waves and not rest else []:
        reader.note(account.node, f"{account.node.path}: account {account.name!r} is in no wave")
    for wave in targets.waves:
        if not members(wave, targets.accounts) and not (wave.rest and left):
            text = f"wave {wave.name!r} is empty: name accounts, labels, or rest: true"
            reader.note(wave.node, f"{wave.node.path}: {text}")
    _hub_first(reader, targets)


def _known(reader: Reader, targets: Targets, wave: Wave) -> None:
    names = {account.name for account in targets.accounts}
    labels = {label for account in targets.accounts for label in account.labels}
    for what, known, given in (("account", names, wave.accounts), ("label", labels, wave.labels)):
        for name in sorted(given - known):
            reader.note(wave.node, f"{wave.node.path}: there is no {what} {name!r}; there are {_list(sorted(known))}")


def _hub_first(reader: Reader, targets: Targets) -> None:
    if targets.hub is None:
        return
    for index, wave in enumerate(targets.waves):
        names = {account.name for account in members(wave, targets.accounts)}
        if index and targets.hub.account in names:
            right = "would be after its members: name it in the first wave, or in none"
            reader.note(wave.node, f"{wave.node.path}: the hub's account {targets.hub.account!r} {right}")
        if wave.name == "hub" and (index or names != {targets.hub.account}):
            reader.refuse(wave.node.find("name"), "another name is needed: the hub's stack goes first, in a wave hub")


def _only_hub(targets: Targets, account: Account) -> bool:
    """Whether the account's only stack is the hub's, which goes first in any case."""
    own_targets = [target for target in targets.targets if target.account is account]
    return bool(targets.hub) and all(targets.hub is not None and is_hub(t, targets.hub) for t in own_targets)


def _hub(reader: Reader, targets: Targets, hub: Hub) -> None:
    found = next((target for target in targets.targets if is_hub(target, hub)), None)
    if found is None:
        text = f"hub: there is no target {hub.account} in {hub.region}; it must be among the accounts, with its Region"
        reader.note(hub.node, text)
        return
    others = {target.account.id for target in targets.targets} - {found.account.id, ""}
    for key, who in (("writers", hub.writers), ("readers", hub.readers)):
        if who is not None and not any(principal.startswith("o-") for principal in who) and key == "writers":
            for account in sorted(others - {principal.split(":")[4] for principal in who if ":" in principal} - {*who}):
                reader.refuse(hub.node.find(key), f"account {account} has a pipeline and must be among them")
    if not found.account.id:
        return
    known = stand_ins(hub.region, found.account.id)
    if not makes_keys(targets, hub):
        del known[TABLE_KEY]
    for target in targets.targets:
        _config(reader, target, own(target, targets, hub) | ({} if target is found else known))


def _config(reader: Reader, target: Target, config: dict[str, object]) -> None:
    """Try each source, then the whole, on the program's own check."""
    region, path, before = target.region, target.node.path, len(reader.problems)
    entries = target.sources.value if isinstance(target.sources.value, list) else []
    for index, entry in enumerate(entries):
        if isinstance(entry.value, dict) and "region" in entry.value:
            return  # noted where the file was read
        try:
            parse(texts({"sources": [entry.plain]}), region)
        except ValueError as error:
            reader.note(entry.find(str(error).split(" is ")[0].removeprefix("sources[0]")), _at(path, error, index))
    if len(reader.problems) > before:
        return
    try:
        parse(texts(config), region)
    except ValueError as error:
        where = str(error).split(" is ")[0]
        key = where.split(".")[0].split("[")[0]
        nodes = {**target.config, "sources": target.sources}
        named = nodes.get(key) or next((nodes[other] for other in nodes if other in str(error)), target.node)
        if key == "sources":
            named = target.sources.find(where.removeprefix("sources"))
        shared = named.path.startswith("defaults")  # said once, not for every target
        reader.note(named, f"defaults: {error}" if shared else f"{path}: {error}")


def _at(path: str, error: ValueError, index: int) -> str:
    return f"{path}.{str(error).replace('sources[0]', f'sources[{index}]', 1)}"


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
