"""Sends one mail, unless its recipient is blocked.

usage: BLOCKED_TABLE=<ARN> SENDER=<address> python send.py <recipient>
"""

import os
import sys

import boto3
from ses_feedback import Blocklist


def send(recipient: str) -> str | None:
    """The message id, or None when the recipient is blocked; nothing is sent then."""
    (answer,) = Blocklist(os.environ["BLOCKED_TABLE"], when_unavailable="raise").check([recipient])
    if not answer.allowed:
        print(f"not sent: {answer.problem or answer.reason}", file=sys.stderr)
        return None
    sent = boto3.client("sesv2").send_email(
        FromEmailAddress=os.environ["SENDER"],
        Destination={"ToAddresses": [recipient]},
        Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
    )
    return sent["MessageId"]


if __name__ == "__main__":
    sys.exit(0 if send(sys.argv[1]) else 1)
