"""Tables: what is known about an address can be restored, is not deleted by mistake, and is found under its key."""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.path import FeedbackPath
from policy.rule import HIGH, MANDATORY, MEDIUM, TEXTS, Config, Rule, Setting
from policy.wiring import items, known

_GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide"


def _recovers(table: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    if known(table, "pointInTimeRecovery", "enabled") is not True:
        yield "it has no point-in-time recovery."
    for replica in items(known(table, "replicas")):
        if replica.get("pointInTimeRecovery") is not True:
            yield f"its replica in {replica.get('regionName')} has no point-in-time recovery."


def _resists(table: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    if known(table, "deletionProtectionEnabled") is not True:
        yield "it is not protected from deletion."


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


def _tables(path: FeedbackPath) -> list[PolicyResource]:
    return path.tables


RULES: Sequence[Rule] = (
    Rule(
        name="tables-recover", severity=HIGH, level=MANDATORY, looks_at="tables", subjects=_tables, problems=_recovers,
        says="A table of feedback can be restored to any second of the last days.",
        fix="Switch point-in-time recovery on, for the replicas, too.",
        url=f"{_GUIDE}/Point-in-time-recovery.html",
    ),
    Rule(
        name="tables-resist-deletion", severity=HIGH, level=MANDATORY, looks_at="tables", subjects=_tables,
        problems=_resists,
        says="A table of feedback is protected from deletion.",
        fix="Set deletionProtectionEnabled; to remove a table on purpose, make this rule advisory for that one update.",
        url=f"{_GUIDE}/WorkingWithTables.Basics.html",
    ),
    Rule(
        name="tables-forget", severity=MEDIUM, level=MANDATORY, looks_at="tables", subjects=_tables, problems=_forgets,
        says="A table of feedback forgets what has expired.",
        fix="Give it a time to live on the attribute with the expiry, epoch seconds.",
        url=f"{_GUIDE}/TTL.html",
    ),
    Rule(
        name="tables-have-the-key", severity=HIGH, level=MANDATORY, looks_at="tables", subjects=_tables, problems=_key,
        says="The key of a table of feedback is the one that senders ask for.",
        fix="Name the hash key as the senders do; a table cannot change it, so a new one is needed.",
        url=f"{_GUIDE}/HowItWorks.CoreComponents.html",
        settings={"keys": Setting(["value"], "The names that the key may have.", TEXTS)},
    ),
)  # fmt: skip
