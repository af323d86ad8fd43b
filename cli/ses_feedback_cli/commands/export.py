"""`export`: write the blocked addresses to a file or to stdout."""

import csv
import json
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from ses_feedback_cli.block_filter import parse_block_filter
from ses_feedback_cli.commands.options import (
    DomainOption,
    IdentityOption,
    JsonOption,
    ReasonOption,
    RuleOption,
    SinceOption,
    UntilOption,
)
from ses_feedback_cli.context import Context
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.files import atomic_write, file_errors
from ses_feedback_cli.lists.rows import Format, choose_format
from ses_feedback_cli.output import format_time, open_console

COLUMNS = (
    "value", "reason", "subtype", "status", "blocked_at", "expires_at", "rule", "identity", "region", "actor", "note",
)  # fmt: skip


def export(  # noqa: PLR0913, PLR0917 - an option each
    context: Context,
    file: Annotated[Path, typer.Argument(help="File to write; - is stdout.")] = Path("-"),
    file_format: Annotated[
        Format | None, typer.Option("--format", help="Format of the file. Default: from its suffix; csv on stdout.")
    ] = None,
    reason: ReasonOption = None,
    domain: DomainOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    identity: IdentityOption = None,
    rule: RuleOption = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Write the blocked addresses to a file, in no order; `import` reads such a file.

    CSV has the most important columns, JSON lines (also --json) all that the table holds, text only the addresses. The
    file appears when it is complete, and only you can read it. Blocks that are over are left out.

    Needs dynamodb:Scan on the blocked table.
    """
    from ses_feedback_cli.table_reads import (  # noqa: PLC0415 - imports botocore, which --help does not need
        scan_blocked_items,
    )

    to_stdout = str(file) == "-"
    if as_json:
        file_format = Format.JSONL
    elif to_stdout and file_format is None:
        file_format = Format.CSV
    else:
        file_format = choose_format(str(file), file_format)
    now = datetime.now(UTC)
    block_filter = parse_block_filter(
        now, reason=reason, domain=domain, identity=identity, rule=rule, since=since, until=until
    )
    with file_errors(), nullcontext(sys.stdout) if to_stdout else atomic_write(file) as stream:
        count = write_items(scan_blocked_items(context, block_filter, now), stream, file_format)
    open_console(stderr=True).print(f"{count:,} addresses" + ("" if to_stdout else f" in {file}"), markup=False)
    return ExitCode.OK


def write_items(items: Iterable[dict[str, Any]], stream: TextIO, file_format: Format) -> int:
    """Write items of the blocked table as they come; returns how many there were."""
    count = 0
    rows = csv.writer(stream)
    if file_format is Format.CSV:
        rows.writerow(COLUMNS)
    for item in items:
        count += 1
        match file_format:
            case Format.CSV:
                expires_at = item.get("expires_at", "")
                item["expires_at"] = format_time(expires_at) if type(expires_at) is int else expires_at
                rows.writerow([item.get(name, "") for name in COLUMNS])
            case Format.JSONL:
                stream.write(json.dumps(item, ensure_ascii=False) + "\n")
            case Format.TEXT:
                stream.write(item["value"] + "\n")
    return count
