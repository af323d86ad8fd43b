"""`show`: all that happened to one address, and whether it is blocked."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from ses_feedback.timestamps import parse

from ses_feedback_cli.blocks.address_arguments import AddressArgument, parse_address
from ses_feedback_cli.blocks.address_history import AddressHistory, read_address_history, was_recorded_late
from ses_feedback_cli.blocks.hold_wording import explain_confirmation, explain_hold
from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import format_time, write_json, write_line
from ses_feedback_cli.suppression_list import SuppressedDestination, SuppressionList, suppression_regions


def show(
    context: Context,
    address: Annotated[str, typer.Argument(help="One address, with or without a display name.")],
    ses: Annotated[
        bool, typer.Option("--ses", help="Also look at SES's suppression list of this account, in each Region.")
    ] = False,
    ses_region: Annotated[
        list[str] | None,
        typer.Option(
            "--ses-region",
            help="Region whose suppression list to look at; implies --ses. Default: --region, or those of the stacks.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Show the history of an address: all feedback and what people did, oldest first, and whether it is blocked now.

    The history keeps feedback for a year, what people did for good, and what blocks for as long as it blocks.

    Exit code 0: it may be mailed (also if nothing is known about it); 1: it is blocked, or with --ses on SES's list.

    Needs dynamodb:Query on the history table and dynamodb:BatchGetItem on both tables; with --ses also
    ses:GetSuppressedDestination.
    """
    argument = parse_address(address)
    if argument.problem:
        raise ValueError(f"not an address: {argument.problem}")
    regions = suppression_regions(context, ses_region) if ses or ses_region else []
    history = read_address_history(context, argument.key, datetime.now(UTC))
    entries = [entry for region in regions for entry in _list_entries(SuppressionList(context, region), argument)]
    if as_json:
        write_json(_document(history, entries, regions))
    else:
        for line in _lines(history, entries, regions):
            write_line(line)
    return ExitCode.NEGATIVE if history.block or entries else ExitCode.OK


def _list_entries(suppression_list: SuppressionList, argument: AddressArgument) -> list[SuppressedDestination]:
    return [entry for spelling in argument.spellings() if (entry := suppression_list.get(spelling))]


def _document(history: AddressHistory, entries: list[SuppressedDestination], regions: list[str]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "address": history.address,
        "blocked": history.block is not None,
        "block": history.block,
        "soft_bounces": {"mails": history.soft_bounce_mails, **asdict(history.policy)},
        "events": history.events,
    }
    if regions:
        document["ses"] = {"regions": regions, "entries": [asdict(entry) for entry in entries]}
    return document


def _lines(history: AddressHistory, entries: list[SuppressedDestination], regions: list[str]) -> Iterator[str]:
    yield history.address
    yield ""
    for event in history.events:
        yield from _event_lines(event)
    if not history.events:
        yield "no events in the history" + (
            ": no feedback about this address, and no person has blocked or unblocked it" if not history.item else ""
        )
    yield ""
    yield from _block_lines(history)
    for entry in entries:
        yield (
            f"SES's suppression list in {entry.region}: has {entry.address} because of {entry.reason}, "
            f"since {format_time(entry.updated_at)}"
        )
    for region in regions:
        if not any(entry.region == region for entry in entries):
            yield f"SES's suppression list in {region}: does not have the address in this spelling"


def _event_lines(event: dict[str, Any]) -> Iterator[str]:
    occurred_at = _format_stored_time(event.get("occurred_at"))
    if "act" in event:
        yield f"{occurred_at}  {event['act']} by {event.get('actor', 'an unknown person')}{_block_end(event)}"
        if event.get("note"):
            yield f"    “{event['note']}”"
    else:
        kind = "/".join(str(event[name]) for name in ("kind", "type", "subtype") if event.get(name))
        held = f" until {format_time(event['held_until'])}" if isinstance(event.get("held_until"), int) else ""
        yield f"{occurred_at}  {kind}: {event.get('verdict', '?')}{held}, by the rule {event.get('rule', '?')}"
        if event.get("first_rule"):
            yield f"    first recorded as {event.get('first_verdict', '?')}, by the rule {event['first_rule']}"
        yield from _detail_lines(event)
    if was_recorded_late(event):
        yield f"    recorded only at {_format_stored_time(event['recorded_at'])}"


def _block_end(event: dict[str, Any]) -> str:
    expires_at = event.get("block_expires_at")
    return f", until {format_time(expires_at)}" if isinstance(expires_at, int) else ""


def _detail_lines(event: dict[str, Any]) -> Iterator[str]:
    delivery_status = [f"{name} {event[name]}" for name in ("status", "action") if event.get(name)]
    if event.get("diagnostic"):
        delivery_status.append(f"“{event['diagnostic']}”")
    if delivery_status:
        yield "    " + ", ".join(delivery_status)
    labels = {"identity": "from", "region": "in", "message_id": "mail", "pipeline": "through"}
    origin = [f"{label} {event[name]}" for name, label in labels.items() if event.get(name)]
    if origin:
        yield "    " + ", ".join(origin)
    if event.get("ambiguous"):
        yield "    the complaint names several recipients, one of whom complained"
    if event.get("forwarded"):
        yield "    the report names another address: this recipient forwards its mail there"
    if event.get("not_mailed"):
        yield "    the mail did not go to this address: only the report names it"
    if event.get("destinations_unknown"):
        yield "    the notification does not say where the mail went"


def _block_lines(history: AddressHistory) -> Iterator[str]:
    block = history.block
    if block:
        yield _block_line(block)
        if block.get("confirmed"):
            yield f"    {explain_confirmation(block)}"
        elif block.get("reason") == "hold":
            yield from (f"    {line}" for line in explain_hold(block, history.now))
        if not history.events and block.get("feedback_id"):
            yield from _detail_lines(block)
        if history.expected_block is None:
            yield (
                "    The history has no reason for this block: another program wrote the item. `ses-feedback unblock` "
                "removes it."
            )
    else:
        yield from _ended_block_lines(history)
        if history.expected_block:
            yield (
                f"    According to the history it must be blocked, because of {history.expected_block['reason']}: the "
                "item was deleted. The next bounce writes it again; `ses-feedback unblock` forgives what blocked it."
            )
    if history.state.soft:
        yield (
            f"soft bounces: {history.soft_bounce_mails} mails in the last {history.policy.window_days} days; "
            f"{history.policy.threshold} block for {history.policy.block_days} days"
        )


def _block_line(block: dict[str, Any]) -> str:
    expires_at, rule = block.get("expires_at"), block.get("rule")
    since = f"since {_format_stored_time(block.get('blocked_at')) or 'an unknown time'}"
    until = f"until {format_time(expires_at)}" if isinstance(expires_at, int) else "for good"
    if block.get("reason") == "hold":
        return f"BLOCKED: held {until} by the rule {rule or '?'}, {since}"
    reason = block.get("reason", "an item without a reason") + (f" (rule {rule})" if rule else "")
    return f"BLOCKED because of {reason}, {since}, {until}"


def _ended_block_lines(history: AddressHistory) -> Iterator[str]:
    ended = history.ended_block
    if ended is None:
        yield "not blocked"
        return
    is_hold = ended.get("reason") == "hold"
    block = f"hold by the rule {ended.get('rule', '?')}" if is_hold else f"block because of {ended.get('reason', '?')}"
    yield f"not blocked any more: a {block} ended {format_time(ended['expires_at'])}"
    if is_hold:
        yield from (f"    {line}" for line in explain_hold(ended, history.now))


def _format_stored_time(value: object) -> str:
    """A time as the tables hold it, for people; what is no time is shown as it is."""
    time = parse(str(value)) if value else None
    return format_time(time) if time else str(value or "")
