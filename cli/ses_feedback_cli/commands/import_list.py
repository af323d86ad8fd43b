"""`import`: block the addresses of a file, of stdin, of SES's suppression lists or of another table."""

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
    file_format: Annotated[
        Format | None, typer.Option("--format", help="Format of the list. Default: from its suffix.")
    ] = None,
    column: Annotated[
        str | None,
        typer.Option("--column", help="Column (or attribute) of the addresses. Default: value, address or email."),
    ] = None,
    from_ses: Annotated[
        bool, typer.Option("--from-ses", help="Import SES's suppression lists of this account, in each Region.")
    ] = False,
    from_table: Annotated[
        str | None, typer.Option("--from-table", help="Import another DynamoDB table, given by ARN or name.")
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="Why the addresses are blocked, for rows that do not say it.")
    ] = "",
    note: Annotated[str, typer.Option("--note", help="Note for the history, for rows that have none.")] = "",
    until: Annotated[
        str | None,
        typer.Option(
            "--until", help=f"When blocks end, for rows that do not say it: {times.FUTURE_FORMATS}. Default: never."
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            help="Time from which the blocks count: a later unblock wins. Default: when this import first started.",
        ),
    ] = None,
    position_file: Annotated[
        Path | None,
        typer.Option("--position-file", help="File that says how far the import is. Default: FILE.position.json."),
    ] = None,
    rejects_file: Annotated[
        Path | None, typer.Option("--rejects-file", help="File for rejected rows. Default: FILE.rejects.csv.")
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Read the list again from its first row; rows that are done stay done.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would happen, and write nothing.")] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Block the addresses of a list: a CSV with a header line, JSON lines (as `export` writes), or plain text.

    Columns: the address, and optionally reason, note and until (when a block ends). The history records each address
    with the time when the import was first started. So the same list again changes nothing, and an unblock after that
    time stays.

    After an interruption or an error the same command continues where it stopped. Rows that are no address go to a file
    with line and problem, and make the exit code 1. An address costs about 6 write units of DynamoDB.

    --from-ses dates each address at the time when SES put it on its list, so an unblock since then stays. --from-table
    leaves out items that the pipelines wrote, since these have their history; if you give it the same --at each time,
    what is done stays done.

    Needs dynamodb:BatchGetItem and PutItem on the history table, PutItem and DeleteItem on the blocked table; for
    --dry-run only BatchGetItem on the blocked table; for --from-ses also ses:ListSuppressedDestinations, for
    --from-table dynamodb:Scan on that table.
    """
    from ses_feedback_cli.files import file_errors  # noqa: PLC0415 - these imports take half a second
    from ses_feedback_cli.lists.import_entries import ImportSettings  # noqa: PLC0415
    from ses_feedback_cli.lists.import_run import count_import, run_import  # noqa: PLC0415
    from ses_feedback_cli.lists.import_sources import (  # noqa: PLC0415
        ImportFiles,
        open_file_source,
        ses_source,
        table_source,
    )

    if [file is not None, from_ses, from_table is not None].count(True) != 1:
        raise UsageError("say what to import: one of FILE, - (stdin), --from-ses and --from-table is needed")
    rereadable = file is not None and str(file) != "-" and not file.is_fifo()
    _refuse(
        {"--position-file": position_file, "--restart": restart} if not rereadable else {},
        "only a FILE that can be read again has a position",
    )
    _refuse({"--format": file_format} if file is None else {}, "only FILE or - has a format")
    _refuse({"--column": column} if from_ses else {}, "SES's lists have no columns")
    now = datetime.now(UTC)
    counts_from, ends = times.parse_past(at, "--at", now), times.parse_future(until, "--until", now)
    settings = ImportSettings(context.acting_name(), counts_from or now, note, reason, ends, at_is_given=at is not None)
    with file_errors(), ExitStack() as stack:
        if file is not None:
            files = ImportFiles(file, file_format, column, position_file, rejects_file, restart)
            source = open_file_source(context, files, settings, stack)
        elif from_table is not None:
            source = table_source(context, from_table, column, settings, rejects_file)
        else:
            source = ses_source(context, context.selected_regions(), settings, rejects_file)
        return (count_import if dry_run else run_import)(context, source, as_json)


def _refuse(options: dict[str, object], why: str) -> None:
    """Raises: UsageError if one of the options is given, which this kind of list cannot honour."""
    for name, value in options.items():
        if value:
            raise UsageError(f"{name} does not fit what is imported: {why}")
