"""What a targets file says: the accounts, their Regions and sources, where the tables are, the waves."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from components import inputs

from .document import Node, Reader

_NAME = inputs.pattern(r"[a-z0-9][a-z0-9-]{0,39}", "up to 40 lower-case letters, digits and -")
_ACCOUNT = inputs.pattern(r"\d{12}", "an account id, 12 digits,")
_ROLE = inputs.pattern(
    r"arn:aws[a-z-]*:iam::(?:\d{12}|\{account\}):role/[\w+=,.@/-]+",
    "the ARN of a role, such as arn:aws:iam::{account}:role/deploy,",
)
_SOAK = inputs.IntegerRange(0, 10_080, "minutes")
_OF_THE_HUB = ("sources", "blockedTableArn", "historyTableArn", "tableRegion", "writerPrincipals", "readerPrincipals")


@dataclass(frozen=True)
class Account:
    """An AWS account; `roles` are assumed one after the other, `{account}` in them being its id."""

    name: str
    id: str
    labels: frozenset[str]
    roles: tuple[str, ...] | None
    node: Node


@dataclass(frozen=True)
class Target:
    """One account and Region: one stack. `config` has the stack's own keys, from the defaults to the Region's."""

    account: Account
    region: str
    sources: Node
    config: Mapping[str, Node]
    node: Node


@dataclass(frozen=True)
class Hub:
    """The target whose stack owns the tables; without `writers` or `readers` these are all other accounts."""

    account: str
    region: str
    writers: list[str] | None
    readers: list[str] | None
    config: Mapping[str, Node]
    node: Node


@dataclass(frozen=True)
class Wave:
    """Accounts that are updated together: by name, by label, or all that are in no other wave."""

    name: str
    accounts: frozenset[str]
    labels: frozenset[str]
    rest: bool
    soak_minutes: int
    node: Node


@dataclass(frozen=True)
class Targets:
    """A whole file, as far as it could be read."""

    regions: list[str]
    hub: Hub | None
    targets: list[Target] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    waves: list[Wave] = field(default_factory=list)


def read(reader: Reader, text: str) -> Targets | None:
    """Read a targets file; what is wrong with it is in `reader.problems`."""
    root = reader.document(text)
    if root is None:
        return None
    known = ("regions", "roles", "defaults", "hub", "accounts", "waves")
    top = reader.fields(root, known, ("regions", "hub", "accounts", "waves"))
    regions = reader.values(top.get("regions"), "Regions", inputs.region)
    roles = _roles(reader, top.get("roles"))
    defaults = _config(reader, top.get("defaults"))
    hub = _hub(reader, top["hub"]) if "hub" in top else None
    accounts: list[Account] = []
    targets: list[Target] = []
    for entry in reader.entries(top.get("accounts"), "accounts"):
        fields = reader.fields(entry, ("name", "id", "labels", "roles", "config", "regions"), ("name", "id", "regions"))
        account = Account(
            reader.value(fields.get("name"), _NAME, as_written=True) or "",
            reader.value(fields.get("id"), _ACCOUNT, as_written=True) or "",
            frozenset(reader.values(fields.get("labels"), "labels", _NAME)),
            _roles(reader, fields["roles"]) if "roles" in fields else roles,
            entry,
        )
        accounts.append(account)
        own = {**defaults, **_config(reader, fields.get("config"))}
        targets += _targets(reader, account, fields.get("regions"), own)
    waves = [_wave(reader, entry) for entry in reader.entries(top.get("waves"), "waves")]
    return Targets(regions, hub, targets, accounts, waves)


def _roles(reader: Reader, node: Node | None) -> tuple[str, ...] | None:
    return None if node is None else tuple(reader.values(node, "roles to assume, one after the other,", _ROLE))


def _config(reader: Reader, node: Node | None) -> Mapping[str, Node]:
    config = reader.map(node, "the stack's configuration keys")
    for key in _OF_THE_HUB:
        if key in config:
            reader.refuse(config[key], "leave it out: it follows from hub, and sources stand beside a Region's config")
    return {key: value for key, value in config.items() if key not in _OF_THE_HUB}


def _targets(reader: Reader, account: Account, node: Node | None, config: Mapping[str, Node]) -> list[Target]:
    targets = []
    for name, entry in reader.map(node, "Regions").items():
        fields = reader.fields(entry, ("sources", "config"), ("sources",))
        try:
            region = inputs.region(f"the Region in {node.path if node else ''}", name)
        except ValueError as error:
            reader.note(entry, str(error))
            continue
        sources = fields.get("sources")
        for source in reader.entries(sources, "sources"):
            if isinstance(source.value, dict) and "region" in source.value:
                right = f"leave it out: a source is in the Region it stands under, {region}, and nowhere else"
                reader.refuse(source.value["region"], right)
        if sources is not None:
            own = {**config, **_config(reader, fields.get("config"))}
            targets.append(Target(account, region, sources, own, entry))
    return targets


def _hub(reader: Reader, node: Node) -> Hub | None:
    fields = reader.fields(node, ("account", "region", "writers", "readers", "config"), ("account", "region"))
    account = reader.value(fields.get("account"), _NAME, as_written=True)
    region = reader.value(fields.get("region"), inputs.region)
    who = {
        key: reader.values(fields[key], "principals", inputs.principal) if key in fields else None
        for key in ("writers", "readers")
    }
    config = _config(reader, fields.get("config"))
    return Hub(account, region, who["writers"], who["readers"], config, node) if account and region else None


def _wave(reader: Reader, node: Node) -> Wave:
    fields = reader.fields(node, ("name", "accounts", "labels", "rest", "soakMinutes"), ("name",))
    return Wave(
        reader.value(fields.get("name"), _NAME, as_written=True) or "",
        frozenset(reader.values(fields.get("accounts"), "names of accounts", _NAME)),
        frozenset(reader.values(fields.get("labels"), "labels", _NAME)),
        reader.value(fields.get("rest"), inputs.boolean) or False,
        reader.value(fields.get("soakMinutes"), _SOAK) or 0,
        node,
    )
