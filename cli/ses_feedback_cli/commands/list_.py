"""`list`: who is blocked?"""

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
_HEADER = _ROW.format("since", "until", "reason", "rule", "address")


def list_(  # noqa: PLR0913 - one per option
    context: Context,
    *,
    reason: ReasonOption = None,
    domain: DomainOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    identity: IdentityOption = None,
    rule: RuleOption = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Stop after this many addresses.")] = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """List blocked addresses, one per line, in no order; how many there are goes to stderr at the end.

    The whole blocked table is read, whatever is selected (half a read unit per 4 KB), one page at a time in memory.
    With --json each line has all that the table holds about an address.

    Needs dynamodb:Scan on the blocked table.
    """
    now = datetime.now(UTC)
    block_filter = parse_block_filter(
        now, reason=reason, domain=domain, identity=identity, rule=rule, since=since, until=until
    )
    counts: Counter[str] = Counter()
    try:
        items = islice(table_reads.scan_blocked_items(context, block_filter, now), limit)
        _write_items(_counted(items, counts), as_json=as_json)
        _write_counts(counts, "")
    except KeyboardInterrupt:
        _write_counts(counts, ", then interrupted")
        raise
    except BrokenPipeError:  # the reader, such as `| head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python reports an error when it exits
    return ExitCode.OK


def _counted(items: Iterable[dict[str, Any]], counts: Counter[str]) -> Iterator[dict[str, Any]]:
    known_reasons = set(BlockReason)
    for item in items:
        reason = item.get("reason")
        yield item
        counts[reason if reason in known_reasons else "other"] += 1


def _write_items(items: Iterable[dict[str, Any]], *, as_json: bool) -> None:
    is_terminal = sys.stdout.isatty()
    if is_terminal and not as_json:
        sys.stdout.write(f"{_HEADER}\n")
    for item in items:
        if as_json:
            write_json(item)
        else:
            write_line(_row(item))
        if is_terminal:
            sys.stdout.flush()
    sys.stdout.flush()


def _row(item: dict[str, Any]) -> str:
    since = format_time(parse(str(item.get("blocked_at", "")))) or "?"
    expires_at = item.get("expires_at")
    until = format_time(expires_at) if type(expires_at) is int else "for good"
    return _ROW.format(since, until, str(item.get("reason", "?")), str(item.get("rule", "")), item["value"])


def _write_counts(counts: Counter[str], ending: str) -> None:
    by_reason = f" ({', '.join(f'{count:,} {reason}' for reason, count in counts.most_common())})" if counts else ""
    sys.stderr.write(f"{counts.total():,} blocked{by_reason}{ending}\n")
