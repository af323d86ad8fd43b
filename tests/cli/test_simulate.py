"""`ses-feedback simulate` on moto. A method below takes the place of the function; there is no mailbox simulator.

Not proved: the feedback that SES gives for these mails; tests/sandbox tests that of the emulator.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from ses_feedback.function.envelope import UnreadableError
from ses_feedback.function.feedback_event import feedback_event
from ses_feedback.function.notification import parse_notification
from ses_feedback.function.origin import Source, check_origin
from ses_feedback.function.verdict import Verdict, judge_all
from ses_feedback.history.writer import HistoryWriter, Outcome
from ses_feedback.history.writer import Result as HistoryResult
from ses_feedback_cli import event_batches
from ses_feedback_cli.commands import simulate
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.simulation.follower import Follower
from ses_feedback_cli.simulation.journey import Journey
from ses_feedback_cli.simulation.mails import MAILS, Mail
from ses_feedback_cli.simulation.notification_builder import build_notification
from ses_feedback_cli.simulation.origins import Origin, read_origins
from ses_feedback_cli.stack_outputs import Pipeline
from typer.testing import Result

from tests.cli.conftest import BLOCKED, HISTORY, NOW, Tables

REGION = "eu-west-1"
WITH_FEEDBACK = [mail for mail in MAILS if mail.kind]


def build_pipeline(
    kind: str, identities: Sequence[str] = ("example.com",), configuration_set: str | None = None
) -> Pipeline:
    topic_arn = f"arn:aws:sns:{REGION}:123456789012:{kind}"
    queue_urls = (f"{kind}-queue", f"{kind}-dead-letters", f"{kind}-subscription-dead-letters")
    return Pipeline(
        f"{kind}-example", kind, REGION, topic_arn, *queue_urls, kind, kind, kind, tuple(identities), configuration_set
    )


def bounce_and_complaint(*identities: str, configuration_set: str | None = None) -> list[Pipeline]:
    return [build_pipeline(kind, identities, configuration_set) for kind in ("bounce", "complaint")]


def test_every_identity_and_the_configuration_set_are_origins() -> None:
    origins = read_origins(bounce_and_complaint("example.com", "jane@example.org", configuration_set="main"))
    assert [(origin.sender, origin.identity, origin.configuration_set) for origin in origins] == [
        ("simulator-check@example.com", "example.com", None),
        ("jane@example.org", "jane@example.org", None),
        ("simulator-check@example.com", "example.com", "main"),
    ]
    assert all(set(origin.pipelines) == {"bounce", "complaint"} for origin in origins)


def test_a_sender_takes_the_origins_of_its_identities() -> None:
    pipelines = bounce_and_complaint("example.com", "example.org", configuration_set="main")
    origins = read_origins(pipelines, "me@mail.Example.org")
    assert [(origin.sender, origin.identity, origin.configuration_set) for origin in origins] == [
        ("me@mail.Example.org", "example.org", None),
        ("me@mail.Example.org", "example.org", "main"),
    ]
    with pytest.raises(UsageError, match=r"--from me@example\.net belongs to none"):
        read_origins(pipelines, "me@example.net")
    with pytest.raises(UsageError, match=r"--from me@notexample\.com belongs to none"):
        read_origins(bounce_and_complaint("example.com"), "me@notexample.com")


def test_a_configuration_set_alone_needs_a_sender() -> None:
    pipelines = bounce_and_complaint(configuration_set="main")
    with pytest.raises(UsageError, match="--from ADDRESS is needed"):
        read_origins(pipelines)
    (origin,) = read_origins(pipelines, "me@example.com")
    assert (origin.sender, origin.configuration_set) == ("me@example.com", "main")


@pytest.mark.parametrize("configuration_set", [None, "main"])
@pytest.mark.parametrize("mail", WITH_FEEDBACK, ids=lambda mail: mail.name)
def test_what_stands_for_ses_is_judged_as_its_own(mail: Mail, configuration_set: str | None) -> None:
    pipelines = {pipeline.kind: pipeline for pipeline in bounce_and_complaint()}
    origin = Origin("me@example.com", REGION, "example.com", configuration_set, pipelines)
    message = build_notification(origin, mail, mail.address("x"), NOW)
    assert json.loads(message).keys() >= {"eventType" if configuration_set else "notificationType", mail.kind, "mail"}
    notification = parse_notification(message, sent_at=NOW, now=NOW)
    check_origin(notification.origin, Source("123456789012", REGION, ("example.com",), configuration_set or ""))
    with pytest.raises(UnreadableError, match="another account"):  # it names its account
        check_origin(notification.origin, Source("210987654321"))
    ((feedback, rule),) = judge_all(notification.feedback)
    assert (feedback.address, feedback.kind, feedback.identity) == (mail.address("x"), mail.kind, "example.com")
    assert rule.verdict.value == mail.verdict
    assert (rule.verdict in {Verdict.BLOCK, Verdict.HOLD}) == (mail.reason is not None)


def written_mails(result: Result) -> list[dict[str, Any]]:
    """What --json writes, one object for each mail."""
    return [json.loads(line) for line in result.stdout.splitlines()]


@dataclass
class Chain:
    """A source on moto: identity, topics, queues."""

    tables: Tables
    urls: dict[str, str]
    subscriptions: dict[str, str]
    sqs: Any
    after_sending: Callable[[], object] = lambda: None

    def simulate(self, *arguments: str) -> Result:
        return self.tables.run("simulate", "--json", *arguments)

    def stopped_at(self, *arguments: str) -> list[tuple[str, str | None]]:
        result = self.simulate(*arguments, "--timeout", "0")
        assert result.exit_code == 1, result.stderr
        return [(mail["mail"], mail["stopped_at"]) for mail in written_mails(result)]

    def run_function(self) -> None:
        """Record the feedback of every message in the queues, as the function does."""
        now = datetime.now(UTC)
        for kind in ("bounce", "complaint"):
            response = self.sqs.receive_message(QueueUrl=self.urls[f"{kind}-queue"], MaxNumberOfMessages=10)
            feedback = [
                feedback
                for message in response.get("Messages", ())
                for feedback in parse_notification(message["Body"], sent_at=now, now=now).feedback
            ]
            events = [feedback_event(judged, rule, pipeline=kind, now=now) for judged, rule in judge_all(feedback)]
            HistoryWriter(BLOCKED, HISTORY, self.tables.client).apply(events, deadline=time.monotonic() + 10)


@pytest.fixture
def chain(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> Chain:
    monkeypatch.setattr(simulate, "POLL_SECONDS", 0)
    boto3.client("ses", region_name=REGION).verify_domain_identity(Domain="example.com")
    sqs, sns = boto3.client("sqs", region_name=REGION), boto3.client("sns", region_name=REGION)
    chain = Chain(tables, {}, {}, sqs)
    outputs = json.loads(tables.outputs.read_text())
    for kind in ("bounce", "complaint"):
        for name in ("queue", "dead-letters", "subscription-dead-letters"):
            chain.urls[f"{kind}-{name}"] = sqs.create_queue(QueueName=f"{kind}-{name}")["QueueUrl"]
        topic_arn = sns.create_topic(Name=kind)["TopicArn"]
        queue_arn = f"arn:aws:sqs:{REGION}:123456789012:{kind}-queue"
        chain.subscriptions[kind] = sns.subscribe(
            TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"}
        )["SubscriptionArn"]
        outputs.setdefault("pipelines", {})[f"{kind}-example"] = {
            "kind": kind,
            "region": REGION,
            "identities": ["example.com"],
            "topicArn": topic_arn,
            "queueUrl": chain.urls[f"{kind}-queue"],
            "deadLetterQueueUrl": chain.urls[f"{kind}-dead-letters"],
            "subscriptionDeadLetterQueueUrl": chain.urls[f"{kind}-subscription-dead-letters"],
            "functionName": kind,
            "logGroupName": kind,
            "roleArn": kind,
        }
    tables.outputs.write_text(json.dumps(outputs))
    send = Follower.send

    def send_and_continue(follower: Follower, journeys: Sequence[Journey]) -> None:
        send(follower, journeys)
        chain.after_sending()

    monkeypatch.setattr(Follower, "send", send_and_continue)
    return chain


def test_all_arrive_and_are_unblocked_afterwards(chain: Chain) -> None:
    chain.after_sending = chain.run_function
    result = chain.simulate("--publish")
    assert result.exit_code == 0, result.stdout + result.stderr
    assert {mail["mail"]: (mail["allowed"], [*mail["seconds"]]) for mail in written_mails(result)} == {
        "bounce": (False, ["SES", "Lambda", "DynamoDB", "sender"]),
        "suppressionlist": (False, ["SES", "Lambda", "DynamoDB", "sender"]),
        "ooto": (True, ["SES", "Lambda", "DynamoDB", "sender"]),
        "complaint": (False, ["SES", "Lambda", "DynamoDB", "sender"]),
    }
    assert chain.tables.blocked() == {}


def test_kept_they_stay_blocked(chain: Chain) -> None:
    chain.after_sending = chain.run_function
    assert chain.simulate("--publish", "--keep").exit_code == 0
    assert {address.split("+")[0] for address in chain.tables.blocked()} == {"bounce", "complaint", "suppressionlist"}


def test_feedback_that_comes_after_all_does_not_block_either(chain: Chain) -> None:
    assert chain.stopped_at("--publish", "--only", "bounce") == [("bounce", "Lambda")]
    chain.run_function()
    assert chain.tables.blocked() == {}


def test_an_unverified_sender_stops_at_ses(chain: Chain) -> None:
    boto3.client("ses", region_name=REGION).delete_identity(Identity="example.com")
    assert chain.stopped_at("--only", "bounce", "--only", "success") == [("success", "SES"), ("bounce", "SES")]


def test_an_identity_without_a_topic_stops_at_the_topic(chain: Chain) -> None:
    result = chain.simulate("--only", "success", "--only", "complaint", "--timeout", "0")
    success, complaint = written_mails(result)
    assert (success["stopped_at"], complaint["stopped_at"]) == (None, "SNS")
    assert "arn:aws:sns:eu-west-1:123456789012:complaint" in complaint["reason"]


def test_a_topic_without_its_subscription_stops_at_the_queue(chain: Chain) -> None:
    boto3.client("sns", region_name=REGION).unsubscribe(SubscriptionArn=chain.subscriptions["bounce"])
    assert chain.stopped_at("--publish", "--only", "bounce") == [("bounce", "SQS")]


def test_a_queue_that_is_gone_is_the_hop(chain: Chain) -> None:
    chain.sqs.delete_queue(QueueUrl=chain.urls["bounce-queue"])
    result = chain.simulate("--only", "bounce", "--timeout", "0")
    (mail,) = written_mails(result)
    assert (result.exit_code, mail["stopped_at"], "does not exist" in mail["reason"]) == (1, "SQS", True)


@pytest.mark.parametrize(
    ("queue", "hop"), [("queue", "Lambda"), ("dead-letters", "Lambda"), ("subscription-dead-letters", "SQS")]
)
def test_what_a_queue_has_more_than_before_tells_the_hop(chain: Chain, queue: str, hop: str) -> None:
    chain.sqs.send_message(QueueUrl=chain.urls[f"bounce-{queue}"], MessageBody="there before")
    chain.after_sending = lambda: chain.sqs.send_message(QueueUrl=chain.urls[f"bounce-{queue}"], MessageBody="came")
    result = chain.simulate("--only", "bounce", "--timeout", "0")
    (mail,) = written_mails(result)
    assert (mail["stopped_at"], "1 more" in mail["reason"]) == (hop, True)


def test_ctrl_c_unblocks_too(chain: Chain) -> None:
    def interrupt() -> None:
        chain.run_function()
        raise KeyboardInterrupt

    chain.after_sending = interrupt
    assert chain.simulate("--publish").exit_code == 130
    assert chain.tables.blocked() == {}


def test_a_sender_that_is_told_wrong_is_the_last_hop(chain: Chain) -> None:
    def block() -> None:
        chain.run_function()
        for row in chain.tables.client.scan(TableName="history")["Items"]:
            if row["value"]["S"].startswith("ooto+"):
                chain.tables.client.put_item(TableName="blocked", Item={"value": row["value"]})

    chain.after_sending = block
    assert chain.stopped_at("--publish", "--only", "ooto") == [("ooto", "sender")]


def test_what_could_not_be_unblocked_is_told(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    chain.after_sending = chain.run_function
    outcomes = [Outcome.RECORDED, Outcome.FAILED]
    monkeypatch.setattr(
        event_batches, "apply_events", lambda *_: [(None, HistoryResult(outcome)) for outcome in outcomes]
    )
    result = chain.simulate("--publish", "--only", "bounce")
    assert (result.exit_code, "failed: 1" in result.stderr) == (1, True)


def test_an_unknown_mail_is_refused_by_name(chain: Chain) -> None:
    result = chain.simulate("--only", "bounces")
    assert (result.exit_code, "--only bounces: success, bounce" in result.stderr) == (2, True)


def test_no_text_of_a_run_is_an_address_of_anyone_else(chain: Chain) -> None:
    chain.after_sending = chain.run_function
    result = chain.tables.run("simulate", "--publish")
    assert "@" not in result.stdout + result.stderr
