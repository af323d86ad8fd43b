"""May these addresses be mailed?"""

from typing import Annotated

import typer

from ses_feedback_cli.blocks.given import expanded
from ses_feedback_cli.codes import Code
from ses_feedback_cli.context import Context
from ses_feedback_cli.output import Json, people, table, when, write_json


def check(
    context: Context,
    addresses: Annotated[list[str], typer.Argument(help="Addresses, with or without a name; - reads them from stdin.")],
    as_json: Json = False,
) -> Code:
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
                when(one.blocked_at),
                when(one.expires_at),
            )
            for one in answers
        ]
        people().print(table(("address", "may be mailed", "because", "since", "until"), rows))
    return Code.OK if all(answer.allowed for answer in answers) else Code.NO
