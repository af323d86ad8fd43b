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


class RecordingScreen(Screen):
    """Records what is written, and of the table of mails only its last state."""

    def __init__(self) -> None:
        super().__init__(Console(file=io.StringIO(), record=True, width=100, force_terminal=True, highlight=False))

    @contextlib.contextmanager
    def spinner(self, message: str) -> Iterator[None]:  # noqa: ARG002 - a picture has no spinner
        """Show nothing."""
        yield

    @contextlib.contextmanager
    def live_mails(self) -> Iterator[None]:
        """Show the mails once they have arrived."""
        yield
        self.console.print(self._mails_table())

    def show_journey(self, journey: Journey) -> None:
        """Remember the mail; `live_mails` shows it."""
        if not any(shown is journey for shown in self._journeys):
            self._journeys.append(journey)


if __name__ == "__main__":
    screen = RecordingScreen()
    if main([], screen) == 0:
        screen.console.save_svg(str(PICTURE), title="make sandbox", theme=MONOKAI)
