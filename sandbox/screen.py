"""Writes what happens. In a terminal the table of mails is redrawn at each hop; elsewhere each line is written once."""

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

SERVICES = HOPS[:-1]  # a sender's answers have a table of their own
SIMULATOR = "@simulator.amazonses.com"


class Screen:
    """Writes to a terminal or a log."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._journeys: list[Journey] = []
        self._live: Live | None = None

    def write_title(self, title: str) -> None:
        self.console.print(f"[bold]{escape(title)}[/]")

    def write_step(self, title: str, details: str, seconds: float | None = None) -> None:
        """Write what was done, and how long it took."""
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(width=10, style="cyan")
        grid.add_column(ratio=1, overflow="fold")
        grid.add_column(width=6, justify="right", style="dim")
        grid.add_row(title, escape(details), "" if seconds is None else f"{seconds:.1f} s")
        self.console.print(grid)

    @contextlib.contextmanager
    def spinner(self, message: str) -> Iterator[None]:
        """Show a spinner for the length of a block, in a terminal only."""
        if not self.console.is_terminal:
            yield
            return
        with self.console.status(message):
            yield

    @contextlib.contextmanager
    def live_mails(self) -> Iterator[None]:
        """Redraw the table of mails for the length of a block, in a terminal only."""
        self.console.print()
        if not self.console.is_terminal:
            yield
            return
        with Live(console=self.console, get_renderable=self._mails_table, refresh_per_second=20) as self._live:
            yield

    def show_journey(self, journey: Journey) -> None:
        """Show a mail that is new, has reached another hop or has failed at one."""
        if not any(shown is journey for shown in self._journeys):
            self._journeys.append(journey)
            if not self.console.is_terminal:
                self.console.print(escape(f"{journey.address} ({journey.about})"))
            return
        hop = journey.failure.hop if journey.failure else list(journey.seconds)[-1]
        if not self.console.is_terminal and hop in SERVICES:
            result = "FAILED" if journey.failure else _milliseconds(journey.seconds[hop])
            self.console.print(f"  {hop:<9}{result:>8}  {escape(journey.evidence.get(hop, ''))}", soft_wrap=True)

    def write_failures(self, journeys: Sequence[Journey], emulator: Emulator) -> None:
        """Write at which hop each mail failed and why, what was not sent, and the end of the emulator's log."""
        for journey in journeys:
            if journey.failure:
                hop = f"[bold red]FAILED at {journey.failure.hop}[/]"
                self.console.print(f"\n{hop}: the mail to {escape(journey.address)}")
                self._write_indented(journey.failure.reason)
            elif journey.skipped:
                self.console.print(f"\nNot sent: the mail to {escape(journey.address)}")
                self._write_indented(journey.skipped)
        self.write_log(emulator)

    def write_log(self, emulator: Emulator) -> None:
        """Write the end of the emulator's log."""
        if log := emulator.log_tail(8):
            self.console.print("\nThe end of the emulator's log:")
            self._write_indented(log)

    def write_blocked(self, items: Sequence[Mapping[str, Any]]) -> None:
        table = _table("The blocked table", "value", "reason", "subtype", "at (UTC)")
        for item in items:
            values = [str(item.get(name, "")) for name in ("value", "reason", "subtype")]
            table.add_row(*map(escape, [*values, str(item.get("blocked_at", ""))[11:19]]))
        self.console.print(table)

    def write_answers(self, answers: Sequence[Answer]) -> None:
        """Write what a sender gets who asks about each address; nothing without answers."""
        if not answers:
            return
        table = _table("What a sender gets as answer", "may I send to", "answer", "because")
        for answer in answers:
            allowed = Text("yes", style="green") if answer.allowed else Text("no", style="red")
            table.add_row(
                escape(answer.address), allowed, escape(answer.problem or answer.reason or "it is not blocked")
            )
        self.console.print(table)

    def _write_indented(self, text: str) -> None:
        # Long lines are not broken, so that a name can be searched for or copied.
        self.console.print(Text(textwrap.indent(text, "  ")), soft_wrap=True)

    def _mails_table(self) -> Table:
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
