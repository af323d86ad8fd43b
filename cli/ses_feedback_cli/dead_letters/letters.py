"""What the two queues of a pipeline hold that failed, looked at without taking anything out.

SQS shows no list: it hands out messages, hidden from others for a while. So a look is a sample, and what was handed
out is given back at its end. Neither queue has a redrive policy of its own, so being received moves nothing on.
"""

from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ses_feedback.function.envelope import UnreadableError
from ses_feedback.function.notification import parse_notification

from ses_feedback_cli.context import Context, MissingError, Pipeline

BATCH = 10
"""Messages of one call, as SQS has it."""

HIDE_SECONDS = 120
"""How long a message stays hidden if this command ends without a word: more than a batch needs, less than the five
minutes that the alarm on these queues bridges."""

WAIT_SECONDS = 1
"""Any waiting makes SQS ask all its servers: without it, an empty answer says nothing."""

FRUITLESS = 3
"""After so many batches in a row with nothing new, everything that SQS hands out has been seen."""

DEAD_LETTERS, SUBSCRIPTION_DEAD_LETTERS = "dead-letters", "subscription-dead-letters"
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Queue:
    """A queue of what failed: the function gave up, or the topic could not deliver (subscription-dead-letters)."""

    pipeline: Pipeline
    name: str
    url: str

    def client(self, context: Context) -> Any:
        """A client of SQS in the queue's Region."""
        return context.client("sqs", self.pipeline.region)


@dataclass(frozen=True)
class Letter:
    """One message, as SQS handed it out."""

    id: str
    handle: str
    sent_at: datetime
    """When it first came to a queue: the move to the dead letters keeps that time."""
    received: int
    body: str
    attributes: Mapping[str, Mapping[str, Any]]
    """Message attributes, as SQS takes them."""


@dataclass(frozen=True)
class Contents:
    """What a message is. None of it is personal."""

    kind: str
    """bounce, complaint, what else it is (setup message, delivery, ...), or unreadable."""
    type: str = ""
    subtype: str = ""
    feedback_id: str = ""
    occurred_at: str = ""
    recipients: int = 0
    problem: str = ""
    """Why it, or a part of it, cannot be read."""

    def is_of(self, wanted: str) -> bool:
        """Whether it is of a type, subtype or kind, whatever the case of the letters."""
        return wanted.casefold() in {self.kind.casefold(), self.type.casefold(), self.subtype.casefold()}


def queues(
    context: Context, names: Iterable[str] = (), kind: str | None = None, queue: str | None = None
) -> list[Queue]:
    """The queues of the pipelines asked for, of all without a word. Raises: MissingError when there are none."""
    return [
        Queue(one, name, url)
        for one in pipelines(context, names, kind)
        for name, url in (
            (DEAD_LETTERS, one.dead_letter_queue_url),
            (SUBSCRIPTION_DEAD_LETTERS, one.subscription_dead_letter_queue_url),
        )
        if queue in {None, name}
    ]


def pipelines(context: Context, names: Iterable[str] = (), kind: str | None = None) -> list[Pipeline]:
    """The pipelines of these names and this kind, all without a word. Raises: MissingError when there are none."""
    known, wanted = context.pipelines(), set(names)
    if missing := wanted - {one.name for one in known}:
        raise MissingError(
            f"--pipeline {', '.join(sorted(missing))}: there is no such pipeline; there are "
            f"{', '.join(one.name for one in known) or 'none in these Regions'}"
        )
    found = [one for one in known if (not wanted or one.name in wanted) and kind in {None, one.kind}]
    if not found:
        raise MissingError("no pipeline is left by --pipeline, --kind and --region; leave one of them out")
    return found


def contents(letter: Letter, now: datetime) -> Contents:
    """Read a message as the function does."""
    try:
        reading = parse_notification(letter.body, sent_at=letter.sent_at, now=now)
    except UnreadableError as error:
        return Contents(UNREADABLE, problem=str(error))
    problem = "; ".join(reading.problems)
    if not reading.feedback:
        return Contents(UNREADABLE if problem else str(reading.skipped), problem=problem)
    first = reading.feedback[0]
    return Contents(
        first.kind, first.type, first.subtype, first.feedback_id, first.occurred_at, len(reading.feedback), problem
    )


def why(queue: Queue, found: Contents) -> str:
    """Why a message is where it is, as far as it can be known."""
    if found.problem:
        part = "cannot be read" if found.kind == UNREADABLE else "cannot be read as a whole"
        return f"{part}: {found.problem}"
    if queue.name == SUBSCRIPTION_DEAD_LETTERS:
        return "readable: the topic could not deliver it to the queue"
    return "readable: the function failed on it, or was never run for it"


def counts(client: Any, url: str) -> tuple[int, int]:
    """How many messages a queue holds, about: those to be seen, and those hidden. Needs sqs:GetQueueAttributes."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(found[names[0]]), int(found[names[1]])


def peek(client: Any, url: str, limit: int) -> Generator[Letter, None, None]:
    """At most ``limit`` messages of a queue, each once, given back when this ends or is closed.

    Needs sqs:ReceiveMessage and sqs:ChangeMessageVisibility.
    """
    held: dict[str, str] = {}
    fruitless = 0
    try:
        while len(held) < limit and fruitless < FRUITLESS:
            letters = receive(client, url, min(BATCH, limit - len(held)))
            if not letters:
                return
            fresh = [one for one in letters if one.id not in held]
            held |= {one.id: one.handle for one in letters}
            fruitless = 0 if fresh else fruitless + 1
            yield from fresh
    finally:
        release(client, url, held.values())


def receive(client: Any, url: str, number: int = BATCH) -> list[Letter]:
    """The next messages, hidden from others for HIDE_SECONDS. None: the queue has no more to be seen."""
    answer = client.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=number,
        VisibilityTimeout=HIDE_SECONDS,
        WaitTimeSeconds=WAIT_SECONDS,
        MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
        MessageAttributeNames=["All"],
    )
    return [_letter(one) for one in answer.get("Messages", ())]


def release(client: Any, url: str, handles: Iterable[str]) -> None:
    """Show messages to others again. What fails shows itself after HIDE_SECONDS."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    every = list(handles)
    for start in range(0, len(every), BATCH):
        entries = [
            {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
            for number, handle in enumerate(every[start : start + BATCH])
        ]
        with suppress(ClientError, BotoCoreError):
            client.change_message_visibility_batch(QueueUrl=url, Entries=entries)


def _letter(message: Mapping[str, Any]) -> Letter:
    system = message["Attributes"]
    attributes = {
        name: {key: value[key] for key in ("DataType", "StringValue", "BinaryValue") if key in value}
        for name, value in message.get("MessageAttributes", {}).items()
    }
    return Letter(
        message["MessageId"],
        message["ReceiptHandle"],
        datetime.fromtimestamp(int(system["SentTimestamp"]) / 1_000, UTC),
        int(system["ApproximateReceiveCount"]),
        message["Body"],
        attributes,
    )
