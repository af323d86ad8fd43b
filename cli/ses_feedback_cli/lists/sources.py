"""Where an import takes its rows from: a list with its position, SES, or another table."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ses_feedback.table import decode
from ses_feedback.timestamps import iso, parse

from ses_feedback_cli.context import Context
from ses_feedback_cli.files import lock_file
from ses_feedback_cli.lists.importing import Entry, Plan, act, entries
from ses_feedback_cli.lists.position import Position, digest, read_position, save_position
from ses_feedback_cli.lists.rows import Format, Row, fields_of, format_of, read_rows
from ses_feedback_cli.output import open_console
from ses_feedback_cli.suppression import Suppressed, SuppressionList, in_turns

SES_REJECTS = Path("ses-suppression.rejects.csv")


@dataclass(frozen=True, slots=True)
class List:
    """What is imported, and how far it is."""

    name: str
    source: Iterable[Entry]
    position: Position
    rejects: Path
    save: Callable[[], None]
    hint: str
    """What to do after an interruption."""
    size: int | None = None
    """In bytes, if it is known."""


@dataclass(frozen=True, slots=True)
class Files:
    """A list and the files beside it."""

    file: Path
    form: Format | None
    column: str | None
    position: Path | None
    rejects: Path | None
    restart: bool = False
    """Read from the first row, with the time of the first start."""


def open_list(context: Context, files: Files, plan: Plan, at_given: bool, stack: ExitStack) -> List:
    """A list of addresses, behind what was imported of it; ``stack`` closes it.

    Raises: ValueError, OSError.
    """
    form = format_of(str(files.file), files.form)
    if str(files.file) == "-" or files.file.is_fifo():  # what cannot be read twice has no position
        rejects = files.rejects or Path("stdin.rejects.csv")
        stdin = str(files.file) == "-"
        pipe = sys.stdin.buffer if stdin else stack.enter_context(files.file.open("rb"))
        source = entries(read_rows(pipe, form, files.column), plan)
        hint = f"the same list with --at {iso(plan.at)} goes on; what is done is found done"
        return List("stdin", source, Position({}, iso(plan.at)), rejects, lambda: None, hint)
    plan = replace(plan, note=plan.note or f"import of {files.file.name}")
    stream = stack.enter_context(files.file.open("rb"))
    lock_file(stream, files.file)
    what = {
        "sha256": digest(stream),
        "tables": [context.blocked_table(), context.history_table()],
        "options": [form, files.column, plan.note, plan.reason, plan.until and iso(plan.until)],
    }
    path = files.position or files.file.with_name(f"{files.file.name}.position.json")
    position = _position(path, what, iso(plan.at) if at_given else None, files.restart) or Position(what, iso(plan.at))
    plan = replace(plan, at=parse(position.at) or plan.at)
    return List(
        str(files.file),
        entries(read_rows(stream, form, files.column, end=position.end, line=position.line), plan),
        position,
        files.rejects or files.file.with_name(f"{files.file.name}.rejects.csv"),
        lambda: save_position(path, position),
        f"the same command goes on behind line {{line}} ({path} says so)",
        files.file.stat().st_size,
    )


def _position(path: Path, what: dict[str, Any], at: str | None, restart: bool) -> Position | None:
    """The position of this very import, from the start again if that was asked for or rows were not written."""
    found = read_position(path)
    if found is None:
        return None
    if found.what != what or (at is not None and found.at != at):
        if not found.done and found.line:
            open_console(stderr=True).print(
                f"{path} is of another list, table or option, and not finished: it is replaced"
            )
        return None
    return Position(what, found.at) if restart or (found.done and found.counts["failed"]) else found


def from_suppressed(pages: Iterable[Iterable[Suppressed]], plan: Plan, *, at_given: bool = False) -> Iterator[Entry]:
    """SES's entries as acts of the time when SES made them, so that an unblock since then stays."""
    line = 0
    for page in pages:
        for one in page:
            line += 1
            at = plan.at if at_given else one.at
            note = plan.note or f"SES suppression list of {one.region}"
            try:
                event, problem = act(one.address, replace(plan, at=at, note=note), reason=one.reason.lower()), ""
            except ValueError as error:
                event, problem = None, str(error)
            yield Entry(line, line, f"{one.region},{one.address},{one.reason}".encode(), event, problem)


def from_table(context: Context, table: str, column: str | None, plan: Plan) -> Iterator[Entry]:
    """The items of a table, whose key or another attribute is the address. Needs dynamodb:Scan on it.

    What the pipelines made has its history already.
    """
    line = 0
    plan = replace(plan, note=plan.note or f"from {table}")
    for page in context.dynamodb_client(table).get_paginator("scan").paginate(TableName=table):
        for item in map(decode, page["Items"]):
            line += 1
            raw = json.dumps(item, ensure_ascii=False, default=str).encode()
            if "feedback_id" in item:
                yield Entry(line, line, raw, skipped="known")
                continue
            try:
                row = Row(line, line, raw, fields_of(item, column))
            except ValueError as error:
                row = Row(line, line, raw, problem=str(error))
            yield from entries([row], plan)


def ses_list(context: Context, regions: Sequence[str], plan: Plan, at_given: bool, rejects: Path | None) -> List:
    """SES's lists of these Regions."""
    pages = in_turns(SuppressionList(context, region) for region in regions)
    return List(
        f"SES in {', '.join(regions)}",
        from_suppressed(pages, plan, at_given=at_given),
        Position({}, iso(plan.at) if at_given else ""),
        rejects or SES_REJECTS,
        save=lambda: None,
        hint="the same command again finds what is done",
    )


def table_list(context: Context, table: str, column: str | None, plan: Plan, rejects: Path | None) -> List:
    """Another table."""
    return List(
        table,
        from_table(context, table, column, plan),
        Position({}, iso(plan.at)),
        rejects or Path(f"{table.rpartition('/')[2]}.rejects.csv"),
        save=lambda: None,
        hint=f"the same command with --at {iso(plan.at)} goes on; what is done is found done",
    )
