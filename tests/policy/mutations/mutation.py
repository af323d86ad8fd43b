"""A fault: a change of a graph that violates a guarantee, and the rule that must report it."""

from typing import Any, NamedTuple

from tests.policy.graph_changes import (
    BASE,
    GraphChange,
)


class Mutation(NamedTuple):
    """A change that violates one guarantee."""

    guarantee: str
    rule: str
    apply: GraphChange
    resource: str = BASE + "-queue"
    """The resource that the rule must report."""
    programs: tuple[str, ...] = ("own", "foreign")
    """The programs in which the change can be made."""


class ConfiguredMutation(NamedTuple):
    """A change, or none, that is a violation only with settings."""

    rule: str
    settings: dict[str, Any]
    apply: GraphChange
    resource: str
    """The resource that the rule must report."""
