"""A second subscriber of a topic, for as long as the sandbox looks: proof of what SNS published."""

import contextlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .emulator import Account


@dataclass(frozen=True)
class Published:
    """One notification that came to a topic."""

    sns_message_id: str
    at: float
    """When SNS handed it to the tap, in seconds since 1970."""
    content: dict[str, Any]
    """What SES wrote; empty if that is no JSON object."""

    @property
    def mail_id(self) -> str | None:
        """The message id of the mail that it is about."""
        return self._inside("mail", "messageId")

    @property
    def feedback_id(self) -> str | None:
        """The id that SES gave to the bounce or complaint."""
        return self._inside("bounce", "feedbackId") or self._inside("complaint", "feedbackId")

    def _inside(self, part: str, key: str) -> str | None:
        inside = self.content.get(part)
        value = inside.get(key) if isinstance(inside, dict) else None
        return value if isinstance(value, str) else None


@dataclass
class Tap:
    """Everything that was published to one topic since the tap was set."""

    sqs: Any
    queue_url: str
    published: list[Published] = field(default_factory=list)

    def look(self) -> list[Published]:
        """Fetch what has come, and return all of it."""
        while messages := self._receive():
            for message in messages:
                envelope = json.loads(message["Body"])
                at = int(message["Attributes"]["SentTimestamp"]) / 1000
                self.published.append(Published(envelope["MessageId"], at, _object(envelope["Message"])))
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return self.published

    def _receive(self) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["SentTimestamp"]
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found


@contextlib.contextmanager
def tap(account: Account, region: str, topic_arn: str) -> Iterator[Tap]:
    """Subscribe a queue to a topic for the length of a block."""
    sqs, sns = account.client("sqs", region), account.client("sns", region)
    name = f"sandbox-tap-{secrets.token_hex(4)}"
    arn = f"arn:aws:sqs:{region}:{account.id}:{name}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    subscription = sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    try:
        yield Tap(sqs, url)
    finally:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        sqs.delete_queue(QueueUrl=url)


def _object(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
