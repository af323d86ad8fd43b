"""Photographs a report of made-up feedback: `python -m docs.report_picture`. Needs Chromium, so `make docs` leaves it
out."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from ses_feedback_cli.report.page import render

from tests.cli.report_sample import month, report

PICTURE = Path(__file__).with_name("report.png")
SIZE = "1000,1085"


def main() -> None:
    """Write the picture."""
    chromium = shutil.which("chromium") or "google-chrome"
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(render(report(month())), "utf-8")
        options = [
            "--headless",
            "--no-sandbox",
            "--hide-scrollbars",
            "--force-device-scale-factor=0.85",
            f"--user-data-dir={folder}/profile",
        ]
        subprocess.run(  # noqa: S603 - own command
            [chromium, *options, f"--window-size={SIZE}", f"--screenshot={PICTURE}", page.as_uri()], check=True
        )


if __name__ == "__main__":
    main()
