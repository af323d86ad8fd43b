"""Sets a report into one HTML page that needs nothing else: no script, no font, no picture from anywhere. Pure."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from ses_feedback.timestamps import iso

from ses_feedback_cli.report import charts
from ses_feedback_cli.report.numbers import REASONS, Feedback
from ses_feedback_cli.report.standing import LIMITS, Level, Rate, Report
from ses_feedback_cli.report.tally import ENOUGH, Line

_VERDICTS = {
    "bounce": {"block": "hard", "count": "soft", "clear": "lifting", "ignore": "ignored"},
    "complaint": {"block": "blocking", "count": "counted", "clear": "“not spam”", "ignore": "ignored"},
}
_LASTING = {"good": "for good", "while": "until a date"}
_LEVELS = {
    Level.FINE: ("●", "below both limits"),
    Level.REVIEW: ("▲", "AWS reviews"),
    Level.PAUSE: ("■", "AWS may pause"),
    Level.UNKNOWN: ("?", "unknown"),
}
_ACTS = {"block": "blocked", "unblock": "unblocked", "import": "imported"}
_PLURALS = {"bounce": "bounces", "complaint": "complaints"}


def render(report: Report) -> str:
    """The page."""
    style = _file("page.css")
    summary = report.summary
    kinds = [(kind, numbers) for kind, numbers in (("bounce", summary.bounces), ("complaint", summary.complaints))]
    return _template().render(
        report=report,
        summary=summary,
        style=style,
        policy=_security_policy(style),
        charts=charts,
        enough=ENOUGH,
        kinds=[_kind(kind, numbers) for kind, numbers in kinds],
        regions=_regions(report.rates),
        acts=[(_ACTS[act], count) for act, count in summary.acts.items()],
        blocked=charts.by_name(_blocked(report), tuple(_LASTING)),
        lasting=_LASTING,
        waiting=charts.by_name(_waiting(report), ("count",)),
        waiting_domains=charts.by_name(summary.waiting.domains),
    )


def as_json(report: Report) -> dict[str, Any]:
    """The same numbers for programs; rates are fractions."""
    said: dict[str, Any] = asdict(report)
    summary = said.pop("summary")
    for kind in ("bounces", "complaints"):
        summary[kind]["days"] = [{"day": day, "counts": counts} for day, counts in summary[kind]["days"].items()]
    summary["waiting"]["mails"] = [
        {"mails": mails, "addresses": count} for mails, count in summary["waiting"]["mails"].items()
    ]
    found: dict[str, Any] = _plain({**summary, **said})
    for one, rate in zip(found["rates"], report.rates, strict=True):
        one["level"] = rate.level.value
    return found


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return iso(value)
    return value.isoformat() if isinstance(value, date) else value


def _kind(kind: str, numbers: Feedback) -> dict[str, Any]:
    by_day = charts.by_day(numbers.days)
    return {
        "name": kind,
        "plural": _PLURALS[kind],
        "total": sum(numbers.total.values()),
        "counts": numbers.total,
        "labels": _VERDICTS[kind],
        "days": by_day,
        "peak": max(by_day.columns, key=lambda column: sum(column.counts.values())),
        "rankings": [
            ("rule", charts.by_name(numbers.rules)),
            ("domain", charts.by_name(numbers.domains)),
            ("identity", charts.by_name(numbers.identities)),
        ],
    }


def _blocked(report: Report) -> list[Line]:
    blocked = report.summary.blocked
    every = {*blocked.for_good, *blocked.for_a_while}
    names = [reason for reason in REASONS if reason in every] + sorted(every - {*REASONS})
    return [
        Line(name, {"good": blocked.for_good.get(name, 0), "while": blocked.for_a_while.get(name, 0)}) for name in names
    ]


def _waiting(report: Report) -> list[Line]:
    waiting = report.summary.waiting
    threshold = waiting.policy.threshold  # who has reached it was blocked, and is again at the next one: rare
    shown = [(mails, count) for mails, count in waiting.mails.items() if count or mails < threshold]
    return [Line(f"{mails} of {threshold}", {"count": count}) for mails, count in shown]


def _regions(rates: tuple[Rate, ...]) -> dict[str, list[dict[str, Any]]]:
    """The rates of each Region, each with its place on a scale that shows both limits."""
    regions: dict[str, list[dict[str, Any]]] = {}
    for rate in rates:
        review, pause = LIMITS[rate.kind]
        scale = 100 / max(pause * 1.25, (rate.value or 0) * 1.05)
        mark, says = _LEVELS[rate.level]
        gauge = {
            "kind": rate.kind,
            "level": rate.level,
            "mark": mark,
            "says": says,
            "value": None if rate.value is None else _percent(rate.value),
            "at": rate.at,
            "problem": rate.problem,
            "place": None if rate.value is None else round(rate.value * scale, 2),
            "limits": [
                (round(limit * scale, 2), _percent(limit), what)
                for limit, what in ((review, "review"), (pause, "pause"))
            ],
        }
        regions.setdefault(rate.region, []).append(gauge)
    return regions


def _percent(value: float) -> str:
    return f"{value * 100:.3f}".rstrip("0").rstrip(".") + " %"


def _security_policy(style: str) -> str:
    """Nothing may be loaded or run; the one style sheet is known by its hash."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_file),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": lambda value: f"{value:,}",
        "day": lambda day: f"{day.day} {day:%B %Y}",
        "hour": lambda moment: f"{moment.day} {moment:%b %H:%M}",
        "minute": lambda moment: f"{moment:%Y-%m-%d %H:%M} UTC",
    }
    return environment.get_template("page.html")


def _file(name: str) -> str:
    return files("ses_feedback_cli.report").joinpath(name).read_text("utf-8")
