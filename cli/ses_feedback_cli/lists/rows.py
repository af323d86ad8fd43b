"""Reads lists of addresses row by row: CSV, JSON lines or plain text, from any row on, in the memory of a row."""

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
"""Bytes of a line that are held at once: a file without line ends must not fill the memory."""

_HEADER_LIMIT = 10_000

_COLUMNS = {
    "address": ("value", "address", "emailaddress", "email", "recipient"),
    "reason": ("reason",),
    "subtype": ("subtype",),
    "note": ("note",),
    "until": ("until", "expiresat"),
}
"""What a column may be called, in lower case and letters only; of several the first."""

_SUFFIXES = {"csv": "csv", "tsv": "csv", "jsonl": "jsonl", "ndjson": "jsonl", "txt": "text"}
_UTF_8, _UTF_16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")


class Format(StrEnum):
    """How a list is written."""

    CSV = "csv"
    JSONL = "jsonl"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its text, what it says, or why it says nothing. ``end`` is the byte behind it, ``line`` its last."""

    line: int
    end: int
    raw: bytes
    fields: Mapping[str, str] = field(default_factory=dict)
    """``address``, and what else there is of ``reason``, ``subtype``, ``note`` and ``until``."""
    problem: str = ""


def format_of(name: str, given: Format | None) -> Format:
    """The format that was given; else that of the suffix. Raises: ValueError for a suffix that says nothing."""
    suffix = Path(name).suffix.lower().lstrip(".")
    if given is None and suffix not in _SUFFIXES:
        raise ValueError(
            f"{name}: the name says no format; give --format csv, jsonl or text (or a name in {', '.join(_SUFFIXES)})"
        )
    return given or Format(_SUFFIXES[suffix])


def read_rows(
    stream: BinaryIO, form: Format, column: str | None = None, *, end: int = 0, line: int = 0
) -> Iterator[Row]:
    """The rows of a list behind byte ``end`` and line ``line``; empty lines are none.

    Raises: ValueError when the file is UTF-16, or a CSV whose first line names no column of addresses.
    """
    lines = _Lines(stream)
    match form:
        case Format.CSV:
            return _csv(lines, column, end, line)
        case Format.JSONL:
            lines.go_to(end, line)
            return _each_line(lines, lambda text: _json(text, column))
        case Format.TEXT:
            lines.go_to(end, line)
            return _each_line(lines, lambda text: {"address": text})


class _Lines:
    """The lines of a stream as text, and how far they were read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._held: list[bytes] = []
        self.end = self.line = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        raw = self._stream.readline(LINE_LIMIT)
        if not raw:
            raise StopIteration
        if self.end == 0 and raw.startswith(_UTF_16):
            raise ValueError("the list is in UTF-16: save it as UTF-8")
        text = raw.removeprefix(_UTF_8) if self.end == 0 else raw
        self.end += len(raw)
        self.line += 1
        self._held.append(raw)
        return text.decode("utf-8", "surrogateescape")

    def take(self) -> bytes:
        """What was read since the last time."""
        raw = b"".join(self._held)
        self._held.clear()
        return raw

    def go_to(self, end: int, line: int) -> None:
        """Read on behind this byte, whose line has this number."""
        if end > self.end:
            self._stream.seek(end)
            self.end, self.line = end, line


def _each_line(lines: _Lines, parse: Callable[[str], Mapping[str, str]]) -> Iterator[Row]:
    for line in lines:
        text, raw = line.strip(), lines.take()
        if text:
            yield _row(lines, raw, partial(parse, text))


def _csv(lines: _Lines, column: str | None, end: int, line: int) -> Iterator[Row]:
    first = next(lines, "")[:_HEADER_LIMIT]
    delimiter = max(",;\t", key=first.count)
    header = next(csv.reader([first], delimiter=delimiter), [])
    lines.take()
    places = _places(header, column)
    lines.go_to(end, line)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)

    def parse(cells: list[str]) -> Mapping[str, str]:
        if len(cells) > len(header) or len(cells) <= places["address"]:
            raise ValueError(f"it has {len(cells)} columns, the first line has {len(header)}")
        return {name: cells[place].strip() for name, place in places.items() if place < len(cells)}

    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            # A reader that refuses one row reads on with the next.
            yield Row(lines.line, lines.end, lines.take(), problem=f"it is no CSV: {error}")
            continue
        if cells is None:
            return
        raw = lines.take()
        if any(cells):
            yield _row(lines, raw, partial(parse, cells))


def _places(header: list[str], column: str | None) -> dict[str, int]:
    names = [re.sub("[^a-z]", "", name.lower()) for name in header]
    found = {
        wanted: names.index(known[0])
        for wanted, spellings in _COLUMNS.items()
        if (known := [name for name in spellings if name in names])
    }
    if column is not None:
        exact = [name.strip() for name in header]
        if column not in exact:
            raise ValueError(f"--column {column}: the first line has only {', '.join(exact) or 'nothing'}")
        return {**found, "address": exact.index(column)}
    if "address" not in found:
        # Without a header the first line is an address, which an error must not name.
        said = "looks like a row" if any("@" in name for name in header) else f"has {', '.join(header) or 'nothing'}"
        raise ValueError(
            "the first line of a CSV must name a column value, address or email (or the one that --column names); "
            f"it {said}. A list without such a line is --format text, if it has nothing but addresses"
        )
    return found


def _json(text: str, column: str | None) -> Mapping[str, str]:
    try:
        read = dict(json.loads(text).items())
    except (ValueError, AttributeError, RecursionError):
        raise ValueError("it is no JSON object; one on each line is needed") from None
    return fields_of(read, column)


def fields_of(read: Mapping[str, object], column: str | None) -> Mapping[str, str]:
    """What a row of names and values says. Raises: ValueError, without a value."""
    plain = {name if name == column else re.sub("[^a-z]", "", name.lower()): value for name, value in read.items()}
    said: dict[str, str] = {}
    for wanted, spellings in _COLUMNS.items():
        chosen = (column,) if column is not None and wanted == "address" else spellings
        for name in chosen:
            if (value := plain.get(name)) is not None:
                said.setdefault(wanted, _plain(name, value))
    if "address" not in said:
        raise ValueError(f"it has no {column or 'value, address or email'}")
    return said


def _plain(name: str, value: object) -> str:
    if isinstance(value, str | int):
        return str(value)
    raise ValueError(f"its {name} is no text")


def _row(lines: _Lines, raw: bytes, parse: Callable[[], Mapping[str, str]]) -> Row:
    try:
        fields = parse()
        for text in fields.values():
            text.encode()
    except UnicodeEncodeError:
        return Row(lines.line, lines.end, raw, problem="it is not UTF-8")
    except ValueError as error:
        return Row(lines.line, lines.end, raw, problem=str(error))
    return Row(lines.line, lines.end, raw, fields)
