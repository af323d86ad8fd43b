"""What a rule is, and how the engine's analyzer runs it."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policy.path import FeedbackPath
from policy.seen import Seen
from policy.wiring import every

Config = Mapping[str, Any]
ADVISORY, MANDATORY = EnforcementLevel.ADVISORY, EnforcementLevel.MANDATORY
LOW, MEDIUM, HIGH, CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL


@dataclass(frozen=True)
class Setting:
    """A parameter of a rule, which the configuration of the pack may set."""

    default: Any
    meaning: str
    schema: Mapping[str, Any]
    """What the value may be, as JSON schema."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One promise that a stack must keep."""

    name: str
    says: str
    severity: Severity
    level: EnforcementLevel
    fix: str
    """What to do about a violation."""
    url: str
    looks_at: str
    """What the subjects are, in the plural."""
    subjects: Callable[[FeedbackPath], list[PolicyResource]]
    problems: Callable[[PolicyResource, FeedbackPath, Config], Iterable[str]]
    """What is wrong with one subject, each in a sentence; raises `UnknownValueError`."""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    on: str = ""
    """The setting without which the rule has nothing to ask; empty for a rule that is always on."""
    early: bool = False
    """Whether an update stops before it makes the resource that would let feedback in; `problems` then minds
    `FeedbackPath.growing`."""

    def configured(self, given: Config) -> Config:
        """The settings with their defaults."""
        return {name: given.get(name, setting.default) for name, setting in self.settings.items()}

    def found(self, path: FeedbackPath, given: Config) -> Iterator[tuple[str, str]]:
        """(message, URN) of what is wrong. All that is known is judged before an unknown value is raised."""
        config = self.configured(given)
        if not self.on or config[self.on]:
            yield from every(self._of(subject, path, config) for subject in self.subjects(path))

    def _of(self, subject: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[tuple[str, str]]:
        for problem in self.problems(subject, path, config):
            yield f"{subject.name}: {problem} {self.fix}", subject.urn

    def policy(self, seen: Seen) -> Policy:
        """The rule as the analyzer takes it."""
        properties = {
            name: {**setting.schema, "default": setting.default, "description": setting.meaning}
            for name, setting in self.settings.items()
        }

        def validate(args: Any, report: ReportViolation) -> None:
            _validate(self, seen, args, report)

        return (_TwicePolicy if self.early else StackValidationPolicy)(
            name=self.name,
            description=self.says,
            validate=validate,
            enforcement_level=self.level,
            config_schema=PolicyConfigSchema(properties) if properties else None,
            severity=self.severity,
            remediation_steps=self.fix,
            url=self.url,
        )


class _TwicePolicy(ResourceValidationPolicy, StackValidationPolicy):
    """A policy that the engine asks before it makes a resource, and again about the whole stack; one name, one level.

    The constructors of its bases take only their own validation; this one stands for both.
    """

    def __init__(self, *, validate: Callable[[Any, ReportViolation], None], **given: Any) -> None:
        Policy.__init__(self, **given)
        self._validate = validate

    def validate(self, args: Any, report_violation: ReportViolation) -> None:
        self._validate(args, report_violation)

    def has_validation(self) -> bool:
        return True

    def has_remediation(self) -> bool:
        return False


def _validate(
    rule: Rule, seen: Seen, args: ResourceValidationArgs | StackValidationArgs, report: ReportViolation
) -> None:
    config = args.get_config()
    if isinstance(args, StackValidationArgs):
        for message, urn in rule.found(seen.whole(args.resources), config):
            if (rule.name, message) not in seen.said:
                report(message, urn)
        return
    path = seen.with_next(args)
    if os.environ.get("PULUMI_DRY_RUN") == "true":
        return  # nothing is made; the whole stack is judged in a moment
    with suppress(UnknownValueError):
        for message, urn in rule.found(path, config):
            if (rule.name, message) not in seen.said:
                seen.said.add((rule.name, message))
                report(message, urn)


COUNT = {"type": "integer", "minimum": 1}
TEXTS = {"type": "array", "items": {"type": "string"}}
FLAG = {"type": "boolean"}
