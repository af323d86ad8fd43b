"""Reads lists of addresses row by row: CSV, JSON lines or plain text, from any row on, with one row in memory."""

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import BinaryIO

LINE_LIMIT = 1 << 20
"""Bytes of a line that are read at once: a file without line ends must not fill the memory."""

_HEADER_LIMIT = 10_000

_COLUMNS = {
    "address": ("value", "address", "emailaddress", "email", "recipient"),
    "reason": ("reason",),
    "subtype": ("subtype",),
    "note": ("note",),
    "until": ("until", "expiresat"),
}
"""The names that a column may have, in lower case and letters only; the first one that is there counts."""

_SUFFIXES = {"csv": "csv", "tsv": "csv", "jsonl": "jsonl", "ndjson": "jsonl", "txt": "text"}
_UTF_8_BOM, _UTF_16_BOMS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")


class Format(StrEnum):
    """The format of a list."""

    CSV = "csv"
    JSONL = "jsonl"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its fields, or a problem. ``end`` is the byte after it, ``line`` the number of its last line."""

    line: int
    end: int
    raw: bytes
    fields: Mapping[str, str] = field(default_factory=dict)
    """``address``, and those that the row has of ``reason``, ``subtype``, ``note`` and ``until``."""
    problem: str = ""


def choose_format(name: str, file_format: Format | None) -> Format:
    """The format of --format; else that of the suffix. Raises: ValueError for a suffix that says nothing."""
    suffix = Path(name).suffix.lower().lstrip(".")
    if file_format is None and suffix not in _SUFFIXES:
        raise ValueError(
            f"{name}: the name says no format; give --format csv, jsonl or text (or a name in {', '.join(_SUFFIXES)})"
        )
    return file_format or Format(_SUFFIXES[suffix])


def read_rows(
    stream: BinaryIO, file_format: Format, column: str | None = None, *, end: int = 0, line: int = 0
) -> Iterator[Row]:
    """The rows of a list after byte ``end`` and line ``line``, without empty lines.

    Raises: ValueError when the file is UTF-16, or a CSV whose first line names no column of addresses.
    """
    lines = _Lines(stream)
    match file_format:
        case Format.CSV:
            return _csv_rows(lines, column, end, line)
        case Format.JSONL:
            lines.seek(end, line)
            return _line_rows(lines, lambda content: _parse_json(content, column))
        case Format.TEXT:
            lines.seek(end, line)
            return _line_rows(lines, lambda content: {"address": content})


class _Lines:
    """The decoded lines of a stream, and how far it was read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._taken: list[bytes] = []
        self.end = self.line = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        raw = self._stream.readline(LINE_LIMIT)
        if not raw:
            raise StopIteration
        if self.end == 0 and raw.startswith(_UTF_16_BOMS):
            raise ValueError("the list is in UTF-16: save it as UTF-8")
        content = raw.removeprefix(_UTF_8_BOM) if self.end == 0 else raw
        self.end += len(raw)
        self.line += 1
        self._taken.append(raw)
        return content.decode("utf-8", "surrogateescape")

    def take_raw(self) -> bytes:
        """The bytes that were read since the last call."""
        raw = b"".join(self._taken)
        self._taken.clear()
        return raw

    def seek(self, end: int, line: int) -> None:
        """Continue after this byte, which ends the line of this number; never goes back."""
        if end > self.end:
            self._stream.seek(end)
            self.end, self.line = end, line


def _line_rows(lines: _Lines, parse: Callable[[str], Mapping[str, str]]) -> Iterator[Row]:
    for line in lines:
        content, raw = line.strip(), lines.take_raw()
        if content:
            yield _row(lines, raw, partial(parse, content))


def _csv_rows(lines: _Lines, column: str | None, end: int, line: int) -> Iterator[Row]:
    first_line = next(lines, "")[:_HEADER_LIMIT]
    delimiter = max(",;\t", key=first_line.count)
    header = next(csv.reader([first_line], delimiter=delimiter), [])
    lines.take_raw()
    column_indexes = _column_indexes(header, column)
    lines.seek(end, line)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)

    def parse(cells: list[str]) -> Mapping[str, str]:
        if len(cells) > len(header) or len(cells) <= column_indexes["address"]:
            raise ValueError(f"it has {len(cells)} columns, the first line has {len(header)}")
        return {name: cells[index].strip() for name, index in column_indexes.items() if index < len(cells)}

    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            # After an error the reader continues with the next row.
            yield Row(lines.line, lines.end, lines.take_raw(), problem=f"it is no CSV: {error}")
            continue
        if cells is None:
            return
        raw = lines.take_raw()
        if any(cells):
            yield _row(lines, raw, partial(parse, cells))


def _column_indexes(header: list[str], column: str | None) -> dict[str, int]:
    """Where each field is in a row. Raises: ValueError when no column has addresses."""
    names = [_letters(name) for name in header]
    indexes = {
        field_name: names.index(present[0])
        for field_name, spellings in _COLUMNS.items()
        if (present := [name for name in spellings if name in names])
    }
    if column is not None:
        exact_names = [name.strip() for name in header]
        if column not in exact_names:
            raise ValueError(f"--column {column}: the first line has only {', '.join(exact_names) or 'nothing'}")
        return {**indexes, "address": exact_names.index(column)}
    if "address" not in indexes:
        # Without a header the first line is an address, which an error must not name.
        is_row = any("@" in name for name in header)
        problem = "looks like a row" if is_row else f"has {', '.join(header) or 'nothing'}"
        raise ValueError(
            "the first line of a CSV must name a column value, address or email (or the one that --column names); "
            f"it {problem}. A list without such a line is --format text, if it has nothing but addresses"
        )
    return indexes


def _parse_json(line: str, column: str | None) -> Mapping[str, str]:
    try:
        document = dict(json.loads(line).items())
    except (ValueError, AttributeError, RecursionError):
        raise ValueError("it is no JSON object; one on each line is needed") from None
    return parse_fields(document, column)


def parse_fields(document: Mapping[str, object], column: str | None) -> Mapping[str, str]:
    """The fields of a row of names and values. Raises: ValueError, without a value."""
    values = {name if name == column else _letters(name): value for name, value in document.items()}
    fields: dict[str, str] = {}
    for field_name, spellings in _COLUMNS.items():
        names = (column,) if column is not None and field_name == "address" else spellings
        for name in names:
            if (value := values.get(name)) is not None:
                fields.setdefault(field_name, _plain_value(name, value))
    if "address" not in fields:
        raise ValueError(f"it has no {column or 'value, address or email'}")
    return fields


def _letters(name: str) -> str:
    """The name of a column in lower case, letters only."""
    return re.sub("[^a-z]", "", name.lower())


def _plain_value(name: str, value: object) -> str:
    if isinstance(value, str | int):
        return str(value)
    raise ValueError(f"its {name} is neither a string nor a whole number")


def _row(lines: _Lines, raw: bytes, parse: Callable[[], Mapping[str, str]]) -> Row:
    try:
        fields = parse()
        for value in fields.values():
            value.encode()
    except UnicodeEncodeError:
        return Row(lines.line, lines.end, raw, problem="it is not UTF-8")
    except ValueError as error:
        return Row(lines.line, lines.end, raw, problem=str(error))
    return Row(lines.line, lines.end, raw, fields)
