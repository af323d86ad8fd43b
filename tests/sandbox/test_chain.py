"""Mails through the whole chain with the real archive; then each hop is broken once.

Not proved: that AWS accepts the resources. sandbox/README.md lists how the emulator is known to differ from AWS.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from rich.console import Console
from ses_feedback_cli.simulation.journey import HOPS
from ses_feedback_cli.simulation.mails import BOUNCE, OUT_OF_OFFICE

from sandbox import Account, DeployedStack, SandboxError, deploy
from sandbox.chain import exercise, watch
from sandbox.evidence import PipelineEvidence
from sandbox.iam_sender import Sender
from sandbox.screen import Screen

SHORT_SECONDS = 1.5  # to wait for a mail that does not arrive
Undo = Callable[[], object] | None
pytestmark = pytest.mark.xdist_group("chain")  # the shared stack, made once


def test_every_mail_becomes_what_it_must(account: Account) -> None:
    stack, written = deploy(account), io.StringIO()
    result = exercise(stack, Screen(Console(file=written, width=80)))
    assert [(journey.address, journey.failure) for journey in result.failed] == []
    assert [tuple(journey.seconds) for journey in result.journeys] == [("SES", "sender")] + [HOPS] * 5
    assert {item["value"]: item["reason"] for item in result.blocked} == {
        "bounce@simulator.amazonses.com": "bounce",
        "complaint@simulator.amazonses.com": "complaint",
        "suppressionlist@simulator.amazonses.com": "hold",
        "bounce+main@simulator.amazonses.com": "bounce",
    }
    assert [(answer.address, answer.allowed, answer.reason) for answer in result.answers] == [
        ("success@simulator.amazonses.com", True, None),
        ("bounce@simulator.amazonses.com", False, "bounce"),
        ("complaint@simulator.amazonses.com", False, "complaint"),
        ("suppressionlist@simulator.amazonses.com", False, "hold"),
        ("ooto@simulator.amazonses.com", True, None),
        ("bounce+main@simulator.amazonses.com", False, "bounce"),
    ]
    assert "bounce+main@simulator.amazonses.com (has no such mailbox, by configuration set)" in written.getvalue()
    # The sandbox's own subscription is deleted: only the pipeline's remains.
    topic = stack.outputs["pipelines"]["bounce-eu-west-1-shop-example"]["topicArn"]
    sns = account.client("sns", "eu-west-1")
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1


def _bounce(stack: DeployedStack) -> dict[str, str]:
    pipeline: dict[str, str] = stack.outputs["pipelines"]["bounce-eu-west-1-shop-example"]
    return pipeline


def _delete_identity(stack: DeployedStack) -> Undo:
    ses = stack.account.client("ses", "eu-west-1")
    ses.delete_identity(Identity="shop.example")

    def undo() -> None:
        ses.verify_domain_identity(Domain="shop.example")
        for pipeline in stack.outputs["pipelines"].values():
            ses.set_identity_notification_topic(
                Identity="shop.example", NotificationType=pipeline["kind"].capitalize(), SnsTopic=pipeline["topicArn"]
            )

    return undo


def _unset_topic(stack: DeployedStack) -> Undo:
    ses, topic = stack.account.client("ses", "eu-west-1"), _bounce(stack)["topicArn"]

    def set_topic(arn: str) -> None:
        ses.set_identity_notification_topic(Identity="shop.example", NotificationType="Bounce", SnsTopic=arn)

    set_topic("")
    return lambda: set_topic(topic)


def _forbid_topic(stack: DeployedStack) -> Undo:
    sqs, queue = stack.account.client("sqs", "eu-west-1"), _bounce(stack)["queueUrl"]
    policy = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]["Policy"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
    return lambda: sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})


def _unsubscribe(stack: DeployedStack) -> Undo:
    sns, topic = stack.account.client("sns", "eu-west-1"), _bounce(stack)["topicArn"]
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    (own,) = (each for each in subscriptions if "sandbox-subscriber" not in each["Endpoint"])
    sns.unsubscribe(SubscriptionArn=own["SubscriptionArn"])
    raw = {"RawMessageDelivery": "true"}
    return lambda: sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=own["Endpoint"], Attributes=raw)


def _disable_mapping(stack: DeployedStack) -> Undo:
    client = stack.account.client("lambda", "eu-west-1")
    mappings = client.list_event_source_mappings(FunctionName=_bounce(stack)["functionName"])["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mappings[0]["UUID"], Enabled=False)
    return lambda: client.update_event_source_mapping(UUID=mappings[0]["UUID"], Enabled=True)


def _unset_environment(stack: DeployedStack) -> Undo:
    client = stack.account.client("lambda", "eu-west-1")
    client.update_function_configuration(FunctionName=_bounce(stack)["functionName"], Environment={"Variables": {}})
    return None


def _take_rights(stack: DeployedStack) -> Undo:
    iam, role = stack.account.client("iam", "us-east-1"), _bounce(stack)["roleArn"].rsplit("/", 1)[1]
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    return None


class BreakingScreen(Screen):
    """Breaks a stack when the functions have started."""

    def __init__(self, stack: DeployedStack, break_stack: Callable[[DeployedStack], Undo]) -> None:
        super().__init__(Console(file=io.StringIO(), width=80))
        self.undo: Undo = None
        self._stack, self._break_stack = stack, break_stack

    def write_step(self, title: str, details: str, seconds: float | None = None) -> None:
        super().write_step(title, details, seconds)
        if title == "started":
            self.undo = self._break_stack(self._stack)


@pytest.fixture(scope="module")
def shared(new_account: Callable[[], Account]) -> DeployedStack:
    """A stack for breaks that can be undone."""
    return deploy(new_account(), {"ses-feedback:surgeHourlyFloor": 1_000})  # all its bounces are in one hour


@pytest.mark.parametrize(
    ("break_stack", "hop", "message"),
    [
        (_delete_identity, "SES", "Email address is not verified"),
        (_unset_topic, "SNS", "see whether SES still publishes to"),
        (_forbid_topic, "SQS", "see the subscription of"),
        (_unsubscribe, "SQS", "see the subscription of"),
        (_disable_mapping, "Lambda", "1 more in the queue of bounce-eu-west-1-shop-example"),
    ],
)
def test_the_hop_that_is_broken_is_named(
    shared: DeployedStack, break_stack: Callable[[DeployedStack], Undo], hop: str, message: str
) -> None:
    _expect_broken(shared, break_stack, hop, message)


@pytest.mark.parametrize(
    ("break_stack", "hop", "message"),
    [
        (_unset_environment, "Lambda", "if it cannot start, the emulator's log tells why"),
        (_take_rights, "DynamoDB", "the function decided, but could not record it: "),
    ],
)
def test_the_hop_that_fails_for_good_is_named(
    account: Account, break_stack: Callable[[DeployedStack], Undo], hop: str, message: str
) -> None:
    _expect_broken(deploy(account), break_stack, hop, message, seconds=20)


def _expect_broken(
    stack: DeployedStack,
    break_stack: Callable[[DeployedStack], Undo],
    hop: str,
    message: str,
    seconds: float = SHORT_SECONDS,
) -> None:
    screen = BreakingScreen(stack, break_stack)
    try:
        result = exercise(stack, screen, seconds, (BOUNCE, OUT_OF_OFFICE), ())
    finally:
        if screen.undo:
            screen.undo()
    failed, skipped = result.journeys
    assert failed.failure is not None
    # Only the function's log shows that SQS has the message.
    reached = ("SES", "SNS") if hop == "Lambda" else HOPS[: HOPS.index(hop)]
    assert (failed.failure.hop, tuple(failed.seconds)) == (hop, reached)
    assert message in failed.failure.reason
    assert skipped.skipped == "its pipeline is broken, see bounce@simulator.amazonses.com"
    assert result.answers == []


def test_a_wrong_result_is_no_broken_hop(account: Account) -> None:
    stack = deploy(account)
    mails = (
        replace(BOUNCE, reason="complaint"),
        replace(OUT_OF_OFFICE, verdict="count"),
        replace(BOUNCE, name="bounce+quiet", kind=None),
    )
    result = exercise(stack, Screen(Console(file=io.StringIO())), mails=mails, event_mails=())
    assert [(journey.failure.hop, journey.failure.broken) for journey in result.failed if journey.failure] == [
        ("DynamoDB", False),
        ("Lambda", False),
        ("SNS", False),
    ]


def test_a_log_line_that_the_emulator_holds_back_is_fetched(shared: DeployedStack) -> None:
    @dataclass
    class Holding(PipelineEvidence):
        held: bool = True

        def find_decision(self, feedback_id: str, since: float) -> tuple[Mapping[str, Any], float] | None:
            return None if self.held else super().find_decision(feedback_id, since)

        def flush_log(self) -> None:
            super().flush_log()
            self.held = False

    with watch(shared) as chain:
        bounce = chain.evidence.pipelines["bounce"]
        holding = Holding(bounce.context, bounce.pipeline, bounce.subscriber)
        chain.evidence.pipelines["bounce"] = holding
        journey = chain.follow(BOUNCE)
    assert (journey.failure, holding.held, tuple(journey.seconds)) == (None, False, HOPS)


def test_a_sender_without_the_right_is_told(shared: DeployedStack) -> None:
    writer = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": shared.outputs["blockedTableArn"]}
    outputs = {**shared.outputs, "senderPolicyJson": {"Version": "2012-10-17", "Statement": [writer]}}
    with pytest.raises(SandboxError, match="a sender with the policy that the stack exports cannot ask: BatchGetItem"):
        Sender(replace(shared, outputs=outputs)).check(["jane@example.com"])
