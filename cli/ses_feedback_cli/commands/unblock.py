"""`unblock`: lift the blocks of some addresses, or in bulk those that a selection finds."""

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ses_feedback_cli.block_filter import BlockReason, parse_block_filter
from ses_feedback_cli.blocks.address_arguments import check_note, read_addresses, report_invalid_addresses
from ses_feedback_cli.blocks.block_selection import BlockSelection
from ses_feedback_cli.blocks.manual_unblocks import UnblockDecision, UnblockRequest
from ses_feedback_cli.blocks.unblock_run import (
    SesLists,
    UnblockJob,
    confirm_selection,
    preview_unblock,
    run_unblock,
    show_selection,
)
from ses_feedback_cli.blocks.undo_file import default_path, read_undo_file
from ses_feedback_cli.commands.options import (
    SELECTION_PANEL,
    BucketOption,
    DomainOption,
    IdentityOption,
    JsonOption,
    KmsKeyOption,
    NoSesOption,
    RuleOption,
    SesRegionOption,
    SinceOption,
    UntilOption,
)
from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.exit_codes import ExitCode


def unblock(  # noqa: PLR0913 - one per option
    context: Context,
    *,
    addresses: Annotated[
        list[str] | None, typer.Argument(help="Addresses, with or without a display name; - reads them from stdin.")
    ] = None,
    note: Annotated[
        str | None,
        typer.Option("--note", help="Why you unblock, in your own words, for the history; needed unless with --from."),
    ] = None,
    reasons: Annotated[
        list[BlockReason] | None,
        typer.Option(
            "--reason",
            help="Why they are blocked; once for each. Default: bounce, soft-bounces, hold unless after a complaint.",
            rich_help_panel=SELECTION_PANEL,
        ),
    ] = None,
    domain: DomainOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    identity: IdentityOption = None,
    rule: RuleOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be unblocked.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; only a selection asks.")] = False,
    undo_file: Annotated[
        Path | None, typer.Option("--undo-file", help="Undo file of a selection. Default: a new file in this folder.")
    ] = None,
    from_file: Annotated[Path | None, typer.Option("--from", help="Continue the unblock of this undo file.")] = None,
    ses_region: SesRegionOption = None,
    no_ses: NoSesOption = False,
    bucket: BucketOption = None,
    kms_key: KmsKeyOption = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Lift the blocks of ADDRESS..., or all that --since, --until, --domain, --rule, --identity and --reason select.

    --note is why you unblock; --reason selects by why addresses are blocked. Everything before now is forgiven, also
    soft bounces that do not block yet; what happens later counts.

    The addresses are also removed from SES's suppression list of this account in each Region. Otherwise SES would not
    send the next mail, and report a bounce that blocks the address again. SES allows one call a second; with
    --bucket more than 50 are removed by SES's import jobs of up to 10,000 addresses, which read from an object there
    that is deleted afterwards. The list comes first: if the command is stopped in between, an address is blocked as
    before, and the same command does the rest. An address that SES does not remove stays blocked.

    A selection is shown first, and you are asked (not with --yes). Then an undo file is written: `block --from FILE`
    puts the blocks back, and `unblock --from FILE` continues after an interruption. Complaints, holds after a
    complaint, manual blocks and imports are only selected if --reason names them. Skipped is an address that something
    which is not selected blocks as well, and one that is blocked again in the meantime.

    With --json each line is the result for one address; for a selection the first line describes the selection.

    --dry-run only reads: no table, no list of SES and no file changes.

    Exit code 0: none is blocked any more; 1: one is, was skipped or is no address.

    Needs dynamodb:BatchGetItem and dynamodb:PutItem on the history table, and dynamodb:BatchGetItem, dynamodb:PutItem
    and dynamodb:DeleteItem on the blocked table; for a selection dynamodb:Scan on it; and, without --no-ses,
    ses:DeleteSuppressedDestination, for a selection or more than 100 addresses (50 with --bucket)
    also ses:ListSuppressedDestinations. --bucket needs ses:CreateImportJob, ses:GetImportJob, and s3:PutObject and
    s3:DeleteObject on BUCKET/ses-feedback/*, a bucket policy that lets SES read there, and SES production access.
    """
    now = datetime.now(UTC)
    filter_options = (reasons, domain, identity, rule, since, until)
    has_filter = any(value is not None and value != [] for value in filter_options)
    _check_options(addresses, from_file, note, has_filter=has_filter)
    if undo_file and not has_filter:
        raise UsageError(
            f"--undo-file {undo_file}: only a selection writes an undo file; `block ADDRESS...` puts back the block of "
            "an address, and --from FILE keeps the undo file that it continues"
        )
    ses = SesLists.read(context, ses_region, bucket, kms_key, no_ses=no_ses)
    if from_file:
        job = UnblockJob.from_undo_file(read_undo_file(from_file, context))
        return (preview_unblock if dry_run else run_unblock)(context, job, ses, as_json=as_json)
    decision = UnblockDecision(context.acting_name(), check_note(note or ""), now, uuid.uuid4().hex)
    if addresses:
        arguments = read_addresses(addresses)
        requests = [UnblockRequest(argument.key, argument.spellings()) for argument in arguments if argument.key]
        job = UnblockJob(decision, len(requests), lambda: iter(requests))
        code = (preview_unblock if dry_run else run_unblock)(context, job, ses, as_json=as_json)
        return ExitCode.NEGATIVE if report_invalid_addresses(arguments, as_json=as_json) else code
    block_filter = parse_block_filter(now, domain=domain, identity=identity, rule=rule, since=since, until=until)
    selection = BlockSelection(context, block_filter, reasons or None, now)
    if dry_run:
        return show_selection(selection, ses, undo_file, as_json=as_json)
    undo_or_code = confirm_selection(selection, decision, undo_file or default_path(now), ask=not yes, as_json=as_json)
    if isinstance(undo_or_code, ExitCode):
        return undo_or_code
    return run_unblock(context, UnblockJob.from_undo_file(undo_or_code), ses, as_json=as_json)


def _check_options(addresses: list[str] | None, from_file: Path | None, note: str | None, *, has_filter: bool) -> None:
    """Raises: UsageError unless the options say in exactly one way what to unblock, and why."""
    if bool(addresses) + bool(from_file) + has_filter != 1:
        raise UsageError(
            "say in one way what to unblock: ADDRESS... (or -), or a selection such as --since 2d --rule hard-bounce, "
            "or --from FILE"
        )
    if from_file and note:
        raise UsageError("--from FILE continues an unblock whose note is in the file: give no --note")
    if not from_file and not note:
        raise UsageError("--note TEXT is needed: why you unblock, for the history")
