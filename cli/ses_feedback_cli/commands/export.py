"""Write the blocked addresses to a file or to stdout."""

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
from ses_feedback_cli.lists.rows import Format, format_of
from ses_feedback_cli.output import format_time, open_console

COLUMNS = (
    "value", "reason", "subtype", "status", "blocked_at", "expires_at", "rule", "identity", "region", "actor", "note",
)  # fmt: skip


def export(  # noqa: PLR0913, PLR0917 - an option each
    context: Context,
    file: Annotated[Path, typer.Argument(help="To write; - is stdout.")] = Path("-"),
    form: Annotated[
        Format | None, typer.Option("--format", help="Without it: as the suffix says; csv on stdout.")
    ] = None,
    reason: ReasonOption = None,
    domain: DomainOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    identity: IdentityOption = None,
    rule: RuleOption = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Write the blocked addresses, in no order; `import` reads what this writes.

    CSV has the columns that people ask for, JSON lines (--json too) all that the table knows, text the addresses only.
    The file appears when it is complete, readable by you alone. Blocks that are over are left out.

    Needs dynamodb:Scan on the blocked table.
    """
    from ses_feedback_cli.table_reads import scan_blocked_items  # noqa: PLC0415 - imports boto's core, which --help does not need

    to_stdout = str(file) == "-"
    chosen = Format.JSONL if as_json else Format.CSV if to_stdout and form is None else format_of(str(file), form)
    now = datetime.now(UTC)
    wanted = parse_block_filter(
        now, reason=reason, domain=domain, identity=identity, rule=rule, since=since, until=until
    )
    with file_errors():
        target = nullcontext(sys.stdout) if to_stdout else atomic_write(file)
        with target as stream:
            count = write(scan_blocked_items(context, wanted, now), stream, chosen)
    open_console(stderr=True).print(f"{count:,} addresses" + ("" if to_stdout else f" in {file}"), markup=False)
    return ExitCode.OK


def write(items: Iterable[dict[str, Any]], stream: TextIO, form: Format) -> int:
    """Write items of the blocked table as they come; how many there were."""
    count = 0
    rows = csv.writer(stream)
    if form is Format.CSV:
        rows.writerow(COLUMNS)
    for item in items:
        count += 1
        match form:
            case Format.CSV:
                ends = item.get("expires_at", "")
                item["expires_at"] = format_time(ends) if type(ends) is int else ends
                rows.writerow([item.get(name, "") for name in COLUMNS])
            case Format.JSONL:
                stream.write(json.dumps(item, ensure_ascii=False) + "\n")
            case Format.TEXT:
                stream.write(item["value"] + "\n")
    return count
