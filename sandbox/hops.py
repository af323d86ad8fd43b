"""Follows a mail from hop to hop. A hop counts as done on evidence only; without evidence it has failed, and the report
says what was found instead.

| hop | evidence |
|---|---|
| SES | the message id that SendEmail answers (for a notification that stands for SES: the id that Publish answers) |
| SNS | a second subscriber of the topic got the notification about this mail |
| SQS | the id and time that the function logged of the message, as SQS gave them |
| Lambda | the function's own log line about this feedback |
| DynamoDB | the history's row of this feedback, and the address in the blocked table, or not |
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .deployment import Stack
from .errors import SandboxError
from .mails import Mail, Origin, text
from .tap import Published, Tap, tap

HOPS = ("SES", "SNS", "SQS", "Lambda", "DynamoDB")
POLL_SECONDS = 0.02


class HopError(Exception):
    """A hop that failed, and why. `broken`: nothing proves that it was done; else it was done, with a wrong result."""

    def __init__(self, hop: str, why: str, *, broken: bool = True) -> None:
        super().__init__(why)
        self.hop = hop
        self.broken = broken


@dataclass
class Journey:
    """One mail on its way: when it reached each hop, in seconds since it was sent, and what proves it."""

    mail: Mail
    reached: dict[str, float] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)
    item: Mapping[str, Any] | None = None
    """The address's item in the blocked table."""
    failure: HopError | None = None
    skipped: str | None = None
    """Why it was not sent."""
    mail_id: str | None = None

    def reach(self, hop: str, seconds: float, evidence: str) -> None:
        """Note that a hop is done."""
        self.reached[hop], self.evidence[hop] = max(seconds, 0.0), evidence


@dataclass
class Pipeline:
    """A pipeline of the stack under watch, as the stack exports it."""

    name: str
    exported: Mapping[str, Any]
    tap: Tap


@dataclass
class Watch:
    """Sends mails and follows them through one stack.

    `patience` is how many seconds each hop is waited for.
    """

    stack: Stack
    origin: Origin
    pipelines: dict[str, Pipeline]
    """By kind of feedback."""
    patience: float
    on_change: Callable[[Journey], None] = lambda _: None

    def follow(self, mail: Mail) -> Journey:
        """Send one mail and wait for all that must become of it."""
        journey = Journey(mail)
        self.on_change(journey)
        try:
            begun, message_id = time.time(), self._send(mail)
            self._reach(journey, "SES", time.time() - begun, f"message {message_id}")
            journey.mail_id = message_id
            if mail.kind is not None:
                self._follow_feedback(journey, self.pipelines[mail.kind], begun)
        except HopError as failure:
            journey.failure = failure
        self.on_change(journey)
        return journey

    def check_silence(self, journey: Journey) -> None:
        """Fail a journey without feedback if there was some after all. To be called when all others have arrived."""
        for pipeline in self.pipelines.values():
            if any(published.mail_id == journey.mail_id for published in pipeline.tap.look()):
                journey.failure = HopError("SNS", f"a notification about it came to {pipeline.name}", broken=False)
        if journey.failure is None and (item := self._blocked_item(journey.mail.address)):
            journey.failure = HopError("DynamoDB", f"it is blocked: {item.get('reason')}", broken=False)

    def drained(self) -> list[str]:
        """Wait until no queue of the pipelines holds a message, and name those that still do."""
        deadline = time.monotonic() + self.patience
        while True:
            waiting = [found for pipeline in self.pipelines.values() for found in self._waiting(pipeline)]
            if not waiting or time.monotonic() > deadline:
                return waiting
            time.sleep(POLL_SECONDS)

    def _reach(self, journey: Journey, hop: str, seconds: float, evidence: str) -> None:
        journey.reach(hop, seconds, evidence)
        self.on_change(journey)

    def _send(self, mail: Mail) -> str:
        account, region = self.stack.account, self.origin.region
        try:
            if mail.notification is None:
                answer = account.client("ses", region).send_email(
                    Source=self.origin.sender,
                    Destination={"ToAddresses": [mail.address]},
                    Message={"Subject": {"Data": "Your order"}, "Body": {"Text": {"Data": "It is on its way."}}},
                )
            else:
                assert mail.kind  # noqa: S101 - MAILS gives each notification the topic that it goes to
                answer = account.client("sns", region).publish(
                    TopicArn=self.pipelines[mail.kind].exported["topicArn"],
                    Message=text(mail.notification(self.origin, mail.address), event=mail.needs_configuration_set),
                )
        except Exception as error:
            raise HopError("SES", f"it was not accepted: {error}") from error
        message_id: str = answer["MessageId"]
        return message_id

    def _follow_feedback(self, journey: Journey, pipeline: Pipeline, begun: float) -> None:
        published = self._published(journey, pipeline)
        self._reach(journey, "SNS", published.at - begun, f"notification {published.sns_message_id}")
        line, logged = self._judged(published, pipeline, begun)
        self._reach(journey, "SQS", line["sqs_sent_at"] / 1000 - begun, f"message {line['sqs_message_id']}")
        self._reach(journey, "Lambda", logged - begun, f"{line['verdict']} by the rule {line['rule']!r}")
        if line["verdict"] != journey.mail.verdict:
            raise HopError(
                "Lambda",
                f"the function decided {line['verdict']} (rule {line['rule']!r}) where {journey.mail.verdict} is right",
                broken=False,
            )
        self._written(journey, published)
        self._reach(journey, "DynamoDB", time.time() - begun, "blocked" if journey.item else "not blocked")

    def _published(self, journey: Journey, pipeline: Pipeline) -> Published:
        for _ in self._attempts():
            for published in pipeline.tap.look():
                if journey.mail_id in {published.mail_id, published.sns_message_id}:
                    return published
        raise HopError(
            "SNS",
            f"SES accepted the mail, but no notification about it came to {pipeline.exported['topicArn']} within "
            f"{self.patience:g} s; look at the notification topic of the identity {self.origin.identity}",
        )

    def _judged(self, published: Published, pipeline: Pipeline, begun: float) -> tuple[dict[str, Any], float]:
        for _ in self._attempts():
            for event, line in self._log_lines(pipeline, begun):
                if line.get("message") == "feedback judged" and line.get("feedback_id") == published.feedback_id:
                    return line, event["timestamp"] / 1000
        waiting = self._waiting(pipeline)
        errors = [line for _, line in self._log_lines(pipeline, begun) if line.get("level") in {"ERROR", "CRITICAL"}]
        took = f"The notification {published.sns_message_id} came to the topic"
        if not waiting and not errors:
            raise HopError(
                "SQS",
                f"{took}, but it is in none of the pipeline's queues, and the function logged nothing of it within "
                f"{self.patience:g} s; look at the subscription {pipeline.exported['topicArn']} -> "
                f"{pipeline.exported['queueUrl']} and at the policy of that queue",
            )
        raise HopError(
            "Lambda",
            f"{took} and into a queue ({', '.join(waiting) or 'and out of it'}), but the function "
            f"{pipeline.exported['functionName']} did not decide within {self.patience:g} s. "
            + (f"Its log says: {_summary(errors[-1])}" if errors else "Its log holds no error; look at its mapping"),
        )

    def _written(self, journey: Journey, published: Published) -> None:
        mail, outputs = journey.mail, self.stack.outputs
        key = {"value": {"S": mail.address}, "entry": {"S": f"feedback#{published.feedback_id}"}}
        row = self._item(outputs["historyTableArn"], key)
        if row is None:
            raise HopError("DynamoDB", f"the function decided, but {outputs['historyTableName']} has no row of it")
        journey.item = self._blocked_item(mail.address)
        reason = journey.item.get("reason") if journey.item else None
        if reason != mail.reason:
            found, right = (f"blocked for {value}" if value else "not blocked" for value in (reason, mail.reason))
            raise HopError("DynamoDB", f"the address is {found} in {outputs['blockedTableName']}; {right} is right")

    def _blocked_item(self, address: str) -> Mapping[str, Any] | None:
        return self._item(self.stack.outputs["blockedTableArn"], {"value": {"S": address}})

    def _item(self, table_arn: str, key: dict[str, Any]) -> Mapping[str, Any] | None:
        client = self.stack.account.client("dynamodb", table_arn.split(":")[3])
        item = client.get_item(TableName=table_arn, Key=key, ConsistentRead=True).get("Item")
        return {name: next(iter(value.values())) for name, value in item.items()} if item else None

    def _attempts(self) -> Iterator[None]:
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            yield
            time.sleep(POLL_SECONDS)

    def _log_lines(self, pipeline: Pipeline, since: float) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        logs = self.stack.account.client("logs", pipeline.exported["region"])
        group = pipeline.exported["logGroupName"]
        for event in logs.filter_log_events(logGroupName=group, startTime=int(since * 1000))["events"]:
            with contextlib.suppress(ValueError):
                line = json.loads(event["message"])
                if isinstance(line, dict):
                    yield event, line

    def _waiting(self, pipeline: Pipeline) -> list[str]:
        sqs = self.stack.account.client("sqs", pipeline.exported["region"])
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = []
        for title, key in (
            ("queue", "queueUrl"),
            ("dead letters", "deadLetterQueueUrl"),
            ("undelivered", "undeliveredQueueUrl"),
        ):
            answer = sqs.get_queue_attributes(QueueUrl=pipeline.exported[key], AttributeNames=counts)["Attributes"]
            if number := sum(int(answer[count]) for count in counts):
                found.append(f"{title} of {pipeline.name}: {number}")
        return found


@contextlib.contextmanager
def watch(stack: Stack, patience: float = 10) -> Iterator[Watch]:
    """Watch the pipelines of a stack's first source that has an identity, for the length of a block.

    Raises:
        SandboxError: no source has an identity, or SES has no topic for it that belongs to a pipeline.
    """
    source = next((source for source in stack.sources if source.get("identities")), None)
    if source is None:
        raise SandboxError("no source of Pulumi.sandbox.yaml has an identity to send from")
    identity = source["identities"][0]
    with contextlib.ExitStack() as taps:
        pipelines = {}
        for kind in ("bounce", "complaint"):
            name, exported = _pipeline_of(stack, source["region"], identity, kind)
            pipelines[kind] = Pipeline(
                name, exported, taps.enter_context(tap(stack.account, source["region"], exported["topicArn"]))
            )
        origin = Origin(source["region"], stack.account.id, identity, source.get("configurationSet"))
        yield Watch(stack, origin, pipelines, patience)


def _pipeline_of(stack: Stack, region: str, identity: str, kind: str) -> tuple[str, Mapping[str, Any]]:
    """Find the pipeline whose topic the program gave SES for the identity: names may suggest anything."""
    # The emulator does not know GetIdentityNotificationAttributes, which would tell.
    topics = {
        created.inputs["topicArn"]
        for created in stack.created
        if created.type == "aws:ses/identityNotificationTopic:IdentityNotificationTopic"
        and (created.inputs["identity"], created.inputs["notificationType"]) == (identity, kind.capitalize())
    }
    for name, exported in stack.outputs["pipelines"].items():
        if exported["region"] == region and exported["topicArn"] in topics:
            return name, exported
    raise SandboxError(f"the program gave SES no pipeline's topic for the {kind}s of {identity} in {region}")


def _summary(line: Mapping[str, Any]) -> str:
    parts = [str(line[key]) for key in ("message", "exception_name", "exception") if line.get(key)]
    return " | ".join(" ".join(part.split()[-40:]) for part in parts)
