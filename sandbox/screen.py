"""What the reader sees. In a terminal the table of mails grows as they travel; elsewhere each line is written once."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .emulator import Emulator
from .hops import HOPS, Journey

if TYPE_CHECKING:
    from ses_feedback import Answer

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
        grid.add_column(width=12, style="cyan")
        grid.add_column(ratio=1, overflow="fold")
        grid.add_column(width=8, justify="right", style="dim")
        grid.add_row(f"  {title}", escape(text), "" if seconds is None else f"{seconds:.1f} s")
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
            self.console.print(self._table())
            return
        with Live(console=self.console, get_renderable=self._table, refresh_per_second=20) as self._live:
            yield

    def journey(self, journey: Journey) -> None:
        """Show a mail that is new or has reached another hop."""
        if not any(known is journey for known in self._journeys):
            self._journeys.append(journey)
        elif not self.console.is_terminal and journey.reached:
            hop = list(journey.reached)[-1]
            if journey.failure is None:
                self.console.print(
                    f"  {journey.mail.address}: {hop} after {_milliseconds(journey.reached[hop])}, "
                    f"{journey.evidence[hop]}",
                    soft_wrap=True,
                )

    def failures(self, journeys: Sequence[Journey], emulator: Emulator) -> None:
        """Write for each failed mail which hop failed, why, and where to look."""
        for journey in journeys:
            if journey.failure:
                mail = journey.mail
                self.console.print(f"\n[bold red]FAILED at {journey.failure.hop}[/]: the mail to {mail.address}")
                self.console.print(Padding(escape(str(journey.failure)), (0, 0, 0, 2)))
        if log := emulator.log_tail(8):
            self.console.print("\n[dim]The end of the emulator's log:[/]")
            self.console.print(Padding(Text(log, style="dim"), (0, 0, 0, 2)))

    def blocked(self, journeys: Sequence[Journey]) -> None:
        """Write the blocked table."""
        table = Table(title="The blocked table", title_justify="left", title_style="bold")
        for column in ("value", "reason", "subtype", "status", "blocked_at"):
            table.add_column(column, overflow="fold")
        for item in (journey.item for journey in journeys if journey.item):
            table.add_row(
                *(
                    escape(str(item.get(column, "")))
                    for column in ("value", "reason", "subtype", "status", "blocked_at")
                )
            )
        self.console.print()
        self.console.print(table)

    def answers(self, answers: "Sequence[Answer]") -> None:
        """Write what a sender is told about each address."""
        table = Table(title="What a sender is told", title_justify="left", title_style="bold")
        table.add_column("may I send to", overflow="fold")
        table.add_column("answer")
        table.add_column("because", overflow="fold")
        for answer in answers:
            word = Text("yes", style="green") if answer.allowed else Text("no", style="red")
            table.add_row(escape(answer.given), word, escape(answer.problem or answer.reason or "not blocked"))
        self.console.print()
        self.console.print(table)

    def _table(self) -> Table:
        table = Table(title="Mails, and after how long they reached each hop", title_justify="left", title_style="bold")
        table.add_column("the address", overflow="fold")
        for hop in HOPS:
            table.add_column(hop, justify="right", no_wrap=True)
        for journey in self._journeys:
            cells = [_cell(journey, hop) for hop in HOPS]
            table.add_row(f"{_short(journey.mail.address)}\n[dim]{journey.mail.about}[/]", *cells)
        return table


def _cell(journey: Journey, hop: str) -> Text:
    if hop in journey.reached:
        return Text(_milliseconds(journey.reached[hop]), style="green")
    if journey.failure and journey.failure.hop == hop:
        return Text("FAILED", style="bold red")
    if journey.skipped:
        return Text("not sent", style="dim")
    return Text("-" if journey.mail.kind is None else "", style="dim")


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _short(address: str) -> str:
    return address.replace(SIMULATOR, "@simulator") if address.endswith(SIMULATOR) else address
