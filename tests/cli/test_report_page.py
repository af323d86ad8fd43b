"""The page of a report as text; test_report_browser.py looks at it in a browser."""

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
from ses_feedback_cli.report.standing import LIMITS, Level, Rate
from ses_feedback_cli.report.tally import Line, Ranking

from components.feedback_monitoring_args import AWS_RATE_LIMITS
from tests.cli.report_sample import bounce, counted, month, report, written

VOID = {"meta", "link", "br", "rect", "line"}
EVIL = """"><script>alert(1)</script><img src='https://evil.example/x' onerror=alert(1)>"""


class Page(HTMLParser):
    """The elements of a page; complains of one that is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def attributes(self, name: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(name)) is not None]


@pytest.fixture(scope="module")
def page() -> str:
    return render(report(month()))


def test_no_address_is_in_it_unless_asked(page: str) -> None:
    addresses = {key[0] for key in month().rows("history")}
    assert len(addresses) > 500
    locals_ = {address.partition("@")[0] for address in addresses} | {"no-reply"}
    for text in (page, json.dumps(as_json(report(month())), ensure_ascii=False)):
        assert {*re.findall(r"[\w.+@-]+", text)}.isdisjoint(addresses | locals_)
        assert "sole-trader.example" not in text
        assert re.findall(r"[\w.+-]+@", text) == []


def test_asked_it_shows_who_waits_and_warns() -> None:
    page = render(report(month(), addresses=True))
    shown = report(month(), addresses=True).summary.waiting.addresses or ()
    assert len(shown) > 100
    for address, _ in shown:
        assert f">{address}</th>" in page
    for text in ("sole-trader.example", "no-reply@billing.example", "personal data"):
        assert text in page


@pytest.mark.parametrize("context", ["rule", "domain", "identity", "pipeline", "table"])
def test_no_name_is_markup(context: str) -> None:
    made = report(written([bounce(f"p{number}@one.example") for number in range(3)]))
    evil = Ranking((Line(EVIL, {"block": 3}),))
    if context == "pipeline":
        made = replace(made, queues=(replace((made.queues or ())[0], pipeline=EVIL),))
    elif context == "table":
        made = replace(made, blocked_table=EVIL)
    else:
        name = {"rule": "rules", "domain": "domains", "identity": "identities"}[context]
        bounces = replace(made.summary.bounces, **{name: evil})  # type: ignore[arg-type]
        made = replace(made, summary=replace(made.summary, bounces=bounces))
    found = Page(render(made))
    assert any(EVIL in text for text in found.texts)
    assert {"script", "img"}.isdisjoint(tag for tag, _ in found.elements)
    assert found.attributes("onerror") == []


def test_it_needs_nothing_from_anywhere(page: str) -> None:
    found = Page(page)
    assert found.attributes("src") == []
    assert found.attributes("style") == []
    assert found.attributes("href") == ["data:,"]
    assert {"script", "iframe", "object", "embed", "form"}.isdisjoint(tag for tag, _ in found.elements)
    assert "url(" not in page
    assert "@import" not in page


def test_nothing_may_be_loaded_or_run_and_the_style_sheet_is_known_by_its_hash(page: str) -> None:
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
    found = Page(page)
    ids = found.attributes("id")
    assert len(ids) == len(set(ids))
    labelled = [given for tag, given in found.elements if tag == "svg" and given.get("role") == "img"]
    assert {given["id"] for given in labelled} == {
        *(f"{kind}-{what}" for kind in ("bounce", "complaint") for what in ("day", "rule", "domain", "identity")),
        *(f"rate-{region}-{kind}" for region in ("eu-west-1", "us-east-1") for kind in ("bounce", "complaint")),
        "blocked-reason", "waiting-mails", "waiting-domain",
    }  # fmt: skip
    for given in labelled:
        assert given["aria-labelledby"] == f"{given['id']}-title {given['id']}-desc"
        assert {f"{given['id']}-title", f"{given['id']}-desc"} <= {*ids}
    assert page.count("<details>") == len([given for given in labelled if not str(given["id"]).startswith("rate-")])


def test_json_has_the_numbers_of_the_page() -> None:
    made = report(month())
    found: Any = json.loads(json.dumps(as_json(made)))
    summary = made.summary
    assert found["bounces"]["total"] == summary.bounces.total
    assert {one["day"]: one["counts"] for one in found["complaints"]["days"]} == summary.complaints.days
    assert [line["name"] for line in found["bounces"]["domains"]["lines"]] == [
        line.name for line in summary.bounces.domains
    ]
    assert found["waiting"]["mails"][0] == {"mails": 1, "addresses": summary.waiting.mails[1]}
    assert found["waiting"]["addresses"] is None
    assert [(rate["value"], rate["level"]) for rate in found["rates"]] == [
        (0.0214, "fine"), (0.00231, "review"), (0.1031, "pause"), (None, "unknown"),
    ]  # fmt: skip
    assert found["rates"][0]["at"] == "2026-11-24T12:00:00.000Z"
    assert [queue["messages"] for queue in found["queues"]] == [3, 0, 0, None]
    assert found["first_day"] == "2026-10-26"


def test_nothing_at_all_is_a_page_too() -> None:
    made = report(written([]))
    page = render(replace(made, rates=(), queues=None))
    Page(page)
    assert "None in this period" in page


def test_a_year_is_drawn_by_week() -> None:
    days = counted(month(), first_day=date(2025, 11, 25)).summary().bounces.days
    chart = charts.by_day(days)
    assert chart.weekly
    assert len(chart.columns) == 53
    assert sum(sum(column.counts.values()) for column in chart.columns) == sum(sum(c.values()) for c in days.values())


def test_columns_stand_side_by_side_and_none_is_higher_than_the_plot() -> None:
    chart = charts.by_day(report(month()).summary.bounces.days)
    for one, other in pairwise(chart.columns):
        assert one.x + one.width < other.x
    assert chart.columns[-1].x + chart.columns[-1].width <= 100
    for column in chart.columns:
        assert all(one.at + one.size <= other.at + 0.01 for one, other in pairwise(column.segments))
        assert sum(segment.count for segment in column.segments) == sum(column.counts.values())
        assert all(segment.at + segment.size <= charts.PLOT_HEIGHT + 4 for segment in column.segments)


@pytest.mark.parametrize("most", [1, 7, 900, 4_001, 30_000, 47_000, 999_999, 1_234_567, 90_000_000])
def test_an_axis_reaches_over_the_largest_and_its_labels_stay_short(most: int) -> None:
    chart = charts.by_day({"2026-11-24": {"block": most}})
    assert 0 < chart.columns[0].segments[0].size <= charts.PLOT_HEIGHT
    assert max(len(label.text) for label in chart.grid) <= 6
    assert len({label.text for label in chart.grid}) == len(chart.grid)


def test_the_limits_are_those_that_the_alarms_know() -> None:
    for kind, limits in LIMITS.items():
        assert limits == (AWS_RATE_LIMITS[f"{kind}_rate_warning"], AWS_RATE_LIMITS[f"{kind}_rate_critical"])


@pytest.mark.parametrize(
    ("value", "level"),
    [(0.0, Level.FINE), (0.0499, Level.FINE), (0.05, Level.REVIEW), (0.1, Level.PAUSE), (None, Level.UNKNOWN)],
)
def test_at_the_limit_aws_acts(value: float | None, level: Level) -> None:
    assert Rate("eu-west-1", "bounce", value).level is level


SCHEMES = [
    dict(re.findall(r"--([\w-]+): (#\w{6})", block))
    for block in re.findall(
        r":root \{(.*?)\}", files("ses_feedback_cli.report").joinpath("page.css").read_text(), re.DOTALL
    )
]


@pytest.mark.parametrize("scheme", SCHEMES, ids=["light", "dark", "print"])
def test_colours_can_be_told_from_what_is_behind_them(scheme: dict[str, str]) -> None:
    """WCAG 2.2: 4.5 for text (1.4.3), 3 for what a chart is drawn with (1.4.11)."""
    text = [
        ("text", "page"),
        ("text", "card"),
        ("soft", "page"),
        ("soft", "card"),
        ("accent", "card"),
        ("pause", "card"),
    ]
    text += [(level, f"{level}-bg") for level in ("fine", "review", "pause", "unknown")]
    drawn = [(name, behind) for name in ("block", "count", "clear", "ignore") for behind in ("card", "zone")]
    assert [pair for pair in text if _contrast(scheme, pair) < 4.5] == []
    assert [pair for pair in drawn if _contrast(scheme, pair) < 3] == []


def _contrast(scheme: dict[str, str], pair: tuple[str, str]) -> float:
    darker, lighter = sorted(_luminance(scheme[name]) for name in pair)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
