"""Mails through the whole chain with the real archive, whole and broken on purpose.

Not proved: that AWS accepts the resources. The emulator is another program than SES, SNS, SQS, Lambda and DynamoDB;
sandbox/README.md lists what it is known to do differently.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from rich.console import Console

from sandbox import Account, SandboxError, Stack, deploy
from sandbox.evidence import Pipeline
from sandbox.hops import HOPS, watch
from sandbox.mails import MAILS, Mail
from sandbox.run import Result, exercised
from sandbox.screen import Screen
from sandbox.sender import ask

BOUNCE = next(mail for mail in MAILS if mail.address.startswith("bounce@"))
OUT_OF_OFFICE = next(mail for mail in MAILS if mail.address.startswith("bob@"))
SHORT = 1.5  # seconds to wait at a hop that is broken
Undo = Callable[[], object] | None
pytestmark = pytest.mark.xdist_group("chain")  # the shared stack, made once


def run(stack: Stack, mails: tuple[Mail, ...] = MAILS) -> tuple[Result, str]:
    written = io.StringIO()
    screen = Screen(Console(file=written, width=80))
    result = exercised(stack, screen, 20, mails)
    return result, written.getvalue()


def test_every_mail_becomes_what_it_must(account: Account) -> None:
    stack = deploy(account)
    result, written = run(stack)
    assert [(journey.mail.address, str(journey.failure)) for journey in result.failed] == []
    assert [tuple(journey.reached) for journey in result.journeys] == [("SES",)] + [HOPS] * 5
    assert {item["value"]: item["reason"] for item in result.blocked} == {
        "bounce@simulator.amazonses.com": "bounce",
        "complaint@simulator.amazonses.com": "complaint",
        "suppressionlist@simulator.amazonses.com": "bounce",
        "jane@example.com": "bounce",
    }
    assert [(answer.address, answer.allowed, answer.reason) for answer in result.answers] == [
        ("success@simulator.amazonses.com", True, None),
        ("bounce@simulator.amazonses.com", False, "bounce"),
        ("complaint@simulator.amazonses.com", False, "complaint"),
        ("suppressionlist@simulator.amazonses.com", False, "bounce"),
        ("bob@example.org", True, None),
        ("jane@example.com", False, "bounce"),
    ]
    assert "jane@example.com (no such mailbox, by configuration set)" in written
    # The tap is gone: the pipeline's own subscription is the only one.
    topic = stack.outputs["pipelines"]["bounce-eu-west-1-shop-example"]["topicArn"]
    sns = account.client("sns", "eu-west-1")
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1


def _bounce(stack: Stack) -> dict[str, str]:
    pipeline: dict[str, str] = stack.outputs["pipelines"]["bounce-eu-west-1-shop-example"]
    return pipeline


def _delete_identity(stack: Stack) -> Undo:
    ses = stack.account.client("ses", "eu-west-1")
    ses.delete_identity(Identity="shop.example")

    def undo() -> None:
        ses.verify_domain_identity(Domain="shop.example")
        for pipeline in stack.outputs["pipelines"].values():
            ses.set_identity_notification_topic(
                Identity="shop.example", NotificationType=pipeline["kind"].capitalize(), SnsTopic=pipeline["topicArn"]
            )

    return undo


def _unset_topic(stack: Stack) -> Undo:
    ses, topic = stack.account.client("ses", "eu-west-1"), _bounce(stack)["topicArn"]

    def set_topic(arn: str) -> None:
        ses.set_identity_notification_topic(Identity="shop.example", NotificationType="Bounce", SnsTopic=arn)

    set_topic("")
    return lambda: set_topic(topic)


def _forbid_topic(stack: Stack) -> Undo:
    sqs, queue = stack.account.client("sqs", "eu-west-1"), _bounce(stack)["queueUrl"]
    policy = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]["Policy"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
    return lambda: sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})


def _unsubscribe(stack: Stack) -> Undo:
    sns, topic = stack.account.client("sns", "eu-west-1"), _bounce(stack)["topicArn"]
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    (own,) = (each for each in subscriptions if "sandbox-tap" not in each["Endpoint"])
    sns.unsubscribe(SubscriptionArn=own["SubscriptionArn"])
    raw = {"RawMessageDelivery": "true"}
    return lambda: sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=own["Endpoint"], Attributes=raw)


def _disable_mapping(stack: Stack) -> Undo:
    client = stack.account.client("lambda", "eu-west-1")
    found = client.list_event_source_mappings(FunctionName=_bounce(stack)["functionName"])["EventSourceMappings"]
    client.update_event_source_mapping(UUID=found[0]["UUID"], Enabled=False)
    return lambda: client.update_event_source_mapping(UUID=found[0]["UUID"], Enabled=True)


def _unset_environment(stack: Stack) -> Undo:
    client = stack.account.client("lambda", "eu-west-1")
    client.update_function_configuration(FunctionName=_bounce(stack)["functionName"], Environment={"Variables": {}})
    return None


def _take_rights(stack: Stack) -> Undo:
    iam, role = stack.account.client("iam", "us-east-1"), _bounce(stack)["roleArn"].rsplit("/", 1)[1]
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    return None


class BreakingScreen(Screen):
    """Breaks a stack as soon as it is told that the functions have started."""

    def __init__(self, stack: Stack, broken: Callable[[Stack], Undo]) -> None:
        super().__init__(Console(file=io.StringIO(), width=80))
        self.undo: Undo = None
        self._stack, self._break = stack, broken

    def step(self, title: str, text: str, seconds: float | None = None) -> None:
        super().step(title, text, seconds)
        if title == "started":
            self.undo = self._break(self._stack)


@pytest.fixture(scope="module")
def shared(new_account: Callable[[], Account]) -> Stack:
    """A stack for breaks that can be undone."""
    return deploy(new_account())


@pytest.mark.parametrize(
    ("broken", "hop", "message"),
    [
        (_delete_identity, "SES", "Email address is not verified"),
        (_unset_topic, "SNS", "Look at the notification topic of the identity shop.example"),
        (_forbid_topic, "SQS", "Look at the subscription of"),
        (_unsubscribe, "SQS", "Look at the subscription of"),
        (_disable_mapping, "Lambda", "queue of bounce-eu-west-1-shop-example: 1"),
    ],
)
def test_the_hop_that_is_broken_is_named(
    shared: Stack, broken: Callable[[Stack], Undo], hop: str, message: str
) -> None:
    _expect_broken(shared, broken, hop, message)


@pytest.mark.parametrize(
    ("broken", "hop", "message"),
    [
        (_unset_environment, "Lambda", "if it cannot start, the emulator's log tells why"),
        (_take_rights, "DynamoDB", "the function decided, but could not record it: "),
    ],
)
def test_the_hop_that_fails_for_good_is_named(
    account: Account, broken: Callable[[Stack], Undo], hop: str, message: str
) -> None:
    _expect_broken(deploy(account), broken, hop, message, patience=20)


def _expect_broken(
    stack: Stack, broken: Callable[[Stack], Undo], hop: str, message: str, patience: float = SHORT
) -> None:
    screen = BreakingScreen(stack, broken)
    try:
        result = exercised(stack, screen, patience, (BOUNCE, OUT_OF_OFFICE))
    finally:
        if screen.undo:
            screen.undo()
    failed, skipped = result.journeys
    assert failed.failure is not None
    # That SQS took a message is known from the function only.
    reached = ("SES", "SNS") if hop == "Lambda" else HOPS[: HOPS.index(hop)]
    assert (failed.failure.hop, tuple(failed.reached)) == (hop, reached)
    assert message in str(failed.failure)
    assert skipped.skipped == "its way is broken, see bounce@simulator.amazonses.com"
    assert result.answers == []


def test_a_wrong_result_is_no_broken_hop(account: Account) -> None:
    stack = deploy(account)
    mails = (
        replace(BOUNCE, reason="complaint"),
        replace(OUT_OF_OFFICE, verdict="count"),
        replace(BOUNCE, address="bounce+quiet@simulator.amazonses.com", kind=None),
    )
    result, _ = run(stack, mails)
    assert [(journey.failure.hop, journey.failure.broken) for journey in result.failed if journey.failure] == [
        ("DynamoDB", False),
        ("Lambda", False),
        ("SNS", False),
    ]


def test_a_log_line_that_the_emulator_holds_back_is_fetched(shared: Stack) -> None:
    @dataclass
    class Holding(Pipeline):
        held: bool = True

        def judged(self, feedback_id: str | None, since: float) -> tuple[dict[str, Any], float] | None:
            return None if self.held else super().judged(feedback_id, since)

        def flush_log(self) -> None:
            super().flush_log()
            self.held = False

    with watch(shared, 20) as watching:
        bounce = watching.pipelines["bounce"]
        watching.pipelines["bounce"] = holding = Holding(bounce.stack, bounce.name, bounce.exported, bounce.tap)
        journey = watching.follow(BOUNCE)
    assert (journey.failure, holding.held, tuple(journey.reached)) == (None, False, HOPS)


def test_a_sender_without_the_right_is_told(shared: Stack) -> None:
    writer = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": shared.outputs["blockedTableArn"]}
    outputs = {**shared.outputs, "senderPolicyJson": {"Version": "2012-10-17", "Statement": [writer]}}
    with pytest.raises(SandboxError, match="a sender with the policy that the stack exports cannot ask: BatchGetItem"):
        ask(replace(shared, outputs=outputs), ["jane@example.com"])
