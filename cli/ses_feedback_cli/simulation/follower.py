"""Sends mails and follows each one by what the tables show. `Evidence` adds what else can be seen of the hops before.

| hop | evidence |
|---|---|
| SES | the message id that SendEmail answers (of Publish, for a notification that is published in SES's place) |
| SNS, SQS | none in the tables |
| Lambda | the history's row of the feedback |
| DynamoDB | the address in the blocked table with the right reason, or not in it |
| sender | the answer to a sender who asks about the address |
"""

import ipaddress
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from ses_feedback.table import decode, encode

from ses_feedback_cli.command import told
from ses_feedback_cli.context import Context
from ses_feedback_cli.simulation.journey import Failure, Journey
from ses_feedback_cli.simulation.mails import Mail
from ses_feedback_cli.simulation.notifications import build_notification
from ses_feedback_cli.simulation.origins import Origin

if TYPE_CHECKING:
    from ses_feedback import Answer


class Evidence:
    """What can be seen of a mail beside the tables. This class sees nothing."""

    def shows_decision(self, _journey: Journey) -> bool:
        """Note the hops that the mail has reached; return whether the tables are to be read."""
        return True

    def explain(self, _journey: Journey) -> Failure:
        """Tell where a mail stopped whose feedback never came to the history."""
        return Failure("Lambda", "the history has no row of its feedback")

    def unexpected(self, _journey: Journey) -> Failure | None:
        """Tell where feedback was seen about a mail that must have none; None where none was."""
        return None


@dataclass
class Follower:
    """Sends mails and waits for what must become of them."""

    context: Context
    evidence: Evidence
    ask_sender: "Callable[[Sequence[str]], list[Answer]]"
    """Asks about addresses as a sender does, one answer each."""
    poll_seconds: float
    describe_error: Callable[[Exception], str] = told
    """Of AWS, when a mail is not accepted; without the message, which may hold addresses."""

    def emulates(self, origin: Origin) -> bool:
        """Whether the SES of an origin is an emulator on this machine."""
        host = urlsplit(self.context.client("ses", origin.region).meta.endpoint_url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    def plan(self, origin: Origin, mail: Mail, label: str = "", *, publish: bool = False) -> Journey:
        """The journey of a mail that is still to be sent.

        What an emulator's SES cannot do is published: it sends no automatic replies and no events.
        """
        lacking = (mail.is_automatic_reply or origin.configuration_set is not None) and self.emulates(origin)
        return Journey(origin, mail, mail.address(label), published=publish or lacking)

    def send(self, journeys: Sequence[Journey]) -> None:
        """Send every mail, or publish its notification. One that is not accepted has failed."""
        for journey in journeys:
            journey.sent_at, journey.maybe_sent = time.time(), True
            try:
                journey.message_id = self._send(journey)
            except (ClientError, BotoCoreError) as error:
                journey.maybe_sent = not isinstance(error, ClientError)
                journey.fail(
                    Failure("SNS" if journey.published else "SES", f"not accepted: {self.describe_error(error)}")
                )
            else:
                how = "published in the place of SES" if journey.published else "accepted"
                journey.reach("SES", f"{how}, message {journey.message_id}")

    def follow(self, journeys: Sequence[Journey], seconds: float) -> None:
        """Wait until all has become of the mails that must, at most so long; then tell where the others stopped."""
        deadline = time.monotonic() + seconds
        while waiting := [journey for journey in journeys if journey.waits]:
            for journey in waiting:
                self._look(journey)
            self._ask([journey for journey in waiting if "DynamoDB" in journey.seconds])
            if time.monotonic() > deadline:
                break
            time.sleep(self.poll_seconds)
        for journey in journeys:
            if journey.waits and "DynamoDB" not in journey.seconds:
                journey.fail(self._missing_block(journey) if journey.row else self.evidence.explain(journey))

    def finish(self, journeys: Sequence[Journey]) -> None:
        """Judge what shows only when all others have arrived: mails without feedback, and a sender's wrong answers."""
        self._ask([journey for journey in journeys if "sender" not in journey.seconds and not journey.skipped])
        for journey in journeys:
            if journey.skipped or journey.failure:
                continue
            if journey.mail.kind is None and (unexpected := self._unexpected(journey)):
                journey.fail(unexpected)
            elif "sender" not in journey.seconds and (answer := journey.answer):
                because = "" if answer.allowed else f", because of {answer.reason or answer.problem}"
                said = f"a sender is told that it {'may' if answer.allowed else 'may not'} be mailed{because}"
                journey.fail(Failure("sender", said, broken=False))

    def _send(self, journey: Journey) -> str:
        origin, kind = journey.origin, journey.mail.kind
        if journey.published and kind:
            response = self.context.client("sns", origin.region).publish(
                TopicArn=origin.pipelines[kind].topic_arn,
                Message=build_notification(origin, journey.mail, journey.address, datetime.now(UTC)),
            )
        else:
            settings = {"ConfigurationSetName": origin.configuration_set} if origin.configuration_set else {}
            content = {"Data": "A test of how bounces and complaints arrive"}
            # SendEmail of version 1: the same right and the same mail as version 2, and emulators answer it.
            response = self.context.client("ses", origin.region).send_email(
                Source=origin.sender,
                Destination={"ToAddresses": [journey.address]},
                Message={"Subject": content, "Body": {"Text": content}},
                **settings,
            )
        return str(response["MessageId"])

    def _look(self, journey: Journey) -> None:
        if "DynamoDB" in journey.seconds or not self.evidence.shows_decision(journey):
            return
        journey.row = journey.row or history_row(self.context, journey.address, journey.feedback_id)
        if not journey.row:
            return
        if "Lambda" not in journey.seconds:
            journey.reach("Lambda", _decision(journey))
        journey.item = blocked_item(self.context, journey.address)
        reason, expected = (journey.item or {}).get("reason"), journey.mail.reason
        if reason == expected:
            journey.reach("DynamoDB", "blocked" if expected else "not blocked")
        elif reason:
            table = self.context.blocked_table()
            right = f"blocked for {expected}" if expected else "not blocked"
            wrong = f"the address is blocked for {reason} in {table}; {right} is right"
            journey.fail(Failure("DynamoDB", wrong, broken=False))

    def _ask(self, journeys: Sequence[Journey]) -> None:
        answers = self.ask_sender([journey.address for journey in journeys]) if journeys else []
        for journey, answer in zip(journeys, answers, strict=True):
            journey.answer, expected = answer, journey.mail.reason
            if not journey.failure and (answer.allowed, answer.reason) == (expected is None, expected):
                journey.reach("sender", "may be mailed" if answer.allowed else "may not be mailed")

    def _missing_block(self, journey: Journey) -> Failure:
        missing = f"the history has it ({_decision(journey)}), and it is not blocked for a {journey.mail.reason}"
        return Failure("DynamoDB", missing, broken=False)

    def _unexpected(self, journey: Journey) -> Failure | None:
        if failure := self.evidence.unexpected(journey):
            return failure
        if history_row(self.context, journey.address):
            return Failure("DynamoDB", "the history has feedback about it, and there should be none", broken=False)
        return None


def history_row(context: Context, address: str, feedback_id: str = "") -> dict[str, Any]:
    """The history's row of a feedback about an address, of any without an id; empty if there is none."""
    table = context.history_table()
    items = context.dynamodb(table).query(
        TableName=table,
        KeyConditionExpression="#value = :value AND begins_with(entry, :feedback)",
        ExpressionAttributeNames={"#value": "value"},
        ExpressionAttributeValues=encode({":value": address, ":feedback": f"feedback#{feedback_id}"}),
        ConsistentRead=True,
        Limit=1,
    )["Items"]
    return decode(items[0]) if items else {}


def blocked_item(context: Context, address: str) -> dict[str, Any] | None:
    """The item of an address in the blocked table."""
    table = context.blocked_table()
    key = encode({"value": address})
    item = context.dynamodb(table).get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    return decode(item) if item else None


def _decision(journey: Journey) -> str:
    return f"{journey.row.get('verdict')}, by the rule {journey.row.get('rule')}"
