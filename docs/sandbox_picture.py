"""Runs the sandbox and writes what it shows to docs/sandbox.svg: `python -m docs.sandbox_picture`."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from ses_feedback_cli.simulation.journey import Journey

from sandbox.__main__ import main
from sandbox.screen import Screen

PICTURE = Path(__file__).with_name("sandbox.svg")


class Camera(Screen):
    """A screen that shows only the last state of what moves."""

    def __init__(self) -> None:
        super().__init__(Console(file=io.StringIO(), record=True, width=100, force_terminal=True, highlight=False))

    @contextlib.contextmanager
    def working(self, text: str) -> Iterator[None]:  # noqa: ARG002 - a spinner has no last state
        """Show nothing."""
        yield

    @contextlib.contextmanager
    def mails(self) -> Iterator[None]:
        """Show the mails once they have arrived."""
        yield
        self.console.print(self._travels())

    def journey(self, journey: Journey) -> None:
        """Remember the mail; `mails` shows it."""
        if not any(known is journey for known in self._journeys):
            self._journeys.append(journey)


if __name__ == "__main__":
    camera = Camera()
    if main([], camera) == 0:
        camera.console.save_svg(str(PICTURE), title="make sandbox", theme=MONOKAI)
