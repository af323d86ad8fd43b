"""What the reader sees. In a terminal the table of mails grows as they travel; elsewhere each line is written once."""

import contextlib
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from ses_feedback import Answer
from ses_feedback_cli.simulation.journey import HOPS, Journey

from .emulator import Emulator

SERVICES = HOPS[:-1]  # what a sender is told is a table of its own
SIMULATOR = "@simulator.amazonses.com"


class Screen:
    """Writes to a terminal or a log."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._journeys: list[Journey] = []
        self._live: Live | None = None

    def title(self, text: str) -> None:
        """Write a headline."""
        self.console.print(f"[bold]{escape(text)}[/]")

    def step(self, title: str, text: str, seconds: float | None = None) -> None:
        """Write what was done, and how long it took."""
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(width=10, style="cyan")
        grid.add_column(ratio=1, overflow="fold")
        grid.add_column(width=6, justify="right", style="dim")
        grid.add_row(title, escape(text), "" if seconds is None else f"{seconds:.1f} s")
        self.console.print(grid)

    @contextlib.contextmanager
    def working(self, text: str) -> Iterator[None]:
        """Show that something is going on, in a terminal only."""
        if not self.console.is_terminal:
            yield
            return
        with self.console.status(text):
            yield

    @contextlib.contextmanager
    def mails(self) -> Iterator[None]:
        """Show the mails on their way for the length of a block."""
        self.console.print()
        if not self.console.is_terminal:
            yield
            return
        with Live(console=self.console, get_renderable=self._travels, refresh_per_second=20) as self._live:
            yield

    def journey(self, journey: Journey) -> None:
        """Show a mail that is new, has reached another hop or has failed at one."""
        if not any(known is journey for known in self._journeys):
            self._journeys.append(journey)
            if not self.console.is_terminal:
                self.console.print(escape(f"{journey.address} ({journey.about})"))
            return
        hop = journey.failure.hop if journey.failure else list(journey.seconds)[-1]
        if not self.console.is_terminal and hop in SERVICES:
            when = "FAILED" if journey.failure else _milliseconds(journey.seconds[hop])
            self.console.print(f"  {hop:<9}{when:>8}  {escape(journey.evidence.get(hop, ''))}", soft_wrap=True)

    def failures(self, journeys: Sequence[Journey], emulator: Emulator) -> None:
        """Write which hop failed for which mail, why, where to look, and what was not sent therefore."""
        for journey in journeys:
            if journey.failure:
                where = f"[bold red]FAILED at {journey.failure.hop}[/]"
                self.console.print(f"\n{where}: the mail to {escape(journey.address)}")
                self._indented(journey.failure.reason)
            elif journey.skipped:
                self.console.print(f"\nNot sent: the mail to {escape(journey.address)}")
                self._indented(journey.skipped)
        if log := emulator.log_tail(8):
            self.console.print("\nThe end of the emulator's log:")
            self._indented(log)

    def blocked(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Write the blocked table."""
        table = _table("The blocked table", "value", "reason", "subtype", "at (UTC)")
        for item in items:
            when = str(item.get("blocked_at", ""))[11:19]
            table.add_row(*(escape(str(item.get(name, ""))) for name in ("value", "reason", "subtype")), escape(when))
        self.console.print(table)

    def answers(self, answers: Sequence[Answer]) -> None:
        """Write what a sender is told about each address; nothing if a broken hop left it unasked."""
        if not answers:
            return
        table = _table("What a sender is told", "may I send to", "answer", "because")
        for answer in answers:
            word = Text("yes", style="green") if answer.allowed else Text("no", style="red")
            table.add_row(escape(answer.address), word, escape(answer.problem or answer.reason or "it is not blocked"))
        self.console.print(table)

    def _indented(self, text: str) -> None:
        # Whole lines, so that a name can be searched for or copied.
        self.console.print(Text(textwrap.indent(text, "  ")), soft_wrap=True)

    def _travels(self) -> Table:
        table = _table("Mails, and after how long they reached each hop", "to")
        for hop in SERVICES:
            table.add_column(hop, justify="right", no_wrap=True)
        for journey in self._journeys:
            cells = [_cell(journey, hop) for hop in SERVICES]
            table.add_row(f"{_short(journey.address)}\n[dim]{journey.about}[/]", *cells)
        return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=f"\n{title}", title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _cell(journey: Journey, hop: str) -> Text:
    if hop in journey.seconds:
        return Text(_milliseconds(journey.seconds[hop]), style="green")
    if journey.failure and journey.failure.hop == hop:
        return Text("FAILED", style="bold red")
    if journey.skipped:
        return Text("not sent", style="dim")
    return Text("-" if journey.mail.kind is None else "", style="dim")


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _short(address: str) -> str:
    return address.replace(SIMULATOR, "@simulator") if address.endswith(SIMULATOR) else address
