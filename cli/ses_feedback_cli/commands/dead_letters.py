"""What failed and where it waits: look at it, and send it on its way again."""

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import typer

from ses_feedback_cli import times
from ses_feedback_cli.command import register
from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.letters import Letter, Queue, contents, counts, peek, queues, why
from ses_feedback_cli.dead_letters.masking import masked, opened
from ses_feedback_cli.errors import describe_error
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import build_table, format_time, open_console, write_json

SEARCHED = 1_000
"""Messages that are looked at to find one by its id."""

Names = Annotated[list[str] | None, typer.Option("--pipeline", help="Only this pipeline; once per pipeline.")]
Kind = Annotated[Literal["bounce", "complaint"] | None, typer.Option("--kind", help="Only pipelines of this kind.")]
Which = Annotated[
    Literal["dead-letters", "subscription-dead-letters"] | None,
    typer.Option(
        "--queue", help="dead-letters: the function gave up; subscription-dead-letters: the topic could not deliver."
    ),
]


def list_(
    context: Context,
    pipeline: Names = None,
    kind: Kind = None,
    queue: Which = None,
    limit: Annotated[int, typer.Option(min=0, max=SEARCHED, help="Messages to look at, per queue.")] = 10,
    as_json: JsonOption = False,
) -> ExitCode:
    """Show what waits in the dead-letter queues, and why, as far as that can be known.

    SQS hands out a sample, not a list, and its counts are approximate. A message that is looked at is hidden for that
    moment and given back. Personal data is not shown.

    Exit code 0: nothing waits; 1: something does.

    Needs sqs:GetQueueAttributes, sqs:ReceiveMessage and sqs:ChangeMessageVisibility on the queues, and with a customer
    key kms:Decrypt on it.
    """
    waits, failed = False, False
    for one in queues(context, pipeline or (), kind, queue):
        try:
            waits |= _show_queue(context, one, limit, as_json=as_json)
        except _refusals() as error:
            failed = True
            sys.stderr.write(f"ses-feedback: {one.name} of {one.pipeline.name}: {describe_error(error)}\n")
    if failed:
        return ExitCode.FAILED
    return ExitCode.NEGATIVE if waits else ExitCode.OK


def _refusals() -> tuple[type[Exception], ...]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    return ClientError, BotoCoreError


def _show_queue(context: Context, queue: Queue, limit: int, *, as_json: bool) -> bool:
    client, now = queue.client(context), datetime.now(UTC)
    visible, hidden = counts(client, queue.url)
    seen = list(_described(client, queue, limit, now)) if visible else []
    if as_json:
        names = {"pipeline": queue.pipeline.name, "queue": queue.name, "region": queue.pipeline.region}
        write_json({**names, "messages": visible, "hidden": hidden, "sample": seen})
    else:
        _print_queue(queue, visible, hidden, seen, now)
    return visible + hidden > 0


def _described(client: Any, queue: Queue, limit: int, now: datetime) -> Iterator[dict[str, Any]]:
    with closing(peek(client, queue.url, limit)) as letters:
        for letter in letters:
            yield _description(queue, letter, now)


def _description(queue: Queue, letter: Letter, now: datetime) -> dict[str, Any]:
    found = contents(letter, now)
    said = {"id": letter.id, "sent_at": letter.sent_at, "received": letter.received, **asdict(found)}
    return {**said, "why": why(queue, found)}


def _print_queue(queue: Queue, visible: int, hidden: int, seen: list[dict[str, Any]], now: datetime) -> None:
    console = open_console()
    title = f"{queue.name} of {queue.pipeline.name}: {visible}" + (f", {hidden} hidden" if hidden else "")
    if not seen:
        console.print(title, markup=False, soft_wrap=True)
        return
    title += f", of which {len(seen)} looked at" if len(seen) < visible else ""
    rows = [
        (
            one["id"],
            _age(now - one["sent_at"]),
            str(one["received"]),
            " ".join(filter(None, (one["kind"], one["type"], one["subtype"]))),
            one["occurred_at"][:19],
            one["feedback_id"],
            one["why"],
        )
        for one in seen
    ]
    found = build_table(("id", "age", "received", "what", "happened at", "feedback id", "why"), rows, title)
    found.columns[0].no_wrap, found.columns[0].min_width = True, 36  # to be copied whole, for show and --id
    console.print(found)


def _age(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def show(
    context: Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="Id of the message, as list shows it.")],
    pipeline: Names = None,
    kind: Kind = None,
    queue: Which = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show everything: addresses, subject, diagnostic texts, headers.")
    ] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Show one message. Everything but fields that are known to be safe is masked, unless --reveal is given.

    Exit code 1: none of the messages that SQS showed has that id.

    Needs the same rights as list.
    """
    for one in queues(context, pipeline or (), kind, queue):
        client = one.client(context)
        if not counts(client, one.url)[0]:
            continue
        with closing(peek(client, one.url, SEARCHED)) as letters:
            letter = next((letter for letter in letters if letter.id == id_), None)
        if letter:
            _show_letter(one, letter, reveal=reveal, as_json=as_json)
            return ExitCode.OK
    sys.stderr.write(
        f"ses-feedback: no message {id_} among the first {SEARCHED} that SQS shows of each queue; one that somebody "
        "else looks at is hidden for a while\n"
    )
    return ExitCode.NEGATIVE


def _show_letter(queue: Queue, letter: Letter, *, reveal: bool, as_json: bool) -> None:
    said = _description(queue, letter, datetime.now(UTC))
    body = opened(letter.body) if reveal else masked(letter.body)
    if as_json:
        names = {"pipeline": queue.pipeline.name, "queue": queue.name, "region": queue.pipeline.region}
        write_json({**names, **said, "body": body, **({"text": letter.body} if reveal else {})})
        return
    for key, value in {"pipeline": queue.pipeline.name, "queue": queue.name, **said}.items():
        sys.stdout.write(f"{key.replace('_', ' '):12} {format_time(value) if key == 'sent_at' else value}\n")
    # Escaped: the control characters of a mail are none of the terminal's business.
    open_console().print_json(data=body, ensure_ascii=True)
    if not reveal:
        sys.stderr.write("*** is masked; --reveal shows it\n")


def redrive(  # noqa: PLR0913, PLR0917 - one per option
    context: Context,
    pipeline: Names = None,
    kind: Kind = None,
    queue: Which = None,
    ids: Annotated[list[str] | None, typer.Option("--id", help="Only this message; once per message.")] = None,
    type_: Annotated[
        str | None,
        typer.Option("--type", help="Only of this type or subtype (Permanent, MailboxFull, abuse, unreadable ...)."),
    ] = None,
    older_than: Annotated[
        str | None, typer.Option(metavar="AGE", help=f"Only what came before that: {times.PAST_FORMATS}.")
    ] = None,
    rate: Annotated[int | None, typer.Option(min=1, max=500, help="At most so many messages a second.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be moved, and move nothing.")] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Send failed messages to their pipeline's queue again. Remove first what made them fail.

    Feedback that was recorded already changes nothing, so repeating this is safe. A whole dead-letter queue is moved by
    AWS itself; Ctrl-C cancels that move. What the topic could not deliver, and what an option picks out, is sent and
    then deleted, message by message: interrupted at any moment, a message is in one of the queues, or in both.

    Exit code 1: a part was not moved.

    Needs the rights of list; also sqs:DeleteMessage, sqs:StartMessageMoveTask, sqs:ListMessageMoveTasks and
    sqs:CancelMessageMoveTask on the failed messages' queues, sqs:SendMessage and sqs:GetQueueAttributes on the
    pipelines' queues (their policies name the topic only, so a right of your own), and with a customer key
    kms:GenerateDataKey on it.
    """
    from ses_feedback_cli.dead_letters.redriving import Order, carry_out  # noqa: PLC0415 - boto3's errors come with it

    before = times.parse_past(older_than, "--older-than", datetime.now(UTC))
    order = Order(frozenset(ids or ()), type_, before, rate)
    chosen = queues(context, pipeline or (), kind, queue)
    return carry_out(context, chosen, order, yes=yes, dry_run=dry_run, as_json=as_json)


group = typer.Typer(no_args_is_help=True, help="What failed and waits: list it, show it, send it again.")
register(group, list_)
register(group, show)
register(group, redrive)
