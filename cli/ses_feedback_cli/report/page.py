"""Renders a report as one HTML page that needs no other file: no script, font or image is loaded. Pure."""

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
from ses_feedback_cli.report.contents import Report
from ses_feedback_cli.report.ranking import MINIMUM_ADDRESSES, NameCounts
from ses_feedback_cli.report.reputation import RATE_LIMITS, RateLevel, ReputationRate
from ses_feedback_cli.report.summary import FeedbackCounts
from ses_feedback_cli.report.summary_builder import REASONS

_VERDICT_LABELS = {
    "bounce": {"block": "hard", "hold": "held", "count": "soft", "clear": "lifting", "ignore": "ignored"},
    "complaint": {"block": "blocking", "hold": "held", "count": "counted", "clear": "“not spam”", "ignore": "ignored"},
}
_DURATION_LABELS = {"permanent": "permanently", "temporary": "until a date"}
_LEVEL_LABELS = {
    RateLevel.HEALTHY: ("●", "below both limits"),
    RateLevel.REVIEW: ("▲", "AWS reviews"),
    RateLevel.PAUSE: ("■", "AWS may pause"),
    RateLevel.UNKNOWN: ("?", "unknown"),
}
_MANUAL_CHANGE_LABELS = {"block": "blocked", "unblock": "unblocked", "import": "imported"}


def render(report: Report) -> str:
    """The page."""
    style = _read_file("page.css")
    summary = report.summary
    return _template().render(
        report=report,
        summary=summary,
        style=style,
        content_security_policy=_content_security_policy(style),
        charts=charts,
        minimum_addresses=MINIMUM_ADDRESSES,
        kinds=[_kind("bounce", "bounces", summary.bounces), _kind("complaint", "complaints", summary.complaints)],
        rates_by_region=_rates_by_region(report.rates),
        manual_changes=[(_MANUAL_CHANGE_LABELS[change], count) for change, count in summary.manual_changes.items()],
        blocked=charts.row_chart(_blocked_by_reason(report), tuple(_DURATION_LABELS)),
        duration_labels=_DURATION_LABELS,
        soft_bounce_mails=charts.row_chart(_addresses_by_mails(report), ("count",)),
        soft_bounce_domains=charts.row_chart(summary.soft_bounces.domains),
    )


def as_json(report: Report) -> dict[str, Any]:
    """The same data for programs; rates are fractions."""
    values: dict[str, Any] = asdict(report)
    summary = values.pop("summary")
    for kind in ("bounces", "complaints"):
        summary[kind]["days"] = [{"day": day, "counts": counts} for day, counts in summary[kind]["days"].items()]
    summary["soft_bounces"]["mails"] = [
        {"mails": mails, "addresses": count} for mails, count in summary["soft_bounces"]["mails"].items()
    ]
    document: dict[str, Any] = _json_value({**summary, **values})
    for rate_document, rate in zip(document["rates"], report.rates, strict=True):
        rate_document["level"] = rate.level.value
    return document


def _json_value(value: object) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _json_value(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(element) for element in value]
    if isinstance(value, datetime):
        return iso(value)
    return value.isoformat() if isinstance(value, date) else value


def _kind(name: str, plural: str, counts: FeedbackCounts) -> dict[str, Any]:
    """The figures of bounces or complaints, for the template."""
    day_chart = charts.column_chart(counts.days)
    return {
        "name": name,
        "plural": plural,
        "total": sum(counts.total.values()),
        "counts": counts.total,
        "labels": _VERDICT_LABELS[name],
        "day_chart": day_chart,
        "peak": max(day_chart.columns, key=lambda column: sum(column.counts.values())),
        "rankings": [
            ("rule", charts.row_chart(counts.rules)),
            ("domain", charts.row_chart(counts.domains)),
            ("identity", charts.row_chart(counts.identities)),
        ],
    }


def _blocked_by_reason(report: Report) -> list[NameCounts]:
    blocked = report.summary.blocked
    occurring = {*blocked.permanent, *blocked.temporary}
    reasons = [reason for reason in REASONS if reason in occurring] + sorted(occurring - {*REASONS})
    return [
        NameCounts(
            reason, {"permanent": blocked.permanent.get(reason, 0), "temporary": blocked.temporary.get(reason, 0)}
        )
        for reason in reasons
    ]


def _addresses_by_mails(report: Report) -> list[NameCounts]:
    soft_bounces = report.summary.soft_bounces
    # An address at the threshold was blocked, and is counted here only after that block ended, which is rare.
    threshold = soft_bounces.policy.threshold
    return [
        NameCounts(f"{mails} of {threshold}", {"count": count})
        for mails, count in soft_bounces.mails.items()
        if count or mails < threshold
    ]


def _rates_by_region(rates: tuple[ReputationRate, ...]) -> dict[str, list[dict[str, Any]]]:
    """The rates of each Region, each with its position on a scale that shows both limits."""
    regions: dict[str, list[dict[str, Any]]] = {}
    for rate in rates:
        review_limit, pause_limit = RATE_LIMITS[rate.kind]
        scale = 100 / max(pause_limit * 1.25, (rate.value or 0) * 1.05)
        symbol, label = _LEVEL_LABELS[rate.level]
        gauge = {
            "kind": rate.kind,
            "level": rate.level,
            "symbol": symbol,
            "label": rate.problem or label,
            "value": None if rate.value is None else _percentage(rate.value),
            "measured_at": rate.measured_at,
            "position": None if rate.value is None else round(rate.value * scale, 2),
            "limits": [
                (round(limit * scale, 2), _percentage(limit), name)
                for limit, name in ((review_limit, "review"), (pause_limit, "pause"))
            ],
        }
        regions.setdefault(rate.region, []).append(gauge)
    return regions


def _percentage(fraction: float) -> str:
    return f"{fraction * 100:.3f}".rstrip("0").rstrip(".") + " %"


def _content_security_policy(style: str) -> str:
    """Allows nothing to be loaded or run, and only this style sheet, by its hash."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_read_file),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": lambda value: f"{value:,}",
        "day": lambda day: f"{day.day} {day:%B %Y}",
        "hour": lambda time: f"{time.day} {time:%b %H:%M}",
        "minute": lambda time: f"{time:%Y-%m-%d %H:%M} UTC",
    }
    return environment.get_template("page.html")


def _read_file(name: str) -> str:
    return files("ses_feedback_cli.report").joinpath(name).read_text("utf-8")
