"""A sender: an IAM user who has the stack's policy for senders and nothing else, and asks before every mail."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ses_feedback import Answer, Blocklist
from ses_feedback.table import TableError

from .deployment import DeployedStack
from .errors import SandboxError
from .provider import GLOBAL_REGION
from .stack_context import parse_arn


@dataclass
class Sender:
    """Asks the blocked table under the right that the output `senderPolicyJson` gives."""

    stack: DeployedStack

    def check(self, addresses: Sequence[str]) -> list[Answer]:
        """One answer per address. Raises: SandboxError when the right does not suffice."""
        try:
            return self._blocklist.check(addresses)
        except TableError as error:
            raise SandboxError(f"a sender with the policy that the stack exports cannot ask: {error}") from error

    @cached_property
    def _blocklist(self) -> Blocklist:
        table_arn, policy = self.stack.outputs["blockedTableArn"], self.stack.outputs["senderPolicyJson"]
        iam = self.stack.account.client("iam", GLOBAL_REGION)
        user = f"sandbox-sender-{secrets.token_hex(4)}"
        iam.create_user(UserName=user)
        iam.put_user_policy(
            UserName=user,
            PolicyName="ask",
            PolicyDocument=policy if isinstance(policy, str) else json.dumps(policy),
        )
        key = iam.create_access_key(UserName=user)["AccessKey"]
        credentials = key["AccessKeyId"], key["SecretAccessKey"]
        client = self.stack.account.client("dynamodb", parse_arn(table_arn).region, credentials)
        return Blocklist(table_arn, client, when_unavailable="raise")
