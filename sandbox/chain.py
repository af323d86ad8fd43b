"""Sends mails through a deployed stack, follows each one, and asks about its address as a sender does."""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ses_feedback import Answer
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.simulation.follower import Follower
from ses_feedback_cli.simulation.journey import Failure, Journey, ignore
from ses_feedback_cli.simulation.mails import BOUNCE, MAILS, Mail
from ses_feedback_cli.simulation.origins import Origin, read_origins

from .deployment import DeployedStack
from .errors import SandboxError
from .evidence import ChainEvidence, PipelineEvidence
from .iam_sender import Sender
from .screen import Screen
from .stack_context import blocked_items, context_of
from .subscriber import subscribed

POLL_SECONDS = 0.02
START_SECONDS = 30  # for the first start of the functions on a busy machine
FOLLOW_SECONDS = 20


@dataclass(frozen=True)
class Result:
    """The mails that were sent, and the blocked table afterwards."""

    journeys: list[Journey]
    blocked: list[Mapping[str, Any]]

    @property
    def failed(self) -> list[Journey]:
        """The mails with a wrong result."""
        return [journey for journey in self.journeys if journey.failure]

    @property
    def answers(self) -> list[Answer]:
        """The sender's answers, one per address; empty if a hop is broken."""
        if any(journey.is_broken for journey in self.journeys):
            return []
        return [journey.answer for journey in self.journeys if journey.answer]

    @property
    def slowest(self) -> float:
        """The longest time from sending to blocked, in seconds."""
        return max((journey.seconds["DynamoDB"] for journey in self.journeys if journey.item), default=0.0)


@dataclass
class Chain:
    """The way from SES to a sender, for one source of a stack."""

    follower: Follower
    evidence: ChainEvidence
    origins: list[Origin]
    """The first identity, and the configuration set if the source has one."""

    def follow(self, mail: Mail, seconds: float = FOLLOW_SECONDS) -> Journey:
        """Send one mail by the identity and wait until it has reached every hop."""
        journey = self.follower.plan(self.origins[0], mail)
        self.follower.send([journey])
        self.follower.follow([journey], seconds)
        return journey

    def wait_until_drained(self, seconds: float) -> dict[str, list[str]]:
        """Wait until no queue of the pipelines holds a message; return those that still do, by kind."""
        deadline = time.monotonic() + seconds
        while True:
            waiting = {kind: pipeline.messages_waiting() for kind, pipeline in self.evidence.pipelines.items()}
            if not any(waiting.values()) or time.monotonic() > deadline:
                return {kind: queues for kind, queues in waiting.items() if queues}
            time.sleep(POLL_SECONDS)


@contextlib.contextmanager
def watch(stack: DeployedStack, tables: DeployedStack | None = None) -> Iterator[Chain]:
    """Watch the pipelines of a stack's first source that has an identity, for the length of a block.

    Args:
        stack: what `deploy` gave.
        tables: the stack with the tables and the policy for senders, if that is another stack.

    Raises:
        SandboxError: no source has an identity.
    """
    context = context_of(stack)
    try:
        origins = read_origins(pipeline for pipeline in context.pipelines() if pipeline.identities)
    except UsageError as error:
        raise SandboxError("no source of Pulumi.sandbox.yaml has an identity to send from") from error
    first = origins[0]
    by_configuration_set = [
        origin for origin in origins if origin.configuration_set and origin.pipelines == first.pipelines
    ]
    with contextlib.ExitStack() as subscriptions:
        pipelines = {}
        for kind, pipeline in first.pipelines.items():
            subscriber = subscriptions.enter_context(subscribed(stack.account, first.region, pipeline.topic_arn))
            pipelines[kind] = PipelineEvidence(context, pipeline, subscriber)
        evidence = ChainEvidence(context, pipelines)
        follower = Follower(context, evidence, Sender(tables or stack).check, POLL_SECONDS, describe_error=str)
        yield Chain(follower, evidence, [first, *by_configuration_set])


def exercise(
    stack: DeployedStack,
    screen: Screen,
    seconds: float = FOLLOW_SECONDS,
    mails: Sequence[Mail] = MAILS,
    event_mails: Sequence[Mail] = (BOUNCE,),
) -> Result:
    """Send the mails one after another, follow each one, and ask about its address as a sender does.

    Args:
        stack: what `deploy` gave.
        screen: where to show them.
        seconds: how long each mail is waited for.
        mails: to send by the first identity.
        event_mails: to send by its source's configuration set, if it has one.

    Raises:
        SandboxError: the stack cannot be watched, SES's setup messages stay in a queue, a sender cannot ask, or the
            blocked table holds an address that no mail went to.
    """
    with watch(stack) as chain:
        _wait_for_start(chain, screen)
        plan, (origin, *by_configuration_set) = chain.follower.plan, chain.origins
        journeys = [plan(origin, mail) for mail in mails]
        journeys += [
            plan(each, mail, str(each.configuration_set)) for each in by_configuration_set for mail in event_mails
        ]
        with screen.live_mails():
            _send(chain.follower, journeys, seconds, screen)
        chain.follower.finish(journeys)
        if not any(journey.is_broken for journey in journeys):
            _check_queues(chain, journeys, seconds)
    blocked = blocked_items(stack)
    if others := {item["value"] for item in blocked} - {journey.address for journey in journeys}:
        raise SandboxError(f"the blocked table holds addresses that no mail went to: {', '.join(sorted(others))}")
    return Result(journeys, blocked)


def _wait_for_start(chain: Chain, screen: Screen) -> None:
    started_at = time.monotonic()
    with screen.spinner("the functions start"):
        waiting = chain.wait_until_drained(START_SECONDS)
    for kind, queues in waiting.items():
        evidence = chain.evidence.pipelines[kind]
        raise SandboxError(
            f"the function of {evidence.pipeline.name} did not process the messages that SES publishes when a topic "
            f"is set ({', '.join(queues)}). It logged: {evidence.read_problems(0) or 'nothing'}"
        )
    screen.write_step("started", "the functions have processed SES's setup messages", time.monotonic() - started_at)


def _send(follower: Follower, journeys: Sequence[Journey], seconds: float, screen: Screen) -> None:
    """Send one mail after another, so that they do not slow each other down; none to a pipeline that is broken."""
    for number, journey in enumerate(journeys):
        broken_ones = (each for each in journeys[:number] if each.mail.kind == journey.mail.kind and each.is_broken)
        if broken := next(broken_ones, None):
            journey.skipped = f"its pipeline is broken, see {broken.address}"
            continue
        screen.show_journey(journey)
        journey.on_change = screen.show_journey
        follower.send([journey])
        follower.follow([journey], seconds)
        journey.on_change = ignore  # the checks of `finish` are written at the end


def _check_queues(chain: Chain, journeys: Sequence[Journey], seconds: float) -> None:
    """Fail the mails whose queue is not empty: a function that fails after its decision leaves its message there."""
    waiting = chain.wait_until_drained(seconds)
    for journey in journeys:
        kind = journey.mail.kind
        if kind in waiting and journey.failure is None:
            logged = chain.evidence.pipelines[kind].read_problems(0) or "nothing"
            problem = f"the function did not acknowledge everything ({', '.join(waiting[kind])}). It logged: {logged}"
            journey.fail(Failure("Lambda", problem, broken=False))
