"""The files of a plan's stacks, `Pulumi.<stack>.yaml`, as `pulumi up -s <stack>` reads them."""

from collections.abc import Mapping

import yaml

from components import inputs

from .config import FROM_HUB, PROJECT
from .plan import Plan, PlannedStack


def hub_outputs(plan: Plan, outputs: Mapping[str, object]) -> dict[str, str]:
    """What members need of the outputs of the hub's stack (`pulumi stack output --json`).

    Raises: ValueError for an output that is missing, or is of another account or Region than the plan's hub.
    """
    (hub,) = plan.waves[0].stacks
    needed = {}
    for key in FROM_HUB:
        arn = inputs.table_arn(key, outputs.get(key))
        if arn.split(":")[3:5] != [hub.region, hub.account_id]:
            raise inputs.refuse(key, arn, f"a table of the hub is needed, in {hub.region} of account {hub.account_id}")
        needed[key] = arn
    return needed


def files(plan: Plan, from_hub: Mapping[str, str] | None) -> dict[str, str]:
    """The files by name: of the hub's stack alone, or of all once the hub's outputs are known."""
    stacks = [stack for stack in plan.stacks if from_hub is not None or not stack.from_hub]
    return {f"Pulumi.{stack.name}.yaml": _file(stack, from_hub or {}) for stack in stacks}


def _file(stack: PlannedStack, from_hub: Mapping[str, str]) -> str:
    config = dict(stack.config) | {f"{PROJECT}:{key}": from_hub[key] for key in stack.from_hub}
    return yaml.dump({"config": config}, Dumper=_Plain, sort_keys=False, width=120)


def keep_settings(text: str, before: str) -> str:
    """The new text of a file, with what Pulumi wrote into the old one beside `config`, such as `encryptionsalt`."""
    old = yaml.safe_load(before) if before else None
    kept = {key: value for key, value in old.items() if key != "config"} if isinstance(old, dict) else {}
    return (yaml.dump(kept, Dumper=_Plain, sort_keys=False, width=120) if kept else "") + text


class _Plain(yaml.SafeDumper):
    """Writes a list out where it is used twice."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 # the base class asks per value
        return True
