"""Sends mails and follows each one in the tables. `Evidence` adds what can be seen of the hops before the tables.

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
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from ses_feedback.history.stored_feedback import feedback_entry
from ses_feedback.table import decode, encode

from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import describe_error
from ses_feedback_cli.simulation.journey import Failure, Journey
from ses_feedback_cli.simulation.mails import Mail
from ses_feedback_cli.simulation.notification_builder import build_notification
from ses_feedback_cli.simulation.origins import Origin
from ses_feedback_cli.table_reads import history_rows

if TYPE_CHECKING:
    from ses_feedback import Answer


class Evidence(ABC):
    """What can be seen of a mail outside of the tables."""

    def observe(self, _journey: Journey) -> bool:
        """Note the hops that the mail has reached; return whether the tables should be read."""
        return True

    @abstractmethod
    def explain(self, journey: Journey) -> Failure:
        """Tell where a mail stopped whose feedback is not in the history."""

    def find_unexpected(self, _journey: Journey) -> Failure | None:
        """Tell where there is feedback about a mail that must have none; None if there is no such feedback."""
        return None


@dataclass
class Follower:
    """Sends mails and waits for their feedback."""

    context: Context
    evidence: Evidence
    ask_sender: "Callable[[Sequence[str]], list[Answer]]"
    """Asks about addresses as a sender does; gives one answer per address."""
    poll_seconds: float
    describe_error: Callable[[Exception], str] = describe_error
    """Describes why AWS does not accept a mail; by default without AWS's message, which may hold addresses."""

    def plan(self, origin: Origin, mail: Mail, label: str = "", *, publish: bool = False) -> Journey:
        """The journey of a mail that is still to be sent, or with ``publish`` to be published.

        An emulator's SES gives no automatic replies and no events: those are published in any case.
        """
        needs_real_ses = mail.is_automatic_reply or origin.configuration_set is not None
        return Journey(
            origin, mail, mail.address(label), published=publish or (needs_real_ses and self._is_emulated(origin))
        )

    def send(self, journeys: Sequence[Journey]) -> None:
        """Send every mail, or publish its notification. A mail that AWS does not accept has failed."""
        for journey in journeys:
            journey.sent_at, journey.maybe_sent = time.time(), True
            try:
                journey.message_id = self._send(journey)
            except (ClientError, BotoCoreError) as error:
                journey.maybe_sent = not isinstance(error, ClientError)
                hop = "SNS" if journey.published else "SES"
                journey.fail(Failure(hop, f"not accepted: {self.describe_error(error)}"))
            else:
                action = "published in the place of SES" if journey.published else "accepted"
                journey.reach("SES", f"{action}, message {journey.message_id}")

    def follow(self, journeys: Sequence[Journey], seconds: float) -> None:
        """Wait until the mails with feedback have reached every hop, at most so long; fail those that have not."""
        deadline = time.monotonic() + seconds
        while waiting := [journey for journey in journeys if journey.is_waiting]:
            for journey in waiting:
                self._advance(journey)
            self._ask([journey for journey in waiting if "DynamoDB" in journey.seconds])
            if time.monotonic() > deadline:
                break
            time.sleep(self.poll_seconds)
        for journey in journeys:
            if journey.is_waiting and "DynamoDB" not in journey.seconds:
                journey.fail(self._explain(journey))

    def finish(self, journeys: Sequence[Journey]) -> None:
        """Check, when all others have arrived, that mails without feedback have none, and a sender's answers."""
        self._ask([journey for journey in journeys if "sender" not in journey.seconds and not journey.skipped])
        for journey in journeys:
            if journey.skipped or journey.failure:
                continue
            if journey.mail.kind is None and (unexpected := self._find_unexpected(journey)):
                journey.fail(unexpected)
            elif "sender" not in journey.seconds and (answer := journey.answer):
                result = "may" if answer.allowed else f"may not, because of {answer.reason or answer.problem},"
                journey.fail(Failure("sender", f"a sender gets the answer that it {result} be mailed", broken=False))

    def _is_emulated(self, origin: Origin) -> bool:
        host = urlsplit(self.context.client("ses", origin.region).meta.endpoint_url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

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

    def _advance(self, journey: Journey) -> None:
        if "DynamoDB" in journey.seconds or not self.evidence.observe(journey):
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
            right = f"blocked for {expected}" if expected else "not blocked"
            table = self.context.blocked_table()
            problem = f"the address is blocked for {reason} in {table}; {right} is right"
            journey.fail(Failure("DynamoDB", problem, broken=False))

    def _ask(self, journeys: Sequence[Journey]) -> None:
        answers = self.ask_sender([journey.address for journey in journeys]) if journeys else []
        for journey, answer in zip(journeys, answers, strict=True):
            journey.answer, expected = answer, journey.mail.reason
            if not journey.failure and (answer.allowed, answer.reason) == (expected is None, expected):
                journey.reach("sender", "may be mailed" if answer.allowed else "may not be mailed")

    def _explain(self, journey: Journey) -> Failure:
        if not journey.row:
            return self.evidence.explain(journey)
        right = f"blocked for {journey.mail.reason}"
        problem = f"the history has it ({_decision(journey)}), and it is not blocked; {right} is right"
        return Failure("DynamoDB", problem, broken=False)

    def _find_unexpected(self, journey: Journey) -> Failure | None:
        if failure := self.evidence.find_unexpected(journey):
            return failure
        if history_row(self.context, journey.address):
            return Failure("DynamoDB", "the history has feedback about it, and there should be none", broken=False)
        return None


def history_row(context: Context, address: str, feedback_id: str = "") -> dict[str, Any]:
    """The history's row of a feedback about an address, without an id of any feedback; empty if there is none."""
    prefix = feedback_entry(feedback_id)
    return next((row for row in history_rows(context, address) if row["entry"].startswith(prefix)), {})


def blocked_item(context: Context, address: str) -> dict[str, Any] | None:
    """The item of an address in the blocked table."""
    table = context.blocked_table()
    key = encode({"value": address})
    item = context.dynamodb_client(table).get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    return decode(item) if item else None


def _decision(journey: Journey) -> str:
    return f"{journey.row.get('verdict')}, by the rule {journey.row.get('rule')}"
