"""`check`: may these addresses be mailed?"""

from dataclasses import asdict
from typing import Annotated

import typer

from ses_feedback_cli.blocks.address_arguments import expand_stdin
from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import build_table, fits, format_time, open_console, write_json, write_line


def check(
    context: Context,
    addresses: Annotated[
        list[str], typer.Argument(help="Addresses, with or without a display name; - reads them from stdin.")
    ],
    as_json: JsonOption = False,
) -> ExitCode:
    """Say of each address whether it may be mailed, and if not, why.

    Exit code 0: all may be mailed; 1: one is blocked or is no address.
    """
    answers = context.blocklist().check(expand_stdin(addresses))
    if as_json:
        for answer in answers:
            write_json(asdict(answer))
    else:
        rows = [
            (
                answer.address,
                "yes" if answer.allowed else "no",
                answer.problem or answer.reason or "",
                format_time(answer.blocked_at),
                format_time(answer.expires_at),
            )
            for answer in answers
        ]
        console = open_console()
        table = build_table(("address", "may be mailed", "reason", "since", "until"), rows)
        if fits(console, table):
            console.print(table)
        else:  # rather than addresses and times that are cut in two
            for address, allowed, reason, since, until in rows:
                why = (reason, since and f"since {since}", until and f"until {until}")
                write_line(f"{address}  " + ": ".join(filter(None, (allowed, ", ".join(filter(None, why))))))
    return ExitCode.OK if all(answer.allowed for answer in answers) else ExitCode.NEGATIVE
