"""Lists all rules, in the order in which feedback passes the resources."""

import sys
from collections.abc import Callable, Sequence

from pulumi_policy import Policy

from policy import (
    alarms,
    completeness,
    delivery,
    encryption,
    function_rights,
    functions,
    governance,
    keys,
    notifications,
    queue_access,
    queues,
    roles,
    sharing,
    tables,
    topic_access,
    way_found,
)
from policy.recorded_inputs import RecordedInputs
from policy.rule import Rule
from policy.summary import Summary

NAME = "ses-feedback"
RULES: Sequence[Rule] = (
    *way_found.RULES,
    *notifications.RULES,
    *completeness.RULES,
    *sharing.RULES,
    *queue_access.RULES,
    *topic_access.RULES,
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


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")  # the engine shows what a pack prints as a message of the stack
    sys.stdout.flush()


def build_policies(show: Callable[[str], None] = _print) -> list[Policy]:
    """The rules as the policies of one update, which share what they record of it; `show` takes the summary's lines."""
    recorded, summary = RecordedInputs(), Summary(show)
    return [*(rule.build_policy(recorded, summary) for rule in RULES), summary.build_policy(recorded)]
