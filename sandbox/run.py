"""The story: deploy, send, follow, ask. It ends well only if everything is as the table of mails says."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .deployment import Stack, deploy
from .emulator import Emulator
from .errors import SandboxError
from .hops import HopError, Journey, Watch, watch
from .mails import MAILS, Mail
from .screen import Screen
from .sender import ask

if TYPE_CHECKING:
    from ses_feedback import Answer


@dataclass(frozen=True)
class Result:
    """What became of the mails."""

    journeys: list[Journey]
    answers: "list[Answer]"

    @property
    def failed(self) -> list[Journey]:
        """The mails that did not do what they must."""
        return [journey for journey in self.journeys if journey.failure]

    @property
    def slowest(self) -> float:
        """The longest time from sending to blocked, in seconds."""
        return max((journey.reached["DynamoDB"] for journey in self.journeys if journey.item), default=0.0)


def deployed(emulator: Emulator, screen: Screen) -> Stack:
    """Run the program against the emulator and tell about it."""
    begun = time.monotonic()
    with screen.working("running the program"):
        stack = deploy(emulator.account())
    screen.step("beforehand", f"made what an account already has: {', '.join(stack.prepared)}")
    screen.step("deployed", f"{len(stack.created)} resources of __main__.py", time.monotonic() - begun)
    return stack


def exercised(stack: Stack, screen: Screen, patience: float = 10, mails: Sequence[Mail] = MAILS) -> Result:
    """Send the mails one after another, follow each to its end, and ask as a sender does.

    Args:
        stack: what `deploy` gave.
        screen: where to tell about it.
        patience: seconds that each hop is waited for.
        mails: what to send and what to expect of it.

    Raises:
        SandboxError: the stack cannot be watched, or SES's setup messages are still in a queue.
    """
    with watch(stack, patience) as watching:
        _settle(watching, screen)
        watching.on_change = screen.journey
        with screen.mails():
            journeys = _send(watching, mails)
        answers: list[Answer] = []
        if not any(journey.failure and journey.failure.broken for journey in journeys):
            answers = ask(stack, [journey.mail.address for journey in journeys])
            _check_answers(journeys, answers)
        if waiting := watching.drained():
            _blame_queues(journeys, waiting)
    return Result(journeys, answers)


def _settle(watching: Watch, screen: Screen) -> None:
    begun = time.monotonic()
    with screen.working("the functions start"):
        waiting = watching.drained()
    if waiting:
        raise SandboxError(
            "the functions did not take the setup messages that SES publishes when a topic is set; still there: "
            + ", ".join(waiting)
        )
    screen.step("started", "the functions took SES's setup messages from the queues", time.monotonic() - begun)


def _send(watching: Watch, mails: Sequence[Mail]) -> list[Journey]:
    journeys: list[Journey] = []
    for mail in mails:
        if mail.needs_configuration_set and not watching.origin.configuration_set:
            journey = Journey(mail, skipped="the source has no configuration set")
        elif blocker := next((known for known in journeys if _breaks(known, mail)), None):
            journey = Journey(mail, skipped=f"its way is broken, see {blocker.mail.address}")
        else:
            journey = watching.follow(mail)
        journeys.append(journey)
    for journey in journeys:
        if journey.mail.kind is None and journey.failure is None:
            watching.check_silence(journey)
    return journeys


def _breaks(journey: Journey, mail: Mail) -> bool:
    return bool(journey.failure and journey.failure.broken and journey.mail.kind == mail.kind)


def _check_answers(journeys: Sequence[Journey], answers: "Sequence[Answer]") -> None:
    for journey, answer in zip(journeys, answers, strict=True):
        expected = journey.mail.reason
        if (
            not journey.failure
            and not journey.skipped
            and (answer.allowed, answer.reason) != (expected is None, expected)
        ):
            told = "may send" if answer.allowed else f"may not send, because of {answer.reason or answer.problem}"
            journey.failure = HopError("sender", f"a sender is told that it {told}", broken=False)


def _blame_queues(journeys: Sequence[Journey], waiting: Sequence[str]) -> None:
    """Messages left behind belong to no known mail if all arrived; then the last mail's report tells of them."""
    if not any(journey.failure for journey in journeys):
        journeys[-1].failure = HopError("SQS", f"messages stay behind: {', '.join(waiting)}", broken=False)
