"""`python -m rollout status`."""

from rollout.options import ROOT, JsonOption, ProgramOption, RecordOption, TargetsPath
from rollout.record_location import find_record_store

from .app import app
from .shared import load_record, print_and_exit, read_plan


@app.command(name="status")
def _status(
    targets: TargetsPath, program: ProgramOption = ROOT, record: RecordOption = None, as_json: JsonOption = False
) -> None:
    """Show the status of each stack, from the record. Changes nothing."""
    record_store = find_record_store(targets, record, program)
    rollout_record = load_record(record_store, read_plan(targets))
    holder = record_store.lock_holder()
    if holder is None:
        rollout_record.mark_interrupted()
    print_and_exit(rollout_record, as_json, f"running, by {holder}" if holder else "")
