"""`rejudge`: judge the history again by today's rules."""

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ses_feedback_cli.blocks.address_arguments import check_note
from ses_feedback_cli.blocks.manual_unblocks import UnblockDecision
from ses_feedback_cli.blocks.undo_file import check_is_new
from ses_feedback_cli.commands.options import DryRunOption, JsonOption, NoteOption, YesOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.files import file_errors
from ses_feedback_cli.rejudgement.run import RejudgeJob
from ses_feedback_cli.rejudgement.undo import default_path


def rejudge(
    context: Context,
    *,
    note: NoteOption = "judged again by today's rules",
    hold_days: Annotated[
        int | None,
        typer.Option(
            "--hold-days",
            help="How long a new hold lasts, from its feedback on. Default: as the tables say, or 14.",
            min=1,
            max=90,
        ),
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    undo_file: Annotated[
        Path | None,
        typer.Option(
            "--undo-file",
            help="Undo file to write; others are written beside it. Default: a new file in this folder.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Judge the whole history again by the rules of this version, after an update whose rules are others.

    First it shows how many addresses would be unblocked, newly blocked, or blocked for a shorter or longer time, by
    which rule before and now; then you are asked (not with --yes). The undo files are written before anything changes,
    and the output says which command undoes what. The history keeps who did it, and with which rule and verdict a
    feedback was first recorded.

    What people did stays, and so does a block whose feedback the history no longer has. What a surge or a protected
    address decided is not judged again; feedback about an address that is protected by now is ignored. Of feedback that
    earlier versions recorded it is assumed that the mail went to its address, unless the history says that it went to
    another one only.

    After an interruption the same command does the rest. An address about which something new is recorded in between is
    left for the next run. SES's suppression list is not changed.

    With --json the first line is the summary; each further line is one address whose block changes.

    Exit code 0: done, or nothing to do; 1: something failed or cannot be read, or you said no.

    Needs dynamodb:Scan, dynamodb:Query, dynamodb:BatchGetItem and dynamodb:PutItem on the history table, and
    dynamodb:PutItem and dynamodb:DeleteItem on the blocked table; for --dry-run only the first three.
    """
    now = datetime.now(UTC)
    decision = UnblockDecision(context.acting_name(), check_note(note), now, uuid.uuid4().hex)
    if undo_file:
        check_is_new(undo_file)
    undo_path = None if dry_run else undo_file or default_path(now)
    with file_errors():
        return RejudgeJob(context, decision, hold_days, undo_path, ask=not yes, as_json=as_json).run()
