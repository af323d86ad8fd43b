"""`python -m rollout plan`."""

from rollout.options import JsonOption, TargetsPath
from rollout.plan_table import print_plan
from rollout.printing import output_console, print_json

from .app import app
from .shared import read_plan


@app.command(name="plan")
def _plan(targets: TargetsPath, as_json: JsonOption = False) -> None:
    """Show the waves, their stacks and where the tables are. Makes no calls, changes nothing."""
    plan = read_plan(targets)
    if as_json:
        print_json(plan.as_json())
    else:
        print_plan(plan, output_console())
