"""`python -m rollout status`."""

from contextlib import suppress

from rollout.options import JsonOption, RecordOption, TargetsPath
from rollout.record import RecordError

from .app import app
from .shared import load_record, open_record_file, print_and_exit, read_plan


@app.command(name="status")
def _status(targets: TargetsPath, record: RecordOption = None, as_json: JsonOption = False) -> None:
    """Show the status of each stack, from the record. Makes no calls."""
    record_file = open_record_file(targets, record)
    rollout_record = load_record(record_file, read_plan(targets))
    note = "running"
    with suppress(RecordError), record_file.locked():
        rollout_record.mark_interrupted()
        note = ""
    print_and_exit(rollout_record, as_json, note)
