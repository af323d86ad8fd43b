"""What a rule is, and what it finds."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

RUNBOOKS = "docs/operations.md"


class Severity(Enum):
    """How bad it is."""

    ERROR = "error"
    """Feedback or mail is lost or late, now."""
    WARNING = "warning"
    """Something that must work one day will not, or nobody can tell."""
    INFO = "info"
    """A matter of taste."""


class Subject(Protocol):
    """Facts that rules can be about."""

    @property
    def account(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def about(self) -> str: ...
    def names(self) -> Mapping[str, object]: ...


F = TypeVar("F")
Found = Iterable[Mapping[str, object]]
"""What breaks a rule, each with the names that its texts use beside those of the facts."""


@dataclass(frozen=True)
class Rule(Generic[F]):
    """Something that can be broken. `says` and `mend` are texts with {names}."""

    id: str
    severity: Severity
    anchor: str
    """The section of its runbook."""
    says: str
    mend: str
    find: Callable[[F], Found]


@dataclass(frozen=True)
class Finding:
    """Something that is broken."""

    id: str
    severity: Severity
    account: str
    region: str
    about: str
    """The pipeline's name, or: blocked table, history table, account."""
    says: str
    mend: str
    runbook: str


def found(rule: Rule[F], facts: F, subject: Subject) -> Iterable[Finding]:
    """What a rule finds in facts."""
    for names in rule.find(facts):
        texts = {**subject.names(), **names}
        yield Finding(
            rule.id,
            rule.severity,
            subject.account,
            subject.region,
            subject.about,
            rule.says.format(**texts),
            rule.mend.format(**texts),
            f"{RUNBOOKS}#{rule.anchor}",
        )


def when(broken: object) -> Found:
    """One finding without further names, if something is so."""
    return [{}] if broken else []
