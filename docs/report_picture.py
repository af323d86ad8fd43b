"""Takes a screenshot of a report about invented feedback: `python -m docs.report_picture`.

Needs Chromium, so `make docs` does not run it.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from ses_feedback_cli.report.page import render

from tests.cli.report_sample import sample_month, sample_report

PICTURE = Path(__file__).with_name("report.png")
WINDOW_SIZE = "1000,1085"


def main() -> None:
    """Write docs/report.png."""
    chromium = shutil.which("chromium") or "google-chrome"
    with tempfile.TemporaryDirectory() as folder:
        page_file = Path(folder) / "page.html"
        page_file.write_text(render(sample_report(sample_month())), "utf-8")
        options = [
            "--headless",
            "--no-sandbox",
            "--hide-scrollbars",
            "--force-device-scale-factor=0.85",
            f"--user-data-dir={folder}/profile",
        ]
        subprocess.run(  # noqa: S603
            [chromium, *options, f"--window-size={WINDOW_SIZE}", f"--screenshot={PICTURE}", page_file.as_uri()],
            check=True,
        )


if __name__ == "__main__":
    main()
