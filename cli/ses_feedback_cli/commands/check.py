"""May these addresses be mailed?"""

from typing import Annotated

import typer

from ses_feedback_cli.blocks.given import expanded
from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import build_table, format_time, open_console, write_json


def check(
    context: Context,
    addresses: Annotated[list[str], typer.Argument(help="Addresses, with or without a name; - reads them from stdin.")],
    as_json: JsonOption = False,
) -> ExitCode:
    """Say of each address whether it may be mailed, and why not.

    Exit code 0: all may; 1: one is blocked or is no address.
    """
    answers = context.blocklist().check(expanded(addresses))
    if as_json:
        for answer in answers:
            write_json({key: getattr(answer, key) for key in answer.__dataclass_fields__})
    else:
        rows = [
            (
                one.address,
                "yes" if one.allowed else "no",
                one.problem or one.reason or "",
                format_time(one.blocked_at),
                format_time(one.expires_at),
            )
            for one in answers
        ]
        open_console().print(build_table(("address", "may be mailed", "because", "since", "until"), rows))
    return ExitCode.OK if all(answer.allowed for answer in answers) else ExitCode.NEGATIVE
