"""What the commands that change dead letters have in common."""

import sys
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from ses_feedback_cli.blocks.manual_unblocks import UnblockDecision
from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.discard import MoveCounts
from ses_feedback_cli.dead_letters.queues import DeadLetterQueue
from ses_feedback_cli.errors import UsageError, describe_error
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import confirm, write_json, write_line, write_stderr

T = TypeVar("T")


def decide(context: Context, note: str, at: datetime) -> UnblockDecision:
    """Who acts, when and why."""
    return UnblockDecision(context.acting_name(), note, at, uuid.uuid4().hex)


def confirmed(yes_does: str, question: str) -> bool:
    """The answer to a question. Raises: UsageError without a terminal."""
    if not sys.stdin.isatty():
        raise UsageError(f"stdin is not a terminal, so nobody can confirm: --yes {yes_does}, --dry-run does not")
    return confirm(question)


def read_queues(queues: Iterable[DeadLetterQueue], read: Callable[[DeadLetterQueue], T]) -> tuple[list[T], ExitCode]:
    """What ``read`` returns for each queue. One that cannot be read is named, left out, and the exit code is FAILED."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - `--help` needs none of AWS

    results, exit_code = [], ExitCode.OK
    for queue in queues:
        try:
            results.append(read(queue))
        except (ClientError, BotoCoreError) as error:
            exit_code = ExitCode.FAILED
            write_stderr(f"ses-feedback: {queue}: {describe_error(error)}")
    return results, exit_code


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
