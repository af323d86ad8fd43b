"""The command `dead-letters redrive`."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from ses_feedback_cli.commands.dead_letter_acts import confirmed, read_queues
from ses_feedback_cli.commands.options import JsonOption
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
from ses_feedback_cli.dead_letters.contents import Selection
from ses_feedback_cli.dead_letters.queues import DeadLetterQueue, select_queues
from ses_feedback_cli.dead_letters.redrive import SAMPLE_LIMIT, RedriveResult, count_selected, redrive_queue
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import open_console, write_json, write_stderr


def redrive(  # noqa: PLR0913, PLR0917 - one per option
    context: Context,
    pipeline: PipelineOption = None,
    kind: KindOption = None,
    queue: QueueOption = None,
    ids: IdsOption = None,
    type_: TypeOption = None,
    reason: DeadLetterReasonOption = None,
    older_than: OlderThanOption = None,
    rate: Annotated[int | None, typer.Option(min=1, max=500, help="Maximum number of messages per second.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be moved, and move nothing.")] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Move failed messages back to the queue of their pipeline. Remove the cause of the failure first.

    After an outage this happens by itself ("Automatic redrive" in docs/operations.md). It remains for what cannot be
    read, once an update can read it (--reason unreadable), and for what failed again after it went back by itself.

    Feedback that is recorded already changes nothing, so repeating this is safe. Each message is sent and then deleted:
    if this is interrupted, a message is in one of the queues or in both. One that fails again meanwhile stays.

    Exit code 1: some messages were not moved, or you said no.

    Needs the permissions of list; also sqs:DeleteMessage on the dead-letter queues and sqs:SendMessage on the
    pipelines' queues (name your role in redrivePrincipals, which their policies allow), and with a customer managed key
    kms:GenerateDataKey on it.
    """
    selection = read_selection(ids, type_, reason, older_than, datetime.now(UTC))
    counts, exit_code = read_queues(
        select_queues(context, pipeline or (), kind, queue),
        lambda each: (each, *count_selected(context, each, selection)),
    )
    selected = [(each, number, may_be_more) for each, number, may_be_more in counts if number]
    for each, number, may_be_more in selected if dry_run or not as_json else ():
        _write_plan(each, number, may_be_more=may_be_more, dry_run=dry_run, as_json=as_json)
    if not selected:
        write_stderr("nothing to move")
    if dry_run or not selected:
        return exit_code
    if not yes and not confirmed("moves the messages", "Move them?"):
        return ExitCode.NEGATIVE
    for dead_letter_queue, _, _ in selected:
        result = _redrive_queue(context, dead_letter_queue, selection, rate)
        _write_result(result, as_json=as_json)
        if result.exit_code is ExitCode.INTERRUPTED:
            return ExitCode.INTERRUPTED
        exit_code = max(exit_code, result.exit_code)
    return exit_code


def _write_plan(queue: DeadLetterQueue, number: int, *, may_be_more: bool, dry_run: bool, as_json: bool) -> None:
    if as_json:
        names = {"pipeline": queue.pipeline.name, "queue": queue.name}
        write_json({**names, "would_move": number, "may_be_more": may_be_more})
        return
    line = f"{queue}: {number} message(s) to move"
    line += f" of the first {SAMPLE_LIMIT}, and possibly more" if may_be_more else ""
    (sys.stdout if dry_run else sys.stderr).write(line + "\n")


def _redrive_queue(context: Context, queue: DeadLetterQueue, selection: Selection, rate: int | None) -> RedriveResult:
    with open_console(stderr=True).status(str(queue)) as status:
        return redrive_queue(context, queue, selection, rate, lambda moved: status.update(f"{queue}: {moved} moved"))


def _write_result(result: RedriveResult, *, as_json: bool) -> None:
    if as_json:
        write_json(vars(result))
        return
    parts = [f"{result.queue} of {result.pipeline}: {result.status}, {result.moved} moved"]
    parts += [f"{result.not_moved} not moved"] if result.not_moved else []
    parts += [f"{result.in_both} sent and not deleted"] if result.in_both else []
    sys.stdout.write(", ".join(parts) + (f" ({result.reason})" if result.reason else "") + "\n")
