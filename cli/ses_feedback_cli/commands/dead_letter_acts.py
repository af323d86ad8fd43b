"""What `dead-letters discard` and `dead-letters restore` have in common."""

import sys
import uuid
from collections.abc import Sequence
from datetime import datetime

from ses_feedback_cli.blocks.manual_unblocks import UnblockDecision
from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.discard import MoveCounts
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import confirm, write_json, write_line


def decide(context: Context, note: str, at: datetime) -> UnblockDecision:
    """Who acts, when and why."""
    return UnblockDecision(context.acting_name(), note, at, uuid.uuid4().hex)


def confirmed(yes_does: str, question: str) -> bool:
    """The answer to a question. Raises: UsageError without a terminal."""
    if not sys.stdin.isatty():
        raise UsageError(f"stdin is not a terminal, so nobody can confirm: --yes {yes_does}, --dry-run does not")
    return confirm(question)


def write_results(done: str, results: Sequence[MoveCounts], *, as_json: bool) -> ExitCode:
    """Write what became of each queue, and return the exit code for all; ``done`` is what was done, as `discarded`."""
    for result in results:
        if as_json:
            write_json(vars(result))
            continue
        line = f"{result.queue} of {result.pipeline}: {result.status}, {result.messages} {done}"
        line += f", {result.failed} not" if result.failed else ""
        write_line(line + (f" ({result.reason})" if result.reason else ""))
    return max((result.exit_code for result in results), default=ExitCode.OK)
