"""Rules on tables: backups, deletion protection, expiry, access, and the key that senders read."""

import re
from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.feedback_path import FeedbackPath, Resources
from policy.policy_documents import (
    ALLOW,
    Statement,
    describe_statement,
    has_open_principal,
    principals,
    required_values,
    statements,
)
from policy.properties import as_list, read_property
from policy.resource_types import TABLE_POLICY
from policy.rule import CRITICAL, HIGH, MANDATORY, MEDIUM, STRING_LIST, Config, Rule, Setting

_DYNAMODB_GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide"
_CALLER_CONDITIONS = {
    "aws:PrincipalOrgID": r"o-\w+",
    "aws:PrincipalAccount": r"\d{12}",
    "aws:PrincipalArn": r"arn:[\w-]+:\w+::\d{12}:.+",
}
"""The condition keys that limit who the principal `*` is, with the pattern of a value that does."""


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
    for replica in as_list(read_property(table, "replicas")):
        if replica.get(key) is not True:
            yield str(replica.get("regionName"))


def _check_ttl(table: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    if read_property(table, "ttl", "enabled") is not True or not read_property(table, "ttl", "attributeName"):
        yield "The table has no time to live (TTL): it keeps addresses after they expire, at a cost."


def _check_hash_key(table: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    hash_key, allowed_names = read_property(table, "hashKey"), config["hashKeyNames"]
    if hash_key not in allowed_names:
        names = " or ".join(allowed_names)
        yield f"The hash key is {hash_key} instead of {names}: senders do not find blocked addresses."
    attributes = as_list(read_property(table, "attributes"))
    types = [attribute.get("type") for attribute in attributes if attribute.get("name") == hash_key]
    if types and types != ["S"]:
        yield f"The hash key has the type {types[0]} instead of S (string): senders do not find blocked addresses."


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
    return path.tables


RULES: Sequence[Rule] = (
    Rule(
        name="table-point-in-time-recovery", severity=HIGH, level=MANDATORY, before_creation=True, applies_to="tables",
        description="A table can be restored to any second within its recovery period.",
        remediation="Enable point-in-time recovery for the table and its replicas.",
        url=f"{_DYNAMODB_GUIDE}/Point-in-time-recovery.html",
        select=_tables, check=_check_point_in_time_recovery,
    ),
    Rule(
        name="table-deletion-protection", severity=HIGH, level=MANDATORY, before_creation=True, applies_to="tables",
        description="A table is protected from deletion.",
        remediation="Set deletionProtectionEnabled; to delete a table on purpose, make this rule advisory for that "
        "update.",
        url=f"{_DYNAMODB_GUIDE}/WorkingWithTables.Basics.html",
        select=_tables, check=_check_deletion_protection,
    ),
    Rule(
        name="table-ttl-enabled", severity=MEDIUM, level=MANDATORY, before_creation=True, applies_to="tables",
        description="A table deletes expired items.",
        remediation="Enable TTL on the attribute that holds the expiry in epoch seconds.",
        url=f"{_DYNAMODB_GUIDE}/TTL.html",
        select=_tables, check=_check_ttl,
    ),
    Rule(
        name="table-policy-restricts-access", severity=CRITICAL, level=MANDATORY, before_creation=True,
        applies_to="tables",
        description="The policy of a table names the principals that have access.",
        remediation="Name accounts or roles as principals, or require aws:PrincipalOrgID.",
        url=f"{_DYNAMODB_GUIDE}/access-control-resource-based.html",
        select=_tables, check=_check_table_policy,
    ),
    Rule(
        name="table-hash-key", severity=HIGH, level=MANDATORY, before_creation=True, applies_to="tables",
        description="The hash key of a table is the one that senders read.",
        remediation="Name the hash key as the senders do; a table cannot change it, so create a new one.",
        url=f"{_DYNAMODB_GUIDE}/HowItWorks.CoreComponents.html",
        select=_tables, check=_check_hash_key,
        settings={"hashKeyNames": Setting(["value"], "The names that the hash key may have.", STRING_LIST)},
    ),
)  # fmt: skip
