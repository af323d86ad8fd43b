"""Lays out the charts, which page.html draws. Pure.

Horizontal positions are percentages of the width, so that text does not shrink with the page; vertical ones are pixels.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ses_feedback_cli.report.ranking import NameCounts, Ranking

VERDICTS = ("block", "hold", "count", "clear", "ignore")
"""In the order in which they are stacked."""

PLOT_HEIGHT = 160
ROW_HEIGHT, BAR_HEIGHT, BAR_TOP = 42, 12, 19

_MAXIMUM_DAY_COLUMNS = 92
_DAYS_PER_WEEK = 7
_LABEL_LIMIT = 34  # characters that fit beside a number of seven digits, on a telephone
_MINIMUM_PIXELS, _MINIMUM_PERCENT = 2, 0.6  # one of a thousand must still be visible
_GRID_LINES = 4
_DATE_LABELS = 4

Counts = Mapping[str, int]
"""By series: a verdict, or how long a block lasts."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One coloured part of a bar. ``offset`` and ``size`` run along the bar."""

    name: str
    offset: float
    size: float
    count: int


@dataclass(frozen=True, slots=True)
class Column:
    """A vertical bar: a day or a week."""

    x: float
    width: float
    name: str
    counts: Counts
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """A label on an axis."""

    position: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class ColumnChart:
    """Vertical bars by day, or by week if there are many days."""

    columns: tuple[Column, ...]
    grid_labels: tuple[AxisLabel, ...]
    date_labels: tuple[AxisLabel, ...]
    series: tuple[str, ...]
    """The series that occur."""
    weekly: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A horizontal bar with its name; ``label`` is the name, shortened if it is long."""

    y: int
    name: str
    label: str
    total: int
    counts: Counts
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class RowChart:
    """Horizontal bars by name, one below the other."""

    rows: tuple[Row, ...]
    height: int
    series: tuple[str, ...]
    """The series that occur."""
    undercount: int = 0
    """How much a count may be too low."""


def column_chart(days: Mapping[str, Counts], series: Sequence[str] = VERDICTS) -> ColumnChart:
    """A column for every day in order, stacked by ``series``."""
    weekly = len(days) > _MAXIMUM_DAY_COLUMNS
    bars = list(_weeks(days)) if weekly else [(_format_date(day), counts) for day, counts in days.items()]
    axis_maximum = _round_axis_maximum(max((sum(counts.values()) for _, counts in bars), default=0))
    step = 100 / max(1, len(bars))
    gap = min(0.15 * step, 0.6)
    columns = tuple(
        Column(
            _rounded(number * step + gap / 2),
            _rounded(step - gap),
            name,
            counts,
            tuple(_stack(counts, series, PLOT_HEIGHT / axis_maximum, _MINIMUM_PIXELS)),
        )
        for number, (name, counts) in enumerate(bars)
    )
    grid_labels = tuple(
        AxisLabel(
            _rounded(PLOT_HEIGHT * (1 - number / _GRID_LINES)),
            _format_axis_number(axis_maximum * number // _GRID_LINES),
        )
        for number in range(_GRID_LINES + 1)
    )
    occurring = _occurring(series, (counts for _, counts in bars))
    return ColumnChart(columns, grid_labels, tuple(_date_labels(columns)), occurring, weekly)


def row_chart(
    names: Ranking | Iterable[NameCounts], series: Sequence[str] = VERDICTS, others: str = "all others"
) -> RowChart:
    """A row for each name in the given order, the others of a ranking last; the longest has the full width."""
    bars = list(names)
    undercount = 0
    if isinstance(names, Ranking):
        undercount = names.undercount
        if names.others:
            bars.append(NameCounts(others, names.others))
    maximum = max((bar.total for bar in bars), default=0) or 1
    rows = tuple(
        Row(
            number * ROW_HEIGHT,
            bar.name,
            _shorten(bar.name),
            bar.total,
            bar.counts,
            tuple(_stack(bar.counts, series, 100 / maximum, _MINIMUM_PERCENT)),
        )
        for number, bar in enumerate(bars)
    )
    return RowChart(rows, len(rows) * ROW_HEIGHT, _occurring(series, (bar.counts for bar in bars)), undercount)


def _stack(counts: Counts, series: Sequence[str], scale: float, minimum_size: float) -> Iterable[Segment]:
    offset = 0.0
    for name in series:
        if count := counts.get(name, 0):
            size = max(minimum_size, count * scale)
            yield Segment(name, _rounded(offset), _rounded(size), count)
            offset += size


def _occurring(series: Sequence[str], bars: Iterable[Counts]) -> tuple[str, ...]:
    names = {name for counts in bars for name, count in counts.items() if count}
    return tuple(name for name in series if name in names)


def _weeks(days: Mapping[str, Counts]) -> Iterable[tuple[str, Counts]]:
    counts_by_day = list(days.items())
    for start in range(0, len(counts_by_day), _DAYS_PER_WEEK):
        week = counts_by_day[start : start + _DAYS_PER_WEEK]
        total: Counter[str] = Counter()
        for _, counts in week:
            total.update(counts)
        yield f"week from {_format_date(week[0][0])}", total


def _date_labels(columns: Sequence[Column]) -> Iterable[AxisLabel]:
    """Dates under the first column, the last, and as many between them as fit on a telephone."""
    label_count = min(_DATE_LABELS, len(columns))
    for number in range(label_count):
        column = columns[round(number * (len(columns) - 1) / max(1, label_count - 1))]
        text = column.name.removeprefix("week from ").rpartition(" ")[0]
        if number == 0:
            yield AxisLabel(0, text, "start")
        elif number == label_count - 1:
            yield AxisLabel(100, text, "end")
        else:
            yield AxisLabel(_rounded(column.x + column.width / 2), text)


def _round_axis_maximum(maximum: int) -> int:
    """The top of an axis: _GRID_LINES times 1, 2, 3 or 5 and zeros, so that every grid line has a whole number."""
    unit = 1
    while True:
        for factor in (1, 2, 3, 5):
            if factor * unit * _GRID_LINES >= maximum:
                return factor * unit * _GRID_LINES
        unit *= 10


def _format_axis_number(count: int) -> str:
    """A number on an axis, which has room for six characters."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= 10 * unit or (letter == "M" and count >= unit):
            return f"{count / unit:g}{letter}"
    return f"{count:,}"


def _format_date(day: str) -> str:
    parsed = date.fromisoformat(day)
    return f"{parsed.day} {parsed:%b %Y}"


def _shorten(name: str) -> str:
    """Both ends of a long name: the end of a domain shows whose it is."""
    if len(name) <= _LABEL_LIMIT:
        return name
    half = _LABEL_LIMIT // 2
    return f"{name[: half - 1]}…{name[-half:]}"


def _rounded(value: float) -> float:
    return round(value, 3)
