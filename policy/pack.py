"""All rules, in the order in which feedback travels."""

from collections.abc import Sequence

from pulumi_policy import Policy

from policy import delivery, encryption, functions, places, queues, senders, sources, tables
from policy.rule import Rule
from policy.seen import Seen

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


def policies() -> list[Policy]:
    """The rules as the analyzer of one update takes them."""
    seen = Seen()
    return [rule.policy(seen) for rule in RULES]
