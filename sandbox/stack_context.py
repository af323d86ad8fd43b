"""A stack of the sandbox as what the command line works on: its outputs, and clients that reach the emulator only."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ses_feedback.table import decode
from ses_feedback_cli.context import Context

from .deployment import DeployedStack
from .emulator import Account


@dataclass(frozen=True, kw_only=True)
class StackContext(Context):
    """Both tables and the pipelines of a stack."""

    account: Account

    def client(self, service: str, region: str | None = None) -> Any:
        """A client as the root of the stack's account."""
        return self.account.client(service, str(region))

    def dynamodb(self, table: str) -> Any:
        """A client as the root of the account that owns a table: it may be another than the stack's."""
        region, account_id = table.split(":")[3:5]
        return replace(self.account, id=account_id).client("dynamodb", region)


def context_of(stack: DeployedStack) -> StackContext:
    """The context of a stack that was deployed."""
    return StackContext(outputs=(stack.outputs,), account=stack.account)


def blocked_items(stack: DeployedStack) -> list[Mapping[str, Any]]:
    """All that the blocked table holds, in order of the address."""
    table_arn = stack.outputs["blockedTableArn"]
    items = context_of(stack).dynamodb(table_arn).scan(TableName=table_arn, ConsistentRead=True)["Items"]
    return sorted(map(decode, items), key=lambda item: str(item["value"]))
