"""Reads the outputs of the hub's stack that the stacks of its members need."""

from collections.abc import Mapping

from components import inputs
from components.arn import Arn

from .plan import Plan
from .target_config import TABLE_ARN_KEYS, TABLE_KMS_KEY_ARN


def read_hub_outputs(plan: Plan, outputs: Mapping[str, object]) -> dict[str, str]:
    """The outputs that members need, out of all outputs of the hub's stack (`pulumi stack output --json`).

    Raises: ValueError for an output that is missing, or belongs to another account or Region than the plan's hub.
    """
    hub = plan.hub
    hub_outputs: dict[str, str] = {}
    for key in TABLE_ARN_KEYS:
        table_arn = inputs.table_arn(key, outputs.get(key))
        arn = Arn.of(table_arn)
        if (arn.region, arn.account) != (hub.region, hub.account_id):
            requirement = f"a table of the hub is needed, in {hub.region} of account {hub.account_id}"
            raise inputs.InputError(key, table_arn, requirement)
        hub_outputs[key] = table_arn
    if any(TABLE_KMS_KEY_ARN in stack.hub_output_keys for stack in plan.stacks):
        hub_outputs[TABLE_KMS_KEY_ARN] = inputs.kms_key_arn(TABLE_KMS_KEY_ARN, outputs.get(TABLE_KMS_KEY_ARN))
    return hub_outputs
