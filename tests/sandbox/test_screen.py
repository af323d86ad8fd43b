"""What is written in a terminal and elsewhere."""

import io

from rich.console import Console
from ses_feedback_cli.simulation.journey import Failure, Journey
from ses_feedback_cli.simulation.mails import MAILS
from ses_feedback_cli.simulation.origins import Origin

from sandbox.screen import Screen

IDENTITY = Origin("no-reply@shop.example", "eu-west-1", "shop.example", None, {})


def travel(screen: Screen) -> None:
    with screen.live_mails():
        for mail, hop in zip(MAILS[:2], ("SES", "SQS"), strict=True):
            journey = Journey(IDENTITY, mail, mail.address(), on_change=screen.show_journey)
            screen.show_journey(journey)
            journey.reach("SES", "accepted, message 1", journey.sent_at + 0.012)
            if hop == "SQS":
                journey.fail(Failure(hop, "no message came"))


def test_a_terminal_shows_a_table_of_80_columns() -> None:
    written = io.StringIO()
    travel(Screen(Console(file=written, width=80, force_terminal=True, color_system=None, legacy_windows=False)))
    last = written.getvalue().rsplit("\x1b[2K", 1)[-1]
    assert "bounce@simulator" in last
    assert ("12 ms" in last, "FAILED" in last) == (True, True)
    assert max(map(len, last.replace("\x1b[?25h", "").splitlines())) <= 80


def test_a_log_gets_each_line_once() -> None:
    written = io.StringIO()
    travel(Screen(Console(file=written, width=80)))
    assert written.getvalue().splitlines() == [
        "",
        "success@simulator.amazonses.com (is delivered)",
        "  SES         12 ms  accepted, message 1",
        "bounce@simulator.amazonses.com (has no such mailbox)",
        "  SES         12 ms  accepted, message 1",
        "  SQS        FAILED  ",
    ]
