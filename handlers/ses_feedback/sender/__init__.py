"""What a sender uses to ask the blocked table before it sends mail.

``blocklist`` asks, with ``answer`` and ``cache``; ``guard`` makes a boto3 client of SES ask before each mail, with
``calls`` and ``headers`` to find the recipients; ``message`` and ``django`` do the same where no boto3 client sends.
"""

from ses_feedback.sender.answer import Answer, BlockedError, Stripped
from ses_feedback.sender.blocklist import Blocklist
from ses_feedback.sender.guard import bypass, guard, unguard
from ses_feedback.sender.message import check_message
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
