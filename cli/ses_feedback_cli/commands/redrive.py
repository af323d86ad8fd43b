"""The command `dead-letters redrive`."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ses_feedback_cli import times
from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.commands.queue_options import KindOption, PipelineOption, QueueOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.queues import DeadLetterQueue, select_queues
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import confirm, open_console, write_json, write_stderr

if TYPE_CHECKING:
    from ses_feedback_cli.dead_letters.redrive import RedriveResult, Selection


def redrive(  # noqa: PLR0913, PLR0917 - one per option
    context: Context,
    pipeline: PipelineOption = None,
    kind: KindOption = None,
    queue: QueueOption = None,
    ids: Annotated[list[str] | None, typer.Option("--id", help="Only this message; once per message.")] = None,
    type_: Annotated[
        str | None,
        typer.Option("--type", help="Only of this type or subtype (Permanent, MailboxFull, abuse, unreadable ...)."),
    ] = None,
    older_than: Annotated[
        str | None, typer.Option(metavar="AGE", help=f"Only messages sent before that: {times.PAST_FORMATS}.")
    ] = None,
    rate: Annotated[int | None, typer.Option(min=1, max=500, help="Maximum number of messages per second.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be moved, and move nothing.")] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Move failed messages back to the queue of their pipeline. Remove the cause of the failure first.

    Feedback that is recorded already changes nothing, so repeating this is safe. SQS itself moves a whole dead-letter
    queue by a message move task; Ctrl-C cancels it. Messages that the topic could not deliver, and messages that an
    option selects, are sent and then deleted, one by one: if interrupted, a message is in one of the queues or in both.

    Exit code 1: some messages were not moved.

    Needs the permissions of list; also sqs:DeleteMessage, sqs:StartMessageMoveTask, sqs:ListMessageMoveTasks and
    sqs:CancelMessageMoveTask on the dead-letter queues, sqs:SendMessage and sqs:GetQueueAttributes on the pipelines'
    queues (whose policies allow the topic only, so by a policy of your own), and with a customer managed key
    kms:GenerateDataKey on it.
    """
    # boto3's errors take time that --help does not need
    from ses_feedback_cli.dead_letters.redrive import Selection  # noqa: PLC0415

    sent_before = times.parse_past(older_than, "--older-than", datetime.now(UTC))
    selection = Selection(frozenset(ids or ()), type_, sent_before)
    queues = _queues_to_redrive(
        context,
        select_queues(context, pipeline or (), kind, queue),
        selection,
        dry_run=dry_run,
        as_json=as_json,
    )
    if not queues:
        write_stderr("nothing to move")
    if dry_run or not queues:
        return ExitCode.OK
    if not yes and not _confirmed():
        return ExitCode.NEGATIVE
    exit_code = ExitCode.OK
    for dead_letter_queue in queues:
        result = _redrive_queue(context, dead_letter_queue, selection, rate)
        _write_result(result, as_json=as_json)
        if result.exit_code is ExitCode.INTERRUPTED:
            return ExitCode.INTERRUPTED
        exit_code = max(exit_code, result.exit_code)
    return exit_code


def _queues_to_redrive(
    context: Context, queues: Sequence[DeadLetterQueue], selection: "Selection", *, dry_run: bool, as_json: bool
) -> list[DeadLetterQueue]:
    """The queues with selected messages, after writing how many each has."""
    from ses_feedback_cli.dead_letters.redrive import count_selected  # noqa: PLC0415

    counts = [(queue, *count_selected(context, queue, selection)) for queue in queues]
    selected = [(queue, number, may_be_more) for queue, number, may_be_more in counts if number]
    for queue, number, may_be_more in selected if dry_run or not as_json else ():
        _write_plan(queue, number, may_be_more=may_be_more, dry_run=dry_run, as_json=as_json)
    return [queue for queue, _, _ in selected]


def _write_plan(queue: DeadLetterQueue, number: int, *, may_be_more: bool, dry_run: bool, as_json: bool) -> None:
    from ses_feedback_cli.dead_letters.redrive import SAMPLE_LIMIT  # noqa: PLC0415

    if as_json:
        names = {"pipeline": queue.pipeline.name, "queue": queue.name}
        write_json({**names, "would_move": number, "may_be_more": may_be_more})
        return
    line = f"{queue}: {number} message(s) to move"
    line += f" of the first {SAMPLE_LIMIT}, and possibly more" if may_be_more else ""
    (sys.stdout if dry_run else sys.stderr).write(line + "\n")


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise UsageError("stdin is not a terminal, so nobody can confirm: --yes moves the messages, --dry-run does not")
    return confirm("Move them?")


def _redrive_queue(
    context: Context, queue: DeadLetterQueue, selection: "Selection", rate: int | None
) -> "RedriveResult":
    from ses_feedback_cli.dead_letters.redrive import redrive_queue  # noqa: PLC0415

    with open_console(stderr=True).status(str(queue)) as status:
        return redrive_queue(context, queue, selection, rate, lambda moved: status.update(f"{queue}: {moved} moved"))


def _write_result(result: "RedriveResult", *, as_json: bool) -> None:
    if as_json:
        write_json(vars(result))
        return
    parts = [f"{result.queue} of {result.pipeline}: {result.status}, {result.moved} moved"]
    parts += [f"{result.not_moved} not moved"] if result.not_moved else []
    parts += [f"{result.in_both} sent and not deleted"] if result.in_both else []
    sys.stdout.write(", ".join(parts) + (f" ({result.reason})" if result.reason else "") + "\n")
