"""Who is blocked?"""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any

import typer
from ses_feedback.timestamps import parse

from ses_feedback_cli import table_reads
from ses_feedback_cli.block_filter import BlockReason, parse_block_filter
from ses_feedback_cli.commands.options import (
    DomainOption,
    IdentityOption,
    JsonOption,
    ReasonOption,
    RuleOption,
    SinceOption,
    UntilOption,
)
from ses_feedback_cli.context import Context
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import format_time, write_json, write_line

_ROW = "{:20}  {:20}  {:12}  {:21}  {}"
_HEAD = _ROW.format("since", "until", "because", "rule", "address")


def list_(  # noqa: PLR0913 - one per option
    context: Context,
    *,
    reason: ReasonOption = None,
    domain: DomainOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    identity: IdentityOption = None,
    rule: RuleOption = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Stop after this many.")] = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """List blocked addresses, in no order, a line each as they are read; counts go to stderr at the end.

    It reads the whole blocked table whatever is selected (half a read unit per 4 KB, in pages), in the memory of a
    page. With --json a line is all that the table says about an address.

    Needs dynamodb:Scan on the blocked table.
    """
    now = datetime.now(UTC)
    wanted = parse_block_filter(
        now, reason=reason, domain=domain, identity=identity, rule=rule, since=since, until=until
    )
    counts: Counter[str] = Counter()
    try:
        _write(_counted(islice(table_reads.scan_blocked_items(context, wanted, now), limit), counts), as_json=as_json)
        _close(counts, "")
    except KeyboardInterrupt:
        _close(counts, ", then interrupted")
        raise
    except BrokenPipeError:  # `| head` has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at exit
    return ExitCode.OK


def _counted(items: Iterable[dict[str, Any]], counts: Counter[str]) -> Iterator[dict[str, Any]]:
    known = set(BlockReason)
    for item in items:
        reason = item.get("reason")
        yield item
        counts[reason if reason in known else "other"] += 1


def _write(items: Iterable[dict[str, Any]], *, as_json: bool) -> None:
    terminal = sys.stdout.isatty()
    if terminal and not as_json:
        sys.stdout.write(f"{_HEAD}\n")
    for item in items:
        if as_json:
            write_json(item)
        else:
            write_line(_row(item))
        if terminal:
            sys.stdout.flush()
    sys.stdout.flush()


def _row(item: dict[str, Any]) -> str:
    began, ends = parse(str(item.get("blocked_at", ""))), item.get("expires_at")
    until = format_time(ends) if type(ends) is int else "for good"
    return _ROW.format(
        format_time(began) or "?", until, str(item.get("reason", "?")), str(item.get("rule", "")), item["value"]
    )


def _close(counts: Counter[str], end: str) -> None:
    parts = f" ({', '.join(f'{number:,} {name}' for name, number in counts.most_common())})" if counts else ""
    sys.stderr.write(f"{counts.total():,} blocked{parts}{end}\n")
