"""The configuration of a plan's stacks, and its files, `Pulumi.<stack>.yaml`, as `pulumi up -s <stack>` reads them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from components import inputs

from .config import FROM_HUB, PROJECT, TABLE_KEY
from .plan import Plan, PlannedStack


def hub_outputs(plan: Plan, outputs: Mapping[str, object]) -> dict[str, str]:
    """What members need of the outputs of the hub's stack (`pulumi stack output --json`).

    Raises: ValueError for an output that is missing, or is of another account or Region than the plan's hub.
    """
    hub = plan.hub
    needed: dict[str, str] = {}
    for key in FROM_HUB:
        arn = inputs.table_arn(key, outputs.get(key))
        if arn.split(":")[3:5] != [hub.region, hub.account_id]:
            raise inputs.input_error(
                key, arn, f"a table of the hub is needed, in {hub.region} of account {hub.account_id}"
            )
        needed[key] = arn
    if any(TABLE_KEY in stack.from_hub for stack in plan.stacks):
        needed[TABLE_KEY] = inputs.kms_key_arn(TABLE_KEY, outputs.get(TABLE_KEY))
    return needed


def files(plan: Plan, from_hub: Mapping[str, str] | None) -> dict[str, dict[str, object]]:
    """Configuration by stack: of the hub's alone, or of all once the hub's outputs are known."""
    stacks = [stack for stack in plan.stacks if from_hub is not None or not stack.from_hub]
    return {stack.name: config_of(stack, from_hub or {}) for stack in stacks}


def config_of(stack: PlannedStack, from_hub: Mapping[str, str]) -> dict[str, object]:
    """The whole configuration of a stack."""
    return dict(stack.config) | {f"{PROJECT}:{key}": from_hub[key] for key in stack.from_hub}


def write(folder: Path, name: str, config: Mapping[str, object] | None) -> dict[str, object] | None:
    """Write a stack's configuration into its file (None: none); what was there before, to be put back.

    What Pulumi wrote into the file beside it, such as `encryptionsalt`, stays.
    """
    path = file_of(folder, name)
    old = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
    new: dict[str, Any] = dict(old) if isinstance(old, dict) else {}
    before: dict[str, object] | None = new.pop("config", None)
    if config is not None:
        new["config"] = dict(config)
    if new or path.exists():
        path.write_text(yaml.dump(new, Dumper=_Plain, sort_keys=False, width=120), encoding="utf-8")
    return before


def file_of(folder: Path, name: str) -> Path:
    """The file of a stack's configuration."""
    return folder / f"Pulumi.{name}.yaml"


class _Plain(yaml.SafeDumper):
    """Writes a list out where it is used twice."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 # the base class asks per value
        return True
