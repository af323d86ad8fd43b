"""`python -m rollout files`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from rollout.hub_outputs import read_hub_outputs
from rollout.options import ROOT, ProgramOption, RecordOption, TargetsPath
from rollout.plan import Plan
from rollout.record_location import find_record_store
from rollout.stack_files import complete_configs, stack_file, write_stack_file

from .app import app
from .shared import read_plan


@app.command(name="files")
def _files(
    targets: TargetsPath,
    hub_outputs: Annotated[
        Path | None, typer.Option(help="File with what `pulumi stack output --json` prints for the hub's stack.")
    ] = None,
    program: ProgramOption = ROOT,
    record: RecordOption = None,
    folder: Annotated[Path, typer.Option(help="Folder to write into.")] = Path(),
) -> None:
    """Write the Pulumi.<stack>.yaml of the hub's stack or, with --hub-outputs, of all stacks."""
    plan = read_plan(targets, find_record_store(targets, record, program))
    outputs = None if hub_outputs is None else _read_outputs_file(plan, hub_outputs)
    for stack_name, config in complete_configs(plan, outputs).items():
        write_stack_file(folder, stack_name, config)
        typer.echo(stack_file(folder, stack_name))


def _read_outputs_file(plan: Plan, path: Path) -> dict[str, str]:
    outputs = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(outputs, dict):
        return read_hub_outputs(plan, outputs)
    raise ValueError(f"{path} is a {type(outputs).__name__}: the JSON object of the hub's outputs is needed")
