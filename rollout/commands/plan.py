"""`python -m rollout plan`."""

from dataclasses import asdict

from rollout.options import JsonOption, OnlyOption, TargetsPath, UntilOption
from rollout.plan_table import print_plan
from rollout.printing import output_console, print_json
from rollout.selection import narrow, select

from .app import app
from .shared import read_plan


@app.command(name="plan")
def _plan(
    targets: TargetsPath, *, only: OnlyOption = None, until: UntilOption = None, as_json: JsonOption = False
) -> None:
    """Show the waves, their stacks and where the tables are. Makes no calls, changes nothing."""
    plan = read_plan(targets)
    waves = narrow(plan.waves, select(plan, only or (), until))
    if as_json:
        print_json({"waves": [asdict(wave) for wave in waves]})
    else:
        print_plan(waves, output_console())
