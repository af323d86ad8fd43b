"""Reads a targets file: the accounts, their Regions and sources, the hub that owns the tables, and the waves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from components import inputs

from .aws_regions import ses_region
from .yaml_reader import Node, Problem, YamlReader

_NAME = inputs.pattern(r"[a-z0-9][a-z0-9-]{0,39}", "up to 40 lower-case letters, digits and -")
_ACCOUNT_ID = inputs.pattern(r"\d{12}", "an account id, 12 digits,")
ROLE_ARN = inputs.pattern(
    r"arn:aws[a-z-]*:iam::(?:\d{12}|\{account\}):role/[\w+=,.@/-]+",
    "the ARN of a role, such as arn:aws:iam::{account}:role/deploy,",
)
_SOAK_MINUTES = inputs.IntegerRange(0, 10_080, "minutes")
_TOLERANCE_COUNT = inputs.IntegerRange(0, 10_000, "stacks")
_TOLERANCE_PERCENTAGE = inputs.IntegerRange(0, 100, "percent")
_DERIVED_KEYS = ("sources", "blockedTableArn", "historyTableArn", "tableRegion", "writerPrincipals", "readerPrincipals")
"""Configuration keys that follow from the targets file, so that no `config` may set them."""


class TargetsError(ValueError):
    """All mistakes in a targets file, in the order of their lines."""

    def __init__(self, file: str, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(f"{file}:{problem.line}: {problem.message}" for problem in self.problems))


@dataclass(frozen=True)
class Account:
    """An AWS account. `roles` are assumed one after the other, with the account's id for `{account}`; None: missing."""

    name: str
    id: str
    labels: frozenset[str]
    roles: tuple[str, ...] | None
    node: Node
    roles_node: Node | None = None
    """Where the roles are: in the account, or in the file's `roles`."""

    @property
    def id_path(self) -> str:
        """The path of the account's id."""
        return f"{self.node.path}.id"

    @property
    def role_arns(self) -> tuple[str, ...]:
        """The ARNs of the roles to assume, one after the other."""
        return tuple(role.replace("{account}", self.id) for role in self.roles or ())


@dataclass(frozen=True)
class Target:
    """One account and Region, which is one stack. `config` merges the keys of the defaults, account and Region."""

    account: Account
    region: str
    sources: Node
    config: Mapping[str, Node]
    node: Node


@dataclass(frozen=True)
class Hub:
    """The target whose stack owns the tables. `writers` or `readers` is None where all other accounts may."""

    account_name: str
    region: str
    writers: list[str] | None
    readers: list[str] | None
    config: Mapping[str, Node]
    node: Node


@dataclass(frozen=True)
class Canary:
    """The target that is updated before the hub. Its stack has tables of its own, to which no other stack writes."""

    account_name: str
    region: str
    soak_minutes: int
    config: Mapping[str, Node]
    node: Node


@dataclass(frozen=True)
class Wave:
    """Accounts that are updated together: by name, by label, or all that are in no other wave."""

    name: str
    account_names: frozenset[str]
    labels: frozenset[str]
    remaining_accounts: bool
    soak_minutes: int
    tolerance_count: int
    tolerance_percentage: int
    node: Node


@dataclass(frozen=True)
class TargetsFile:
    """The content of a targets file, as far as it could be read."""

    regions: list[str]
    hub: Hub | None
    targets: list[Target] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    waves: list[Wave] = field(default_factory=list)
    organization: Node | None = None
    canary: Canary | None = None


def read_targets_file(reader: YamlReader, content: str) -> TargetsFile | None:
    """Read a targets file; `reader.problems` then has the mistakes in it."""
    root = reader.read_document(content)
    if root is None:
        return None
    keys = ("regions", "roles", "defaults", "canary", "hub", "accounts", "waves", "organization")
    fields = reader.read_fields(root, keys, ("regions", "hub", "accounts", "waves"))
    regions = reader.read_values(fields.get("regions"), "Regions", ses_region)
    defaults = _read_config(reader, fields.get("defaults"))
    hub = _read_hub(reader, fields["hub"]) if "hub" in fields else None
    canary = _read_canary(reader, fields["canary"]) if "canary" in fields else None
    accounts: list[Account] = []
    targets: list[Target] = []
    for node in reader.read_list(fields.get("accounts"), "accounts"):
        account, account_targets = _read_account(reader, node, fields.get("roles"), defaults)
        accounts.append(account)
        targets += account_targets
    for key in ("regions", "accounts"):
        reader.require_entries(fields.get(key))
    waves = [_read_wave(reader, node) for node in reader.read_list(fields.get("waves"), "waves")]
    return TargetsFile(regions, hub, targets, accounts, waves, fields.get("organization"), canary)


def _read_account(
    reader: YamlReader, node: Node, default_roles: Node | None, defaults: Mapping[str, Node]
) -> tuple[Account, list[Target]]:
    keys = ("name", "id", "labels", "roles", "config", "regions")
    fields = reader.read_fields(node, keys, ("name", "id", "regions"))
    roles_node = fields.get("roles", default_roles)
    account = Account(
        reader.read_value(fields.get("name"), _NAME, as_written=True) or "",
        reader.read_value(fields.get("id"), _ACCOUNT_ID, as_written=True) or "",
        frozenset(reader.read_values(fields.get("labels"), "labels", _NAME)),
        _read_roles(reader, roles_node),
        node,
        roles_node,
    )
    config = {**defaults, **_read_config(reader, fields.get("config"))}
    return account, _read_targets(reader, account, fields.get("regions"), config)


def _read_roles(reader: YamlReader, node: Node | None) -> tuple[str, ...] | None:
    if node is None:
        return None
    return tuple(reader.read_values(node, "roles to assume, one after the other,", ROLE_ARN))


def _read_config(reader: YamlReader, node: Node | None) -> Mapping[str, Node]:
    config = reader.read_mapping(node, "the stack's configuration keys")
    for key in _DERIVED_KEYS:
        if key in config:
            reader.add_value_problem(
                config[key], "leave it out: it follows from hub and from the sources of each Region"
            )
    return {key: value for key, value in config.items() if key not in _DERIVED_KEYS}


def _read_targets(
    reader: YamlReader, account: Account, node: Node | None, account_config: Mapping[str, Node]
) -> list[Target]:
    targets = []
    for name, region_node in reader.read_mapping(node, "Regions").items():
        fields = reader.read_fields(region_node, ("sources", "config"), ("sources",))
        try:
            region = inputs.region(f"the Region in {node.path if node else ''}", name)
        except ValueError as error:
            reader.add_problem(region_node, str(error))
            continue
        sources = fields.get("sources")
        for source in reader.read_list(sources, "sources"):
            if isinstance(source.value, dict) and "region" in source.value:
                requirement = f"leave it out: the Region of a source is the one it is listed under, {region}"
                reader.add_value_problem(source.value["region"], requirement)
        if sources is not None:
            config = {**account_config, **_read_config(reader, fields.get("config"))}
            targets.append(Target(account, region, sources, config, region_node))
    reader.require_entries(node)
    return targets


def _read_hub(reader: YamlReader, node: Node) -> Hub | None:
    fields = reader.read_fields(node, ("account", "region", "writers", "readers", "config"), ("account", "region"))
    account_name = reader.read_value(fields.get("account"), _NAME, as_written=True)
    region = reader.read_value(fields.get("region"), inputs.region)
    writers = _read_principals(reader, fields.get("writers"))
    readers = _read_principals(reader, fields.get("readers"))
    config = _read_config(reader, fields.get("config"))
    return Hub(account_name, region, writers, readers, config, node) if account_name and region else None


def _read_canary(reader: YamlReader, node: Node) -> Canary | None:
    fields = reader.read_fields(node, ("account", "region", "soakMinutes", "config"), ("account", "region"))
    account_name = reader.read_value(fields.get("account"), _NAME, as_written=True)
    region = reader.read_value(fields.get("region"), inputs.region)
    soak_minutes = reader.read_value(fields.get("soakMinutes"), _SOAK_MINUTES) or 0
    config = _read_config(reader, fields.get("config"))
    return Canary(account_name, region, soak_minutes, config, node) if account_name and region else None


def _read_principals(reader: YamlReader, node: Node | None) -> list[str] | None:
    return None if node is None else reader.read_values(node, "principals", inputs.principal)


def _read_wave(reader: YamlReader, node: Node) -> Wave:
    tolerance_keys = ("failureToleranceCount", "failureTolerancePercentage")
    keys = ("name", "accounts", "labels", "remainingAccounts", "soakMinutes", *tolerance_keys)
    fields = reader.read_fields(node, keys, ("name",))
    count, percentage = (fields.get(key) for key in tolerance_keys)
    if count and percentage:
        reader.add_value_problem(percentage, f"{count.path} in line {count.line} is given too: give one of them")
    return Wave(
        reader.read_value(fields.get("name"), _NAME, as_written=True) or "",
        frozenset(reader.read_values(fields.get("accounts"), "names of accounts", _NAME)),
        frozenset(reader.read_values(fields.get("labels"), "labels", _NAME)),
        reader.read_value(fields.get("remainingAccounts"), inputs.boolean) or False,
        reader.read_value(fields.get("soakMinutes"), _SOAK_MINUTES) or 0,
        reader.read_value(count, _TOLERANCE_COUNT) or 0,
        reader.read_value(percentage, _TOLERANCE_PERCENTAGE) or 0,
        node,
    )
