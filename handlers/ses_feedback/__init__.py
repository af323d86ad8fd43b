"""Amazon SES bounces and complaints -> blocked addresses. The Lambda function and senders use this package.

In a sender::

    from ses_feedback import Blocklist

    blocklist = Blocklist("arn:aws:dynamodb:eu-central-1:123456789012:table/blocked", when_unavailable="raise")
    for answer in blocklist.check(["jane@example.org"]):
        print(answer.address, answer.allowed, answer.reason)

``function`` and ``canary`` run in Lambda, senders import ``sender``, ``history`` stores what happened to an address.
They share ``address`` (the key function), ``table`` (calls to DynamoDB), ``timestamps`` and ``arn``. Only
``history.writer``, ``canary.run``, ``sender.blocklist`` and ``table`` call AWS.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ses_feedback.sender import *  # noqa: F403 - the list of names is there
else:

    def __getattr__(name: str) -> object:
        """Import ``sender`` on first use: the function runs without it."""
        if not name.startswith("_"):
            sender = importlib.import_module("ses_feedback.sender")
            if name in sender.__all__:
                return getattr(sender, name)
        raise AttributeError(f"module 'ses_feedback' has no attribute {name!r}")
