"""Who decided what about a surge, in the history. It also keeps a surge's hours, and so its id, while holds go."""

from collections.abc import Iterator
from typing import Literal

from ses_feedback.history.surges import hours_key
from ses_feedback.table import encode
from ses_feedback.timestamps import iso

from ses_feedback_cli.blocks.manual_unblocks import UnblockDecision
from ses_feedback_cli.context import Context
from ses_feedback_cli.surges.surge import Span, Surge, format_hour, parse_hour
from ses_feedback_cli.table_reads import history_rows

Act = Literal["confirm", "release"]

_ENTRY = "manual#"


def record_decision(context: Context, surge: Surge, act: Act, decision: UnblockDecision, note: str) -> None:
    """Record it, before the first address changes. Needs dynamodb:PutItem on the history table."""
    at = iso(decision.at)
    row = {
        "value": hours_key(surge.domain)["value"],
        "entry": f"{_ENTRY}{at}#{decision.act_id}",
        "act": act,
        "actor": decision.actor,
        "note": note,
        "surge": surge.id,
        "first_hour": format_hour(surge.first_hour),
        "last_hour": format_hour(surge.last_hour),
        "occurred_at": at,
        "recorded_at": at,
    }
    table = context.history_table()
    context.dynamodb_client(table).put_item(TableName=table, Item=encode(row))


def decided_spans(context: Context, domain: str) -> Iterator[Span]:
    """The hours of each surge of a domain that was decided. Needs dynamodb:Query on the history table."""
    for row in history_rows(context, hours_key(domain)["value"]):
        if str(row["entry"]).startswith(_ENTRY) and "surge" in row:
            yield parse_hour(row["first_hour"]), parse_hour(row["last_hour"])
