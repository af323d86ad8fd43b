"""Checks, before a stack's update, that no member writes into the hub's tables without rights at them."""

from collections.abc import Sequence
from typing import cast

from components.arn import Arn

from .deployer import StackError
from .plan import PlannedStack
from .record import Record
from .target_config import PRINCIPAL_KEYS, PROJECT


def check_rights(record: Record, stack: PlannedStack) -> None:
    """Raises: StackError for a member that the hub gives no rights yet, and for a hub that takes those of a member.

    Both can only be where not all stacks of a plan are selected.
    """
    hub = record.plan.hub
    deployed_hub = record.deployed.get(hub.name)
    if stack.hub_output_keys and deployed_hub and not _has_rights(stack, deployed_hub):
        message = f"the hub's stack {hub.name} gives account {stack.account_id} no rights at its tables yet"
        raise StackError(f"{message}: update it first")
    if stack.name == hub.name:
        for member in record.deployed.values():
            if member.hub_output_keys and not _has_rights(member, hub):
                message = f"the update would take the rights of {member.name}, which still writes into the tables"
                raise StackError(f"{message}: update that stack first")


def _has_rights(member: PlannedStack, hub: PlannedStack) -> bool:
    """Whether the hub lets a member write; an organization's id may include every account."""
    principals = cast(Sequence[str] | None, hub.config.get(f"{PROJECT}:{PRINCIPAL_KEYS[0]}"))
    if principals is None or member.account_id == hub.account_id:
        return True
    accounts = {Arn.of(principal).account if ":" in principal else principal for principal in principals}
    return member.account_id in accounts or any(principal.startswith("o-") for principal in principals)
