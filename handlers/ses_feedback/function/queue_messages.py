"""Messages of SQS, the same whether Lambda passes them on or ReceiveMessage returns them; and calls that need no more.

SQS cannot list a queue: a consumer receives messages, which are then in flight, invisible to others, until it makes
them visible again. The dead-letter queues have no redrive policy of their own, so receiving a message never moves it.
"""

import base64
import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH_SIZE = 10
"""The most messages that one call of SQS can handle."""

BATCH_BYTES_LIMIT = 262_144
"""Of one SendMessageBatch. SQS accepts more today; this was its limit before."""

ATTRIBUTES_LIMIT = 10
"""The most message attributes that a message can have."""

VISIBILITY_TIMEOUT_SECONDS = 120
"""How long a message stays invisible if its consumer is killed: longer than a batch takes, and shorter than the five
minutes of the alarm on these queues."""

WAIT_SECONDS = 1
"""Long polling makes SQS query all its servers; without it an empty response does not mean an empty queue."""

REPEATED_BATCHES_LIMIT = 3
"""After so many batches in a row without a new message, all visible messages have been received."""

SENT_TIMESTAMP = "SentTimestamp"
"""Message attribute of what was sent on: when the topic first delivered it, epoch milliseconds."""

Attributes = Mapping[str, Mapping[str, Any]]

_SYSTEM_ATTRIBUTES: Any = ["SentTimestamp", "ApproximateReceiveCount"]


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was received from SQS."""

    id: str
    receipt_handle: str
    sent_at: datetime
    """When it was sent to its queue. SQS keeps that time when it moves a message to a dead-letter queue itself."""
    receive_count: int
    body: str
    attributes: Attributes = field(default_factory=dict)
    """Message attributes, in the form in which SQS takes them."""

    @property
    def first_sent_at(self) -> datetime:
        """When the topic first delivered it."""
        value = self.attribute(SENT_TIMESTAMP)
        return min(_timestamp(value, self.sent_at), self.sent_at) if value else self.sent_at

    @property
    def size(self) -> int:
        """The bytes of its body and attributes, as SQS counts them."""
        attribute_bytes = sum(
            len(name.encode())
            + sum(len(value if isinstance(value, bytes) else value.encode()) for value in attribute.values())
            for name, attribute in self.attributes.items()
        )
        return len(self.body.encode()) + attribute_bytes

    def attribute(self, name: str) -> str:
        """The value of a message attribute of the type String or Number; empty without it."""
        return str(self.attributes.get(name, {}).get("StringValue", ""))


def make_client() -> "SQSClient":
    """A client for the Region of the environment, which is the function's and so its queues'.

    With one retry: a connection may have been closed while the function was frozen. A further one has no time.
    """
    from botocore.config import Config  # noqa: PLC0415 - slow imports for the command line
    from botocore.session import get_session  # noqa: PLC0415

    config = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"})
    return cast("SQSClient", get_session().create_client("sqs", config=config))


def lambda_message(record: Mapping[str, Any], now: datetime) -> Message:
    """The message of a record that Lambda passes on. What a test event leaves out is as of a message sent ``now``."""
    body, system_attributes = record.get("body"), record.get("attributes") or {}
    attributes = {}
    for name, attribute in (record.get("messageAttributes") or {}).items():
        attributes[name] = {"DataType": attribute.get("dataType", "String")}
        if attribute.get("stringValue") is not None:
            attributes[name]["StringValue"] = attribute["stringValue"]
        if attribute.get("binaryValue") is not None:
            attributes[name]["BinaryValue"] = base64.b64decode(attribute["binaryValue"])
    receive_count = str(system_attributes.get("ApproximateReceiveCount", ""))
    return Message(
        str(record["messageId"]),
        str(record.get("receiptHandle") or ""),
        _timestamp(str(system_attributes.get("SentTimestamp", "")), now),
        int(receive_count) if re.fullmatch(r"\d{1,9}", receive_count) else 1,
        body if isinstance(body, str) else "",
        attributes,
    )


def receive_messages(
    client: "SQSClient",
    url: str,
    limit: int = BATCH_SIZE,
    *,
    visibility_timeout_seconds: int = VISIBILITY_TIMEOUT_SECONDS,
) -> list[Message]:
    """The next messages, invisible to others for the visibility timeout; empty if no message is visible."""
    response = client.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=limit,
        VisibilityTimeout=visibility_timeout_seconds,
        WaitTimeSeconds=WAIT_SECONDS,
        MessageSystemAttributeNames=_SYSTEM_ATTRIBUTES,
        MessageAttributeNames=["All"],
    )
    return [_received_message(received) for received in response.get("Messages", ())]


def release_messages(
    client: "SQSClient", url: str, receipt_handles: Iterable[str], *, deadline: float = math.inf
) -> None:
    """Make messages visible again, until ``deadline`` (of time.monotonic).

    Those of a call that fails, and the rest, are visible after their visibility timeout.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - a slow import for the command line

    handles = list(receipt_handles)
    for start in range(0, len(handles), BATCH_SIZE):
        if time.monotonic() >= deadline:
            break
        entries: Any = [
            {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
            for number, handle in enumerate(handles[start : start + BATCH_SIZE])
        ]
        with suppress(ClientError, BotoCoreError):
            client.change_message_visibility_batch(QueueUrl=url, Entries=entries)


def batches(messages: Iterable[Message], limit: int = BATCH_SIZE) -> Iterator[list[Message]]:
    """The messages in batches that one SendMessageBatch takes; one that is too large is alone."""
    batch: list[Message] = []
    remaining_bytes = BATCH_BYTES_LIMIT
    for message in messages:
        size = message.size
        if batch and (len(batch) == limit or size > remaining_bytes):
            yield batch
            batch, remaining_bytes = [], BATCH_BYTES_LIMIT
        batch.append(message)
        remaining_bytes -= size
    if batch:
        yield batch


def send_entries(batch: Iterable[Message]) -> Any:  # noqa: ANN401 - botocore's
    """The entries of a SendMessageBatch; the id of each is its position."""
    return [
        {"Id": str(number), "MessageBody": message.body, "MessageAttributes": message.attributes}
        for number, message in enumerate(batch)
    ]


def _received_message(received: Any) -> Message:  # noqa: ANN401 - botocore's
    system_attributes = received["Attributes"]
    attributes = {
        name: {key: attribute[key] for key in ("DataType", "StringValue", "BinaryValue") if key in attribute}
        for name, attribute in received.get("MessageAttributes", {}).items()
    }
    return Message(
        received["MessageId"],
        received["ReceiptHandle"],
        datetime.fromtimestamp(int(system_attributes["SentTimestamp"]) / 1_000, UTC),
        int(system_attributes["ApproximateReceiveCount"]),
        received["Body"],
        attributes,
    )


def _timestamp(milliseconds: str, default: datetime) -> datetime:
    if not re.fullmatch(r"\d{1,14}", milliseconds):
        return default
    return datetime.fromtimestamp(int(milliseconds) / 1_000, UTC)
