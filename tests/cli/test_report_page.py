"""The HTML of the page; test_report_browser.py loads it in a browser."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pytest
from ses_feedback_cli.report import charts
from ses_feedback_cli.report.page import as_json, render
from ses_feedback_cli.report.ranking import NameCounts, Ranking
from ses_feedback_cli.report.reputation import RATE_LIMITS, RateLevel, ReputationRate

from components.feedback_monitoring_args import AWS_RATE_LIMITS
from tests.cli.report_sample import bounce, count, record, sample_month, sample_report

VOID_ELEMENTS = {"meta", "link", "br", "rect", "line"}
MALICIOUS_NAME = """"><script>alert(1)</script><img src='https://malicious.example/x' onerror=alert(1)>"""


class Page(HTMLParser):
    """The elements of a page; fails if one is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open_elements: list[str] = []
        self.feed(html)
        self.close()
        assert self._open_elements == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID_ELEMENTS:
            self._open_elements.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open_elements.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def attributes(self, name: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(name)) is not None]


@pytest.fixture(scope="module")
def page() -> str:
    return render(sample_report(sample_month()))


def test_the_page_contains_no_address_by_default(page: str) -> None:
    addresses = {key[0] for key in sample_month().rows("history")}
    assert len(addresses) > 500
    local_parts = {address.partition("@")[0] for address in addresses} | {"no-reply"}
    for text in (page, json.dumps(as_json(sample_report(sample_month())), ensure_ascii=False)):
        assert {*re.findall(r"[\w.+@-]+", text)}.isdisjoint(addresses | local_parts)
        assert "sole-trader.example" not in text
        assert re.findall(r"[\w.+-]+@", text) == []


def test_with_addresses_the_page_lists_them_and_warns() -> None:
    report = sample_report(sample_month(), includes_addresses=True)
    page = render(report)
    addresses = report.summary.soft_bounces.addresses or ()
    assert len(addresses) > 100
    for address, _ in addresses:
        assert f">{address}</th>" in page
    for text in ("sole-trader.example", "no-reply@billing.example", "personal data"):
        assert text in page


@pytest.mark.parametrize("place", ["rule", "domain", "identity", "pipeline", "table"])
def test_no_name_is_markup(place: str) -> None:
    report = sample_report(record([bounce(f"p{number}@one.example") for number in range(3)]))
    ranking = Ranking((NameCounts(MALICIOUS_NAME, {"block": 3}),))
    if place == "pipeline":
        count = replace((report.dead_letters or ())[0], pipeline=MALICIOUS_NAME)
        report = replace(report, dead_letters=(count,))
    elif place == "table":
        report = replace(report, blocked_table=MALICIOUS_NAME)
    else:
        name = {"rule": "rules", "domain": "domains", "identity": "identities"}[place]
        bounces = replace(report.summary.bounces, **{name: ranking})  # type: ignore[arg-type]
        report = replace(report, summary=replace(report.summary, bounces=bounces))
    parsed = Page(render(report))
    assert any(MALICIOUS_NAME in text for text in parsed.texts)
    assert {"script", "img"}.isdisjoint(tag for tag, _ in parsed.elements)
    assert parsed.attributes("onerror") == []


def test_the_page_refers_to_no_other_file(page: str) -> None:
    parsed = Page(page)
    assert parsed.attributes("src") == []
    assert parsed.attributes("style") == []
    assert parsed.attributes("href") == ["data:,"]
    assert {"script", "iframe", "object", "embed", "form"}.isdisjoint(tag for tag, _ in parsed.elements)
    assert "url(" not in page
    assert "@import" not in page


def test_the_security_policy_allows_only_the_style_sheet(page: str) -> None:
    (policy,) = (
        attributes["content"]
        for tag, attributes in Page(page).elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_every_chart_has_a_title_a_description_and_its_numbers(page: str) -> None:
    parsed = Page(page)
    ids = parsed.attributes("id")
    assert len(ids) == len(set(ids))
    chart_elements = [
        attributes for tag, attributes in parsed.elements if tag == "svg" and attributes.get("role") == "img"
    ]
    assert {chart["id"] for chart in chart_elements} == {
        *(f"{kind}-{name}" for kind in ("bounce", "complaint") for name in ("day", "rule", "domain", "identity")),
        *(f"rate-{region}-{kind}" for region in ("eu-west-1", "us-east-1") for kind in ("bounce", "complaint")),
        "blocked-reason", "soft-bounce-mails", "soft-bounce-domain",
    }  # fmt: skip
    for chart in chart_elements:
        assert chart["aria-labelledby"] == f"{chart['id']}-title {chart['id']}-desc"
        assert {f"{chart['id']}-title", f"{chart['id']}-desc"} <= {*ids}
    assert page.count("<details>") == len(
        [chart for chart in chart_elements if not str(chart["id"]).startswith("rate-")]
    )


def test_json_has_the_data_of_the_page() -> None:
    report = sample_report(sample_month())
    document: Any = json.loads(json.dumps(as_json(report)))
    summary = report.summary
    assert document["bounces"]["total"] == summary.bounces.total
    assert {day["day"]: day["counts"] for day in document["complaints"]["days"]} == summary.complaints.days
    assert [name_counts["name"] for name_counts in document["bounces"]["domains"]["names"]] == [
        name_counts.name for name_counts in summary.bounces.domains
    ]
    assert document["soft_bounces"]["mails"][0] == {"mails": 1, "addresses": summary.soft_bounces.mails[1]}
    assert document["soft_bounces"]["addresses"] is None
    assert [(rate["value"], rate["level"]) for rate in document["rates"]] == [
        (0.0214, "healthy"), (0.00231, "review"), (0.1031, "pause"), (None, "unknown"),
    ]  # fmt: skip
    assert document["rates"][0]["measured_at"] == "2026-11-24T12:00:00.000Z"
    assert [count["messages"] for count in document["dead_letters"]] == [3, 0, 0, None]
    assert document["first_day"] == "2026-10-26"


def test_empty_tables_give_a_page() -> None:
    page = render(replace(sample_report(record([])), rates=(), dead_letters=None))
    Page(page)
    assert "None in this period" in page


def test_a_year_is_shown_by_week() -> None:
    days = count(sample_month(), first_day=date(2025, 11, 25)).bounces.days
    chart = charts.column_chart(days)
    assert chart.weekly
    assert len(chart.columns) == 53
    assert sum(sum(column.counts.values()) for column in chart.columns) == sum(
        sum(counts.values()) for counts in days.values()
    )


def test_columns_do_not_overlap_and_none_is_higher_than_the_plot() -> None:
    chart = charts.column_chart(count(sample_month()).bounces.days)
    for column, next_column in pairwise(chart.columns):
        assert column.x + column.width < next_column.x
    assert chart.columns[-1].x + chart.columns[-1].width <= 100
    for column in chart.columns:
        assert all(
            segment.offset + segment.size <= next_segment.offset + 0.01
            for segment, next_segment in pairwise(column.segments)
        )
        assert sum(segment.count for segment in column.segments) == sum(column.counts.values())
        assert all(segment.offset + segment.size <= charts.PLOT_HEIGHT + 4 for segment in column.segments)


@pytest.mark.parametrize("maximum", [1, 7, 900, 4_001, 30_000, 47_000, 999_999, 1_234_567, 90_000_000])
def test_an_axis_covers_the_maximum_and_its_labels_are_short(maximum: int) -> None:
    chart = charts.column_chart({"2026-11-24": {"block": maximum}})
    assert 0 < chart.columns[0].segments[0].size <= charts.PLOT_HEIGHT
    assert max(len(label.text) for label in chart.grid_labels) <= 6
    assert len({label.text for label in chart.grid_labels}) == len(chart.grid_labels)


def test_the_limits_are_those_of_the_alarms() -> None:
    for kind, limits in RATE_LIMITS.items():
        assert limits == (AWS_RATE_LIMITS[f"{kind}_rate_warning"], AWS_RATE_LIMITS[f"{kind}_rate_critical"])


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (0.0, RateLevel.HEALTHY),
        (0.0499, RateLevel.HEALTHY),
        (0.05, RateLevel.REVIEW),
        (0.1, RateLevel.PAUSE),
        (None, RateLevel.UNKNOWN),
    ],
)
def test_a_rate_at_a_limit_has_reached_it(value: float | None, level: RateLevel) -> None:
    assert ReputationRate("eu-west-1", "bounce", value).level is level


COLOUR_SCHEMES = [
    dict(re.findall(r"--([\w-]+): (#\w{6})", block))
    for block in re.findall(
        r":root \{(.*?)\}", files("ses_feedback_cli.report").joinpath("page.css").read_text(), re.DOTALL
    )
]


@pytest.mark.parametrize("scheme", COLOUR_SCHEMES, ids=["light", "dark", "print"])
def test_colours_have_enough_contrast_with_their_background(scheme: dict[str, str]) -> None:
    """WCAG 2.2: 4.5 for text (1.4.3), 3 for graphics (1.4.11)."""
    text_pairs = [
        ("text", "page"),
        ("text", "card"),
        ("soft", "page"),
        ("soft", "card"),
        ("accent", "card"),
        ("pause", "card"),
    ]
    text_pairs += [(level, f"{level}-bg") for level in ("healthy", "review", "pause", "unknown")]
    graphics_pairs = [
        (name, background) for name in ("block", "hold", "count", "clear", "ignore") for background in ("card", "zone")
    ]
    assert [pair for pair in text_pairs if _contrast(scheme, pair) < 4.5] == []
    assert [pair for pair in graphics_pairs if _contrast(scheme, pair) < 3] == []


def _contrast(scheme: dict[str, str], pair: tuple[str, str]) -> float:
    darker, lighter = sorted(_luminance(scheme[name]) for name in pair)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
