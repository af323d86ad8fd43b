"""The command `dead-letters discard`."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.status import Status

from ses_feedback_cli.blocks.address_arguments import check_note
from ses_feedback_cli.blocks.manual_unblocks import UnblockDecision
from ses_feedback_cli.blocks.undo_file import default_path
from ses_feedback_cli.commands.dead_letter_acts import confirmed, decide, read_queues, write_results
from ses_feedback_cli.commands.options import JsonOption, NoteOption, YesOption
from ses_feedback_cli.commands.queue_options import (
    DeadLetterReasonOption,
    IdsOption,
    KindOption,
    OlderThanOption,
    PipelineOption,
    QueueOption,
    TypeOption,
    read_selection,
)
from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.acts import record_act
from ses_feedback_cli.dead_letters.archive import create_archive
from ses_feedback_cli.dead_letters.contents import Selection
from ses_feedback_cli.dead_letters.discard import DiscardPlan, discard_queue, plan_discard
from ses_feedback_cli.dead_letters.queues import DeadLetterQueue, select_queues
from ses_feedback_cli.dead_letters.redrive import SAMPLE_LIMIT
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import open_console, write_json, write_stderr


def discard(  # noqa: PLR0913, PLR0917 - one per option
    context: Context,
    note: NoteOption,
    pipeline: PipelineOption = None,
    kind: KindOption = None,
    queue: QueueOption = None,
    ids: IdsOption = None,
    type_: TypeOption = None,
    reason: DeadLetterReasonOption = None,
    older_than: OlderThanOption = None,
    all_: Annotated[bool, typer.Option("--all", help="All messages, instead of an option that selects some.")] = False,
    archive: Annotated[
        Path | None, typer.Option("--archive", help="File to write them to. Default: a new file in this folder.")
    ] = None,
    yes: YesOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be discarded; discard nothing.")] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Delete messages that are no feedback from the dead-letter queues. An archive keeps them.

    What is feedback belongs back into the queue: `dead-letters redrive`, after an update that can read it. The archive
    has the messages with the addresses in them; only you can read it. Nothing is deleted that is not on the disk yet.
    `dead-letters restore` sends an archive back to the queues. Delete it when nobody needs it any more.

    Who discarded how many messages, when and why is a row of the history table, as everything that people do: all who
    work with the stack see it by `dead-letters acts`, and it stays when the archive is deleted. It has no personal
    data.

    Exit code 0: all are discarded; 1: some could not be deleted, or you said no.

    Needs the permissions of list; also sqs:DeleteMessage on the dead-letter queues, and dynamodb:PutItem on the history
    table.
    """

    now = datetime.now(UTC)
    selection = read_selection(ids, type_, reason, older_than, now)
    if all_ != selection.is_everything:
        raise UsageError("needed is one of --id, --type, --reason and --older-than, or else --all")
    path = archive or default_path(now, "dead-letters")
    if path.exists():
        raise UsageError(f"{path} exists: an archive is not overwritten, --archive names another file")
    context.history_table()
    check_note(note)
    queues = select_queues(context, pipeline or (), kind, queue)
    all_plans, exit_code = read_queues(queues, lambda each: plan_discard(context, each, selection, now))
    plans = [plan for plan in all_plans if plan.reasons]
    for plan in plans if dry_run or not as_json else ():
        _write_plan(plan, dry_run=dry_run, as_json=as_json)
    if not plans:
        write_stderr("nothing to discard")
    if dry_run or not plans:
        return exit_code
    if not yes and not confirmed("discards the messages", "Discard them?"):
        return ExitCode.NEGATIVE
    decision = decide(context, note, now)
    return max(exit_code, _discard(context, [plan.queue for plan in plans], selection, path, decision, as_json=as_json))


def _discard(
    context: Context,
    queues: Sequence[DeadLetterQueue],
    selection: Selection,
    path: Path,
    decision: UnblockDecision,
    *,
    as_json: bool,
) -> ExitCode:
    results = []
    selected = f"{selection.describe()}; {', '.join(map(str, queues))}"
    with create_archive(path, decision) as archive, open_console(stderr=True).status(str(path)) as status:
        record_act(context, "discard", decision, selection=selected, archive=path.name)
        for queue in queues:
            write_status = partial(_write_status, status, queue)
            results.append(discard_queue(context, queue, selection, archive, decision.at, write_status))
            if results[-1].status == "interrupted":
                break
        archived = archive.count
    exit_code = write_results("discarded", results, as_json=as_json)
    discarded = sum(result.messages for result in results)
    record_act(context, "discard", decision, selection=selected, archive=path.name, messages=discarded)
    if archived:
        write_stderr(
            f"{path} has {archived} message(s), with personal data; `dead-letters restore {path} --note WHY` sends "
            "them back"
        )
    return exit_code


def _write_status(status: Status, queue: DeadLetterQueue, discarded: int) -> None:
    status.update(f"{queue}: {discarded} discarded")


def _write_plan(plan: DiscardPlan, *, dry_run: bool, as_json: bool) -> None:
    number = plan.reasons.total()
    if as_json:
        names = {"pipeline": plan.queue.pipeline.name, "queue": plan.queue.name}
        counts = {"would_discard": number, "reasons": dict(plan.reasons), "readable": plan.readable}
        write_json({**names, **counts, "may_be_more": plan.may_be_more})
        return
    reasons = ", ".join(f"{count} {reason}" for reason, count in plan.reasons.most_common())
    line = f"{plan.queue}: {number} message(s) to discard ({reasons})"
    line += f" of the first {SAMPLE_LIMIT}, and possibly more" if plan.may_be_more else ""
    line += f"; this version can read {plan.readable} of them: `dead-letters redrive` records these" * bool(
        plan.readable
    )
    (sys.stdout if dry_run else sys.stderr).write(line + "\n")
