"""Lists all rules, in the order in which feedback passes the resources."""

from collections.abc import Sequence

from pulumi_policy import Policy

from policy import (
    access,
    alarms,
    completeness,
    delivery,
    encryption,
    function_rights,
    functions,
    governance,
    keys,
    notifications,
    queues,
    roles,
    sharing,
    tables,
)
from policy.recorded_inputs import RecordedInputs
from policy.rule import Rule

NAME = "ses-feedback"
RULES: Sequence[Rule] = (
    *notifications.RULES,
    *completeness.RULES,
    *sharing.RULES,
    *access.RULES,
    *delivery.RULES,
    *queues.RULES,
    *alarms.RULES,
    *encryption.RULES,
    *keys.RULES,
    *functions.RULES,
    *roles.RULES,
    *function_rights.RULES,
    *tables.RULES,
    *governance.RULES,
)


def build_policies() -> list[Policy]:
    """The rules as the policies of one update, which share what they record of it."""
    recorded = RecordedInputs()
    return [rule.build_policy(recorded) for rule in RULES]
