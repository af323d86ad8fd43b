"""Rules on tables: backups, deletion protection, expiry, access, and the key that senders read."""

import re
from collections.abc import Callable, Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.feedback_path import FeedbackPath, Resources, is_of_component
from policy.policy_documents import (
    ALLOW,
    Statement,
    describe_statement,
    has_open_principal,
    principals,
    required_values,
    statements,
)
from policy.properties import as_list, as_object, read_property
from policy.resource_types import TABLE_POLICY
from policy.rule import CRITICAL, HIGH, MANDATORY, MEDIUM, STRING_LIST, Config, Rule, Setting

Check = Callable[[PolicyResource, FeedbackPath, Config], Iterator[str]]

_DYNAMODB_GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide"
_CALLER_CONDITIONS = {
    "aws:PrincipalOrgID": r"o-\w+",
    "aws:PrincipalAccount": r"\d{12}",
    "aws:PrincipalArn": r"arn:[\w-]+:\w+::\d{12}:.+",
}
"""The condition keys that limit who the principal `*` is, with the pattern of a value that does."""
_COMPONENT_HASH_KEYS = ["value"]
"""The hash key that this package's senders read; which one the senders of another program read, is not known."""


def _check_point_in_time_recovery(table: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    loss = "after a mistake, the blocked addresses cannot be restored."
    if read_property(table, "pointInTimeRecovery", "enabled") is not True:
        yield f"The table has no point-in-time recovery: {loss}"
    for region in _replica_regions_without(table, "pointInTimeRecovery"):
        yield f"The replica in {region} has no point-in-time recovery: {loss}"


def _check_deletion_protection(table: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    loss = "a mistake can delete every blocked address."
    if read_property(table, "deletionProtectionEnabled") is not True:
        yield f"The table has no deletion protection: {loss}"
    for region in _replica_regions_without(table, "deletionProtectionEnabled"):
        yield f"The replica in {region} has no deletion protection: {loss}"


def _replica_regions_without(table: PolicyResource, key: str) -> Iterator[str]:
    """The Regions of the replicas for which a property is not true."""
    for replica in map(as_object, as_list(read_property(table, "replicas"))):
        if replica.get(key) is not True:
            yield str(replica.get("regionName"))


def _check_ttl(table: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    if read_property(table, "ttl", "enabled") is not True or not read_property(table, "ttl", "attributeName"):
        yield "The table has no time to live (TTL): it keeps addresses after they expire, at a cost."


def _check_hash_key(table: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    defects = list(_key_defects(table, config))
    if defects and any(_is_for_senders(table, tables, config) for tables in _tables_beside(table, path)):
        yield from (f"{defect}: senders do not find blocked addresses." for defect in defects)


def _key_defects(table: PolicyResource, config: Config) -> Iterator[str]:
    """Why senders, who read by the hash key alone, find nothing in a table."""
    hash_key, range_key = read_property(table, "hashKey"), read_property(table, "rangeKey")
    names = config["hashKeyNames"] or (_COMPONENT_HASH_KEYS if is_of_component(table) else [hash_key])
    if range_key:
        yield f"The table has the range key {range_key} beside its hash key"
    if hash_key not in names:
        yield f"The hash key is {hash_key} instead of {' or '.join(names)}"
    attributes = [as_object(attribute) for attribute in as_list(read_property(table, "attributes"))]
    types = [attribute.get("type") for attribute in attributes if attribute.get("name") == hash_key]
    if types and types != ["S"]:
        yield f"The hash key has the type {types[0]} instead of S (string)"


def _is_for_senders(table: PolicyResource, tables: Resources, config: Config) -> bool:
    """Whether of these tables this is the one that senders read: one with the fewest defects.

    One with a range key, as a history has, is it only where all have one.
    """

    def rank(candidate: PolicyResource) -> tuple[bool, int]:
        return bool(read_property(candidate, "rangeKey")), len(list(_key_defects(candidate, config)))

    return rank(table) == min(map(rank, tables))


def _tables_beside(table: PolicyResource, path: FeedbackPath) -> Iterator[Resources]:
    """The tables of each function that writes a table; without such a function, those of the same component."""
    written = [path.tables_written_by(function) for function in path.functions]
    written = [tables for tables in written if table in tables.in_stack]
    for tables in written:
        if not tables.elsewhere:  # else senders may read one of those
            tables.require_known()
            yield tables.in_stack
    if not written:
        yield [other for other in path.tables if other.parent == table.parent]


def _check_table_policy(table: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    for table_policy in path.referring_to([table], TABLE_POLICY, "resourceArn"):
        for statement in statements(read_property(table_policy, "policy")):
            if statement.get("Effect") == ALLOW and not _is_restricted(statement):
                yield (
                    f"In the table's policy, {describe_statement(statement)} gives access to "
                    f"{', '.join(sorted(principals(statement)))}: others can read or change the addresses."
                )


def _is_restricted(statement: Statement) -> bool:
    """Whether a statement names its principals, or limits them by a condition."""
    if not has_open_principal(statement):
        return True
    return any(
        values and all(re.fullmatch(pattern, value) for value in values)
        for key, pattern in _CALLER_CONDITIONS.items()
        for values in required_values(statement, key)
    )


def _tables(path: FeedbackPath) -> Resources:
    """The tables, and those that may be some: a check of one of those raises `UnknownValueError`."""
    return [*path.tables, *path.possible_tables]


def _of_written_tables(check: Check) -> Check:
    """A check of a table, once it is known that a function writes it."""

    def checked(table: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
        if table in path.possible_tables:
            for function in path.functions:
                path.tables_written_by(function).require_known()
        yield from check(table, path, config)

    return checked


RULES: Sequence[Rule] = (
    Rule(
        name="table-point-in-time-recovery", severity=HIGH, level=MANDATORY, before_creation=True, applies_to="tables",
        description="A table can be restored to any second within its recovery period.",
        remediation="Enable point-in-time recovery for the table and its replicas.",
        url=f"{_DYNAMODB_GUIDE}/Point-in-time-recovery.html",
        select=_tables, check=_of_written_tables(_check_point_in_time_recovery),
    ),
    Rule(
        name="table-deletion-protection", severity=HIGH, level=MANDATORY, before_creation=True, applies_to="tables",
        description="A table is protected from deletion.",
        remediation="Set deletionProtectionEnabled; to delete a table on purpose, make this rule advisory for that "
        "update.",
        url=f"{_DYNAMODB_GUIDE}/WorkingWithTables.Basics.html",
        select=_tables, check=_of_written_tables(_check_deletion_protection),
    ),
    Rule(
        name="table-ttl-enabled", severity=MEDIUM, level=MANDATORY, before_creation=True, applies_to="tables",
        description="A table deletes expired items.",
        remediation="Enable TTL on the attribute that holds the expiry in epoch seconds.",
        url=f"{_DYNAMODB_GUIDE}/TTL.html",
        select=_tables, check=_of_written_tables(_check_ttl),
    ),
    Rule(
        name="table-policy-restricts-access", severity=CRITICAL, level=MANDATORY, before_creation=True,
        applies_to="tables",
        description="The policy of a table names the principals that have access.",
        remediation="Name accounts or roles as principals, or require aws:PrincipalOrgID.",
        url=f"{_DYNAMODB_GUIDE}/access-control-resource-based.html",
        select=_tables, check=_of_written_tables(_check_table_policy),
    ),
    Rule(
        name="table-hash-key", severity=HIGH, level=MANDATORY, applies_to="tables",
        description="One of the tables that a function writes has the key that senders read, and no range key.",
        remediation="Name the hash key as the senders do, without a range key; a table cannot change its keys, so "
        "create a new one.",
        url=f"{_DYNAMODB_GUIDE}/HowItWorks.CoreComponents.html",
        select=_tables, check=_of_written_tables(_check_hash_key),
        settings={
            "hashKeyNames": Setting(
                [], "The names that the hash key may have. Empty: value in a BlockedTable, any in other tables.",
                STRING_LIST,
            ),
        },
    ),
)  # fmt: skip
