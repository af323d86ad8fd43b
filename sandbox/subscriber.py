"""A second subscriber of a topic, for as long as the sandbox follows mails: it proves what SNS published."""

import contextlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .emulator import Account

NAME = "sandbox-subscriber"


@dataclass(frozen=True)
class PublishedMessage:
    """One message that came to a topic."""

    sns_message_id: str
    published_at: float
    """When SNS handed it to the subscriber, in seconds since 1970."""
    notification: dict[str, Any]
    """What SES wrote; empty if that is no JSON object."""

    @property
    def mail_id(self) -> str:
        """The message id of the mail that it is about; empty if it names none."""
        return self._field("mail", "messageId")

    @property
    def feedback_id(self) -> str:
        """The id that SES gave to the bounce or complaint; empty if it names none."""
        return self._field("bounce", "feedbackId") or self._field("complaint", "feedbackId")

    def _field(self, part: str, key: str) -> str:
        fields = self.notification.get(part)
        return str(fields.get(key, "")) if isinstance(fields, dict) else ""


@dataclass
class Subscriber:
    """Every message that was published to one topic since it subscribed."""

    sqs: Any
    queue_url: str
    messages: list[PublishedMessage] = field(default_factory=list)

    def find(self, message_id: str) -> PublishedMessage | None:
        """The message that is about a mail, or that has this SNS message id itself; None if it has not come yet."""
        self._receive_all()
        return next((each for each in self.messages if message_id in {each.mail_id, each.sns_message_id}), None)

    def _receive_all(self) -> None:
        while received := self.sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["SentTimestamp"]
        ).get("Messages"):
            for message in received:
                envelope = json.loads(message["Body"])
                published_at = int(message["Attributes"]["SentTimestamp"]) / 1000
                notification = json_object(envelope["Message"])
                self.messages.append(PublishedMessage(envelope["MessageId"], published_at, notification))
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])


@contextlib.contextmanager
def subscribed(account: Account, region: str, topic_arn: str) -> Iterator[Subscriber]:
    """Subscribe a queue to a topic for the length of a block."""
    sqs, sns = account.client("sqs", region), account.client("sns", region)
    name = f"{NAME}-{secrets.token_hex(4)}"
    queue_arn = f"arn:aws:sqs:{region}:{account.id}:{name}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    subscription = sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn, ReturnSubscriptionArn=True)
    try:
        yield Subscriber(sqs, url)
    finally:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        sqs.delete_queue(QueueUrl=url)


def json_object(text: str) -> dict[str, Any]:
    """The JSON object in a string; empty if there is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
