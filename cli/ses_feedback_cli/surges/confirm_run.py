"""Makes the holds of a surge permanent, for a person to watch."""

import uuid
from collections.abc import Iterator

from ses_feedback_cli.blocks.block_run import run_block
from ses_feedback_cli.blocks.manual_blocks import BlockRequest, block_addresses
from ses_feedback_cli.blocks.undo_file import UndoFile
from ses_feedback_cli.context import Context
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import write_stderr


def run_confirm(context: Context, undo_file: UndoFile, note: str, *, as_json: bool) -> ExitCode:
    """Block the addresses of the file for good; without --json only those that fail are reported.

    The blocks count from the time of the decision in the file, so that its undo beats them, and so does every unblock
    since then.
    """
    decision = undo_file.decision

    def requests() -> Iterator[BlockRequest]:
        for item in undo_file.items():
            yield BlockRequest(item["value"], None, note, subtype=str(item.get("kind", "")))

    # An act of its own: one that is undone must not look like its undo, which has the act id of the file.
    results = block_addresses(context, requests(), actor=decision.actor, act_id=uuid.uuid4().hex, at=decision.at)
    count, path = undo_file.count, undo_file.path
    undo = (
        f"`ses-feedback unblock --from {path} --no-ses` lifts them, and then `ses-feedback block --from {path}` holds "
        "them again until the same time"
    )
    try:
        failed = run_block(results, count, as_json=as_json, only_problems=True)
    except BaseException:
        write_stderr(undo)  # the next run writes a file of its own, of the rest only
        raise
    write_stderr(f"{count - failed:,} of {count:,} are blocked for good; {undo}")
    if failed:
        write_stderr(f"{failed:,} failed: the same command again does the rest")
    return ExitCode.NEGATIVE if failed else ExitCode.OK
