#!/usr/bin/env python3
"""Draws docs/dashboard.svg and writes the table of alarms in docs/operations.md, from the definitions in components/.

`make docs` runs it; a test compares the files with the code.
"""

import sys
import textwrap
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from components import alarms, dashboard
from components.canary_alarms import CANARY_ALARMS
from components.feedback_alarms import FEEDBACK_ALARMS
from components.feedback_monitoring_args import FeedbackMonitoringInputs
from components.inputs import KINDS
from components.monitored_pipeline import MonitoredCanary, MonitoredPipeline

PICTURE, RUNBOOKS = (Path(__file__).with_name(name) for name in ("dashboard.svg", "operations.md"))
_BEGIN, _END = "<!-- alarms: written by docs/monitoring.py -->\n", "<!-- end -->"
_COLUMN_WIDTH, _ROW_HEIGHT, _GAP = 48, 30, 6  # pixels; the gap is between widgets
_LINE_HEIGHT, _LETTER_WIDTH = 15, 6.3  # pixels
_STYLE = (
    "text{font:11px sans-serif;fill:#333}.title{font-weight:bold;font-size:12px}.limit{fill:#d62728}"
    "rect{fill:#fff;stroke:#aab7b8}.alarm{fill:#e9f5ec}line{stroke:#d62728;stroke-dasharray:5 3}"
)


def example() -> dict[str, Any]:
    """The dashboard of one bounce and one complaint pipeline and a canary of both, with the default thresholds."""
    pipelines = {kind: [_example_pipeline(kind)] for kind in KINDS}
    thresholds = {name: getattr(FeedbackMonitoringInputs, name) for name in alarms.THRESHOLD_INPUTS}
    alarm_names = [alarm.suffix for alarm in alarms.REGION_ALARMS]
    alarm_names += [not_processed.suffix for not_processed in alarms.NOT_PROCESSED_ALARMS]
    alarm_names += [
        f"{kind}-shop-{alarm.suffix}"
        for kind in KINDS
        for alarm in (*alarms.PIPELINE_ALARMS, *FEEDBACK_ALARMS, *CANARY_ALARMS)
        if kind in alarm.kinds
    ]
    alarm_names += [f"{kind}-shop-{alarms.GROWTH_ALARM.suffix}" for kind in KINDS]
    runbook_url = str(FeedbackMonitoringInputs.runbook_url)
    return dashboard.definition("eu-west-1", pipelines, thresholds, alarm_names, runbook_url, [_example_canary()])


def _example_canary() -> MonitoredCanary:
    name = "canary-shop"
    return MonitoredCanary(
        name=name,
        region="eu-west-1",
        pipelines=",".join(f"{kind}-shop" for kind in KINDS),
        function_name=name,
        log_group_name=f"{name}-logs",
    )


def _example_pipeline(kind: str) -> MonitoredPipeline:
    name = f"{kind}-shop"
    return MonitoredPipeline(
        name=name,
        kind=kind,
        region="eu-west-1",
        topic_name=name,
        queue_name=name,
        dead_letter_queue_name=name,
        subscription_dead_letter_queue_name=name,
        function_name=name,
        log_group_name=f"{name}-logs",
    )


def picture(definition: dict[str, Any]) -> str:
    """The definition's widgets at their places, each with its title and contents, as SVG."""
    widgets = definition["widgets"]
    width = dashboard.COLUMNS * _COLUMN_WIDTH
    height = max(widget["y"] + widget["height"] for widget in widgets) * _ROW_HEIGHT
    drawn = "\n".join(line for widget in widgets for line in _widget(widget))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f"<title>Layout of the CloudWatch dashboard</title>\n<style>{_STYLE}</style>\n"
        f'<rect width="{width}" height="{height}" style="fill:#f2f3f3;stroke:none"/>\n{drawn}\n</svg>\n'
    )


def _widget(widget: dict[str, Any]) -> Iterator[str]:
    x, y = widget["x"] * _COLUMN_WIDTH + _GAP / 2, widget["y"] * _ROW_HEIGHT + _GAP / 2
    width, height = widget["width"] * _COLUMN_WIDTH - _GAP, widget["height"] * _ROW_HEIGHT - _GAP
    yield f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3"/>'
    properties = widget["properties"]
    title, *lines = [properties["title"]] if "title" in properties else properties["markdown"].lstrip("# ").split("\n")
    yield _text(x + 10, y + 18, title, "title")
    if widget["type"] == "alarm":
        yield from _alarms(x, y, width, properties["alarms"])
        return
    wrapped_lines = [
        wrapped_line
        for line in (*lines, *_contents(properties))
        for wrapped_line in textwrap.wrap(line, int((width - 20) / _LETTER_WIDTH), break_on_hyphens=False)
    ]
    for number, line in enumerate(wrapped_lines):
        yield _text(x + 10, y + 36 + number * _LINE_HEIGHT, line)
    for number, annotation in enumerate(properties.get("annotations", {}).get("horizontal", [])):
        line_y = y + height - 14 - number * 22
        yield f'<line x1="{x + 10}" y1="{line_y}" x2="{x + width - 10}" y2="{line_y}"/>'
        yield _text(x + 10, line_y - 4, f"{annotation['value']:g}: {annotation['label']}", "limit")


def _alarms(x: float, y: float, width: float, names: list[str]) -> Iterator[str]:
    alarm_width = (width - 20) / 4
    for number, name in enumerate(names):
        left, top = x + 10 + number % 4 * alarm_width, y + 28 + number // 4 * _ROW_HEIGHT
        yield f'<rect class="alarm" x="{left}" y="{top}" width="{alarm_width - 6}" height="22" rx="3"/>'
        yield _text(left + 8, top + 15, name)


def _contents(properties: dict[str, Any]) -> Iterator[str]:
    """What a graph or a table of logs contains: each metric once, with the labels of its lines."""
    if query := properties.get("query"):
        yield query
    labels: dict[str, list[str]] = {}
    for metric in properties.get("metrics", []):
        options = metric[-1] if isinstance(metric[-1], dict) else {}
        name = options.get("expression") or f"{metric[0]} {metric[1]}"
        labels.setdefault(name, []).append("" if "expression" in options else options.get("label", ""))
    for name, labels_of_metric in labels.items():
        yield f"{name}: {', '.join(labels_of_metric)}" if any(labels_of_metric) else name


def _text(x: float, y: float, text: str, style: str = "") -> str:
    class_ = f' class="{style}"' if style else ""
    return f'<text{class_} x="{x:g}" y="{y:g}">{escape(text)}</text>'


def with_table(runbooks: str) -> str:
    """The text of the runbooks, with a new table of alarms."""
    before, after = runbooks.split(_BEGIN)
    rationales: set[str] = set()
    rows = ""
    for alarm, condition, rationale in _rows():
        rows += f"| {alarm} | {condition} | {'the same' if rationale in rationales else rationale} |\n"
        rationales.add(rationale)
    return f"{before}{_BEGIN}| alarm | goes off at | why |\n|---|---|---|\n{rows}{_END}{after.split(_END)[1]}"


def _rows() -> Iterator[tuple[str, str, str]]:
    for alarm in (*alarms.PIPELINE_ALARMS, *FEEDBACK_ALARMS, *CANARY_ALARMS, *alarms.REGION_ALARMS):
        yield f"[`{alarm.suffix}`](#{alarm.suffix})", _condition(alarm), alarm.rationale
    growth = alarms.GROWTH_ALARM
    condition = f"Visible and hidden messages, more than in the {growth.period // 60} min before"
    yield f"[`{growth.suffix}`](#{growth.suffix})", condition, growth.rationale
    for not_processed in alarms.NOT_PROCESSED_ALARMS:
        hours = f"{not_processed.datapoints_to_alarm} of {FeedbackMonitoringInputs.missing_feedback_hours}"
        kind = not_processed.kind.capitalize()
        condition = f"{kind} counted and Processed zero in {hours} (`missing_feedback_hours`) hours"
        yield f"[`{not_processed.suffix}`](#{not_processed.suffix})", condition, not_processed.rationale


def _condition(alarm: alarms.Alarm) -> str:
    if isinstance(alarm.threshold, str):
        threshold = f"{getattr(FeedbackMonitoringInputs, alarm.threshold):g} (`{alarm.threshold}`)"
    else:
        threshold = f"{alarm.threshold:g}"
    rule = f" by the rule {alarm.other_dimensions['rule']}" if "rule" in alarm.other_dimensions else ""
    condition = f"{threshold} or more" if alarm.comparison_operator == alarms.AT_OR_ABOVE else f"less than {threshold}"
    statistic = f"{alarm.metric_name}{rule}, {alarm.statistic.lower()} of {alarm.period // 60} min, {condition}"
    if alarm.evaluation_periods == 1:
        return statistic
    return f"{statistic}, {alarm.datapoints_to_alarm} times of {alarm.evaluation_periods}"


if __name__ == "__main__":
    PICTURE.write_text(picture(example()), encoding="utf-8")
    RUNBOOKS.write_text(with_table(RUNBOOKS.read_text(encoding="utf-8")), encoding="utf-8")
