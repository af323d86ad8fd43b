"""Bring a list of addresses in: from a file, from stdin, or from SES."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ses_feedback_cli.codes import Code
from ses_feedback_cli.moments import time_option
from ses_feedback_cli.output import Json
from ses_feedback_cli.rows import Format
from ses_feedback_cli.where import MissingError, Where


def import_(  # noqa: PLR0913, PLR0917 - an option each
    where: Where,
    file: Annotated[Path | None, typer.Argument(help="The list; - reads stdin.")] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="Of the list; without it: as its suffix says.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="Column of the addresses, if it is not value, address or email.")
    ] = None,
    from_ses: Annotated[
        bool, typer.Option("--from-ses", help="Import SES's account suppression lists of the Regions.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why these addresses are blocked, where a row does not say.")] = "",
    note: Annotated[str, typer.Option(help="For the record, where a row has none.")] = "",
    until: Annotated[
        datetime | None, time_option("--until", "End of the block, where a row has none. Without it: for good.")
    ] = None,
    at: Annotated[
        datetime | None,
        time_option("--at", "What the import counts from: a later unblock wins. Without it: its first start."),
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
    as_json: Json = False,
) -> Code:
    """Block the addresses of a list: a CSV with a first line of names, JSON lines (as `export` writes), or plain text.

    Columns: the address, and optionally reason, note and until (a time at which the block ends). Each address is an
    act in the history, of the time when the import was first started. So the same list twice changes nothing, and an
    unblock after that time stays.

    Interrupted or failed, the same command goes on where it stopped. Rows that are no address go to a file with line
    and reason; exit code 1 says that there are some. An address costs about 6 write units of DynamoDB.

    --from-ses takes each address from the time that SES put it on its list, so an unblock since then stays.

    Needs dynamodb:BatchGetItem and PutItem on the history table, PutItem and DeleteItem on the blocked table; for
    --dry-run only BatchGetItem on the blocked table; for --from-ses also ses:ListSuppressedDestinations.
    """
    from ses_feedback_cli.files import file_errors  # noqa: PLC0415 - what follows takes half a second to import
    from ses_feedback_cli.import_run import Files, List, dry_run, from_suppressed, open_list, run  # noqa: PLC0415
    from ses_feedback_cli.importing import Plan  # noqa: PLC0415
    from ses_feedback_cli.position import Position  # noqa: PLC0415
    from ses_feedback_cli.suppression import SuppressionList, in_turns  # noqa: PLC0415

    if (file is None) != from_ses:
        raise MissingError("what is to be imported? One of FILE, - (stdin) and --from-ses is needed")
    plan = Plan(where.who(), at or datetime.now(UTC), note, reason, until)
    with file_errors(), ExitStack() as stack:
        if file is not None:
            files = Files(file, form, column, position, rejects, restart)
            listed = open_list(where, files, plan, at is not None, stack)
        else:
            regions = where.of_regions()
            pages = in_turns(SuppressionList(where, region) for region in regions)
            listed = List(
                f"SES in {', '.join(regions)}",
                from_suppressed(pages, plan, at_given=at is not None),
                Position({}, ""),
                rejects or Path("ses-suppression.rejects.csv"),
                save=lambda: None,
                hint="the same command again finds what is done",
            )
        return (dry_run if dry else run)(where, listed, as_json)
