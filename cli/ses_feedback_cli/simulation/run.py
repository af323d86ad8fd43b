"""Sends mails to SES's mailbox simulator and sees each arrive, hop by hop, as far as that shows from outside."""

import ipaddress
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from ses_feedback.history.event import manual_event
from ses_feedback.history.writer import Outcome
from ses_feedback.table import decode, encode
from ses_feedback.timestamps import parse

from ses_feedback_cli import event_batches
from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.queues import count_messages
from ses_feedback_cli.errors import describe_error
from ses_feedback_cli.simulation.probes import PROBES, Probe, Way, notification
from ses_feedback_cli.stack_outputs import Pipeline

POLL_SECONDS = 0.5
GONE = -1
"""In place of the number of messages: there is no such queue."""


@dataclass
class Journey:
    """One mail on its way."""

    way: Way
    probe: Probe
    address: str
    published: bool = False
    """Published to the topic in SES's place, not sent."""
    maybe_sent: bool = False
    """Whether feedback may come: it was sent, or nobody knows."""
    message_id: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    """Hops seen to be done, since it was sent: accepted, recorded, blocked, told (a sender, that it may not)."""
    row: dict[str, Any] = field(default_factory=dict)
    """The history's row of its feedback."""
    allowed: bool | None = None
    """What a sender is told who asks whether the address may be mailed."""
    stopped_at: str = ""
    """The hop that was not done, or done wrong: ses, topic, queue, function, tables or sender."""
    because: str = ""

    @property
    def waits(self) -> bool:
        """Whether something must still happen."""
        if self.stopped_at or self.probe.kind is None:
            return False
        return ("told" if self.probe.reason else "recorded") not in self.seconds

    def stop(self, hop: str, because: str) -> None:
        """Give up, with the hop and what is known of it."""
        self.stopped_at, self.because = hop, because


class Simulation:
    """One run. Its addresses are its own, by a label."""

    def __init__(
        self, context: Context, ways: Sequence[Way], probes: Collection[Probe] = PROBES, *, publish: bool = False
    ) -> None:
        """``publish``: send nothing, and publish to the topics what SES would."""
        self._context = context
        self._clients: dict[tuple[str, str], Any] = {}
        self._run = secrets.token_hex(4)
        self.journeys = [
            Journey(way, probe, probe.address(f"{self._run}-{number}"), published=stands_in)
            for number, way in enumerate(ways)
            for probe in probes
            for stands_in in [publish or self._lacks(way, probe)]
            if probe.kind in way.pipelines or (probe.kind is None and not stands_in)
        ]
        self._begun: dict[str, float] = {}
        blocked, history = context.blocked_table(), context.history_table()
        self._blocked, self._history = (
            (context.dynamodb_client(blocked), blocked),
            (context.dynamodb_client(history), history),
        )
        self._blocklist = context.blocklist()
        self._before = {pipeline.name: self._depths(pipeline) for way in ways for pipeline in way.pipelines.values()}

    def send(self) -> None:
        """Send every mail, or publish what stands for it. One that SES does not accept is stopped there."""
        for one in self.journeys:
            self._begun[one.address], one.maybe_sent = time.monotonic(), True
            try:
                self._send(one)
                self._reached(one, "accepted")
            except (ClientError, BotoCoreError) as error:
                one.maybe_sent = not isinstance(error, ClientError)
                one.stop("topic" if one.published else "ses", f"not accepted: {describe_error(error)}")

    def wait(self, seconds: float, on_change: Callable[[int], None] = lambda _: None) -> None:
        """Look until all is done or the time is over, then say of the rest where it stopped."""
        deadline = time.monotonic() + seconds
        while waiting := [one for one in self.journeys if one.waits]:
            on_change(len(waiting))
            for one in waiting:
                self._look(one)
            self._ask([one for one in waiting if "blocked" in one.seconds])
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        self._ask([one for one in self.journeys if "told" not in one.seconds])
        for one in self.journeys:
            self._judge(one)

    def clean_up(self) -> tuple[int, int]:
        """Unblock the addresses of this run, also those whose feedback may still come: an unblock counts against all
        that happened before it, whenever it arrives. Returns how many acts were done, and how many failed.
        """
        sent = [
            one for one in self.journeys if "accepted" in one.seconds and (one.probe.reason or one.allowed is False)
        ]
        happened = [moment for one in sent if (moment := parse(str(one.row.get("occurred_at", ""))))]
        at = max([datetime.now(UTC), *happened]) + timedelta(milliseconds=1)
        actor = self._context.acting_name() if sent else ""
        events = [
            manual_event("unblock", one.address, actor=actor, note="ses-feedback simulate", at=at, act_id=self._run)
            for one in sent
        ]
        results = [result.outcome for _, result in event_batches.apply_events(self._context, events)]
        failed = results.count(Outcome.FAILED)
        return len(results) - failed, failed

    def _client(self, service: str, region: str) -> Any:
        if (service, region) not in self._clients:
            self._clients[service, region] = self._context.client(service, region)
        return self._clients[service, region]

    def _lacks(self, way: Way, probe: Probe) -> bool:
        """Whether SES is an emulator, which sends no automatic replies and takes no notice of configuration sets."""
        emulated = _is_loopback(self._client("ses", way.region).meta.endpoint_url)
        return emulated and (probe.name == "ooto" or way.configuration_set is not None)

    def _send(self, one: Journey) -> None:
        way, kind = one.way, one.probe.kind
        if one.published and kind:
            text = notification(way, one.probe, one.address, datetime.now(UTC))
            answer = self._client("sns", way.region).publish(TopicArn=way.pipelines[kind].topic_arn, Message=text)
        else:
            by = {"ConfigurationSetName": way.configuration_set} if way.configuration_set else {}
            words = {"Data": "A test of the way that bounces and complaints take"}
            # SendEmail of version 1: the same right and the same mail as version 2, and emulators answer it.
            answer = self._client("ses", way.region).send_email(
                Source=way.sender,
                Destination={"ToAddresses": [one.address]},
                Message={"Subject": words, "Body": {"Text": words}},
                **by,
            )
        one.message_id = str(answer["MessageId"])

    def _reached(self, one: Journey, hop: str) -> None:
        one.seconds[hop] = round(time.monotonic() - self._begun[one.address], 3)

    def _look(self, one: Journey) -> None:
        if "recorded" not in one.seconds and (row := self._row(one.address)):
            one.row = row
            self._reached(one, "recorded")
        if one.probe.reason and "recorded" in one.seconds and "blocked" not in one.seconds:
            client, name = self._blocked
            found = client.get_item(TableName=name, Key=encode({"value": one.address}), ConsistentRead=True).get("Item")
            if found and decode(found).get("reason") == one.probe.reason:
                self._reached(one, "blocked")

    def _row(self, address: str) -> dict[str, Any] | None:
        client, name = self._history
        found = client.query(
            TableName=name,
            KeyConditionExpression="#value = :value AND begins_with(entry, :feedback)",
            ExpressionAttributeNames={"#value": "value"},
            ExpressionAttributeValues=encode({":value": address, ":feedback": "feedback#"}),
            ConsistentRead=True,
            Limit=1,
        )["Items"]
        return decode(found[0]) if found else None

    def _ask(self, journeys: Sequence[Journey]) -> None:
        for one, answer in zip(journeys, self._blocklist.check([one.address for one in journeys]), strict=True):
            one.allowed = answer.allowed
            if not answer.allowed:
                self._reached(one, "told")

    def _judge(self, one: Journey) -> None:
        if one.stopped_at:
            return
        kind, reason = one.probe.kind, one.probe.reason
        if kind is None:
            if self._row(one.address):
                one.stop("tables", "the history has feedback about it, and there should be none")
        elif "recorded" not in one.seconds:
            self._find(one, one.way.pipelines[kind])
        elif reason and "blocked" not in one.seconds:
            decided = f"{one.row.get('verdict')} by the rule {one.row.get('rule')}"
            one.stop("tables", f"the history has it ({decided}), and it is not blocked for a {reason}")
        wrong = one.allowed is not (reason is None)
        if wrong and not one.stopped_at:
            one.stop("sender", f"a sender is told that it {'may' if one.allowed else 'may not'} be mailed")

    def _find(self, one: Journey, pipeline: Pipeline) -> None:
        """Where it stopped, by what the queues hold more than before."""
        now = self._depths(pipeline)
        if GONE in now:
            one.stop("queue", f"a queue of {pipeline.name} does not exist: pulumi up --refresh makes it again")
            return
        both = zip(now, self._before[pipeline.name], strict=True)
        waiting, dead, subscription_dead_letters = (max(0, after - before) for after, before in both)
        if subscription_dead_letters:
            more = f"{subscription_dead_letters} more subscription dead letters of {pipeline.name}"
            one.stop("queue", f"the topic could not deliver: {more}")
        elif dead:
            one.stop("function", f"the function gave up: {dead} more in dead-letters of {pipeline.name}")
        elif waiting:
            one.stop("function", f"{waiting} more in the queue of {pipeline.name}: is its function run, does it fail?")
        elif one.published:
            one.stop("queue", f"in no queue of {pipeline.name}: see the subscription of {pipeline.topic_arn}")
        else:
            one.stop(
                "topic",
                f"in no queue of {pipeline.name}: see whether SES still publishes to {pipeline.topic_arn} for "
                f"{one.way.name}, and whether the topic delivers (--publish leaves SES out)",
            )

    def _depths(self, pipeline: Pipeline) -> tuple[int, int, int]:
        """Messages in its queue, dead-letter queue and subscription dead-letter queue, about; or GONE."""
        sqs = self._client("sqs", pipeline.region)
        urls = (pipeline.queue_url, pipeline.dead_letter_queue_url, pipeline.subscription_dead_letter_queue_url)
        waiting, dead, subscription_dead_letters = (_depth(sqs, url) for url in urls)
        return waiting, dead, subscription_dead_letters


def _depth(sqs: Any, url: str) -> int:
    try:
        return sum(count_messages(sqs, url))
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code"))
        if not code.endswith(("NonExistentQueue", "QueueDoesNotExist")):
            raise
        return GONE


def _is_loopback(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
