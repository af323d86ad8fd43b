"""What people did with dead letters, in the history table: who, when, why, and how many messages.

The history and not a file beside the archive: it has what all other acts leave there, everybody who works with the
stack can read it, and it stays when the archive, which is personal data, is deleted. It has no personal data itself.
"""

from collections.abc import Iterator
from typing import Any, Literal

from ses_feedback.history.event import drop_empty
from ses_feedback.table import encode
from ses_feedback.timestamps import iso

from ses_feedback_cli.blocks.manual_unblocks import UnblockDecision
from ses_feedback_cli.context import Context
from ses_feedback_cli.table_reads import history_rows

HISTORY_VALUE = "dead-letters"
"""The key of these rows. It has no @, so it is no address."""

Act = Literal["discard", "restore"]


def record_act(
    context: Context, act: Act, decision: UnblockDecision, *, selection: str, archive: str, messages: int | None = None
) -> None:
    """Record an act: before the first message changes without ``messages``, and again with their number at the end.

    An act without a number was not finished. ``archive`` is the name of the file, without its folder. Needs
    dynamodb:PutItem on the history table.
    """
    at = iso(decision.at)
    row: dict[str, str | int] = {
        "act": act,
        "actor": decision.actor,
        "note": decision.note,
        "selection": selection,
        "archive": archive,
        "occurred_at": at,
        "recorded_at": at,
        **({} if messages is None else {"messages": messages}),
    }
    key = {"value": HISTORY_VALUE, "entry": f"manual#{at}#{decision.act_id}"}
    table = context.history_table()
    context.dynamodb_client(table).put_item(TableName=table, Item=encode({**key, **drop_empty(row)}))


def read_acts(context: Context) -> Iterator[dict[str, Any]]:
    """All acts, oldest first. Needs dynamodb:Query on the history table."""
    names = ("occurred_at", "act", "messages", "selection", "archive", "actor", "note")
    return ({name: row.get(name) for name in names} for row in history_rows(context, HISTORY_VALUE))
