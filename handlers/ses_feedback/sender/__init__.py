"""What a sender uses to check the blocked table before it sends mail.

``blocklist`` reads it, with ``answer`` and ``cache``; ``guard`` makes a boto3 client of SES check each mail, with
``send_operations`` and ``headers`` to find the recipients; ``message`` and ``django`` do the same where no boto3 client
sends.
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
