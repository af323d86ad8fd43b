"""Violations of every guarantee of the components, and the rule that must report each.

They are made in the recorded graph of a program: this proves that the rules report them, not that AWS would fail.
"""

from tests.policy.mutations import functions, keys, queue_access, queues, sources, tables, topic_access
from tests.policy.mutations.configured import CONFIGURED
from tests.policy.mutations.mutation import ConfiguredMutation, Mutation

__all__ = ["CONFIGURED", "MUTATIONS", "ConfiguredMutation", "Mutation"]

MUTATIONS: tuple[Mutation, ...] = (
    *functions.MUTATIONS,
    *keys.MUTATIONS,
    *queue_access.MUTATIONS,
    *queues.MUTATIONS,
    *sources.MUTATIONS,
    *tables.MUTATIONS,
    *topic_access.MUTATIONS,
)
