"""Sends one mail, unless its recipient is blocked.

usage: BLOCKED_TABLE=<ARN> SENDER=<address> python send.py <recipient>
"""

import os
import sys

import boto3
from ses_feedback import BlockedError, Blocklist, guard


def send(recipient: str) -> str | None:
    """The message id, or None when the recipient is blocked and nothing was sent."""
    blocklist = Blocklist(os.environ["BLOCKED_TABLE"], when_unavailable="raise")
    ses = guard(boto3.client("sesv2"), blocklist)
    try:
        response = ses.send_email(
            FromEmailAddress=os.environ["SENDER"],
            Destination={"ToAddresses": [recipient]},
            Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
        )
    except BlockedError as error:
        answer = error.answers[0]
        until = f" until {answer.expires_at:%Y-%m-%d}" if answer.expires_at else ""
        print(f"not sent: {answer.problem or answer.reason}{until}", file=sys.stderr)
        return None
    return response["MessageId"]


if __name__ == "__main__":
    sys.exit(0 if send(sys.argv[1]) else 1)
