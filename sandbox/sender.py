"""A sender: an IAM user who has the stack's policy for senders and nothing else, and asks before every mail."""

import json
from typing import TYPE_CHECKING

from .applier import GLOBAL_REGION
from .deployment import Stack
from .errors import SandboxError

if TYPE_CHECKING:
    from ses_feedback import Answer

USER = "sandbox-sender"


def ask(stack: Stack, addresses: list[str]) -> "list[Answer]":
    """Ask the blocked table as a sender does, under the right that `senderPolicyJson` gives.

    Raises:
        SandboxError: that right does not suffice.
    """
    # Imported here, so that a handler that cannot be imported is told by the function, not by a traceback at the start.
    from ses_feedback import Blocklist  # noqa: PLC0415
    from ses_feedback.table import TableError  # noqa: PLC0415

    arn = stack.outputs["blockedTableArn"]
    client = stack.account.client("dynamodb", arn.split(":")[3], _credentials(stack))
    try:
        return Blocklist(arn, client, when_unavailable="raise").check(addresses)
    except TableError as error:
        raise SandboxError(f"a sender with the policy that the stack exports cannot ask: {error}") from error


def _credentials(stack: Stack) -> tuple[str, str]:
    iam = stack.account.client("iam", GLOBAL_REGION)
    policy = stack.outputs["senderPolicyJson"]
    iam.create_user(UserName=USER)
    iam.put_user_policy(
        UserName=USER,
        PolicyName="ask",
        PolicyDocument=policy if isinstance(policy, str) else json.dumps(policy),
    )
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]
