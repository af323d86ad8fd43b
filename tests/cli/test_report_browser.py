"""The page of a report in Chromium, without a network. Other browsers are not tried."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ses_feedback_cli.report.page import render

from tests.cli.report_sample import month, report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="no chromium on PATH: apt-get install chromium"),
    pytest.mark.xdist_group("chromium"),  # two of them on a small machine are slower than one after the other
]

OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr", "--v=0",
)  # fmt: skip

MEASURE = """<script>
const rects = [...document.querySelectorAll("svg.chart rect, svg.chart text")].map(one => {
  const box = one.getBoundingClientRect(), chart = one.closest("svg").getBoundingClientRect();
  return {left: box.left - chart.left, right: chart.right - box.right, top: box.top - chart.top,
          bottom: chart.bottom - box.bottom, is: one.outerHTML};
});
document.title = JSON.stringify({
  width: innerWidth, scroll: document.documentElement.scrollWidth,
  out: rects.filter(r => Math.min(r.left, r.right) < -24 || Math.min(r.top, r.bottom) < -1).map(r => r.is),
  empty: rects.filter(r => !(r.left + r.right < 1e6)).length, count: rects.length,
  dark: getComputedStyle(document.body).backgroundColor,
});
</script>"""


@dataclass
class Visit:
    """What the browser made of a page."""

    dom: str
    console: list[str]
    requests: list[str]
    """What the page asked the network for; what the browser itself asks for has no origin."""

    @property
    def measured(self) -> dict[str, Any]:
        """What MEASURE found."""
        title = re.search(r"<title>(\{.*?\})</title>", self.dom)
        assert title
        found: dict[str, Any] = json.loads(title[1].replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&"))
        return found


def visit(folder: Path, page: str, *options: str) -> Visit:
    (folder / "page.html").write_text(page)
    log = folder / "net.json"
    done = subprocess.run(
        [CHROMIUM, *OPTIONS, *options, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", "--dump-dom",
         (folder / "page.html").as_uri()],
        capture_output=True, text=True, timeout=90, check=True,
    )  # fmt: skip
    events = json.loads(log.read_text())["events"]
    asked = [
        one["params"] for one in events if one.get("params", {}).get("initiator", "not an origin") != "not an origin"
    ]
    return Visit(
        done.stdout,
        [line for line in done.stderr.splitlines() if ":CONSOLE" in line],
        [one["url"] for one in asked if one.get("url", "").startswith("http")],
    )


@pytest.fixture(scope="module")
def page() -> str:
    return render(report(month()))


def test_a_bad_page_is_seen_to_be_bad(tmp_path: Path) -> None:
    """That the other tests can fail."""
    policy = '<meta http-equiv="Content-Security-Policy" content="script-src \'none\'">'
    seen = visit(tmp_path, f'<!doctype html>{policy}<img src="http://outside.invalid/x.png"><script>1</script>')
    assert seen.requests == ["http://outside.invalid/x.png"]
    assert len(seen.console) == 1


def test_it_asks_for_nothing_and_the_console_stays_empty(tmp_path: Path, page: str) -> None:
    seen = visit(tmp_path, page)
    assert seen.console == []
    assert seen.requests == []
    assert seen.dom.count('class="chart"') == 15
    assert seen.dom.count('<g class="column">') == 60
    assert "2.14 %" in seen.dom


def test_markup_in_a_name_neither_runs_nor_loads(tmp_path: Path, page: str) -> None:
    """Even if escaping failed, the page's own policy holds."""
    evil = '<img src="http://evil.invalid/x"><script>document.title = "gone"</script>'
    seen = visit(tmp_path, page.replace("<h1>", f"{evil}<h1>"))
    assert seen.requests == []
    assert "<title>Mail feedback" in seen.dom
    assert len(seen.console) == 2


@pytest.mark.parametrize(("width", "background"), [(500, "rgb(246, 247, 249)"), (1400, "rgb(15, 20, 26)")])
def test_nothing_sticks_out(tmp_path: Path, page: str, width: int, background: str) -> None:
    """500 is as narrow as Chromium's windows get. Labels may reach into the card's margin."""
    dark = ["--blink-settings=preferredColorScheme=0"] if width > 500 else []
    open_page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page).replace(
        "</body>", f"{MEASURE}</body>"
    )
    found = visit(tmp_path, open_page, f"--window-size={width},900", *dark).measured
    assert found["scroll"] <= found["width"] <= width
    assert found["count"] > 300
    assert (found["out"], found["empty"]) == ([], 0)
    assert found["dark"] == background


def test_it_prints(tmp_path: Path, page: str) -> None:
    (tmp_path / "page.html").write_text(page)
    pdf = tmp_path / "page.pdf"
    subprocess.run(
        [CHROMIUM, *OPTIONS, f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={pdf}",
         (tmp_path / "page.html").as_uri()],
        capture_output=True, timeout=90, check=True,
    )  # fmt: skip
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))
    assert 2 <= pages <= 6
