"""What happened, in one page."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from ses_feedback.history.event import RETENTION

from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.files import atomic_write
from ses_feedback_cli.output import open_console

_PAGE = "ses-feedback-report.html"
_DAYS = re.compile(r"(\d{1,4})d?")


def report(
    context: Context,
    file: Annotated[
        str | None, typer.Argument(help=f"The page to write, {_PAGE} if none is given; - is stdout.")
    ] = None,
    since: Annotated[
        str, typer.Option("--since", help="Days, today included (30d), or the first day (2026-11-01), in UTC.")
    ] = "30d",
    addresses: Annotated[
        bool, typer.Option("--addresses", help="Show addresses, and domains of fewer than three addresses.")
    ] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Write one HTML page: bounces and complaints, rates, what is blocked, what waits.

    The page needs no network and no script, and holds no address unless asked. With --json the same numbers go to
    stdout, or to the file. Exit code 1: written, but AWS refused a part, which is unknown in it.

    Reads both tables whole, which DynamoDB bills by their size.

    Needs dynamodb:Scan on both tables, cloudwatch:GetMetricData, and sqs:GetQueueAttributes on the dead-letter queues.
    """
    from ses_feedback_cli.report import gather  # noqa: PLC0415 - Jinja2 and a pool of threads, which --help needs not
    from ses_feedback_cli.report.numbers import Numbers  # noqa: PLC0415
    from ses_feedback_cli.report.page import as_json as numbers_of  # noqa: PLC0415
    from ses_feedback_cli.report.page import render  # noqa: PLC0415
    from ses_feedback_cli.report.standing import Report  # noqa: PLC0415

    now = datetime.now(UTC)
    first_day = _first_day(since, now.date())
    target = None if file == "-" or (file is None and as_json) else Path(file or _PAGE)
    if target:
        _check(target)
    blocked, history = context.blocked_table(), context.history_table()
    pipelines = context.pipelines() if any(stack.get("pipelines") for stack in context.stack_outputs) else None
    regions = context.selected_regions()
    numbers = Numbers(first_day, now, context.soft_bounce_policy(), addresses=addresses)
    with _progress() as progress:
        gather.count_blocked(context, numbers, progress)
        gather.count_history(context, numbers, first_day, progress)
    queues = None if pipelines is None else tuple(gather.queues(context, pipelines))
    rates = tuple(gather.rates(context, regions, now))
    made = Report(numbers.summary(), rates, queues, blocked, history)
    text = json.dumps(numbers_of(made), ensure_ascii=False) + "\n" if as_json else render(made)
    if target:
        _write(target, text)
        sys.stderr.write(f"ses-feedback: wrote {target}\n")
    else:
        sys.stdout.write(text)
    for problem in made.failures:
        sys.stderr.write(f"ses-feedback: {problem}\n")
    return ExitCode.NEGATIVE if made.failures else ExitCode.OK


def _first_day(since: str, today: date) -> date:
    if days := _DAYS.fullmatch(since):
        first = today - timedelta(days=int(days[1]) - 1)
    else:
        try:
            first = date.fromisoformat(since)
        except ValueError:
            raise UsageError(f"--since {since}: a number of days (30d) or a day (2026-11-01) is needed") from None
    if first > today:
        raise UsageError(f"--since {since}: {first} has not come yet; today is {today} (UTC)")
    if (today - first) >= RETENTION:
        raise UsageError(f"--since {since}: the history keeps feedback for {RETENTION.days} days; ask for no more")
    return first


def _check(target: Path) -> None:
    """That the file can be written, before minutes of reading."""
    if target.is_dir() or not target.parent.is_dir():
        raise UsageError(f"{target} cannot be written: a file in a folder that exists is needed")


def _write(target: Path, text: str) -> None:
    """All or nothing, and for nobody but who runs this."""
    try:
        with atomic_write(target) as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}") from None


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Rows read so far, on a terminal."""
    console = open_console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("reading") as status:
        rows = 0

        def more(number: int) -> None:
            nonlocal rows
            rows += number
            status.update(f"{rows:,} rows read")

        yield more
