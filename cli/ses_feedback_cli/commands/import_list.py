"""Bring a list of addresses in: from a file, from stdin, or from SES."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ses_feedback_cli import times
from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.lists.rows import Format


def import_(  # noqa: PLR0913, PLR0917 - an option each
    context: Context,
    file: Annotated[Path | None, typer.Argument(help="The list; - reads stdin.")] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="Of the list; without it: as its suffix says.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="Column (or attribute) of the addresses, if not value, address or email.")
    ] = None,
    from_ses: Annotated[
        bool, typer.Option("--from-ses", help="Import SES's account suppression lists of the Regions.")
    ] = False,
    old: Annotated[
        str | None, typer.Option("--from-table", help="Import another DynamoDB table, given by ARN or name.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why these addresses are blocked, where a row does not say.")] = "",
    note: Annotated[str, typer.Option(help="For the record, where a row has none.")] = "",
    until: Annotated[
        str | None,
        typer.Option(help=f"End of the block, where a row has none; without it: for good. {times.FUTURE_FORMATS}."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="Time that the import counts from, so that a later unblock wins; without it: first start."),
    ] = None,
    position: Annotated[
        Path | None, typer.Option(help="File that says how far it came. Without it: FILE.position.json.")
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="File for rows that are refused. Without it: FILE.rejects.csv.")
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Read the list from its first row again; what is done is found done.")
    ] = False,
    dry: Annotated[bool, typer.Option("--dry-run", help="Count what would happen, and write nothing.")] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Block the addresses of a list: a CSV with a first line of names, JSON lines (as `export` writes), or plain text.

    Columns: the address, and optionally reason, note and until (a time at which the block ends). Each address is an
    act in the history, of the time when the import was first started. So the same list twice changes nothing, and an
    unblock after that time stays.

    Interrupted or failed, the same command goes on where it stopped. Rows that are no address go to a file with line
    and reason; exit code 1 says that there are some. An address costs about 6 write units of DynamoDB.

    --from-ses takes each address from the time that SES put it on its list, so an unblock since then stays.
    --from-table leaves out what the pipelines made, which has its history; give it a time with --at, the same each
    time, and what is done is found done.

    Needs dynamodb:BatchGetItem and PutItem on the history table, PutItem and DeleteItem on the blocked table; for
    --dry-run only BatchGetItem on the blocked table; for --from-ses also ses:ListSuppressedDestinations, for
    --from-table dynamodb:Scan on that table.
    """
    from ses_feedback_cli.files import file_errors  # noqa: PLC0415 - what follows takes half a second to import
    from ses_feedback_cli.lists.import_run import dry_run, run  # noqa: PLC0415
    from ses_feedback_cli.lists.importing import Plan  # noqa: PLC0415
    from ses_feedback_cli.lists.sources import Files, open_list, ses_list, table_list  # noqa: PLC0415

    if [file is not None, from_ses, old is not None].count(True) != 1:
        raise UsageError("what is to be imported? One of FILE, - (stdin), --from-ses and --from-table is needed")
    now = datetime.now(UTC)
    begun, ends = times.parse_past(at, "--at", now), times.parse_future(until, "--until", now)
    plan = Plan(context.acting_name(), begun or now, note, reason, ends)
    with file_errors(), ExitStack() as stack:
        if file is not None:
            files = Files(file, form, column, position, rejects, restart)
            listed = open_list(context, files, plan, at is not None, stack)
        elif old is not None:
            listed = table_list(context, old, column, plan, rejects)
        else:
            listed = ses_list(context, context.selected_regions(), plan, at is not None, rejects)
        return (dry_run if dry else run)(context, listed, as_json)
