"""What a rollout asks of whatever carries it out: the Pulumi engine and AWS, or a fake in the tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from .plan import PlannedStack

Health = Mapping[str, int]
"""What is not as it should be, and how much of it: messages in a dead-letter queue, 1 for an alarm. Empty: all well."""

Tell = Callable[[str], None]
"""Takes what a stack is doing right now, in a few words."""


class StackError(Exception):
    """A stack could not be previewed, updated or looked at. The text is for people."""


class StoppedError(Exception):
    """What was under way was told to stop, and has stopped."""


@dataclass(frozen=True)
class Changes:
    """What an update does or would do: resources by operation, and those among them that hold data."""

    counts: Mapping[str, int]
    lost: tuple[str, ...] = ()
    """Resources with data (tables, queues, topics, keys) that would be replaced or deleted, by name."""
    names: tuple[str, ...] = ()
    """Every resource that is not the same, by name."""


class Executor(Protocol):
    """Every method raises StackError when it cannot, and StoppedError after `stop`. Called from several threads."""

    def account(self, stack: PlannedStack) -> str:
        """The id of the account that the stack's roles lead to."""

    def outputs(self, stack: PlannedStack) -> Mapping[str, object]:
        """What the stack exports; nothing if it does not exist."""

    def preview(self, stack: PlannedStack, config: Mapping[str, object], tell: Tell) -> Changes:
        """What an update would do. Changes nothing."""

    def up(self, stack: PlannedStack, config: Mapping[str, object], tell: Tell) -> Changes:
        """Update the stack."""

    def drift(self, stack: PlannedStack, config: Mapping[str, object], tell: Tell) -> Changes:
        """What is no longer as the last update left it. Changes nothing."""

    def health(self, stack: PlannedStack, outputs: Mapping[str, object]) -> Health:
        """What is wrong with a stack that is up."""

    def stop(self) -> None:
        """Tell everything under way to stop as soon as it can do so cleanly; once more: at once."""
