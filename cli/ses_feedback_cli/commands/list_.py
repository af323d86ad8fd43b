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

from ses_feedback_cli import blocked
from ses_feedback_cli.codes import Code
from ses_feedback_cli.context import Context
from ses_feedback_cli.output import Json, when, write, write_json
from ses_feedback_cli.selection import Because, BecauseOption, Domain, Identity, Rule, Since, Until, selected

_ROW = "{:20}  {:20}  {:12}  {:21}  {}"
_HEAD = _ROW.format("since", "until", "because", "rule", "address")


def list_(  # noqa: PLR0913 - one per option
    context: Context,
    *,
    because: BecauseOption = None,
    domain: Domain = None,
    since: Since = None,
    until: Until = None,
    identity: Identity = None,
    rule: Rule = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Stop after this many.")] = None,
    as_json: Json = False,
) -> Code:
    """List blocked addresses, in no order, a line each as they are read; counts go to stderr at the end.

    It reads the whole blocked table whatever is selected (half a read unit per 4 KB, in pages), in the memory of a
    page. With --json a line is all that the table says about an address.

    Needs dynamodb:Scan on the blocked table.
    """
    now = datetime.now(UTC)
    wanted = selected(now, because=because, domain=domain, identity=identity, rule=rule, since=since, until=until)
    counts: Counter[str] = Counter()
    try:
        _write(_counted(islice(blocked.scan(context, wanted, now), limit), counts), as_json=as_json)
        _close(counts, "")
    except KeyboardInterrupt:
        _close(counts, ", then interrupted")
        raise
    except BrokenPipeError:  # `| head` has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at exit
    return Code.OK


def _counted(items: Iterable[dict[str, Any]], counts: Counter[str]) -> Iterator[dict[str, Any]]:
    known = set(Because)
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
            write(_row(item))
        if terminal:
            sys.stdout.flush()
    sys.stdout.flush()


def _row(item: dict[str, Any]) -> str:
    began, ends = parse(str(item.get("blocked_at", ""))), item.get("expires_at")
    until = when(ends) if type(ends) is int else "for good"
    return _ROW.format(
        when(began) or "?", until, str(item.get("reason", "?")), str(item.get("rule", "")), item["value"]
    )


def _close(counts: Counter[str], end: str) -> None:
    parts = f" ({', '.join(f'{number:,} {name}' for name, number in counts.most_common())})" if counts else ""
    sys.stderr.write(f"{counts.total():,} blocked{parts}{end}\n")
