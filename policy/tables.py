"""Tables: what is known about an address can be restored, is not deleted by mistake, and is found under its key."""

import re
from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.documents import ALLOW, Statement, demands, label, principals, statements, wild
from policy.path import TABLE_POLICY, FeedbackPath
from policy.rule import CRITICAL, HIGH, MANDATORY, MEDIUM, TEXTS, Config, Rule, Setting
from policy.wiring import items, known

_ASKERS = {
    "aws:PrincipalOrgID": r"o-\w+",
    "aws:PrincipalAccount": r"\d{12}",
    "aws:PrincipalArn": r"arn:[\w-]+:\w+::\d{12}:.+",
}
"""The conditions that bound everybody, and what their values look like."""
_GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide"


def _recovers(table: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    if known(table, "pointInTimeRecovery", "enabled") is not True:
        yield "it has no point-in-time recovery."
    yield from _replicas(table, "pointInTimeRecovery", "has no point-in-time recovery")


def _resists(table: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    if known(table, "deletionProtectionEnabled") is not True:
        yield "it is not protected from deletion."
    yield from _replicas(table, "deletionProtectionEnabled", "is not protected from deletion")


def _replicas(table: PolicyResource, key: str, otherwise: str) -> Iterator[str]:
    for replica in items(known(table, "replicas")):
        if replica.get(key) is not True:
            yield f"its replica in {replica.get('regionName')} {otherwise}."


def _forgets(table: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    if known(table, "ttl", "enabled") is not True or not known(table, "ttl", "attributeName"):
        yield "it has no time to live: what has expired stays, and is paid for."


def _key(table: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    name = known(table, "hashKey")
    if name not in config["keys"]:
        yield f"its key is {name}, {' or '.join(config['keys'])} is right."
    types = [one.get("type") for one in items(known(table, "attributes")) if one.get("name") == name]
    if types and types != ["S"]:
        yield f"its key is of type {types[0]}, S is right: an address is a text."


def _shared(table: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    for holder in path.pointing(TABLE_POLICY, "resourceArn", table):
        for statement in statements(known(holder, "policy")):
            if statement.get("Effect") == ALLOW and not _is_bounded(statement):
                yield f"{label(statement)} lets {', '.join(sorted(principals(statement)))} use it."


def _is_bounded(statement: Statement) -> bool:
    """Whether a statement names whom it means, by principal or by a condition on who asks."""
    if not any(wild(one) or " " in one for one in principals(statement)):
        return True
    return any(
        values and all(re.fullmatch(form, value) for value in values)
        for key, form in _ASKERS.items()
        for values in demands(statement, key)
    )


def _tables(path: FeedbackPath) -> list[PolicyResource]:
    return path.tables


RULES: Sequence[Rule] = (
    Rule(
        name="tables-recover", severity=HIGH, level=MANDATORY, looks_at="tables", subjects=_tables,
        problems=_recovers, early=True,
        says="A table of feedback can be restored to any second of the last days.",
        fix="Switch point-in-time recovery on, for the replicas, too.",
        url=f"{_GUIDE}/Point-in-time-recovery.html",
    ),
    Rule(
        name="tables-resist-deletion", severity=HIGH, level=MANDATORY, looks_at="tables", subjects=_tables,
        problems=_resists, early=True,
        says="A table of feedback is protected from deletion.",
        fix="Set deletionProtectionEnabled; to remove a table on purpose, make this rule advisory for that one update.",
        url=f"{_GUIDE}/WorkingWithTables.Basics.html",
    ),
    Rule(
        name="tables-forget", severity=MEDIUM, level=MANDATORY, looks_at="tables", subjects=_tables,
        problems=_forgets, early=True,
        says="A table of feedback forgets what has expired.",
        fix="Give it a time to live on the attribute with the expiry, epoch seconds.",
        url=f"{_GUIDE}/TTL.html",
    ),
    Rule(
        name="tables-are-not-open", severity=CRITICAL, level=MANDATORY, looks_at="tables", subjects=_tables,
        problems=_shared, early=True,
        says="The policy of a table of feedback names whom it lets in.",
        fix="Name accounts or roles as principals, or ask for aws:PrincipalOrgID.",
        url=f"{_GUIDE}/access-control-resource-based.html",
    ),
    Rule(
        name="tables-have-the-key", severity=HIGH, level=MANDATORY, looks_at="tables", subjects=_tables,
        problems=_key, early=True,
        says="The key of a table of feedback is the one that senders ask for.",
        fix="Name the hash key as the senders do; a table cannot change it, so a new one is needed.",
        url=f"{_GUIDE}/HowItWorks.CoreComponents.html",
        settings={"keys": Setting(["value"], "The names that the key may have.", TEXTS)},
    ),
)  # fmt: skip
