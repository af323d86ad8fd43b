"""What a rule is, and how the engine's analyzer runs it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policy.path import FeedbackPath, find

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

    def configured(self, given: Config) -> Config:
        """The settings with their defaults."""
        return {name: given.get(name, setting.default) for name, setting in self.settings.items()}

    def check(self, path: FeedbackPath, given: Config, report: ReportViolation) -> None:
        """Report what is wrong. Every subject is judged before a value that is unknown in a preview is raised."""
        config = self.configured(given)
        if self.on and not config[self.on]:
            return
        unknown: UnknownValueError | None = None
        for subject in self.subjects(path):
            try:
                for problem in self.problems(subject, path, config):
                    report(f"{subject.name}: {problem} {self.fix}", subject.urn)
            except UnknownValueError as error:
                unknown = unknown or error
        if unknown:
            raise unknown

    def policy(self) -> StackValidationPolicy:
        """The rule as the analyzer takes it."""

        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            self.check(find(args.resources), args.get_config(), report)

        properties = {
            name: {**setting.schema, "default": setting.default, "description": setting.meaning}
            for name, setting in self.settings.items()
        }
        return StackValidationPolicy(
            name=self.name,
            description=self.says,
            validate=validate,
            enforcement_level=self.level,
            config_schema=PolicyConfigSchema(properties) if properties else None,
            severity=self.severity,
            remediation_steps=self.fix,
            url=self.url,
        )


COUNT = {"type": "integer", "minimum": 1}
TEXTS = {"type": "array", "items": {"type": "string"}}
FLAG = {"type": "boolean"}
