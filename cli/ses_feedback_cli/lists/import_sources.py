"""Where an import reads its entries from: a file with a position, a pipe, SES's suppression lists, or another table."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ses_feedback.table import decode
from ses_feedback.timestamps import iso, parse

from ses_feedback_cli.context import Context, table_name
from ses_feedback_cli.files import lock_file
from ses_feedback_cli.lists.import_entries import ImportEntry, ImportSettings, entries_of_rows, import_event
from ses_feedback_cli.lists.import_position import ImportPosition, list_digest, read_position, save_position
from ses_feedback_cli.lists.rows import Format, Row, choose_format, parse_fields, read_rows
from ses_feedback_cli.output import open_console
from ses_feedback_cli.suppression_list import SuppressedDestination, SuppressionList, interleave_pages

SES_REJECTS_FILE = Path("ses-suppression.rejects.csv")


@dataclass(frozen=True, slots=True)
class ImportSource:
    """What is imported, and how far it is."""

    name: str
    entries: Iterable[ImportEntry]
    position: ImportPosition
    rejects_file: Path
    how_to_continue: str
    """What to do after an interruption; ``{line}`` stands for the last line that is done."""
    save_position: Callable[[], None] = lambda: None
    size: int | None = None
    """In bytes; None if it is not known."""


@dataclass(frozen=True, slots=True)
class ImportFiles:
    """A list and the files next to it."""

    file: Path
    """`-` is stdin."""
    file_format: Format | None
    column: str | None
    position_file: Path | None
    rejects_file: Path | None
    restart: bool = False
    """Read from the first row again, with the time of the first start."""


def open_file_source(context: Context, files: ImportFiles, settings: ImportSettings, stack: ExitStack) -> ImportSource:
    """A list, from where its last import stopped; ``stack`` closes it.

    Raises: ValueError, OSError.
    """
    file_format = choose_format(str(files.file), files.file_format)
    if str(files.file) == "-" or files.file.is_fifo():  # what cannot be read twice has no position
        return _pipe_source(files, file_format, settings, stack)
    settings = replace(settings, note=settings.note or f"import of {files.file.name}")
    stream = stack.enter_context(files.file.open("rb"))
    lock_file(stream, files.file)
    inputs = {
        "sha256": list_digest(stream),
        "tables": [context.blocked_table(), context.history_table()],
        "options": [file_format, files.column, settings.note, settings.reason, settings.until and iso(settings.until)],
    }
    path = files.position_file or files.file.with_name(f"{files.file.name}.position.json")
    position = _last_position(path, inputs, settings, files.restart) or ImportPosition(inputs, iso(settings.at))
    settings = replace(settings, at=parse(position.at) or settings.at)
    rows = read_rows(stream, file_format, files.column, end=position.end, line=position.line)
    return ImportSource(
        str(files.file),
        entries_of_rows(rows, settings),
        position,
        files.rejects_file or files.file.with_name(f"{files.file.name}.rejects.csv"),
        f"the same command continues after line {{line}} ({path} has the position)",
        lambda: save_position(path, position),
        files.file.stat().st_size,
    )


def _pipe_source(files: ImportFiles, file_format: Format, settings: ImportSettings, stack: ExitStack) -> ImportSource:
    is_stdin = str(files.file) == "-"
    stream = sys.stdin.buffer if is_stdin else stack.enter_context(files.file.open("rb"))
    return ImportSource(
        "stdin",
        entries_of_rows(read_rows(stream, file_format, files.column), settings),
        ImportPosition({}, iso(settings.at)),
        files.rejects_file or Path("stdin.rejects.csv"),
        f"the same list with --at {iso(settings.at)} continues; rows that are done stay done",
    )


def _last_position(
    path: Path, inputs: dict[str, Any], settings: ImportSettings, restart: bool
) -> ImportPosition | None:
    """Where the last import of the same inputs stopped; at its start if --restart says so or rows were not written."""
    position = read_position(path)
    if position is None:
        return None
    if position.inputs != inputs or (settings.at_is_given and position.at != iso(settings.at)):
        if not position.done and position.line:
            open_console(stderr=True).print(
                f"{path} is of an unfinished import of another list, table or option: it is replaced"
            )
        return None
    has_failed_rows = position.done and position.counts["failed"]
    return ImportPosition(inputs, position.at) if restart or has_failed_rows else position


def suppressed_entries(
    pages: Iterable[Iterable[SuppressedDestination]], settings: ImportSettings
) -> Iterator[ImportEntry]:
    """Entries of SES's lists, dated when SES made them (without --at), so that an unblock since then stays."""
    line = 0
    for page in pages:
        for destination in page:
            line += 1
            at = settings.at if settings.at_is_given else destination.updated_at
            note = settings.note or f"SES suppression list of {destination.region}"
            dated_settings = replace(settings, at=at, note=note)
            try:
                event = import_event(destination.address, dated_settings, reason=destination.reason.lower())
                problem = ""
            except ValueError as error:
                event, problem = None, str(error)
            raw = f"{destination.region},{destination.address},{destination.reason}".encode()
            yield ImportEntry(line, line, raw, event, problem)


def table_entries(context: Context, table: str, column: str | None, settings: ImportSettings) -> Iterator[ImportEntry]:
    """The items of a table, whose key or another attribute is the address. Needs dynamodb:Scan on it.

    Items that the pipelines wrote are skipped: they have their history.
    """
    line = 0
    settings = replace(settings, note=settings.note or f"from {table}")
    for page in context.dynamodb_client(table).get_paginator("scan").paginate(TableName=table):
        for item in map(decode, page["Items"]):
            line += 1
            raw = json.dumps(item, ensure_ascii=False, default=str).encode()
            if "feedback_id" in item:
                yield ImportEntry(line, line, raw, skipped="has_feedback")
                continue
            try:
                row = Row(line, line, raw, parse_fields(item, column))
            except ValueError as error:
                row = Row(line, line, raw, problem=str(error))
            yield from entries_of_rows([row], settings)


def ses_source(
    context: Context, regions: Sequence[str], settings: ImportSettings, rejects_file: Path | None
) -> ImportSource:
    """SES's suppression lists of these Regions."""
    pages = interleave_pages(SuppressionList(context, region) for region in regions)
    return ImportSource(
        f"SES in {', '.join(regions)}",
        suppressed_entries(pages, settings),
        ImportPosition({}, iso(settings.at) if settings.at_is_given else ""),
        rejects_file or SES_REJECTS_FILE,
        "the same command reads the lists again; addresses that are done stay done",
    )


def table_source(
    context: Context, table: str, column: str | None, settings: ImportSettings, rejects_file: Path | None
) -> ImportSource:
    """Another table."""
    return ImportSource(
        table,
        table_entries(context, table, column, settings),
        ImportPosition({}, iso(settings.at)),
        rejects_file or Path(f"{table_name(table)}.rejects.csv"),
        f"the same command with --at {iso(settings.at)} continues; addresses that are done stay done",
    )
