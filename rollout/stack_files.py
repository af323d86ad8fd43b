"""Writes the configuration of a plan's stacks into their files, `Pulumi.<stack>.yaml`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from .plan import Plan, PlannedStack
from .target_config import PROJECT


def complete_config(stack: PlannedStack, hub_outputs: Mapping[str, str]) -> dict[str, object]:
    """The whole configuration of a stack."""
    return dict(stack.config) | {f"{PROJECT}:{key}": hub_outputs[key] for key in stack.hub_output_keys}


def complete_configs(plan: Plan, hub_outputs: Mapping[str, str] | None) -> dict[str, dict[str, object]]:
    """Configurations by stack: of the hub's stack only, or of all stacks if the hub's outputs are given."""
    stacks = [stack for stack in plan.stacks if hub_outputs is not None or not stack.hub_output_keys]
    return {stack.name: complete_config(stack, hub_outputs or {}) for stack in stacks}


def write_stack_file(folder: Path, stack_name: str, config: Mapping[str, object] | None) -> dict[str, object] | None:
    """Write a stack's configuration (None: remove it) into its file; returns the one before, to restore it later.

    What Pulumi itself wrote into the file, such as `encryptionsalt`, stays.
    """
    path = stack_file(folder, stack_name)
    old_settings = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
    settings: dict[str, Any] = dict(old_settings) if isinstance(old_settings, dict) else {}
    old_config: dict[str, object] | None = settings.pop("config", None)
    if config is not None:
        settings["config"] = dict(config)
    if settings or path.exists():
        path.write_text(yaml.dump(settings, Dumper=_NoAliasDumper, sort_keys=False, width=120), encoding="utf-8")
    return old_config


def stack_file(folder: Path, stack_name: str) -> Path:
    """The path of a stack's file."""
    return folder / f"Pulumi.{stack_name}.yaml"


class _NoAliasDumper(yaml.SafeDumper):
    """Writes a list out at each place that uses it, instead of a YAML alias."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 # PyYAML passes each value
        return True
