"""The group of the `surges` commands: `surges list`, `surges confirm` and `surges release`."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ses_feedback_cli.block_filter import BlockReason
from ses_feedback_cli.blocks.address_arguments import check_note
from ses_feedback_cli.blocks.block_selection import BlockSelection
from ses_feedback_cli.blocks.manual_unblocks import UnblockDecision
from ses_feedback_cli.blocks.unblock_run import SesLists, UnblockJob, confirm_selection, run_unblock, show_selection
from ses_feedback_cli.blocks.undo_file import UndoFile, default_path
from ses_feedback_cli.command import register
from ses_feedback_cli.commands.options import (
    BucketOption,
    DryRunOption,
    JsonOption,
    KmsKeyOption,
    NoSesOption,
    NoteOption,
    SesRegionOption,
    UndoFileOption,
    YesOption,
)
from ses_feedback_cli.context import Context
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import format_time, write_json, write_line, write_stderr
from ses_feedback_cli.surges.confirm_run import run_confirm
from ses_feedback_cli.surges.decisions import record_decision
from ses_feedback_cli.surges.search import SurgeContents, SurgeFilter, find_surge, find_surges, read_contents
from ses_feedback_cli.surges.surge import hour_start

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="Id of the surge, as list shows it: example.org@2026-12-14T20.")
]


def list_(context: Context, *, as_json: JsonOption = False) -> ExitCode:
    """List the surges whose holds have not ended: what each is made of, and what the servers answered.

    A surge is the hours in which the breaker of a recipient's domain held its hard bounces, at most six hours apart.
    Its id is the domain and its first hour, UTC. "Blocked for good" counts the addresses that a hard bounce blocked in
    these hours or in the hour before the breaker opened; release lifts these too. SES puts false bounces on its own
    suppression list, and a later mail is then held for that reason: confirm and release take such an address if the
    history says that it bounced in the surge. An answer is shown if at least three addresses got it, and without what
    may be personal.

    The whole blocked table is read, twice if there is a surge, one page at a time in memory.

    Needs dynamodb:Scan on the blocked table, and dynamodb:Query on the history table.
    """
    now = datetime.now(UTC)
    surges, blocks = find_surges(context, now)
    for contents in read_contents(context, surges, now):
        if as_json:
            write_json(_document(contents))
        else:
            for line in _lines(contents):
                write_line(line)
    if surges:
        write_stderr(
            f"{len(surges):,} surges among {blocks:,} blocked addresses; `ses-feedback surges release ID` lifts one, "
            "`ses-feedback surges confirm ID` makes it permanent"
        )
    else:
        write_stderr(
            f"no surge: of {blocks:,} blocked addresses none is held by the rule surge-hold. A hold ends after "
            "holdDays (14 by default), so an older surge is not listed"
        )
    return ExitCode.OK


def confirm(
    context: Context,
    surge_id: IdArgument,
    *,
    note: NoteOption,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    undo_file: UndoFileOption = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Block the addresses that a surge holds for good: they do not exist.

    They are shown first, and you are asked (not with --yes). Each becomes a manual block, whose note names the surge.
    After Ctrl-C or an error the same command does the rest. To undo it: `unblock --from FILE --no-ses`, then
    `block --from FILE` holds them again until the same time.

    Exit code 0: all are blocked for good; 1: one could not be blocked, or you said no.

    Needs dynamodb:Scan, BatchGetItem, PutItem and DeleteItem on the blocked table, and dynamodb:Query, BatchGetItem
    and PutItem on the history table.
    """
    now = datetime.now(UTC)
    surge = find_surge(context, surge_id, now)
    full_note = check_note(f"surge {surge.id} confirmed: {check_note(note)}")
    selection = BlockSelection(
        context, SurgeFilter(context, surge, blocked=False), (BlockReason.HOLD,), now, lifts=False
    )
    if dry_run:
        return show_selection(selection, SesLists(), undo_file, as_json=as_json)
    decision = UnblockDecision(context.acting_name(), check_note(f"undone: {full_note}"), now, uuid.uuid4().hex)
    path = undo_file or default_path(now, "confirm")
    undo_or_code = confirm_selection(selection, decision, path, ask=not yes, as_json=as_json, verb="Block for good")
    if not isinstance(undo_or_code, UndoFile):
        return undo_or_code
    record_decision(context, surge, "confirm", decision, note)
    return run_confirm(context, undo_or_code, full_note, as_json=as_json)


def release(  # noqa: PLR0913 - one per option
    context: Context,
    surge_id: IdArgument,
    *,
    note: NoteOption,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    undo_file: UndoFileOption = None,
    ses_region: SesRegionOption = None,
    no_ses: NoSesOption = False,
    bucket: BucketOption = None,
    kms_key: KmsKeyOption = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Unblock the addresses of a surge: those that are held, and those that were blocked for good in its hours.

    An `unblock` of a selection, with all that it does: they are shown first, and you are asked (not with --yes); each
    is removed from SES's suppression list first, many by import jobs with --bucket; an undo file is written, with which
    `block --from FILE` puts the blocks back. Skipped is an address that something else blocks as well, such as a
    complaint or a manual block.

    After Ctrl-C or an error the same command does the rest, and so does `unblock --from FILE`. Do it when the breaker
    has closed and the queues are empty: what comes later is not released.

    Exit code 0: none is blocked any more; 1: one is, or was skipped, or you said no.

    Needs the permissions of `unblock` of a selection, and dynamodb:Query on the history table.
    """
    now = datetime.now(UTC)
    ses = SesLists.read(context, ses_region, bucket, kms_key, no_ses=no_ses)
    surge = find_surge(context, surge_id, now)
    decision = UnblockDecision(
        context.acting_name(), check_note(f"surge {surge.id} released: {check_note(note)}"), now, uuid.uuid4().hex
    )
    reasons = (BlockReason.HOLD, BlockReason.BOUNCE)
    selection = BlockSelection(context, SurgeFilter(context, surge, blocked=True), reasons, now)
    if dry_run:
        return show_selection(selection, ses, undo_file, as_json=as_json)
    path = undo_file or default_path(now, "release")
    undo_or_code = confirm_selection(selection, decision, path, ask=not yes, as_json=as_json)
    if not isinstance(undo_or_code, UndoFile):
        return undo_or_code
    record_decision(context, surge, "release", decision, note)
    return run_unblock(context, UnblockJob.from_undo_file(undo_or_code), ses, as_json=as_json)


def _document(contents: SurgeContents) -> dict[str, Any]:
    surge = contents.surge
    return {
        "id": surge.id,
        "domain": surge.domain,
        "first_hour": hour_start(surge.first_hour),
        "last_hour": hour_start(surge.last_hour),
        "held": contents.held,
        "held_until": format_time(contents.held_until),
        "blocked": contents.blocked,
        "suppressed": contents.suppressed,
        "identities": sorted(contents.identities),
        "diagnostics": contents.diagnostics.most_frequent(),
    }


def _lines(contents: SurgeContents) -> Iterator[str]:
    surge = contents.surge
    yield surge.id
    yield f"    held: {contents.held:,}, until {format_time(contents.held_until)} at the latest"
    first, end = hour_start(surge.first_hour), hour_start(surge.last_hour + 1)
    yield f"    hours: {first:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    yield f"    blocked for good, since an hour before the breaker opened: {contents.blocked:,}"
    if contents.suppressed:
        yield (
            f"    held since then because SES's suppression list has them: {contents.suppressed:,}; confirm and "
            "release take those that bounced in the surge"
        )
    if contents.identities:
        yield f"    sent from: {', '.join(sorted(contents.identities))}"
    for diagnostic, count in contents.diagnostics.most_frequent().items():
        yield f"    {count:,} times “{diagnostic}”"


class _ListsByDefault(TyperGroup):
    """Without the name of a command it is `list`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


group = typer.Typer(
    cls=_ListsByDefault,
    help="Hard bounces of one domain that are held because they are too many: list them (the default), and decide.",
)
register(group, list_)
register(group, confirm)
register(group, release)
