"""The commands `dead-letters list` and `dead-letters show`, and the group of the `dead-letters` commands."""

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from ses_feedback.function.queue_messages import Message

from ses_feedback_cli.command import register
from ses_feedback_cli.commands.discard import discard
from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.commands.queue_options import KindOption, PipelineOption, QueueOption
from ses_feedback_cli.commands.redrive import redrive
from ses_feedback_cli.commands.restore import acts, restore
from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.contents import read_dead_letter
from ses_feedback_cli.dead_letters.masking import mask_body, parse_body
from ses_feedback_cli.dead_letters.messages import sample_messages
from ses_feedback_cli.dead_letters.queues import DeadLetterQueue, count_messages, select_queues
from ses_feedback_cli.errors import describe_error
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import build_table, format_time, open_console, write_json, write_stderr

SEARCH_LIMIT = 1_000
"""Messages of a queue that are read to find one by its id."""


def list_(
    context: Context,
    pipeline: PipelineOption = None,
    kind: KindOption = None,
    queue: QueueOption = None,
    limit: Annotated[int, typer.Option(min=0, max=SEARCH_LIMIT, help="Maximum number of messages per queue.")] = 10,
    as_json: JsonOption = False,
) -> ExitCode:
    """Show the messages in the dead-letter queues, when each was first sent, and why it failed.

    Reasons: unreadable (the function could not read it), refused (AWS refused to record it until it was about to
    expire), unprocessed (the function never ran to an end for it), undelivered (the topic could not deliver it). Which
    of them go back to the queue by themselves is in docs/operations.md, "Automatic redrive".

    SQS returns a sample, not a list, and its counts are approximate. A message that is read is invisible to others
    until this command has read its sample. Personal data is not shown.

    Exit code 0: the queues are empty; 1: they hold messages.

    Needs sqs:GetQueueAttributes, sqs:ReceiveMessage and sqs:ChangeMessageVisibility on the queues, and with a customer
    managed key kms:Decrypt on it.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    any_messages, any_failure = False, False
    for dead_letter_queue in select_queues(context, pipeline or (), kind, queue):
        try:
            any_messages |= _write_queue(context, dead_letter_queue, limit, as_json=as_json)
        except (ClientError, BotoCoreError) as error:
            any_failure = True
            write_stderr(f"ses-feedback: {dead_letter_queue}: {describe_error(error)}")
    if any_failure:
        return ExitCode.FAILED
    return ExitCode.NEGATIVE if any_messages else ExitCode.OK


def _write_queue(context: Context, queue: DeadLetterQueue, limit: int, *, as_json: bool) -> bool:
    """Write what a queue holds; returns whether it holds messages."""
    client, now = queue.client(context), datetime.now(UTC)
    visible, in_flight = count_messages(client, queue.url)
    sample = list(_described_sample(client, queue, limit, now)) if visible else []
    if as_json:
        write_json({**_names(queue), "messages": visible, "in_flight": in_flight, "sample": sample})
    else:
        _print_queue(queue, visible, in_flight, sample, now)
    return visible + in_flight > 0


def _names(queue: DeadLetterQueue) -> dict[str, str]:
    return {"pipeline": queue.pipeline.name, "queue": queue.name, "region": queue.pipeline.region}


def _described_sample(client: Any, queue: DeadLetterQueue, limit: int, now: datetime) -> Iterator[dict[str, Any]]:
    with closing(sample_messages(client, queue.url, limit)) as messages:
        for message in messages:
            yield _describe(queue, message, now)


def _describe(queue: DeadLetterQueue, message: Message, now: datetime) -> dict[str, Any]:
    dead_letter = read_dead_letter(queue, message, now)
    return {
        "id": message.id,
        "sent_at": message.first_sent_at,
        "receive_count": message.receive_count,
        **asdict(dead_letter.contents),
        "reason": dead_letter.reason,
        "problem": dead_letter.problem,
        "readable": dead_letter.readable,
        "redriven": dead_letter.redriven,
        "description": dead_letter.describe(),
    }


def _print_queue(
    queue: DeadLetterQueue, visible: int, in_flight: int, sample: list[dict[str, Any]], now: datetime
) -> None:
    console = open_console()
    title = f"{queue}: {visible}" + (f", {in_flight} in flight" if in_flight else "")
    if not sample:
        console.print(title, markup=False, soft_wrap=True)
        return
    title += f", {len(sample)} of them shown" if len(sample) < visible else ""
    rows = [
        (
            message["id"],
            _format_age(now - message["sent_at"]),
            str(message["receive_count"]),
            " ".join(filter(None, (message["kind"], message["type"], message["subtype"]))),
            message["occurred_at"][:19],
            message["feedback_id"],
            message["description"],
        )
        for message in sample
    ]
    table = build_table(("id", "age", "received", "type", "occurred at", "feedback id", "reason"), rows, title)
    table.columns[0].no_wrap, table.columns[0].min_width = True, 36  # ids are copied, for show and --id
    console.print(table)


def _format_age(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for unit_seconds, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit_seconds:
            return f"{seconds // unit_seconds} {unit}"
    return f"{seconds} s"


def show(
    context: Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="Id of the message, as list shows it.")],
    pipeline: PipelineOption = None,
    kind: KindOption = None,
    queue: QueueOption = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show everything: addresses, subject, diagnostics, headers.")
    ] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Show one message. Without --reveal, every field that is not known to be free of personal data is masked.

    Exit code 1: SQS returned no message with that id.

    Needs the permissions of list.
    """
    for dead_letter_queue in select_queues(context, pipeline or (), kind, queue):
        client = dead_letter_queue.client(context)
        visible, _ = count_messages(client, dead_letter_queue.url)
        if not visible:
            continue
        with closing(sample_messages(client, dead_letter_queue.url, SEARCH_LIMIT)) as messages:
            message = next((message for message in messages if message.id == id_), None)
        if message:
            _write_message(dead_letter_queue, message, reveal=reveal, as_json=as_json)
            return ExitCode.OK
    write_stderr(
        f"ses-feedback: no message {id_} among the first {SEARCH_LIMIT} that SQS returned from each queue; a message "
        "that somebody else has received is invisible for a while"
    )
    return ExitCode.NEGATIVE


def _write_message(queue: DeadLetterQueue, message: Message, *, reveal: bool, as_json: bool) -> None:
    description = {**_names(queue), **_describe(queue, message, datetime.now(UTC))}
    body = parse_body(message.body) if reveal else mask_body(message.body)
    if as_json:
        write_json({**description, "body": body, **({"raw_body": message.body} if reveal else {})})
        return
    for name, value in description.items():
        text = format_time(value) if isinstance(value, datetime) else value
        sys.stdout.write(f"{name.replace('_', ' '):14} {text}\n")
    # Escaped: a mail may contain control characters, which a terminal would obey.
    open_console().print_json(data=body, ensure_ascii=True)
    if not reveal:
        write_stderr("*** stands for masked data; --reveal shows it")


group = typer.Typer(no_args_is_help=True, help="Messages that failed: list, show, move back, discard.")
for command in (list_, show, redrive, discard, restore, acts):
    register(group, command)
