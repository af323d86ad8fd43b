"""The command `report`."""

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
from ses_feedback_cli.output import open_console, write_stderr

_DEFAULT_FILE = "ses-feedback-report.html"
_DAYS = re.compile(r"(\d{1,4})d?")


def report(
    context: Context,
    file: Annotated[
        str | None, typer.Argument(help=f"The file to write, {_DEFAULT_FILE} by default; - is stdout.")
    ] = None,
    since: Annotated[
        str, typer.Option("--since", help="Number of days up to today (30d), or the first day (2026-11-01), in UTC.")
    ] = "30d",
    addresses: Annotated[
        bool, typer.Option("--addresses", help="Show addresses, and domains of fewer than three addresses.")
    ] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Write one HTML page: bounces, complaints, reputation, blocked addresses, soft bounces and dead letters.

    The page needs no network and no script, and contains no address unless --addresses is given. With --json the same
    data goes to stdout, or to the file. Exit code 1: the page is written, but AWS denied a part, which it shows as
    unknown.

    Scans both tables completely, which DynamoDB bills by their size.

    Needs dynamodb:Scan on both tables, dynamodb:BatchGetItem on the history table, cloudwatch:GetMetricData, and
    sqs:GetQueueAttributes on the dead-letter queues.
    """
    # Jinja2 and thread pools take time that --help does not need
    from ses_feedback_cli.report import aws_reads, page  # noqa: PLC0415
    from ses_feedback_cli.report.contents import Report  # noqa: PLC0415
    from ses_feedback_cli.report.summary_builder import SummaryBuilder  # noqa: PLC0415
    from ses_feedback_cli.table_reads import read_table_settings  # noqa: PLC0415

    now = datetime.now(UTC)
    first_day = _first_day(since, now.date())
    target = None if file == "-" or (file is None and as_json) else Path(file or _DEFAULT_FILE)
    if target:
        _require_writable(target)
    blocked_table, history_table = context.blocked_table(), context.history_table()
    has_pipelines = any(outputs.get("pipelines") for outputs in context.stack_outputs)
    pipelines = context.pipelines() if has_pipelines else None
    regions = context.selected_regions()
    settings = read_table_settings(context)
    builder = SummaryBuilder(first_day, now, settings.soft_bounces, includes_addresses=addresses)
    with _progress() as on_progress:
        aws_reads.count_blocked_table(context, builder, on_progress)
        aws_reads.count_history_table(context, builder, first_day, on_progress)
    dead_letters = None if pipelines is None else tuple(aws_reads.count_dead_letters(context, pipelines))
    rates = tuple(aws_reads.read_rates(context, regions, now))
    contents = Report(builder.summary(), rates, dead_letters, blocked_table, history_table)
    document = json.dumps(page.as_json(contents), ensure_ascii=False) + "\n" if as_json else page.render(contents)
    if target:
        _write(target, document)
        write_stderr(f"ses-feedback: wrote {target}")
    else:
        sys.stdout.write(document)
    for failure in contents.failures:
        write_stderr(f"ses-feedback: {failure}")
    return ExitCode.NEGATIVE if contents.failures else ExitCode.OK


def _first_day(since: str, today: date) -> date:
    if days := _DAYS.fullmatch(since):
        first = today - timedelta(days=int(days[1]) - 1)
    else:
        try:
            first = date.fromisoformat(since)
        except ValueError:
            raise UsageError(f"--since {since}: a number of days (30d) or a day (2026-11-01) is needed") from None
    if first > today:
        raise UsageError(f"--since {since}: {first} is in the future; today is {today} (UTC)")
    if (today - first) >= RETENTION:
        raise UsageError(f"--since {since}: the history keeps feedback for {RETENTION.days} days")
    return first


def _require_writable(target: Path) -> None:
    """Checked before the tables are scanned, which can take minutes. Raises: UsageError."""
    if target.is_dir() or not target.parent.is_dir():
        raise UsageError(f"{target} cannot be written: a file in a folder that exists is needed")


def _write(target: Path, document: str) -> None:
    """Write the file completely or not at all, readable by its owner only. Raises: UsageError."""
    try:
        with atomic_write(target) as file:
            file.write(document)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}") from None


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Shows on a terminal how many rows are read; yields a function that takes the number of new rows."""
    console = open_console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("reading the tables") as status:
        rows = 0

        def on_progress(number: int) -> None:
            nonlocal rows
            rows += number
            status.update(f"{rows:,} rows read")

        yield on_progress
