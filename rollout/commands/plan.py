"""`python -m rollout plan`."""

import sys
from dataclasses import asdict

from rollout.options import ROOT, JsonOption, OnlyOption, ProgramOption, RecordOption, TargetsPath, UntilOption
from rollout.plan_table import print_plan
from rollout.printing import output_console, print_json
from rollout.record import RecordError
from rollout.record_location import find_record_store
from rollout.selection import narrow, select

from .app import app
from .shared import read_plan


@app.command(name="plan")
def _plan(
    targets: TargetsPath,
    *,
    only: OnlyOption = None,
    until: UntilOption = None,
    program: ProgramOption = ROOT,
    record: RecordOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the waves, their stacks, where the tables are, and what leaves. Reads the record and changes nothing."""
    try:
        plan = read_plan(targets, find_record_store(targets, record, program))
    except RecordError as error:  # a plan can be made without the credentials of the Pulumi backend
        plan = read_plan(targets)
        sys.stderr.write(f"stacks that leave are not shown: {error}\n")
    waves = narrow(plan.waves, select(plan, only or (), until))
    if as_json:
        print_json(plan.as_json() | {"waves": [asdict(wave) for wave in waves]})
    else:
        print_plan(plan, waves, output_console())
