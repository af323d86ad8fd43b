"""Lift blocks: of addresses, or of a wave."""

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ses_feedback_cli import suppression
from ses_feedback_cli.block_filter import BlockReason, parse_block_filter
from ses_feedback_cli.blocks import given, lifting, undofile
from ses_feedback_cli.blocks.lifting import Job
from ses_feedback_cli.blocks.unblocking import Act, Lift
from ses_feedback_cli.blocks.wave import FEEDBACK, Wave
from ses_feedback_cli.commands.options import (
    SELECTION_PANEL,
    DomainOption,
    IdentityOption,
    JsonOption,
    RuleOption,
    SinceOption,
    UntilOption,
)
from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.exit_codes import ExitCode

_SES = "SES's own list"


def unblock(  # noqa: PLR0913 - one per option
    context: Context,
    *,
    addresses: Annotated[
        list[str] | None, typer.Argument(help="Addresses, with or without a name; - reads them from stdin.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why you unblock, in your words, for the record; always needed.")
    ] = None,
    because: Annotated[
        list[BlockReason] | None,
        typer.Option(
            "--because",
            help="Why they are blocked; once for each. [default: bounce and soft-bounces]",
            rich_help_panel=SELECTION_PANEL,
        ),
    ] = None,
    domain: DomainOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    identity: IdentityOption = None,
    rule: RuleOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be unblocked.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    undo_file: Annotated[
        Path | None, typer.Option("--undo-file", help="Where to write the undo file. [default: a new file here]")
    ] = None,
    from_file: Annotated[Path | None, typer.Option("--from", help="Go on with the unblock of this undo file.")] = None,
    ses_region: Annotated[
        list[str] | None,
        typer.Option(
            "--ses-region",
            help="Region whose list to take them off; once for each. [default: --region, or those of the stacks]",
            rich_help_panel=_SES,
        ),
    ] = None,
    no_ses: Annotated[bool, typer.Option("--no-ses", help="Leave SES's own list alone.", rich_help_panel=_SES)] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Lift blocks: of ADDRESS..., or of all that --since, --until, --domain, --rule, --identity and --because select.

    --reason is why you do it; --because selects by why they are blocked. Everything before now is forgiven, also soft
    bounces that do not block yet; what happens later counts.

    Addresses are also taken off SES's own suppression list of this account in each Region, or the next mail would not
    be sent and block them again. SES allows a call a second. That comes first: stopped in between, an address is
    blocked as before, and the same command does the rest. What SES refuses stays blocked.

    A selection is shown first, and asked for (--yes: not). Then an undo file is written, which `block --from FILE` puts
    back, and `unblock --from FILE` goes on with after an interruption. Blocks because of complaints, by hand or by an
    import are not selected unless named with --because; an address that anything not selected blocks as well is left,
    and so is one that is blocked again in the meantime.

    With --json a line is what became of an address; before them, a selection has a line that says what it is.

    Exit code 0: none is blocked any more; 1: one is, was left or is no address.

    Needs dynamodb:BatchGetItem and dynamodb:PutItem on the history table, and dynamodb:BatchGetItem, dynamodb:PutItem
    and dynamodb:DeleteItem on the blocked table; for a selection dynamodb:Scan on it; and, unless --no-ses is given,
    ses:DeleteSuppressedDestination, for a selection or more than 100 addresses also ses:ListSuppressedDestinations.
    """
    now = datetime.now(UTC)
    options = {"because": because, "domain": domain, "identity": identity, "rule": rule, "since": since, "until": until}
    by_filter = any(value is not None and value != [] for value in options.values())
    _check_form(addresses, from_file, reason, by_filter=by_filter)
    if no_ses and ses_region:
        raise UsageError("--no-ses and --ses-region exclude each other")
    regions = [] if no_ses else suppression.regions_of(context, ses_region)
    if from_file:
        plan = undofile.read(from_file, context)
        return lifting.run(context, Job.of_plan(plan), regions, as_json=as_json)
    act = Act(context.acting_name(), given.note(reason or ""), now, uuid.uuid4().hex)
    if addresses:
        wanted = given.read(addresses)
        lifts = [Lift(one.key, one.spellings()) for one in wanted if one.key]
        code = lifting.run(context, Job(act, len(lifts), lambda: iter(lifts)), regions, as_json=as_json)
        return (
            ExitCode.NEGATIVE if given.tell_problems((one for one in wanted if one.problem), as_json=as_json) else code
        )
    chosen = parse_block_filter(now, domain=domain, identity=identity, rule=rule, since=since, until=until)
    wave = Wave(context, chosen, because or FEEDBACK, now)
    if dry_run:
        return lifting.show(wave, as_json=as_json)
    plan_or_code = lifting.prepare(wave, act, undo_file or undofile.default_path(now), ask=not yes, as_json=as_json)
    if isinstance(plan_or_code, ExitCode):
        return plan_or_code
    return lifting.run(context, Job.of_plan(plan_or_code), regions, as_json=as_json)


def _check_form(addresses: list[str] | None, from_file: Path | None, reason: str | None, *, by_filter: bool) -> None:
    """Raises: MissingError unless it is said, in exactly one way, what to unblock, and why."""
    if bool(addresses) + bool(from_file) + by_filter != 1:
        raise UsageError(
            "what is to be unblocked is said in one way: ADDRESS... (or -), or a selection such as --since 2d --rule "
            "hard-bounce, or --from FILE"
        )
    if from_file and reason:
        raise UsageError("--from FILE goes on with an act whose reason is in the file: give no --reason")
    if not from_file and not reason:
        raise UsageError("--reason TEXT is needed: why you unblock, for the record")
    if by_filter and reason in set(BlockReason):
        raise UsageError(
            f"--reason {reason} is what would be recorded as your words: --because {reason} selects blocks by why"
        )
