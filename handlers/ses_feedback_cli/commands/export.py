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

from ses_feedback_cli.codes import Code
from ses_feedback_cli.files import file_errors, replaced
from ses_feedback_cli.moments import Before, Since
from ses_feedback_cli.output import Json, people, when
from ses_feedback_cli.rows import Format, format_of
from ses_feedback_cli.where import Where

COLUMNS = (
    "value", "reason", "subtype", "status", "blocked_at", "expires_at", "rule", "identity", "region", "actor", "note",
)  # fmt: skip


def export(  # noqa: PLR0913, PLR0917 - an option each
    where: Where,
    file: Annotated[Path, typer.Argument(help="To write; - is stdout.")] = Path("-"),
    form: Annotated[
        Format | None, typer.Option("--format", help="Without it: as the suffix says; csv on stdout.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Only bounce, complaint, soft-bounces, manual or import.")] = None,
    domain: Annotated[str | None, typer.Option(help="Only addresses of this domain.")] = None,
    identity: Annotated[str | None, typer.Option(help="Only what came in for this identity.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only what this rule blocked.")] = None,
    since: Since = None,
    until: Before = None,
    as_json: Json = False,
) -> Code:
    """Write the blocked addresses, in no order; `import` reads what this writes.

    CSV has the columns that people ask for, JSON lines (--json too) all that the table knows, text the addresses only.
    The file appears when it is complete, readable by you alone. Blocks that are over are left out.

    Needs dynamodb:Scan on the blocked table.
    """
    from ses_feedback_cli.blocked import Filter, scan  # noqa: PLC0415 - imports boto's core, which --help does not need

    to_stdout = str(file) == "-"
    chosen = Format.JSONL if as_json else Format.CSV if to_stdout and form is None else format_of(str(file), form)
    wanted = Filter(reason, domain, identity, rule, since, until)
    with file_errors():
        target = nullcontext(sys.stdout) if to_stdout else replaced(file)
        with target as stream:
            count = write(scan(where, wanted, datetime.now(UTC)), stream, chosen)
    people(stderr=True).print(f"{count:,} addresses" + ("" if to_stdout else f" in {file}"), markup=False)
    return Code.OK


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
                item["expires_at"] = when(ends) if type(ends) is int else ends
                rows.writerow([item.get(name, "") for name in COLUMNS])
            case Format.JSONL:
                stream.write(json.dumps(item, ensure_ascii=False) + "\n")
            case Format.TEXT:
                stream.write(item["value"] + "\n")
    return count
