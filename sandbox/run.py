"""The story: deploy, send, follow, ask. It ends well only if everything is as the table of mails says."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .deployment import Stack, deploy
from .emulator import Emulator
from .errors import SandboxError
from .evidence import blocked_items
from .hops import SETTLE_SECONDS, HopError, Journey, Watch, tail, watch
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
    """What a sender is told about each address; empty if a hop is broken."""
    blocked: list[Mapping[str, Any]]
    """What the blocked table holds in the end."""

    @property
    def failed(self) -> list[Journey]:
        """The mails that did not do what they must."""
        return [journey for journey in self.journeys if journey.failure]

    @property
    def slowest(self) -> float:
        """The longest time from sending to blocked, in seconds."""
        return max((journey.reached["DynamoDB"] for journey in self.journeys if journey.item), default=0.0)


def deployed(emulator: Emulator, screen: Screen) -> Stack:
    """Run the program against the emulator and tell about it. Raises: SandboxError, see `deploy`."""
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
        SandboxError: the stack cannot be watched, SES's setup messages stay in a queue, a sender cannot ask, or the
            blocked table holds an address that no mail went to.
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
            _check_queues(watching, journeys)
        blocked = blocked_items(stack)
        if further := {item["value"] for item in blocked} - {journey.mail.address for journey in journeys}:
            raise SandboxError(f"the blocked table holds addresses that no mail went to: {', '.join(sorted(further))}")
    return Result(journeys, answers, blocked)


def _settle(watching: Watch, screen: Screen) -> None:
    begun = time.monotonic()
    with screen.working("the functions start"):
        waiting = watching.drained(SETTLE_SECONDS)
    for kind, found in waiting.items():
        told = tail(watching.pipelines[kind].complaints(0))
        raise SandboxError(
            f"the function of {watching.pipelines[kind].name} did not take the messages that SES publishes when a "
            f"topic is set ({', '.join(found)}). It logged: {told or 'nothing'}"
        )
    screen.step("started", "the functions took SES's setup messages from the queues", time.monotonic() - begun)


def _send(watching: Watch, mails: Sequence[Mail]) -> list[Journey]:
    journeys: list[Journey] = []
    for mail in mails:
        blocker = next((known for known in journeys if _breaks(known, mail)), None)
        if mail.needs_configuration_set and not watching.origin.configuration_set:
            journeys.append(Journey(mail, skipped="the source has no configuration set"))
        elif blocker:
            journeys.append(Journey(mail, skipped=f"its way is broken, see {blocker.mail.address}"))
        else:
            journeys.append(watching.follow(mail))
    for journey in journeys:
        if journey.mail_id and journey.mail.kind is None:
            watching.check_silence(journey)
    return journeys


def _breaks(journey: Journey, mail: Mail) -> bool:
    return bool(journey.failure and journey.failure.broken and journey.mail.kind == mail.kind)


def _check_answers(journeys: Sequence[Journey], answers: "Sequence[Answer]") -> None:
    for journey, answer in zip(journeys, answers, strict=True):
        reason = journey.mail.reason
        right = (answer.allowed, answer.reason) == (reason is None, reason)
        if not (right or journey.failure or journey.skipped):
            told = "may send" if answer.allowed else f"may not send, because of {answer.reason or answer.problem}"
            journey.failure = HopError("sender", f"a sender is told that it {told}", broken=False)


def _check_queues(watching: Watch, journeys: Sequence[Journey]) -> None:
    """Decided is not yet done: a function that fails afterwards leaves its message in the queue."""
    waiting: Mapping[str, list[str]] = watching.drained(watching.patience)
    for journey in journeys:
        kind = journey.mail.kind
        if kind and kind in waiting and journey.failure is None:
            told = tail(watching.pipelines[kind].complaints(0)) or "nothing"
            text = f"the function did not acknowledge everything ({', '.join(waiting[kind])}). It logged: {told}"
            journey.failure = HopError("Lambda", text, broken=False)
