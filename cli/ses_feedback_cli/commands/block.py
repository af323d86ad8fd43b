"""`block`: block addresses by hand, or put back the blocks that an unblock lifted."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from ses_feedback.history.event import NOTE_LIMIT

from ses_feedback_cli import times
from ses_feedback_cli.blocks.address_arguments import (
    AddressArgument,
    check_note,
    read_addresses,
    report_invalid_addresses,
)
from ses_feedback_cli.blocks.block_run import run_block
from ses_feedback_cli.blocks.manual_blocks import BlockRequest, block_addresses
from ses_feedback_cli.blocks.undo_file import UndoFile, read_undo_file
from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.exit_codes import ExitCode


def block(
    context: Context,
    *,
    addresses: Annotated[
        list[str] | None, typer.Argument(help="Addresses, with or without a display name; - reads them from stdin.")
    ] = None,
    note: Annotated[
        str | None,
        typer.Option("--note", help="Why you block, in your own words, for the history; needed with ADDRESS."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help=f"When the block ends: {times.FUTURE_FORMATS}. Default: never.")
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option("--from", help="Put back the blocks of this undo file, each until the same time as before."),
    ] = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Block addresses by hand; or, with --from FILE, put back the blocks that an unblock lifted.

    The history records who blocked and why. An address that a person has already blocked for as long stays as it is. A
    later --until replaces an earlier one; to shorten a block, unblock first. A block that is put back becomes a manual
    block, whose note says why the address was blocked before; one that was a hold ends at the same time, and nothing
    confirms it.

    Exit code 0: all are blocked; 1: one is no address, or could not be blocked.

    Needs dynamodb:BatchGetItem and dynamodb:PutItem on the history table, and dynamodb:BatchGetItem, dynamodb:PutItem
    and dynamodb:DeleteItem on the blocked table.
    """
    now = datetime.now(UTC)
    arguments: list[AddressArgument] = []
    if from_file:
        if addresses or until:
            raise UsageError("--from FILE takes addresses and ends from the file: give neither ADDRESS nor --until")
        if note is not None:
            check_note(note)
        undo_file = read_undo_file(from_file, context)
        requests, total = _requests_of_undo_file(undo_file, note, now), undo_file.count
    else:
        if not addresses or not note:
            raise UsageError("needed is ADDRESS... (or -) and --note TEXT, or --from FILE")
        arguments = read_addresses(addresses)
        ends, note = times.parse_future(until, "--until", now), check_note(note)
        if ends and ends <= now:
            raise ValueError(f"--until {until} has passed: a time in the future is needed")
        keys = [argument.key for argument in arguments if argument.key]
        requests, total = (BlockRequest(key, ends, note) for key in keys), len(keys)
    results = block_addresses(context, requests, actor=context.acting_name(), act_id=uuid.uuid4().hex)
    failed = run_block(results, total, as_json=as_json) + report_invalid_addresses(arguments, as_json=as_json)
    return ExitCode.NEGATIVE if failed else ExitCode.OK


def _requests_of_undo_file(undo_file: UndoFile, note: str | None, now: datetime) -> Iterator[BlockRequest]:
    for item in undo_file.items():
        expires_at = item.get("expires_at")
        until = datetime.fromtimestamp(expires_at, UTC) if type(expires_at) is int else None
        if until is None or until > now:
            was = f"{item.get('reason', '?')} {item.get('rule', '')}".strip()
            full_note = f"{note or 'put back'} (was {was} since {item.get('blocked_at', '?')})"
            subtype = str(item.get("reason", ""))[:NOTE_LIMIT]
            yield BlockRequest(item["value"], until, full_note[:NOTE_LIMIT], subtype)
