"""Options that select pipelines, their dead-letter queues, and messages in these."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import typer

from ses_feedback_cli import times
from ses_feedback_cli.dead_letters.contents import Reason, Selection

PipelineOption = Annotated[list[str] | None, typer.Option("--pipeline", help="Only this pipeline; once per pipeline.")]
KindOption = Annotated[
    Literal["bounce", "complaint"] | None, typer.Option("--kind", help="Only pipelines of this kind.")
]
QueueOption = Annotated[
    Literal["dead-letters", "subscription-dead-letters"] | None,
    typer.Option(
        "--queue",
        help="dead-letters: the function could not process them; subscription-dead-letters: the topic could not "
        "deliver them.",
    ),
]
IdsOption = Annotated[list[str] | None, typer.Option("--id", help="Only this message; once per message.")]
TypeOption = Annotated[
    str | None,
    typer.Option("--type", help="Only of this type or subtype (Permanent, MailboxFull, abuse, unreadable ...)."),
]
DeadLetterReasonOption = Annotated[
    Literal["unreadable", "refused", "unprocessed", "undelivered"] | None,
    typer.Option(
        "--reason",
        help="Only with this reason. unreadable: the function could not read it; refused: AWS refused to record it "
        "until it was about to expire; unprocessed: the function never ran to an end for it; undelivered: the topic "
        "could not deliver it.",
    ),
]
OlderThanOption = Annotated[
    str | None,
    typer.Option("--older-than", metavar="AGE", help=f"Only messages sent before that: {times.PAST_FORMATS}."),
]


def read_selection(
    ids: Sequence[str] | None, type_: str | None, reason: str | None, older_than: str | None, now: datetime
) -> Selection:
    """The messages that the options select. Raises: ValueError for a time that is none."""

    sent_before = times.parse_past(older_than, "--older-than", now)
    return Selection(frozenset(ids or ()), type_, Reason(reason) if reason else None, sent_before)
