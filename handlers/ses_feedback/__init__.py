"""Amazon SES bounces and complaints -> blocked addresses. Runs in the Lambda function; senders import it to ask.

For a sender::

    from ses_feedback import Blocklist

    blocklist = Blocklist("arn:aws:dynamodb:eu-central-1:123456789012:table/blocked", when_unavailable="raise")
    for answer in blocklist.check(["jane@example.org"]):
        print(answer.given, answer.allowed, answer.reason)

One way through the function: ``handler`` (SQS records in, partial batch response out) -> ``envelope`` and
``notification`` (any text -> feedback; ``moment`` for its time) -> ``verdict`` (one table of rules) -> ``event``,
``state`` (what the history of an address adds up to) and ``transaction`` (the actions that say so in the tables) ->
``history`` (the writer). ``blocklist`` is the reader, with ``answer`` and ``cache``; both sides share ``address`` (the
one key function) and ``table`` (calls to DynamoDB). Only ``history``, ``blocklist`` and ``table`` talk to AWS.
``client_guard`` puts the reader before a client of SES; ``calls`` and ``headers`` find the recipients. ``message``
and ``django`` do the same where no client of boto3 sends.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ses_feedback.answer import Answer, BlockedError, Stripped
    from ses_feedback.blocklist import Blocklist
    from ses_feedback.client_guard import bypass, guard, unguard
    from ses_feedback.message import check_message
    from ses_feedback.table import TableError

__all__ = [
    "Answer",
    "BlockedError",
    "Blocklist",
    "Stripped",
    "TableError",
    "bypass",
    "check_message",
    "guard",
    "unguard",
]

_HOMES = {
    "Answer": "answer",
    "BlockedError": "answer",
    "Blocklist": "blocklist",
    "Stripped": "answer",
    "TableError": "table",
    "bypass": "client_guard",
    "check_message": "message",
    "guard": "client_guard",
    "unguard": "client_guard",
}


def __getattr__(name: str) -> object:
    """Import on first use: the function needs no reader, and pure modules need no boto3."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"ses_feedback.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'ses_feedback' has no attribute {name!r}")
