"""Tables."""

from tests.policy.analyzer import StackResource
from tests.policy.graph_changes import (
    TABLE,
    WRITE_BLOCKED_TABLE,
    GraphChange,
    add_table_policy,
    change_statement,
    copy_of,
    resource_named,
    set_input,
)
from tests.policy.mutations.changes import EVERYBODY
from tests.policy.mutations.mutation import Mutation


def _write_unnamed_table(**inputs: object) -> GraphChange:
    """Let the function write a table that its environment does not name."""

    def apply(graph: list[StackResource]) -> None:
        table = copy_of(resource_named(graph, TABLE), "unnamed")
        table.inputs |= inputs
        graph.insert(0, table)
        change_statement("role-policy", WRITE_BLOCKED_TABLE, Resource=table["arn"])(graph)
        resource_named(graph, "role-policy").property_dependencies["policy"].append(table.name)

    return apply


MUTATIONS = (
    Mutation("point-in-time recovery", "table-point-in-time-recovery", set_input(TABLE, "pointInTimeRecovery", None),
             TABLE),
    Mutation("point-in-time recovery of the history table", "table-point-in-time-recovery",
             set_input("ses-feedback-history", "pointInTimeRecovery", {"enabled": False}), "ses-feedback-history",
             ("own",)),
    Mutation("point-in-time recovery of replicas", "table-point-in-time-recovery",
             set_input(TABLE, "replicas", [{"regionName": "eu-west-2", "deletionProtectionEnabled": True}]), TABLE),
    Mutation("deletion protection of replicas", "table-deletion-protection",
             set_input(TABLE, "replicas", [{"regionName": "eu-west-2", "pointInTimeRecovery": True}]), TABLE),
    Mutation("nobody reads the table", "table-policy-restricts-access", add_table_policy(Principal="*"), TABLE),
    Mutation("nobody of any account reads the table", "table-policy-restricts-access",
             add_table_policy(Principal=EVERYBODY, Condition={"StringLike": {"aws:PrincipalOrgID": "*"}}), TABLE),
    Mutation("no NotPrincipal reads the table", "table-policy-restricts-access",
             add_table_policy(NotPrincipal={"AWS": "210987654321"}), TABLE),
    Mutation("deletion protection", "table-deletion-protection", set_input(TABLE, "deletionProtectionEnabled", False),
             TABLE),
    Mutation("time to live", "table-ttl-enabled",
             set_input(TABLE, "ttl", {"attributeName": "expires_at", "enabled": False}), TABLE),
    Mutation("the hash key", "table-hash-key", set_input(TABLE, "hashKey", "email"), TABLE, ("own",)),
    Mutation("the hash key's type", "table-hash-key",
             set_input(TABLE, "attributes", [{"name": name, "type": "B"} for name in ("value", "email")]), TABLE),
    Mutation("no range key", "table-hash-key", set_input(TABLE, "rangeKey", "received_at"), TABLE),
    Mutation("point-in-time recovery of a table that the environment does not name", "table-point-in-time-recovery",
             _write_unnamed_table(pointInTimeRecovery=None), "unnamed"),
    Mutation("deletion protection of a table that the environment does not name", "table-deletion-protection",
             _write_unnamed_table(deletionProtectionEnabled=False), "unnamed"),
)  # fmt: skip
