"""The commands that docs/rollout.md and the example workflow show."""

import re
import shlex
from pathlib import Path
from typing import Any

import typer.main
import yaml

from rollout.commands import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rollout.md").read_text()
TARGETS = "examples/rollout/targets.yaml"
WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / "examples" / "rollout" / "github-actions.yaml").read_text())
WORKFLOW_STEPS: list[dict[str, str]] = WORKFLOW["jobs"]["rollout"]["steps"]
WORKFLOW_COMMANDS: list[str] = WORKFLOW[True]["workflow_dispatch"]["inputs"]["command"]["options"]  # YAML 1.1: `on`
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
VALUES = {"--commit": "HEAD", "--hub-outputs": "outputs.json"}
"""In the place of the value of an option that a sentence only mentions."""


def commands_of_page() -> list[str]:
    """Every command on the page, with or without `python -m rollout`, as one that can be run."""
    shown = re.findall(r"python -m rollout ([^\n`#]+)", PAGE)
    shown += re.findall(rf"`((?:{'|'.join(COMMANDS)})(?: [^`]+)?)`", PAGE)
    return sorted({_complete(line.strip()) for line in shown})


def has_option(name: str, option: str) -> bool:
    """Whether a subcommand has an option."""
    return any(option in parameter.opts for parameter in COMMANDS[name].params)


def _complete(line: str) -> str:
    """A command of a sentence gets the targets file, and a value for an option at its end."""
    name, *arguments = shlex.split(line)
    if TARGETS not in arguments:
        arguments.insert(0, TARGETS)
    last = arguments[-1]
    if any(last in parameter.opts and not parameter.is_flag for parameter in COMMANDS[name].params):
        arguments.append(VALUES.get(last, "reviewed.json"))
    return shlex.join([name, *arguments])
