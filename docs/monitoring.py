#!/usr/bin/env python3
"""Draws docs/dashboard.svg and writes the table of alarms in docs/operations.md, from what is deployed.

Run it after a change of components/dashboard.py or alarms.py: `.venv/bin/python docs/monitoring.py`. A test compares.
"""

import sys
import textwrap
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from components import alarms, dashboard
from components.feedback_monitoring_args import DEFAULTS

PICTURE, RUNBOOKS = (Path(__file__).with_name(name) for name in ("dashboard.svg", "operations.md"))
_BEGIN, _END = "<!-- alarms: written by docs/monitoring.py -->\n", "<!-- end -->"
_COLUMN, _LINE, _GAP = 48, 30, 6  # pixels: of a column, of a row, between widgets
_TEXT, _LETTER = 15, 6.3  # pixels: from line to line, and the width of a letter
_STYLE = (
    "text{font:11px sans-serif;fill:#333}.title{font-weight:bold;font-size:12px}.limit{fill:#d62728}"
    "rect{fill:#fff;stroke:#aab7b8}.alarm{fill:#e9f5ec}line{stroke:#d62728;stroke-dasharray:5 3}"
)


def example() -> dict[str, Any]:
    """The definition for one bounce and one complaint pipeline, with AWS's numbers."""
    keys = ("name", "topicName", "queueName", "deadLetterQueueName", "subscriptionDeadLetterQueueName", "functionName")
    pipelines = {
        kind: [{**dict.fromkeys(keys, f"{kind}-shop"), "logGroupName": f"{kind}-shop-logs"}]
        for kind in ("bounce", "complaint")
    }
    names = [alarm.suffix for alarm in alarms.REGION] + [alarm.suffix for alarm in alarms.NOT_PROCESSED]
    names += [f"{kind}-shop-{alarm.suffix}" for kind in pipelines for alarm in alarms.PIPELINE]
    return dashboard.definition("eu-west-1", pipelines, DEFAULTS, names, DEFAULTS["runbook_url"])


def picture(definition: dict[str, Any]) -> str:
    """The definition's widgets at their places, each with its title and what it shows, as SVG."""
    widgets = definition["widgets"]
    width = dashboard.COLUMNS * _COLUMN
    height = max(one["y"] + one["height"] for one in widgets) * _LINE
    drawn = "\n".join(line for one in widgets for line in _widget(one))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f"<title>Layout of the CloudWatch dashboard</title>\n<style>{_STYLE}</style>\n"
        f'<rect width="{width}" height="{height}" style="fill:#f2f3f3;stroke:none"/>\n{drawn}\n</svg>\n'
    )


def _widget(widget: dict[str, Any]) -> Iterator[str]:
    x, y = widget["x"] * _COLUMN + _GAP / 2, widget["y"] * _LINE + _GAP / 2
    width, height = widget["width"] * _COLUMN - _GAP, widget["height"] * _LINE - _GAP
    yield f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3"/>'
    about = widget["properties"]
    title, *lines = [about["title"]] if "title" in about else about["markdown"].lstrip("# ").split("\n")
    yield _text(x + 10, y + 18, title, "title")
    if widget["type"] == "alarm":
        yield from _chips(x, y, width, about["alarms"])
        return
    wrapped = [
        part
        for line in (*lines, *_shown(about))
        for part in textwrap.wrap(line, int((width - 20) / _LETTER), break_on_hyphens=False)
    ]
    for number, line in enumerate(wrapped):
        yield _text(x + 10, y + 36 + number * _TEXT, line)
    for number, line in enumerate(about.get("annotations", {}).get("horizontal", [])):
        below = y + height - 14 - number * 22
        yield f'<line x1="{x + 10}" y1="{below}" x2="{x + width - 10}" y2="{below}"/>'
        yield _text(x + 10, below - 4, f"{line['value']:g}: {line['label']}", "limit")


def _chips(x: float, y: float, width: float, names: list[str]) -> Iterator[str]:
    chip = (width - 20) / 4
    for number, name in enumerate(names):
        left, top = x + 10 + number % 4 * chip, y + 28 + number // 4 * _LINE
        yield f'<rect class="alarm" x="{left}" y="{top}" width="{chip - 6}" height="22" rx="3"/>'
        yield _text(left + 8, top + 15, name)


def _shown(about: dict[str, Any]) -> Iterator[str]:
    """What a graph or a table of logs shows: each metric once, with the labels of its lines."""
    if query := about.get("query"):
        yield query
    labels: dict[str, list[str]] = {}
    for metric in about.get("metrics", []):
        options = metric[-1] if isinstance(metric[-1], dict) else {}
        name = options.get("expression") or f"{metric[0]} {metric[1]}"
        labels.setdefault(name, []).append("" if "expression" in options else options.get("label", ""))
    for name, ones in labels.items():
        yield f"{name}: {', '.join(ones)}" if any(ones) else name


def _text(x: float, y: float, text: str, style: str = "") -> str:
    name = f' class="{style}"' if style else ""
    return f'<text{name} x="{x:g}" y="{y:g}">{escape(text)}</text>'


def with_table(text: str) -> str:
    """The text of the runbooks with its table of alarms made anew."""
    before, rest = text.split(_BEGIN)
    reasons: set[str] = set()
    rows = ""
    for alarm, when, why in _rows():
        rows += f"| {alarm} | {when} | {'the same' if why in reasons else why} |\n"
        reasons.add(why)
    return f"{before}{_BEGIN}| alarm | goes off at | why so |\n|---|---|---|\n{rows}{_END}{rest.split(_END)[1]}"


def _rows() -> Iterator[tuple[str, str, str]]:
    for alarm in (*alarms.PIPELINE, *alarms.REGION):
        threshold = DEFAULTS[alarm.threshold] if isinstance(alarm.threshold, str) else alarm.threshold
        setting = f" (`{alarm.threshold}`)" if isinstance(alarm.threshold, str) else ""
        when = f"{alarm.metric}, {alarm.statistic.lower()} of {alarm.period // 60} min, {threshold:g}{setting} or more"
        often = f", {alarm.breaching} times of {alarm.periods}" if alarm.periods > 1 else ""
        yield f"[`{alarm.suffix}`](#{alarm.suffix})", when + often, alarm.why
    for not_processed in alarms.NOT_PROCESSED:
        hours = f"{not_processed.breaching} of {DEFAULTS['missing_feedback_hours']} (`missing_feedback_hours`)"
        when = f"{not_processed.kind.capitalize()} counted and Processed zero in {hours} hours"
        yield f"[`{not_processed.suffix}`](#{not_processed.suffix})", when, not_processed.why


if __name__ == "__main__":
    PICTURE.write_text(picture(example()), encoding="utf-8")
    RUNBOOKS.write_text(with_table(RUNBOOKS.read_text(encoding="utf-8")), encoding="utf-8")
