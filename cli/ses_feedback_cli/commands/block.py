"""Block addresses by hand, and put back what an unblock lifted."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from ses_feedback.history.event import NOTE_LIMIT

from ses_feedback_cli import times
from ses_feedback_cli.blocks import blocking, given, undofile
from ses_feedback_cli.blocks.blocking import Blocked, Wish
from ses_feedback_cli.blocks.changes import brief, said
from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import progress, write_json, write_line, write_stderr


def block(
    context: Context,
    *,
    addresses: Annotated[
        list[str] | None, typer.Argument(help="Addresses, with or without a name; - reads them from stdin.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why, in your words, for the record; needed for addresses.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help=f"When the block ends: {times.FUTURE_FORMATS}. [default: never]")
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option("--from", help="Put back the blocks of this undo file, each with the end it had."),
    ] = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Block addresses by hand; or, with --from FILE, put back the blocks that an unblock lifted.

    Who and why are recorded. An address that a person blocked for as long is left as it is. A longer --until replaces
    a shorter one; to shorten a block, unblock first. What is put back is a block by hand: the history keeps why it was
    there before.

    Exit code 0: all are blocked; 1: one is no address, or could not be blocked.

    Needs dynamodb:BatchGetItem and dynamodb:PutItem on the history table, and dynamodb:BatchGetItem, dynamodb:PutItem
    and dynamodb:DeleteItem on the blocked table.
    """
    now = datetime.now(UTC)
    problems: list[given.Given] = []
    if from_file:
        if addresses or until:
            raise UsageError("--from FILE takes addresses and ends from the file: give neither ADDRESS nor --until")
        plan = undofile.read(from_file, context)
        wishes, total = _of_plan(plan, reason, now), plan.count
    else:
        if not addresses or not reason:
            raise UsageError("what is needed is ADDRESS... (or -) and --reason TEXT, or --from FILE")
        wanted = given.read(addresses)
        problems = [one for one in wanted if one.problem]
        ends, why = times.parse_future(until, "--until", now), given.note(reason)
        if ends and ends <= now:
            raise ValueError(f"--until {until} is over: a time to come is needed")
        wishes = (Wish(one.key, ends, why) for one in wanted if one.key)
        total = len(wanted) - len(problems)
    done = blocking.block(context, wishes, actor=context.acting_name(), act_id=uuid.uuid4().hex)
    failed = _tell_all(done, total, as_json=as_json) + given.tell_problems(problems, as_json=as_json)
    return ExitCode.NEGATIVE if failed else ExitCode.OK


def _of_plan(plan: undofile.Plan, reason: str | None, now: datetime) -> Iterator[Wish]:
    for item in plan.items():
        ends = item.get("expires_at")
        until = datetime.fromtimestamp(ends, UTC) if type(ends) is int else None
        if until is None or until > now:
            was = f"{item.get('reason', '?')} {item.get('rule', '')}".strip()
            note = f"{reason or 'put back'} (was {was} since {item.get('blocked_at', '?')})"
            yield Wish(item["value"], until, note[:NOTE_LIMIT], str(item.get("reason", ""))[:NOTE_LIMIT])


def _tell_all(done: Iterator[Blocked], total: int, *, as_json: bool) -> int:
    """Tell of each; how many failed."""
    failed = finished = 0
    try:
        with progress("blocking", total) as advance:
            for one in done:
                finished += 1
                failed += bool(one.problem)
                _tell(one, as_json=as_json)
                advance(1)
    except KeyboardInterrupt:
        write_stderr(f"{finished:,} of {total:,} are done; the same command again does the rest")
        raise
    return failed


def _tell(one: Blocked, *, as_json: bool) -> None:
    if as_json:
        write_json(
            {
                "address": one.address,
                "before": brief(one.before),
                "after": brief(one.after),
                "changed": not (one.unchanged or one.problem),
                "problem": one.problem or None,
            }
        )
    elif one.problem:
        write_line(f"{one.address}  NOT DONE: {one.problem}")
    elif one.unchanged:
        write_line(f"{one.address}  {said(one.before)} already, by a person or an import for as long: unchanged")
    else:
        write_line(f"{one.address}  was {said(one.before)}, now {said(one.after)}")
