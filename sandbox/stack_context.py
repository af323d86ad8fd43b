"""The context of `ses-feedback` for a stack of the sandbox: its outputs, and clients that reach the emulator only."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ses_feedback.arn import Arn
from ses_feedback.table import decode
from ses_feedback_cli.context import Context

from .deployment import DeployedStack
from .emulator import Account
from .errors import SandboxError


@dataclass(frozen=True, kw_only=True)
class StackContext(Context):
    """Both tables and the pipelines of a stack."""

    account: Account

    def client(self, service: str, region: str | None = None) -> Any:
        """A client as the root of the stack's account."""
        return self.account.client(service, str(region))

    def dynamodb_client(self, table: str) -> Any:
        """A client as the root of the account that owns a table: it may be another than the stack's."""
        arn = parse_arn(table)
        return replace(self.account, id=arn.account).client("dynamodb", arn.region)


def parse_arn(text: str) -> Arn:
    """The parts of an ARN. Raises: SandboxError when it is none."""
    arn = Arn.parse(text)
    if arn is None:
        raise SandboxError(f"{text!r} must be an ARN")
    return arn


def context_of(stack: DeployedStack) -> StackContext:
    """The context of a stack that was deployed."""
    return StackContext(stack_outputs=(stack.outputs,), account=stack.account)


def blocked_items(stack: DeployedStack) -> list[Mapping[str, Any]]:
    """All that the blocked table holds, in order of the address."""
    table_arn = stack.outputs["blockedTableArn"]
    items = context_of(stack).dynamodb_client(table_arn).scan(TableName=table_arn, ConsistentRead=True)["Items"]
    return sorted(map(decode, items), key=lambda item: str(item["value"]))
