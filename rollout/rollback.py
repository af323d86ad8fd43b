"""Decides to which program a rollback goes."""

from .program import is_exact
from .record import Record, RecordError
from .record_store import RecordStore, last_success_name


def choose_rollback(store: RecordStore, record: Record | None, commit: str | None) -> tuple[Record, str]:
    """The last record that succeeded wholly, whose plan is to be run, and the commit of the program to run it with.

    `record` is that of the last rollout; `commit`, if given, is used instead of the recorded one.
    Raises: RecordError with the reason why there is nothing to go back to.
    """
    good_record = store.load_last_success()
    place = last_success_name(store.location)
    if good_record is None:
        raise RecordError(f"{place} does not exist: no rollout has succeeded yet, so there is nothing to go back to")
    if commit is not None:
        return good_record, commit
    good_commit = good_record.program_commit
    advice = "--commit names one to go back to"
    if not is_exact(good_commit):
        reason = "had files that were not committed" if good_commit else "was not in Git"
        raise RecordError(f"the program of {place} {reason}, so that Git cannot restore it: {advice}")
    if record is not None and record.succeeded and record.program_commit == good_commit:
        raise RecordError(
            f"the last rollout has succeeded, and its commit {good_commit} is the last good one: {advice}"
        )
    return good_record, good_commit
