"""Gives numbers their place in a chart: across in percent of the width, so that no text shrinks with it; down in
pixels. Pure; page.html draws what this module places.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ses_feedback_cli.report.tally import Line, Ranking

VERDICTS = ("block", "count", "clear", "ignore")
"""In the order in which they are stacked."""

PLOT_HEIGHT = 160
ROW_HEIGHT, BAR_HEIGHT, BAR_TOP = 42, 12, 19

_DAYS_DRAWN_SINGLY = 92
_WEEK = 7
_LABEL_LIMIT = 34  # beside a number of seven digits, on a telephone
_LEAST_PIXELS, _LEAST_PERCENT = 2, 0.6  # one of a thousand must still be seen
_GRID_LINES = 4
_DATE_LABELS = 4


@dataclass(frozen=True, slots=True)
class Segment:
    """One coloured part of a bar; ``at`` and ``size`` run along the bar."""

    name: str
    at: float
    size: float
    count: int


@dataclass(frozen=True, slots=True)
class Column:
    """A bar that stands on a day or a week."""

    x: float
    width: float
    name: str
    counts: Mapping[str, int]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A label on an axis."""

    at: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Columns:
    """Bars by day, or by week if there are many days."""

    columns: tuple[Column, ...]
    grid: tuple[Text, ...]
    dates: tuple[Text, ...]
    names: tuple[str, ...]
    """What is stacked, as far as it occurs."""
    weekly: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A bar that lies beside its name; ``label`` is the name, cut if it is long."""

    y: int
    name: str
    label: str
    total: int
    counts: Mapping[str, int]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Bars by name, one under the other."""

    rows: tuple[Row, ...]
    height: int
    names: tuple[str, ...]
    missed: int = 0


def by_day(days: Mapping[str, Mapping[str, int]], names: Sequence[str] = VERDICTS) -> Columns:
    """Columns of every day in order, stacked by ``names``."""
    weekly = len(days) > _DAYS_DRAWN_SINGLY
    bars = list(_weeks(days)) if weekly else [(_date(day), counts) for day, counts in days.items()]
    top = _nice(max((sum(counts.values()) for _, counts in bars), default=0))
    step = 100 / max(1, len(bars))
    gap = min(0.15 * step, 0.6)
    columns = tuple(
        Column(
            _short(number * step + gap / 2),
            _short(step - gap),
            name,
            counts,
            tuple(_stacked(counts, names, PLOT_HEIGHT / top, _LEAST_PIXELS)),
        )
        for number, (name, counts) in enumerate(bars)
    )
    grid = tuple(
        Text(_short(PLOT_HEIGHT * (1 - number / _GRID_LINES)), _compact(top * number // _GRID_LINES))
        for number in range(_GRID_LINES + 1)
    )
    return Columns(columns, grid, tuple(_dates(columns)), _used(names, (counts for _, counts in bars)), weekly)


def by_name(lines: Ranking | Iterable[Line], names: Sequence[str] = VERDICTS, others: str = "all others") -> Rows:
    """Rows of a ranking in its order, the others last; bars in proportion to the longest."""
    found = list(lines)
    missed = 0
    if isinstance(lines, Ranking):
        missed = lines.missed
        if lines.others:
            found.append(Line(others, lines.others))
    longest = max((line.total for line in found), default=0) or 1
    rows = tuple(
        Row(
            number * ROW_HEIGHT,
            line.name,
            _cut(line.name),
            line.total,
            line.counts,
            tuple(_stacked(line.counts, names, 100 / longest, _LEAST_PERCENT)),
        )
        for number, line in enumerate(found)
    )
    return Rows(rows, len(rows) * ROW_HEIGHT, _used(names, (line.counts for line in found)), missed)


def _stacked(counts: Mapping[str, int], names: Sequence[str], scale: float, least: float) -> Iterable[Segment]:
    at = 0.0
    for name in names:
        if count := counts.get(name, 0):
            size = max(least, count * scale)
            yield Segment(name, _short(at), _short(size), count)
            at += size


def _used(names: Sequence[str], bars: Iterable[Mapping[str, int]]) -> tuple[str, ...]:
    seen = {name for counts in bars for name, count in counts.items() if count}
    return tuple(name for name in names if name in seen)


def _weeks(days: Mapping[str, Mapping[str, int]]) -> Iterable[tuple[str, Mapping[str, int]]]:
    every = list(days.items())
    for start in range(0, len(every), _WEEK):
        week = every[start : start + _WEEK]
        counts: Counter[str] = Counter()
        for _, one in week:
            counts.update(one)
        yield f"week from {_date(week[0][0])}", counts


def _dates(columns: Sequence[Column]) -> Iterable[Text]:
    """Dates under some of the columns: the first, the last, and between them as many as a telephone has room for."""
    shown = min(_DATE_LABELS, len(columns))
    for number in range(shown):
        index = round(number * (len(columns) - 1) / max(1, shown - 1))
        column = columns[index]
        text = column.name.removeprefix("week from ").rpartition(" ")[0]
        if number == 0:
            yield Text(0, text, "start")
        elif number == shown - 1:
            yield Text(100, text, "end")
        else:
            yield Text(_short(column.x + column.width / 2), text)


def _nice(most: int) -> int:
    """The top of an axis: _GRID_LINES times 1, 2, 3 or 5 and zeros, so that every line has a whole number."""
    unit = 1
    while True:
        for factor in (1, 2, 3, 5):
            if factor * unit * _GRID_LINES >= most:
                return factor * unit * _GRID_LINES
        unit *= 10


def _compact(count: int) -> str:
    """A number on an axis, which has room for six characters."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= 10 * unit or (letter == "M" and count >= unit):
            return f"{count / unit:g}{letter}"
    return f"{count:,}"


def _date(day: str) -> str:
    moment = date.fromisoformat(day)
    return f"{moment.day} {moment:%b %Y}"


def _cut(name: str) -> str:
    """Both ends of a long name: the end of a domain says whose it is."""
    if len(name) <= _LABEL_LIMIT:
        return name
    half = _LABEL_LIMIT // 2
    return f"{name[: half - 1]}…{name[-half:]}"


def _short(value: float) -> float:
    return round(value, 3)
