"""What a dead letter contains, and why it is one, without personal data. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ses_feedback.function import dead_letters
from ses_feedback.function.envelope import UnreadableError
from ses_feedback.function.notification import parse_notification
from ses_feedback.function.origin import Source, check_origin
from ses_feedback.function.queue_messages import Message

from ses_feedback_cli.dead_letters.queues import SUBSCRIPTION_DEAD_LETTERS, DeadLetterQueue

UNREADABLE = dead_letters.UNREADABLE
_ATTRIBUTE_LIMIT = 256
"""Characters shown of an attribute; the function writes no longer one."""


class Reason(StrEnum):
    """Why a message is a dead letter."""

    UNREADABLE = UNREADABLE
    """The function could not read it, or a part of it."""
    REFUSED = dead_letters.REFUSED
    """AWS refused to record it until it was about to expire."""
    UNPROCESSED = "unprocessed"
    """SQS moved it: the function never ran to an end for it."""
    UNDELIVERED = "undelivered"
    """The topic could not deliver it to the queue."""


_EXPLANATIONS = {
    Reason.UNREADABLE: "the function could not read it",
    Reason.REFUSED: "AWS refused to record it until it was about to expire",
    Reason.UNPROCESSED: "the function never ran to an end for it",
    Reason.UNDELIVERED: "the topic could not deliver it to the queue",
}


@dataclass(frozen=True)
class MessageContents:
    """What a message contains, without personal data."""

    kind: str
    """bounce, complaint, another type (setup message, delivery, ...), or unreadable."""
    type: str = ""
    subtype: str = ""
    feedback_id: str = ""
    occurred_at: str = ""
    recipients: int = 0
    problem: str = ""
    """Why the message, or a part of it, cannot be read by this version."""

    def is_of(self, type_: str) -> bool:
        """Whether it has a type, subtype or kind, ignoring case."""
        return type_.casefold() in {self.kind.casefold(), self.type.casefold(), self.subtype.casefold()}


@dataclass(frozen=True)
class DeadLetter:
    """A message in a dead-letter queue: what it contains, and why it is there."""

    contents: MessageContents
    reason: Reason
    problem: str
    """What the function said beside the reason, or else why this version cannot read the message; may be empty."""
    redriven: bool
    """Whether it went back to the queue by itself once, and failed again."""

    @property
    def readable(self) -> bool:
        """Whether this version can read all of it."""
        return not self.contents.problem

    def describe(self) -> str:
        """The reason for people, on one line."""
        text = f"{self.reason}: {self.problem or _EXPLANATIONS[self.reason]}"
        text += "; this version can read it" if self.reason is Reason.UNREADABLE and self.readable else ""
        return text + ("; went back by itself once" if self.redriven else "")


@dataclass(frozen=True)
class Selection:
    """Which messages of a queue are meant. Without any criterion: all."""

    ids: frozenset[str] = frozenset()
    type: str | None = None
    reason: Reason | None = None
    sent_before: datetime | None = None
    """Only messages that were first sent before this time."""

    @property
    def is_everything(self) -> bool:
        """Whether it selects all messages."""
        return not (self.ids or self.type or self.reason or self.sent_before)

    def includes(self, queue: DeadLetterQueue, message: Message, now: datetime) -> bool:
        """Whether it selects a message of a queue."""
        if self.ids and message.id not in self.ids:
            return False
        if self.sent_before and message.first_sent_at >= self.sent_before:
            return False
        if not self.type and not self.reason:
            return True
        dead_letter = read_dead_letter(queue, message, now)
        return (not self.type or dead_letter.contents.is_of(self.type)) and self.reason in {None, dead_letter.reason}

    def describe(self) -> str:
        """The criteria for the trace."""
        parts = [f"{len(self.ids)} by id"] if self.ids else []
        parts += [f"type {self.type}"] if self.type else []
        parts += [f"reason {self.reason}"] if self.reason else []
        parts += [f"sent before {self.sent_before:%Y-%m-%dT%H:%M:%SZ}"] if self.sent_before else []
        return ", ".join(parts) or "all"


def read_dead_letter(queue: DeadLetterQueue, message: Message, now: datetime) -> DeadLetter:
    """A message of a dead-letter queue as the function of its pipeline would read it."""
    contents = parse_message(message, now, queue.pipeline.source)
    stated = message.attribute(dead_letters.REASON)
    if stated in {Reason.UNREADABLE, Reason.REFUSED}:
        reason, problem = Reason(stated), _printable(message.attribute(dead_letters.PROBLEM)) or contents.problem
    else:
        reason, problem = _unstated_reason(queue, contents), contents.problem
    return DeadLetter(contents, reason, problem, dead_letters.REDRIVEN in message.attributes)


def parse_message(message: Message, now: datetime, source: Source | None = None) -> MessageContents:
    """Parse a message as the function of this source does."""
    try:
        notification = parse_notification(message.body, sent_at=message.first_sent_at, now=now)
        check_origin(notification.origin, source or Source())
    except UnreadableError as error:
        return MessageContents(UNREADABLE, problem=str(error))
    problem = "; ".join(notification.problems)
    if not notification.feedback:
        return MessageContents(UNREADABLE if problem else str(notification.skipped), problem=problem)
    first = notification.feedback[0]
    return MessageContents(
        first.kind,
        first.type,
        first.subtype,
        first.feedback_id,
        first.occurred_at,
        len(notification.feedback),
        problem,
    )


def sent_back(message: Message) -> Message:
    """The dead letter as a person sends it back to the queue, where what was said of it is no longer true."""
    redriven = dead_letters.redriven(message)
    if dead_letters.REDRIVEN in message.attributes:
        return redriven
    kept = {name: value for name, value in redriven.attributes.items() if name != dead_letters.REDRIVEN}
    return replace(redriven, attributes=kept)


def _unstated_reason(queue: DeadLetterQueue, contents: MessageContents) -> Reason:
    """Of a message that SNS or SQS moved. A function without access to the dead-letter queue leaves that to SQS."""
    if queue.name == SUBSCRIPTION_DEAD_LETTERS:
        return Reason.UNDELIVERED
    return Reason.UNREADABLE if contents.problem else Reason.UNPROCESSED


def _printable(value: str) -> str:
    """Safe for a terminal: whoever may send to the queue chooses its characters."""
    return "".join(character if character.isprintable() else " " for character in value[:_ATTRIBUTE_LIMIT])
