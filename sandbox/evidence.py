"""What a pipeline of the stack lets one see from outside: its topic, its queues, its function's log, and the tables."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .deployment import Stack
from .tap import Tap

QUEUES = {
    "queue": "queueUrl",
    "dead letters": "deadLetterQueueUrl",
    "subscription dead letters": "subscriptionDeadLetterQueueUrl",
}
COUNTS = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
RECORDED, NOT_RECORDED = "feedback judged", "feedback not recorded"
PLATFORM = ("START ", "END ", "REPORT ", "INIT_")


@dataclass
class Pipeline:
    """A pipeline under watch, as the stack exports it, with a tap on its topic."""

    stack: Stack
    name: str
    exported: Mapping[str, Any]
    tap: Tap

    def waiting(self) -> list[str]:
        """Name the queues that hold messages, and how many."""
        sqs = self.stack.account.client("sqs", self.exported["region"])
        found = []
        for title, key in QUEUES.items():
            answer = sqs.get_queue_attributes(QueueUrl=self.exported[key], AttributeNames=COUNTS)["Attributes"]
            if number := sum(int(answer[count]) for count in COUNTS):
                found.append(f"{title} of {self.name}: {number}")
        return found

    def judged(self, feedback_id: str | None, since: float) -> tuple[dict[str, Any], float] | None:
        """Return what the function logged of its decision about a feedback, and when (seconds since 1970).

        The line's `message` tells whether the decision could be recorded.
        """
        for text, at in self._log(since):
            line = _json(text)
            if line.get("message") in {RECORDED, NOT_RECORDED} and line.get("feedback_id") == feedback_id:
                return line, at
        return None

    def flush_log(self) -> None:
        """Call the function with nothing to do.

        Under load the emulator now and then keeps the last lines of a call until the next one.
        """
        client = self.stack.account.client("lambda", self.exported["region"])
        client.invoke(FunctionName=self.exported["functionName"], Payload=b'{"Records": []}')

    def complaints(self, since: float) -> list[str]:
        """Return what else is known of the function since a time: warnings, errors, everything that is not JSON.

        Empty if it was never called.
        """
        found, called = [], False
        for text, _ in self._log(since):
            called = True
            line = _json(text)
            if line.get("level") in {"WARNING", "ERROR", "CRITICAL"}:
                parts = (line.get(key) for key in ("message", "reason", "exception"))
                found.append(": ".join(str(part) for part in parts if part))
            elif not line and text.strip() and not text.startswith(PLATFORM):
                found.append(text.rstrip())
        return found or (["nothing; if it cannot start, the emulator's log tells why"] if called else [])

    def _log(self, since: float) -> Iterator[tuple[str, float]]:
        logs = self.stack.account.client("logs", self.exported["region"])
        group, start = self.exported["logGroupName"], int(since * 1000)
        for event in logs.filter_log_events(logGroupName=group, startTime=start)["events"]:
            yield event["message"], event["timestamp"] / 1000


def history_row(stack: Stack, address: str, feedback_id: str | None) -> Mapping[str, Any] | None:
    """Return the history's row of one feedback about an address."""
    key = {"value": {"S": address}, "entry": {"S": f"feedback#{feedback_id}"}}
    return _item(stack, stack.outputs["historyTableArn"], key)


def blocked_item(stack: Stack, address: str) -> Mapping[str, Any] | None:
    """Return the item of an address in the blocked table."""
    return _item(stack, stack.outputs["blockedTableArn"], {"value": {"S": address}})


def blocked_items(stack: Stack) -> list[Mapping[str, Any]]:
    """Return all that the blocked table holds, in order of the address."""
    arn = stack.outputs["blockedTableArn"]
    items = _owner(stack, arn).scan(TableName=arn, ConsistentRead=True)["Items"]
    return sorted((_plain(item) for item in items), key=lambda item: str(item["value"]))


def _item(stack: Stack, table_arn: str, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
    item = _owner(stack, table_arn).get_item(TableName=table_arn, Key=key, ConsistentRead=True).get("Item")
    return _plain(item) if item else None


def _owner(stack: Stack, table_arn: str) -> Any:
    """Return a client as the root of the account that owns a table: it may be another than the stack's."""
    region, account = table_arn.split(":")[3:5]
    return replace(stack.account, id=account).client("dynamodb", region)


def _plain(item: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    return {name: next(iter(value.values())) for name, value in item.items()}


def _json(text: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        line = json.loads(text)
        if isinstance(line, dict):
            return line
    return {}
