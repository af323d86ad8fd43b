"""The calls of SQS against the emulator's queues: dead letters, delays and redrive as one message goes through them.

Not tested: the rights that AWS asks for, and that Lambda leaves the visibility timeout of a failed record as it is.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from ses_feedback.function import queue_messages, redrive
from ses_feedback.function.batch import Record
from ses_feedback.function.dead_letters import settle_failures
from ses_feedback.function.queue_messages import receive_messages
from ses_feedback.function.settings import Queues
from ses_feedback.history.writer import Outcome, Result

from sandbox import Account

DAY = 86_400


def test_a_refused_record_waits_becomes_a_dead_letter_and_goes_back(
    new_account: Callable[[], Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_messages, "WAIT_SECONDS", 0)
    monkeypatch.setattr(redrive, "_POLL_SECONDS", 0.1)
    client: Any = new_account().client("sqs", "eu-west-1")
    urls = [client.create_queue(QueueName=name)["QueueUrl"] for name in ("queue", "dead", "subscription-dead")]
    url, dead_letter_url, subscription_dead_letter_url = urls
    client.send_message(QueueUrl=url, MessageBody="refused")
    client.send_message(QueueUrl=url, MessageBody="poison")
    messages = {message.body: message for message in receive_messages(client, url, visibility_timeout_seconds=1)}

    def settle(retention_days: float) -> list[str]:
        refused, poison = Record(messages["refused"]), Record(messages["poison"], problems=["it is poison"])
        refused.results = [Result(Outcome.FAILED, "BatchGetItem: ThrottlingException")]
        queues = Queues(url, dead_letter_url, subscription_dead_letter_url, round(retention_days * DAY))
        now, deadline = datetime.now(UTC), time.monotonic() + 10
        assert settle_failures([refused, poison], queues, client, now=now, deadline=deadline) == []
        return [record.message.body for record in (refused, poison) if record.failed]

    assert settle(retention_days=7) == ["refused"]
    client.delete_message(QueueUrl=url, ReceiptHandle=messages["poison"].receipt_handle)
    time.sleep(1.5)  # past the visibility timeout, and not past the delay
    assert receive_messages(client, url) == []
    (letter,) = receive_messages(client, dead_letter_url, visibility_timeout_seconds=0)
    assert (letter.body, letter.attribute("Reason"), letter.attribute("Problem")) == (
        "poison",
        "unreadable",
        "it is poison",
    )

    assert settle(retention_days=0) == []
    client.delete_message(QueueUrl=url, ReceiptHandle=messages["refused"].receipt_handle)
    queues = Queues(url, dead_letter_url, subscription_dead_letter_url, 7 * DAY)
    result = redrive.redrive(client, queues, lambda _: True, remaining_seconds=2)
    assert (result.moved, result.end) == (1, "the queue does not drain")
    (back,) = receive_messages(client, url)
    assert {name: back.attribute(name) for name in back.attributes} == {
        "Redriven": "1",
        "SentTimestamp": str(round(messages["refused"].sent_at.timestamp() * 1_000)),
    }
    left = [message.body for message in receive_messages(client, dead_letter_url)]
    assert left == ["poison", "poison"]  # it was settled twice here
