"""Reads the key `organization` of a targets file: the accounts of AWS Organizations that the file should have."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from components import inputs

from .targets import ROLE_ARN
from .yaml_reader import Node, YamlReader

_UNIT_ID = inputs.pattern(
    r"ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32}",
    "the id of an organizational unit or of the root, such as ou-ab12-11112222 or r-ab12,",
)
_TAG_VALUE = inputs.pattern(r"[\w .:/=+@-]{1,256}", "the value of a tag, up to 256 characters,")
_TEMPLATE_KEYS = ("labels", "roles", "config", "regions")
_PLACEHOLDER = re.compile(r"\{(name|id|account|tag:[^{}]+)\}")
_MAX_NAME_LENGTH = 40


@dataclass(frozen=True)
class OrganizationAccount:
    """An active account of the organization. `tags` is empty if nothing needs them."""

    id: str
    name: str
    """As AWS Organizations has it: any characters."""
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Organization:
    """Which accounts of the organization belong in the file, and how a new one is written."""

    role_arns: tuple[str, ...]
    """Roles to assume, one after the other, for the calls to AWS Organizations; none: the credentials as they are."""
    units: tuple[str, ...]
    """Organizational units, or the root; each with all units below it."""
    tags: Mapping[str, str]
    """An account needs all of these tags."""
    template: Node

    @property
    def needs_tags(self) -> bool:
        """Whether the tags of the accounts must be read."""
        return bool(self.tags) or any("{tag:" in text for text in _texts(self.template))

    def selects(self, account: OrganizationAccount) -> bool:
        """Whether an account of the units has the tags."""
        return self.tags.items() <= account.tags.items()


def read_organization(reader: YamlReader, node: Node) -> Organization | None:
    """The value of the key; `reader.problems` then has the mistakes in it."""
    fields = reader.read_fields(node, ("roles", "units", "tags", "account"), ("units", "account"))
    role_arns = reader.read_values(fields.get("roles"), "roles to assume, one after the other,", ROLE_ARN)
    for role in [role for role in role_arns if "{account}" in role]:
        message = f"{role}: the account's id is needed, since these roles only call AWS Organizations"
        reader.add_problem(fields["roles"], f"{fields['roles'].path}: {message}")
    units = reader.read_values(fields.get("units"), "ids of organizational units", _UNIT_ID)
    if "units" in fields and fields["units"].value == []:
        reader.add_value_problem(fields["units"], "at least one unit is needed; the root's id means all accounts")
    tags = {
        key: reader.read_value(tag, _TAG_VALUE, as_written=True) or ""
        for key, tag in reader.read_mapping(fields.get("tags"), "tags and their values").items()
    }
    template = fields.get("account")
    if template is None:
        return None
    reader.read_fields(template, _TEMPLATE_KEYS, ("regions",))
    for text in _texts(template):
        for unknown in re.findall(r"\{[^{}]*\}", _PLACEHOLDER.sub("", text)):
            reader.add_problem(
                template, f"{template.path}: there is no {unknown}; there are {{name}}, {{id}}, {{tag:KEY}}"
            )
    return Organization(tuple(role_arns), tuple(units), tags, template)


def missing_tags(organization: Organization, account: OrganizationAccount) -> list[str]:
    """Tags that the template of a new account needs, and that this account does not have."""
    placeholders = [match[1] for text in _texts(organization.template) for match in _PLACEHOLDER.finditer(text)]
    keys = {text.removeprefix("tag:") for text in placeholders if text.startswith("tag:")}
    return sorted(keys - account.tags.keys())


def fill_in(text: str, name: str, account: OrganizationAccount) -> str:
    """A text of the template for one account, which has the tags that it needs."""
    values = {"name": name, "id": account.id, "account": "{account}"}  # `{account}` of roles is for the plan
    values |= {f"tag:{key}": value for key, value in account.tags.items()}
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def choose_name(account: OrganizationAccount, taken: Collection[str]) -> str:
    """The name of a new account in the file: its own in lower case, with its id if that name is taken."""
    ascii_name = unicodedata.normalize("NFKD", account.name).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", ascii_name)[:_MAX_NAME_LENGTH].strip("-") or account.id
    if name not in taken:
        return name
    return f"{name[: _MAX_NAME_LENGTH - len(account.id) - 1].rstrip('-')}-{account.id}"


def _texts(node: Node) -> Iterable[str]:
    if isinstance(node.value, dict):
        for child in node.value.values():
            yield from _texts(child)
    elif isinstance(node.value, list):
        for child in node.value:
            yield from _texts(child)
    elif isinstance(node.value, str):
        yield node.value
