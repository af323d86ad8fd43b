"""`python -m rollout unlock`."""

import sys

from rollout.options import ROOT, ProgramOption, RecordOption, TargetsPath, YesOption
from rollout.record_location import find_record_store

from .app import app
from .shared import confirm


@app.command(name="unlock")
def _unlock(
    targets: TargetsPath, program: ProgramOption = ROOT, record: RecordOption = None, yes: YesOption = False
) -> None:
    """Remove the lock of a rollout that has crashed. `resume` then continues it."""
    record_store = find_record_store(targets, record, program)
    holder = record_store.lock_holder()
    if holder is None:
        sys.stderr.write(f"{record_store.location} is not locked\n")
        return
    confirm(f"{record_store.location} is locked by {holder}. Has this process certainly ended?", yes)
    record_store.unlock()
    sys.stderr.write(f"{record_store.location} is unlocked; `resume` continues the rollout\n")
