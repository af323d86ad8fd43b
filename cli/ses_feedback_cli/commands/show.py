"""Why does this address get no mail? Its whole story."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from ses_feedback.timestamps import parse

from ses_feedback_cli import suppression
from ses_feedback_cli.blocks import given, story
from ses_feedback_cli.blocks.story import Story
from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import format_time, write_json, write_line
from ses_feedback_cli.suppression import Suppressed, SuppressionList


def show(
    context: Context,
    address: Annotated[str, typer.Argument(help="One address, with or without a name.")],
    ses: Annotated[
        bool, typer.Option("--ses", help="Also look at SES's own suppression list, of this account in the Regions.")
    ] = False,
    ses_region: Annotated[
        list[str] | None,
        typer.Option("--ses-region", help="Region whose list to look at with --ses. [default: those of the stacks]"),
    ] = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Tell the story of an address: all feedback, oldest first, what people did, and whether it is blocked now.

    The history keeps feedback for a year, what people did for good, and what blocks for as long as it blocks.

    Exit code 0: it may be mailed, also if it was never seen; 1: it is blocked, here or (with --ses) by SES.

    Needs dynamodb:Query on the history table and dynamodb:BatchGetItem on the blocked table; with --ses also
    ses:GetSuppressedDestination.
    """
    one = given.parse(address)
    if one.problem:
        raise ValueError(f"not an address: {one.problem}")
    regions = suppression.regions_of(context, ses_region) if ses or ses_region else []
    told = story.read(context, one.key, datetime.now(UTC))
    entries = [entry for region in regions for entry in _entries(SuppressionList(context, region), one)]
    if as_json:
        write_json(_document(told, entries, regions))
    else:
        for line in _tell(told, entries, regions):
            write_line(line)
    return ExitCode.NEGATIVE if told.block or entries else ExitCode.OK


def _entries(listed: SuppressionList, one: given.Given) -> list[Suppressed]:
    return [entry for spelling in one.spellings() if (entry := listed.get(spelling))]


def _document(told: Story, entries: list[Suppressed], regions: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "address": told.address,
        "blocked": told.block is not None,
        "block": told.block,
        "soft_bounces": {"mails": told.soft_bounces, **asdict(told.policy)},
        "events": told.events,
    }
    if regions:
        found["ses"] = {"regions": regions, "entries": [asdict(entry) for entry in entries]}
    return found


def _tell(told: Story, entries: list[Suppressed], regions: list[str]) -> Iterator[str]:
    yield told.address
    yield ""
    for event in told.events:
        yield from _event(event)
    if not told.events:
        yield "nothing is in the history" + (
            ": it has no feedback about this address and no act of a person" if told.item is None else ""
        )
    yield ""
    yield from _now(told)
    for entry in entries:
        yield (
            f"SES's own list in {entry.region}: {entry.address} is on it because of {entry.reason}, "
            f"since {format_time(entry.at)}"
        )
    for region in regions:
        if not any(entry.region == region for entry in entries):
            yield f"SES's own list in {region}: not on it, in this spelling"


def _event(event: dict[str, Any]) -> Iterator[str]:
    moment = when_text(event.get("occurred_at"))
    if "act" in event:
        yield f"{moment}  {event['act']} by {event.get('actor', 'somebody')}{_until(event)}"
        if event.get("note"):
            yield f"    “{event['note']}”"
    else:
        kind = "/".join(str(event[name]) for name in ("kind", "type", "subtype") if event.get(name))
        yield f"{moment}  {kind}: {event.get('verdict', '?')}, by the rule {event.get('rule', '?')}"
        yield from _details(event)
    if story.recorded_late(event):
        yield f"    known here only since {when_text(event['recorded_at'])}"


def _until(event: dict[str, Any]) -> str:
    ends = event.get("block_expires_at")
    return f", until {format_time(ends)}" if isinstance(ends, int) else ""


def _details(event: dict[str, Any]) -> Iterator[str]:
    said = [f"{name} {event[name]}" for name in ("status", "action") if event.get(name)]
    if event.get("diagnostic"):
        said.append(f"“{event['diagnostic']}”")
    if said:
        yield "    " + ", ".join(said)
    names = {"identity": "from", "region": "in", "message_id": "mail", "pipeline": "through"}
    origin = [f"{word} {event[name]}" for name, word in names.items() if event.get(name)]
    if origin:
        yield "    " + ", ".join(origin)
    if event.get("ambiguous"):
        yield "    the report names no one: it is about one of several recipients, and all of them count"
    if event.get("forwarded"):
        yield "    the report names another address: this one, which the mail went to, forwards"


def _now(told: Story) -> Iterator[str]:
    block = told.block
    if block:
        ends = block.get("expires_at")
        rule = f" (rule {block['rule']})" if block.get("rule") else ""
        yield (
            f"BLOCKED because of {block.get('reason', 'an item that says no reason')}{rule}, "
            f"since {when_text(block.get('blocked_at')) or 'an unknown time'}, "
            + (f"until {format_time(ends)}" if isinstance(ends, int) else "for good")
        )
        if not told.events and block.get("feedback_id"):
            yield from _details(block)
        if told.expected is None:
            yield "    The history knows of no reason: something else put it there. `ses-feedback unblock` removes it."
    else:
        yield "not blocked" + (_over(told.item) if told.item else "")
        if told.expected:
            yield (
                f"    The history says it must be, because of {told.expected['reason']}: somebody deleted the item. "
                "The next bounce brings it back; `ses-feedback unblock` does not."
            )
    if told.state.soft:
        yield (
            f"soft bounces: {told.soft_bounces} mails in the last {told.policy.window_days} days, "
            f"{told.policy.threshold} block for {told.policy.block_days} days"
        )


def _over(item: dict[str, Any]) -> str:
    ends = item.get("expires_at")
    return (
        f" any more: a block because of {item.get('reason', '?')} ended {format_time(ends)}"
        if type(ends) is int
        else ""
    )


def when_text(moment: object) -> str:
    """A time as the tables hold it, for people."""
    parsed = parse(str(moment)) if moment else None
    return format_time(parsed) if parsed else str(moment or "")
