"""A rule of the doctor, and the findings that it gives."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

RUNBOOKS = "docs/operations.md"
REFRESH = "pulumi up --refresh"
"""The command that restores most settings."""


class Severity(Enum):
    """How serious a finding is."""

    ERROR = "error"
    """Feedback or mail is lost or late now."""
    WARNING = "warning"
    """A safeguard is missing, or something could not be inspected."""
    INFO = "info"
    """Works, but may not be intended."""


class Observation(Protocol):
    """What a rule judges: a pipeline, a table or an account."""

    @property
    def account(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def subject(self) -> str: ...
    def template_values(self) -> Mapping[str, object]: ...


T = TypeVar("T")
ObservationT = TypeVar("ObservationT", bound=Observation)
Fault = Mapping[str, object]
"""One violation of a rule: the values that the rule's texts refer to, besides those of the observation."""


@dataclass(frozen=True)
class Rule(Generic[T]):
    """Something that can be wrong. ``message`` and ``remediation`` are templates with {values}."""

    id: str
    severity: Severity
    anchor: str
    """The section of docs/operations.md that is its runbook."""
    message: str
    remediation: str
    condition: Callable[[T], bool | Iterable[Fault]]
    """Gives the faults of an observation. True stands for one fault without values of its own."""

    def faults(self, observation: T) -> list[Fault]:
        """The faults of an observation; empty if the rule is kept."""
        faults = self.condition(observation)
        if isinstance(faults, bool):
            return [{}] if faults else []
        return list(faults)


@dataclass(frozen=True)
class Finding:
    """A fault of a pipeline, a table or an account, and how to repair it."""

    id: str
    severity: Severity
    account: str
    region: str
    subject: str
    """The pipeline's name, `blocked table`, `history table`, `account` or `not inspected`."""
    message: str
    remediation: str
    runbook: str


def findings_of(rule: Rule[ObservationT], observation: ObservationT) -> Iterator[Finding]:
    """The findings of a rule about a pipeline, a table or an account."""
    for fault in rule.faults(observation):
        values = {**observation.template_values(), **fault}
        yield Finding(
            rule.id,
            rule.severity,
            observation.account,
            observation.region,
            observation.subject,
            rule.message.format(**values),
            rule.remediation.format(**values),
            f"{RUNBOOKS}#{rule.anchor}",
        )
