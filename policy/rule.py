"""Defines what a rule is, and how it runs as a Pulumi policy."""

from collections.abc import Callable, Iterable, Mapping, Sequence
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

from policy.feedback_path import FeedbackPath
from policy.properties import describe
from policy.recorded_inputs import RecordedInputs
from policy.resource_types import READ_BEFORE_CREATION
from policy.summary import Summary, is_preview

Config = Mapping[str, Any]
ADVISORY, MANDATORY = EnforcementLevel.ADVISORY, EnforcementLevel.MANDATORY
LOW, MEDIUM, HIGH, CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL

# JSON schemas of settings.
POSITIVE_INTEGER = {"type": "integer", "minimum": 1}
STRING_LIST = {"type": "array", "items": {"type": "string"}}
BOOLEAN = {"type": "boolean"}


@dataclass(frozen=True)
class Setting:
    """A property of a rule's configuration."""

    default: Any
    description: str
    schema: Mapping[str, Any]
    """The JSON schema of its value."""


@dataclass(frozen=True)
class Violation:
    """What is wrong with one resource."""

    message: str
    urn: str


@dataclass
class Judgement:
    """What a rule says about a stack."""

    violations: list[Violation] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Type and logical name of each resource whose judgement needs a value that is unknown."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One requirement on the resources that handle feedback."""

    name: str
    description: str
    severity: Severity
    level: EnforcementLevel
    remediation: str
    """How to fix a violation."""
    url: str
    """The page of AWS about it."""
    applies_to: str
    """The selected resources, in words, in the plural."""
    select: Callable[[FeedbackPath], list[PolicyResource]]
    check: Callable[[PolicyResource, FeedbackPath, Config], Iterable[str]]
    """What is wrong with one selected resource and why that matters, in sentences; raises `UnknownValueError`."""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    required_setting: str = ""
    """The setting that switches the rule on; empty for a rule that is always on."""
    relies_on: Sequence[tuple[str, str, str]] = ()
    """The references whose absence `check` reports: type of resource, its property, type of the target. Where one is
    unknown, what `check` reports may be there after all."""
    before_creation: bool = False
    """Whether the rule also runs before each resource is created, and then can stop the update; `check` must then
    respect `FeedbackPath.is_incomplete`."""

    def complete_config(self, config: Config) -> Config:
        """The settings, with the default of each that the configuration does not set."""
        return {name: config.get(name, setting.default) for name, setting in self.settings.items()}

    def judge(self, path: FeedbackPath, config: Config) -> Judgement:
        """Judge the resources of a stack; what is known of a resource is judged even where another value is not."""
        judgement, config = Judgement(), self.complete_config(config)
        if not self.is_on(config):
            return judgement
        for resource in self.select(path):
            described = describe(resource)
            try:
                for problem in self.check(resource, path, config):
                    for reference in self.relies_on:
                        path.require_references(*reference)
                    judgement.violations.append(Violation(f"{described}: {problem} {self.remediation}", resource.urn))
            except UnknownValueError:
                judgement.unknown.append(described)
        return judgement

    def is_on(self, config: Config) -> bool:
        """Whether the configuration switches the rule on."""
        return not self.required_setting or bool(self.complete_config(config)[self.required_setting])

    def build_policy(self, recorded: RecordedInputs, summary: Summary) -> Policy:
        """The rule as a policy of a `PolicyPack`."""
        properties = {
            name: {**setting.schema, "default": setting.default, "description": setting.description}
            for name, setting in self.settings.items()
        }

        def validate(args: Any, report: ReportViolation) -> None:
            _validate(self, recorded, summary, args, report)

        policy_class = _ResourceAndStackValidationPolicy if self.before_creation else StackValidationPolicy
        return policy_class(
            name=self.name,
            description=self.description,
            validate=validate,
            enforcement_level=self.level,
            config_schema=PolicyConfigSchema(properties) if properties else None,
            severity=self.severity,
            remediation_steps=self.remediation,
            url=self.url,
        )


class _ResourceAndStackValidationPolicy(ResourceValidationPolicy, StackValidationPolicy):
    """One policy, with one name and level, that runs before each resource is created and again on the whole stack.

    Each base class only accepts a `validate` of its own kind, so their constructors are not called.
    """

    def __init__(self, *, validate: Callable[[Any, ReportViolation], None], **properties: Any) -> None:
        Policy.__init__(self, **properties)
        self._validate = validate

    def validate(self, args: Any, report_violation: ReportViolation) -> None:
        self._validate(args, report_violation)

    def has_validation(self) -> bool:
        return True

    def has_remediation(self) -> bool:
        return False


def _validate(
    rule: Rule,
    recorded: RecordedInputs,
    summary: Summary,
    args: ResourceValidationArgs | StackValidationArgs,
    report: ReportViolation,
) -> None:
    config = args.get_config()
    if isinstance(args, StackValidationArgs):
        judgement = rule.judge(recorded.complete_path(args.resources), config)
        for violation in judgement.violations:
            if (rule.name, violation.urn, violation.message) not in recorded.reported:
                report(violation.message, violation.urn)
        if rule.is_on(config):
            summary.add(rule.name, judgement.unknown)
        return
    recorded.record(args)
    if is_preview() or args.resource_type not in READ_BEFORE_CREATION:
        return  # a preview creates nothing, and another type changes no judgement; the check of the whole stack follows
    for violation in rule.judge(recorded.incomplete_path(), config).violations:
        key = (rule.name, violation.urn, violation.message)
        if key not in recorded.reported:
            recorded.reported.add(key)
            # The engine itself names the resource that it was about to create, which may be another one.
            stopped = "" if violation.urn == args.urn else f" Stopped before {describe(args)} is created."
            report(violation.message + stopped, violation.urn)
