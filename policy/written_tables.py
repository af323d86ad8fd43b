"""Finds the tables that a function writes: those that its environment names, and those that its role may write."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

from policy.arn import Arn
from policy.policy_documents import ALLOW, covers_action, has_wildcard, statements
from policy.properties import as_list, read_property
from policy.references import referenced_by, refers_to, require_known, strings_in
from policy.resource_types import ROLE, TABLE
from policy.role_policies import policies_of

# What every other way to write needs, too: a transaction and PartiQL are authorised as the actions that they contain.
WRITE_ACTIONS = (
    "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem", "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
)  # fmt: skip


@dataclass
class WrittenTables:
    """The tables that a function writes, as far as the stack shows."""

    in_stack: list[PolicyResource] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    """The ARNs of tables that are not in the stack."""
    unknown: list[tuple[PolicyResource, str]] = field(default_factory=list)
    """The properties that may name others and are unknown in a preview: the resource, and the name of its property."""
    possible: list[PolicyResource] = field(default_factory=list)
    """The tables that those properties depend on: which of them may be written is unknown."""

    def require_known(self) -> None:
        """Raise `UnknownValueError` where there may be other tables."""
        for resource, key in self.unknown:
            require_known(resource, key)

    def is_elsewhere(self, function: PolicyResource) -> bool:
        """Whether the function may write a table that is not in the stack: where it names one that is, only if it names
        the other, too, by its ARN or its name.
        """
        strings, is_known = strings_in(function, "environment")
        others = [text for text in strings if not any(refers_to(text, function, table) for table in self.in_stack)]
        if not is_known or len(others) == len(strings):
            return bool(self.elsewhere)
        return any(arn in others or arn.rpartition("/")[2] in others for arn in self.elsewhere)

    def add(self, string: str, referrer: PolicyResource, tables: Sequence[PolicyResource]) -> None:
        """Add the table that a string names by its ARN or its name; a wildcard names none."""
        if has_wildcard(string):
            return
        named = [table for table in tables if refers_to(string, referrer, table)]
        self.in_stack += [table for table in named if table not in self.in_stack]
        arn = Arn.parse(string)
        if arn and not named and arn.service == "dynamodb" and arn.resource.startswith("table/"):
            self.elsewhere.append(string)


def find_written_tables(function: PolicyResource, resources: Sequence[PolicyResource]) -> WrittenTables:
    """The tables that a function writes, among all resources of the stack and elsewhere."""
    tables = [resource for resource in resources if resource.resource_type == TABLE]
    written = WrittenTables(in_stack=referenced_by(function, "environment", tables))
    strings, is_known = strings_in(function, "environment")
    for string in strings:
        written.add(string, function, tables)
    if not is_known and not written.in_stack:
        written.unknown.append((function, "environment"))
    roles = referenced_by(function, "role", [resource for resource in resources if resource.resource_type == ROLE])
    for role in roles:
        for policy in policies_of(role, resources):
            _add_writable_tables(written, policy, "policy", tables)
        _add_writable_tables(written, role, "inlinePolicies", tables)
    return written


def _add_writable_tables(
    written: WrittenTables, holder: PolicyResource, key: str, tables: Sequence[PolicyResource]
) -> None:
    """Add the tables that the policy in a property allows to write."""
    try:
        strings = list(_writable_resources(read_property(holder, key)))
    except UnknownValueError:
        possible = referenced_by(holder, key, tables)
        others = [table for table in possible if table not in written.in_stack]
        if others or not possible:
            written.unknown.append((holder, key))
            written.possible += others
        return
    for string in strings:
        written.add(string, holder, tables)


def _writable_resources(policies: Any) -> Iterator[str]:
    """The resources that policies, or inline policies of a role, allow to write."""
    for policy in as_list(policies):
        document = policy.get("policy", policy) if hasattr(policy, "get") else policy
        for statement in statements(document):
            if statement.get("Effect") == ALLOW and any(covers_action(statement, action) for action in WRITE_ACTIONS):
                yield from map(str, as_list(statement.get("Resource")))
