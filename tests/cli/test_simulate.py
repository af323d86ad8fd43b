"""`ses-feedback simulate`, on moto, where a few lines stand for the function and nothing for SES's simulator.

Not proved: that SES answers these mails so; the emulator's answers are tested in tests/sandbox.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from ses_feedback.function.feedback_event import feedback_event
from ses_feedback.function.notification import parse_notification
from ses_feedback.function.verdict import Verdict, judge_all
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.writer import HistoryWriter, Outcome
from ses_feedback.history.writer import Result as HistoryResult
from ses_feedback_cli import event_batches
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.simulation import run as simulation
from ses_feedback_cli.simulation.probes import PROBES, Probe, Way, notification, ways
from ses_feedback_cli.simulation.run import Simulation
from ses_feedback_cli.stack_outputs import Pipeline
from typer.testing import Result

from tests.cli.conftest import BLOCKED, HISTORY, NOW, Tables

REGION = "eu-west-1"
FED = [probe for probe in PROBES if probe.kind]


def pipeline(kind: str, identities: Sequence[str] = ("example.com",), configuration_set: str | None = None) -> Pipeline:
    topic = f"arn:aws:sns:{REGION}:123456789012:{kind}"
    queues = (f"{kind}-queue", f"{kind}-dead-letters", f"{kind}-subscription-dead-letters")
    named = (f"{kind}-example", kind, REGION, topic)
    return Pipeline(*named, *queues, kind, kind, kind, tuple(identities), configuration_set)


def both(*identities: str, configuration_set: str | None = None) -> list[Pipeline]:
    return [pipeline(kind, identities, configuration_set) for kind in ("bounce", "complaint")]


def test_every_identity_and_the_configuration_set_are_ways() -> None:
    found = ways(both("example.com", "jane@example.org", configuration_set="main"), None)
    assert [(one.sender, one.identity, one.configuration_set) for one in found] == [
        ("simulator-check@example.com", "example.com", None),
        ("jane@example.org", "jane@example.org", None),
        ("simulator-check@example.com", "example.com", "main"),
    ]
    assert all(set(one.pipelines) == {"bounce", "complaint"} for one in found)


def test_a_sender_takes_the_ways_of_its_identities() -> None:
    pipelines = both("example.com", "example.org", configuration_set="main")
    found = ways(pipelines, "me@mail.Example.org")
    assert [(one.sender, one.identity, one.configuration_set) for one in found] == [
        ("me@mail.Example.org", "example.org", None),
        ("me@mail.Example.org", "example.org", "main"),
    ]
    with pytest.raises(UsageError, match=r"--from me@example\.net belongs to none"):
        ways(pipelines, "me@example.net")
    with pytest.raises(UsageError, match=r"--from me@notexample\.com belongs to none"):
        ways(both("example.com"), "me@notexample.com")


def test_a_configuration_set_alone_needs_a_sender() -> None:
    pipelines = both(configuration_set="main")
    with pytest.raises(UsageError, match="--from ADDRESS is needed"):
        ways(pipelines, None)
    (way,) = ways(pipelines, "me@example.com")
    assert (way.sender, way.configuration_set) == ("me@example.com", "main")


@pytest.mark.parametrize("configuration_set", [None, "main"])
@pytest.mark.parametrize("probe", FED, ids=lambda probe: probe.name)
def test_what_stands_for_ses_is_judged_as_its_own(probe: Probe, configuration_set: str | None) -> None:
    way = Way("me@example.com", REGION, "example.com", configuration_set, {"bounce": pipeline("bounce")})
    text = notification(way, probe, probe.address("x"), NOW)
    assert json.loads(text).keys() >= {"eventType" if configuration_set else "notificationType", probe.kind, "mail"}
    ((feedback, rule),) = judge_all(parse_notification(text, sent_at=NOW, now=NOW).feedback)
    assert (feedback.address, feedback.kind, feedback.identity) == (probe.address("x"), probe.kind, "example.com")
    assert (rule.verdict is Verdict.BLOCK) == (probe.reason is not None)


@dataclass
class Chain:
    """A source on moto: identity, topics, queues; and what happens after the mails are sent."""

    tables: Tables
    urls: dict[str, str]
    subscriptions: dict[str, str]
    sqs: Any
    then: Callable[[], object] = lambda: None

    def simulate(self, *arguments: str) -> Result:
        return self.tables.run("simulate", "--json", *arguments)

    def stops(self, *arguments: str) -> list[tuple[str, str | None]]:
        done = self.simulate(*arguments, "--timeout", "0")
        assert done.exit_code == 1, done.stderr
        return [(one["mail"], one["stopped_at"]) for one in map(json.loads, done.stdout.splitlines())]

    def function(self) -> None:
        """What the function does with all that waits in the queues."""
        now = datetime.now(UTC)
        for kind in ("bounce", "complaint"):
            answer = self.sqs.receive_message(QueueUrl=self.urls[f"{kind}-queue"], MaxNumberOfMessages=10)
            feedback = [
                one
                for text in answer.get("Messages", ())
                for one in parse_notification(text["Body"], sent_at=now, now=now).feedback
            ]
            events = [feedback_event(one, rule, pipeline=kind, now=now) for one, rule in judge_all(feedback)]
            HistoryWriter(BLOCKED, HISTORY, SoftBouncePolicy(), self.tables.client).apply(
                events, deadline=time.monotonic() + 10
            )


@pytest.fixture
def chain(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> Chain:
    monkeypatch.setattr(simulation, "POLL_SECONDS", 0)
    boto3.client("ses", region_name=REGION).verify_domain_identity(Domain="example.com")
    sqs, sns = boto3.client("sqs", region_name=REGION), boto3.client("sns", region_name=REGION)
    made = Chain(tables, {}, {}, sqs)
    outputs = json.loads(tables.outputs.read_text())
    for kind in ("bounce", "complaint"):
        for name in ("queue", "dead-letters", "subscription-dead-letters"):
            made.urls[f"{kind}-{name}"] = sqs.create_queue(QueueName=f"{kind}-{name}")["QueueUrl"]
        topic = sns.create_topic(Name=kind)["TopicArn"]
        queue = f"arn:aws:sqs:{REGION}:123456789012:{kind}-queue"
        raw = {"RawMessageDelivery": "true"}
        made.subscriptions[kind] = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=raw)[
            "SubscriptionArn"
        ]
        outputs.setdefault("pipelines", {})[f"{kind}-example"] = {
            "kind": kind,
            "region": REGION,
            "identities": ["example.com"],
            "topicArn": topic,
            "queueUrl": made.urls[f"{kind}-queue"],
            "deadLetterQueueUrl": made.urls[f"{kind}-dead-letters"],
            "subscriptionDeadLetterQueueUrl": made.urls[f"{kind}-subscription-dead-letters"],
            "functionName": kind,
            "logGroupName": kind,
            "roleArn": kind,
        }
    tables.outputs.write_text(json.dumps(outputs))
    send = Simulation.send

    def sent(run: Simulation) -> None:
        send(run)
        made.then()

    monkeypatch.setattr(Simulation, "send", sent)
    return made


def test_all_arrive_and_are_unblocked_afterwards(chain: Chain) -> None:
    chain.then = chain.function
    done = chain.simulate("--publish")
    assert done.exit_code == 0, done.stdout + done.stderr
    found = {one["mail"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert {name: (one["allowed"], [*one["seconds"]]) for name, one in found.items()} == {
        "bounce": (False, ["accepted", "recorded", "blocked", "told"]),
        "suppressionlist": (False, ["accepted", "recorded", "blocked", "told"]),
        "ooto": (True, ["accepted", "recorded"]),
        "complaint": (False, ["accepted", "recorded", "blocked", "told"]),
    }
    assert chain.tables.blocked() == {}


def test_kept_they_stay_blocked(chain: Chain) -> None:
    chain.then = chain.function
    assert chain.simulate("--publish", "--keep").exit_code == 0
    assert {address.split("+")[0] for address in chain.tables.blocked()} == {"bounce", "complaint", "suppressionlist"}


def test_feedback_that_comes_after_all_does_not_block_either(chain: Chain) -> None:
    assert chain.stops("--publish", "--only", "bounce") == [("bounce", "function")]
    chain.function()
    assert chain.tables.blocked() == {}


def test_an_unverified_sender_stops_at_ses(chain: Chain) -> None:
    boto3.client("ses", region_name=REGION).delete_identity(Identity="example.com")
    assert chain.stops("--only", "bounce", "--only", "success") == [("success", "ses"), ("bounce", "ses")]


def test_an_identity_without_a_topic_stops_at_the_topic(chain: Chain) -> None:
    done = chain.simulate("--only", "success", "--only", "complaint", "--timeout", "0")
    success, complaint = map(json.loads, done.stdout.splitlines())
    assert (success["stopped_at"], complaint["stopped_at"]) == (None, "topic")
    assert "arn:aws:sns:eu-west-1:123456789012:complaint" in complaint["because"]


def test_a_topic_without_its_subscription_stops_at_the_queue(chain: Chain) -> None:
    boto3.client("sns", region_name=REGION).unsubscribe(SubscriptionArn=chain.subscriptions["bounce"])
    assert chain.stops("--publish", "--only", "bounce") == [("bounce", "queue")]


def test_a_queue_that_is_gone_is_the_hop(chain: Chain) -> None:
    chain.sqs.delete_queue(QueueUrl=chain.urls["bounce-queue"])
    done = chain.simulate("--only", "bounce", "--timeout", "0")
    (told,) = map(json.loads, done.stdout.splitlines())
    assert (done.exit_code, told["stopped_at"], "does not exist" in told["because"]) == (1, "queue", True)


@pytest.mark.parametrize(
    ("queue", "hop"), [("queue", "function"), ("dead-letters", "function"), ("subscription-dead-letters", "queue")]
)
def test_what_a_queue_has_more_than_before_tells_the_hop(chain: Chain, queue: str, hop: str) -> None:
    chain.sqs.send_message(QueueUrl=chain.urls[f"bounce-{queue}"], MessageBody="there before")
    chain.then = lambda: chain.sqs.send_message(QueueUrl=chain.urls[f"bounce-{queue}"], MessageBody="came")
    done = chain.simulate("--only", "bounce", "--timeout", "0")
    (told,) = map(json.loads, done.stdout.splitlines())
    assert (told["stopped_at"], "1 more" in told["because"]) == (hop, True)


def test_ctrl_c_unblocks_too(chain: Chain) -> None:
    def interrupt() -> None:
        chain.function()
        raise KeyboardInterrupt

    chain.then = interrupt
    assert chain.simulate("--publish").exit_code == 130
    assert chain.tables.blocked() == {}


def test_a_sender_that_is_told_wrong_is_the_last_hop(chain: Chain) -> None:
    def block() -> None:
        chain.function()
        for row in chain.tables.client.scan(TableName="history")["Items"]:
            if row["value"]["S"].startswith("ooto+"):
                chain.tables.client.put_item(TableName="blocked", Item={"value": row["value"]})

    chain.then = block
    assert chain.stops("--publish", "--only", "ooto") == [("ooto", "sender")]


def test_what_could_not_be_unblocked_is_told(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    chain.then = chain.function
    failing = [(None, Outcome.RECORDED), (None, Outcome.FAILED)]
    monkeypatch.setattr(
        event_batches, "apply_events", lambda *_: [(one, HistoryResult(outcome)) for one, outcome in failing]
    )
    done = chain.simulate("--publish", "--only", "bounce")
    assert (done.exit_code, "failed: 1" in done.stderr) == (1, True)


def test_an_unknown_mail_is_refused_by_name(chain: Chain) -> None:
    done = chain.simulate("--only", "bounces")
    assert (done.exit_code, "--only bounces: success, bounce" in done.stderr) == (2, True)


def test_no_text_of_a_run_is_an_address_of_anyone_else(chain: Chain) -> None:
    chain.then = chain.function
    done = chain.tables.run("simulate", "--publish")
    assert "@" not in done.stdout + done.stderr
