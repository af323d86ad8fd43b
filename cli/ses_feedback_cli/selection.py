"""The options that select blocks, the same for every command that has them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer
from ses_feedback.address import NotAnAddressError, address_key

from ses_feedback_cli import times
from ses_feedback_cli.blocked import Filter

PANEL = "Which blocks"


class Because(StrEnum):
    """Why an address is blocked, as the blocked table's `reason` says it."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    SOFT_BOUNCES = "soft-bounces"
    MANUAL = "manual"
    IMPORT = "import"


BecauseOption = Annotated[
    Because | None,
    typer.Option("--reason", "--because", help="Why they are blocked.", rich_help_panel=PANEL),
]
Since = Annotated[
    str | None,
    typer.Option("--since", help=f"Blocked at or after this time: {times.PAST}.", rich_help_panel=PANEL),
]
Until = Annotated[
    str | None, typer.Option("--until", help="Blocked before this time, given as for --since.", rich_help_panel=PANEL)
]
Domain = Annotated[
    str | None, typer.Option("--domain", help="Domain of the address, not its subdomains.", rich_help_panel=PANEL)
]
Rule = Annotated[
    str | None,
    typer.Option("--rule", help="Rule that judged the feedback, such as hard-bounce.", rich_help_panel=PANEL),
]
Identity = Annotated[
    str | None,
    typer.Option("--identity", help="SES identity that the mail was sent from.", rich_help_panel=PANEL),
]


def selected(
    now: datetime,
    *,
    because: Because | None = None,
    domain: str | None = None,
    identity: str | None = None,
    rule: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Filter:
    """The filter that options describe. Raises: ValueError naming the option and its value."""
    first, end = times.past(since, "--since", now), times.past(until, "--until", now)
    if first and end and first >= end:
        raise ValueError(f"--since {since} is not before --until {until}")
    return Filter(because, _domain(domain), identity, rule, first, end)


def _domain(text: str | None) -> str | None:
    """A domain as keys have it, in lower case and ASCII."""
    if text is None:
        return None
    try:
        return address_key(f"x@{text.removeprefix('@')}").removeprefix("x@")
    except NotAnAddressError as error:
        raise ValueError(f"--domain {text}: {error}") from None
