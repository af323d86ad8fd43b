"""Follows a mail from hop to hop. A hop is done on evidence only; without evidence it has failed, and the report says
what was found instead.

| hop | evidence |
|---|---|
| SES | the message id that SendEmail answers (for a notification that stands for SES: the id that Publish answers) |
| SNS | a second subscriber of the topic got the notification about this mail |
| SQS | the id and time that the function logged of the message, as SQS gave them |
| Lambda | the function's own log line about this feedback |
| DynamoDB | the history's row of this feedback, and the address in the blocked table, or not |
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .deployment import Stack
from .errors import SandboxError
from .evidence import NOT_RECORDED, Pipeline, blocked_item, history_row
from .mails import Mail, Origin, text
from .tap import Published, tap

HOPS = ("SES", "SNS", "SQS", "Lambda", "DynamoDB")
POLL_SECONDS = 0.02
GRACE_SECONDS = 1
SETTLE_SECONDS = 30  # for the first start of the functions on a busy machine


class HopError(Exception):
    """A hop that failed, and why. `broken`: nothing proves that it was done; else it was done, with a wrong result."""

    def __init__(self, hop: str, why: str, *, broken: bool = True) -> None:
        super().__init__(why)
        self.hop = hop
        self.broken = broken


@dataclass
class Journey:
    """One mail on its way."""

    mail: Mail
    reached: dict[str, float] = field(default_factory=dict)
    """When it reached each hop, in seconds since it was sent."""
    evidence: dict[str, str] = field(default_factory=dict)
    """What proves it, per hop."""
    item: Mapping[str, Any] | None = None
    """The address's item in the blocked table."""
    failure: HopError | None = None
    skipped: str | None = None
    """Why it was not sent."""
    mail_id: str | None = None


@dataclass
class Watch:
    """Sends mails and follows them through one stack."""

    stack: Stack
    origin: Origin
    pipelines: dict[str, Pipeline]
    """By kind of feedback."""
    patience: float
    """Seconds that each hop is waited for."""
    on_change: Callable[[Journey], None] = lambda _: None

    def follow(self, mail: Mail) -> Journey:
        """Send one mail and wait for all that must become of it."""
        journey = Journey(mail)
        self.on_change(journey)
        try:
            begun, journey.mail_id = time.time(), self._send(mail)
            how = "published in the place of SES" if mail.notification else "accepted"
            self._reach(journey, "SES", time.time() - begun, f"{how}, message {journey.mail_id}")
            if mail.kind is not None:
                self._follow_feedback(journey, self.pipelines[mail.kind], begun)
        except HopError as failure:
            journey.failure = failure
            self.on_change(journey)
        return journey

    def check_silence(self, journey: Journey) -> None:
        """Fail a mail without feedback if there was some after all. To be called when all others have arrived."""
        for pipeline in self.pipelines.values():
            if any(published.mail_id == journey.mail_id for published in pipeline.tap.look()):
                journey.failure = HopError("SNS", f"a notification about it came to {pipeline.name}", broken=False)
        if journey.failure is None and (item := blocked_item(self.stack, journey.mail.address)):
            journey.failure = HopError("DynamoDB", f"it is blocked: {item.get('reason')}", broken=False)

    def drained(self, seconds: float) -> dict[str, list[str]]:
        """Wait until no queue of the pipelines holds a message; return those that still do, by kind."""
        deadline = time.monotonic() + seconds
        while True:
            waiting = {kind: found for kind, pipeline in self.pipelines.items() if (found := pipeline.waiting())}
            if not waiting or time.monotonic() > deadline:
                return waiting
            time.sleep(POLL_SECONDS)

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
        except (ClientError, BotoCoreError) as error:
            raise HopError("SES", f"it was not accepted: {error}") from error
        message_id: str = answer["MessageId"]
        return message_id

    def _follow_feedback(self, journey: Journey, pipeline: Pipeline, begun: float) -> None:
        published = self._published(journey, pipeline)
        self._reach(journey, "SNS", published.at - begun, f"notification {published.sns_message_id}")
        line, logged = self._judged(journey.mail, published, pipeline, begun)
        self._reach(journey, "SQS", line["sqs_sent_at"] / 1000 - begun, f"message {line['sqs_message_id']}")
        if line["verdict"] != journey.mail.verdict:
            raise HopError(
                "Lambda",
                f"the function decided {line['verdict']} (rule {line['rule']}) where {journey.mail.verdict} is right",
                broken=False,
            )
        self._reach(journey, "Lambda", logged - begun, f"{line['verdict']}, by the rule {line['rule']}")
        if line["message"] == NOT_RECORDED:
            raise HopError(
                "DynamoDB",
                f"the function decided, but could not record it: {line.get('reason')}. "
                f"Look at the policy of {pipeline.exported['roleArn']}.",
            )
        self._check_tables(journey, published)
        self._reach(journey, "DynamoDB", time.time() - begun, "blocked" if journey.item else "not blocked")

    def _reach(self, journey: Journey, hop: str, seconds: float, evidence: str) -> None:
        journey.reached[hop], journey.evidence[hop] = max(seconds, 0.0), evidence
        self.on_change(journey)

    def _published(self, journey: Journey, pipeline: Pipeline) -> Published:
        for _ in self._attempts():
            for published in pipeline.tap.look():
                if journey.mail_id in {published.mail_id, published.sns_message_id}:
                    return published
        raise HopError(
            "SNS",
            f"SES accepted the mail, but no notification about it came to {pipeline.exported['topicArn']} within "
            f"{self.patience:g} s. Look at the notification topic of the identity {self.origin.identity}.",
        )

    def _judged(
        self, mail: Mail, published: Published, pipeline: Pipeline, begun: float
    ) -> tuple[dict[str, Any], float]:
        give_up = None
        for _ in self._attempts():
            if found := pipeline.judged(published.feedback_id, begun):
                return found
            if pipeline.complaints(begun):  # it was called, and did not decide; it will not be called again soon
                give_up = give_up or time.monotonic() + GRACE_SECONDS
                if history_row(self.stack, mail.address, published.feedback_id):
                    pipeline.flush_log()
                elif time.monotonic() > give_up:
                    break
        waiting, complaints = pipeline.waiting(), pipeline.complaints(begun)
        exported, topic = pipeline.exported, f"The notification {published.sns_message_id} came to the topic"
        if not waiting and not complaints:
            raise HopError(
                "SQS",
                f"{topic}, but it is in none of the pipeline's queues, and the function logged nothing of it within "
                f"{self.patience:g} s. Look at the subscription of {exported['topicArn']} and at the policy of "
                f"{exported['queueUrl']}.",
            )
        told = "It was not called: look at its mapping to the queue."
        if complaints:
            told = f"It logged: {tail(complaints)}"
        raise HopError(
            "Lambda",
            f"{topic} and went on to SQS ({', '.join(waiting) or 'no message waits'}), but "
            f"{exported['functionName']} did not decide about it. {told}",
        )

    def _check_tables(self, journey: Journey, published: Published) -> None:
        mail, outputs = journey.mail, self.stack.outputs
        if history_row(self.stack, mail.address, published.feedback_id) is None:
            raise HopError("DynamoDB", f"the function decided, but {outputs['historyTableName']} has no row of it")
        journey.item = blocked_item(self.stack, mail.address)
        reason = journey.item.get("reason") if journey.item else None
        if reason != mail.reason:
            found, right = (f"blocked for {value}" if value else "not blocked" for value in (reason, mail.reason))
            text = f"the address is {found} in {outputs['blockedTableName']}; {right} is right"
            raise HopError("DynamoDB", text, broken=False)

    def _attempts(self) -> Iterator[None]:
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            yield
            time.sleep(POLL_SECONDS)


def tail(lines: Sequence[str], length: int = 12) -> str:
    """Return the last lines, enough for a report."""
    return "\n".join(lines[-length:])


@contextlib.contextmanager
def watch(stack: Stack, patience: float) -> Iterator[Watch]:
    """Watch the pipelines of a stack's first source that has an identity, for the length of a block.

    Raises:
        SandboxError: no source has an identity, or SES has no topic for it that belongs to a pipeline.
    """
    source = next((source for source in stack.sources if source.get("identities")), None)
    if source is None:
        raise SandboxError("no source of Pulumi.sandbox.yaml has an identity to send from")
    region, identity = source["region"], source["identities"][0]
    pipelines = {}
    with contextlib.ExitStack() as taps:
        for kind in ("bounce", "complaint"):
            name, exported = _pipeline_of(stack, region, identity, kind)
            tapped = taps.enter_context(tap(stack.account, region, exported["topicArn"]))
            pipelines[kind] = Pipeline(stack, name, exported, tapped)
        origin = Origin(region, stack.account.id, identity, source.get("configurationSet"))
        yield Watch(stack, origin, pipelines, patience)


def _pipeline_of(stack: Stack, region: str, identity: str, kind: str) -> tuple[str, Mapping[str, Any]]:
    """Find the pipeline whose topic SES has for the identity: names may suggest anything."""
    answer = stack.account.client("ses", region).get_identity_notification_attributes(Identities=[identity])
    topic = answer["NotificationAttributes"].get(identity, {}).get(f"{kind.capitalize()}Topic")
    for name, exported in stack.outputs["pipelines"].items():
        if topic and exported["topicArn"] == topic:
            return name, exported
    raise SandboxError(f"SES has {topic or 'no topic'} for the {kind}s of {identity}: that is no pipeline's topic")
