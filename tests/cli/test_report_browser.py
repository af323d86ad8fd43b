"""The page of a report in Chromium, without a network. Not tested: other browsers."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ses_feedback_cli.report.page import render

from tests.cli.report_sample import sample_month, sample_report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="no chromium on PATH: apt-get install chromium"),
    pytest.mark.xdist_group("chromium"),  # on a small machine, two at once are slower than one after the other
]

CHROMIUM_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr", "--v=0",
)  # fmt: skip

MEASURING_SCRIPT = """<script>
const rects = [...document.querySelectorAll("svg.chart rect, svg.chart text")].map(element => {
  const box = element.getBoundingClientRect(), chart = element.closest("svg").getBoundingClientRect();
  return {left: box.left - chart.left, right: chart.right - box.right, top: box.top - chart.top,
          bottom: chart.bottom - box.bottom, html: element.outerHTML};
});
document.title = JSON.stringify({
  width: innerWidth, scroll: document.documentElement.scrollWidth,
  outside: rects.filter(rect => Math.min(rect.left, rect.right) < -24 || Math.min(rect.top, rect.bottom) < -1)
    .map(rect => rect.html),
  empty: rects.filter(rect => !(rect.left + rect.right < 1e6)).length, count: rects.length,
  background: getComputedStyle(document.body).backgroundColor,
});
</script>"""


@dataclass
class LoadedPage:
    """What the browser reports about a page."""

    dom: str
    console: list[str]
    requests: list[str]
    """URLs that the page requested; requests of the browser itself have no origin."""

    @property
    def measurements(self) -> dict[str, Any]:
        """The result of MEASURING_SCRIPT."""
        title = re.search(r"<title>(\{.*?\})</title>", self.dom)
        assert title
        measurements: dict[str, Any] = json.loads(
            title[1].replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
        )
        return measurements


def load(folder: Path, page: str, *options: str) -> LoadedPage:
    (folder / "page.html").write_text(page)
    log = folder / "net.json"
    process = subprocess.run(
        [CHROMIUM, *CHROMIUM_OPTIONS, *options, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}",
         "--dump-dom", (folder / "page.html").as_uri()],
        capture_output=True, text=True, timeout=90, check=True,
    )  # fmt: skip
    events = json.loads(log.read_text())["events"]
    requests = [
        event["params"]
        for event in events
        if event.get("params", {}).get("initiator", "not an origin") != "not an origin"
    ]
    return LoadedPage(
        process.stdout,
        [line for line in process.stderr.splitlines() if ":CONSOLE" in line],
        [request["url"] for request in requests if request.get("url", "").startswith("http")],
    )


@pytest.fixture(scope="module")
def page() -> str:
    return render(sample_report(sample_month()))


def test_a_page_with_faults_is_recognised(tmp_path: Path) -> None:
    """Shows that the other tests can fail."""
    policy = '<meta http-equiv="Content-Security-Policy" content="script-src \'none\'">'
    loaded = load(tmp_path, f'<!doctype html>{policy}<img src="http://outside.invalid/x.png"><script>1</script>')
    assert loaded.requests == ["http://outside.invalid/x.png"]
    assert len(loaded.console) == 1


def test_the_page_requests_nothing_and_the_console_stays_empty(tmp_path: Path, page: str) -> None:
    loaded = load(tmp_path, page)
    assert loaded.console == []
    assert loaded.requests == []
    assert loaded.dom.count('class="chart"') == 15
    assert loaded.dom.count('<g class="column">') == 60
    assert "2.14 %" in loaded.dom


def test_markup_in_a_name_neither_runs_nor_loads(tmp_path: Path, page: str) -> None:
    """If escaping failed, the security policy of the page would still prevent it."""
    malicious = '<img src="http://malicious.invalid/x"><script>document.title = "gone"</script>'
    loaded = load(tmp_path, page.replace("<h1>", f"{malicious}<h1>"))
    assert loaded.requests == []
    assert "<title>Mail feedback" in loaded.dom
    assert len(loaded.console) == 2


@pytest.mark.parametrize(("width", "background"), [(500, "rgb(246, 247, 249)"), (1400, "rgb(15, 20, 26)")])
def test_nothing_overflows(tmp_path: Path, page: str, width: int, background: str) -> None:
    """500 is the minimum width of a Chromium window. Labels may extend into the margin of the card."""
    dark_mode = ["--blink-settings=preferredColorScheme=0"] if width > 500 else []
    page_without_policy = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page).replace(
        "</body>", f"{MEASURING_SCRIPT}</body>"
    )
    measurements = load(tmp_path, page_without_policy, f"--window-size={width},900", *dark_mode).measurements
    assert measurements["scroll"] <= measurements["width"] <= width
    assert measurements["count"] > 300
    assert (measurements["outside"], measurements["empty"]) == ([], 0)
    assert measurements["background"] == background


def test_the_page_prints_on_few_pages(tmp_path: Path, page: str) -> None:
    (tmp_path / "page.html").write_text(page)
    pdf = tmp_path / "page.pdf"
    subprocess.run(
        [CHROMIUM, *CHROMIUM_OPTIONS, f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={pdf}",
         (tmp_path / "page.html").as_uri()],
        capture_output=True, timeout=90, check=True,
    )  # fmt: skip
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))
    assert 2 <= pages <= 6
