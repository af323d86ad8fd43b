"""The interface between a rollout and what deploys its stacks: Pulumi and AWS, or a fake in the tests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from .plan import PlannedStack

HealthFindings = Mapping[str, int]
"""What a health check found, with a count: messages in a dead-letter queue, 1 for an alarm. Empty: healthy."""

OnProgress = Callable[[str], None]
"""Called with what is happening to a stack, such as `create bounce-queue`."""


class StackError(Exception):
    """A stack could not be previewed, updated or checked. The message is for people."""


class StoppedError(Exception):
    """An operation ended early, or did not begin, because the rollout was stopped."""


@dataclass(frozen=True)
class LostResource:
    """A resource with data (table, queue, topic, KMS key) that an update would replace or delete."""

    operation: str
    name: str

    def __str__(self) -> str:
        return f"{self.operation} {self.name}"


@dataclass(frozen=True, order=True)
class Step:
    """What an update does to one resource."""

    operation: str
    urn: str
    properties: tuple[str, ...]
    """Paths of the properties that change; none for a resource that is created or deleted."""

    def __str__(self) -> str:
        properties = f" ({', '.join(self.properties)})" if self.properties else ""
        return f"{self.operation} {self.urn.rpartition('::')[2]}{properties}"


@dataclass(frozen=True)
class Changes:
    """What an update does or would do."""

    counts: Mapping[str, int]
    """Resources by operation: create, update, delete, replace, same."""
    lost_resources: tuple[LostResource, ...] = ()
    changed_names: tuple[str, ...] = ()
    """Names of all resources that are not the same as before."""
    steps: tuple[Step, ...] = ()
    """One for each of these resources."""

    def losses_not_allowed(self, allowed_patterns: Sequence[str]) -> str:
        """The lost resources whose names match no pattern such as `bounce-*-queue`, as a list for people."""
        return ", ".join(
            str(resource)
            for resource in self.lost_resources
            if not any(fnmatchcase(resource.name, pattern) for pattern in allowed_patterns)
        )


class Deployer(Protocol):
    """Deploys stacks and checks them. Called from several threads.

    Every method raises StackError if it fails, and StoppedError after `stop`.
    """

    def account_id(self, stack: PlannedStack) -> str:
        """The id of the account that the stack's roles lead to."""

    def outputs(self, stack: PlannedStack) -> Mapping[str, object]:
        """The outputs of the stack; empty if it does not exist."""

    def preview(self, stack: PlannedStack, config: Mapping[str, object], on_progress: OnProgress) -> Changes:
        """What an update would do. Changes nothing."""

    def update(self, stack: PlannedStack, config: Mapping[str, object], on_progress: OnProgress) -> Changes:
        """Update the stack."""

    def detect_drift(self, stack: PlannedStack, config: Mapping[str, object], on_progress: OnProgress) -> Changes:
        """How AWS differs from the state after the last update. Changes nothing."""

    def check_health(self, stack: PlannedStack, outputs: Mapping[str, object]) -> HealthFindings:
        """What is wrong with a deployed stack."""

    def stop(self) -> None:
        """Stop all operations as soon as that leaves a consistent state; called again: at once."""


class RetiringDeployer(Deployer, Protocol):
    """A deployer that can also remove stacks, in the same way."""

    def exists(self, stack: PlannedStack) -> bool:
        """Whether there is such a stack."""

    def preview_destroy(self, stack: PlannedStack, on_progress: OnProgress) -> Changes:
        """What `destroy` would do. Changes nothing. Only tables count as lost: queues and topics go with a stack."""

    def destroy(self, stack: PlannedStack, on_progress: OnProgress) -> Changes:
        """Delete all resources of the stack, and then the stack itself."""

    def dead_letters(self, stack: PlannedStack, outputs: Mapping[str, object]) -> HealthFindings:
        """Messages in the dead-letter queues of a deployed stack."""
