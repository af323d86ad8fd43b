"""All rules, in the order in which feedback travels."""

from collections.abc import Sequence

from policy import delivery, encryption, functions, places, queues, senders, sources, tables
from policy.rule import Rule

NAME = "ses-feedback"
RULES: Sequence[Rule] = (
    *sources.RULES,
    *senders.RULES,
    *delivery.RULES,
    *queues.RULES,
    *encryption.RULES,
    *functions.RULES,
    *tables.RULES,
    *places.RULES,
)
