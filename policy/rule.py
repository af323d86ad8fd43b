"""Defines what a rule is, and how it runs as a Pulumi policy."""

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

from policy.feedback_path import FeedbackPath
from policy.properties import chain_known
from policy.recorded_inputs import RecordedInputs

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
    before_creation: bool = False
    """Whether the rule also runs before each resource is created, and then can stop the update; `check` must then
    respect `FeedbackPath.is_incomplete`."""

    def complete_config(self, config: Config) -> Config:
        """The settings, with the default of each that the configuration does not set."""
        return {name: config.get(name, setting.default) for name, setting in self.settings.items()}

    def violations(self, path: FeedbackPath, config: Config) -> Iterator[Violation]:
        """The violations in a stack; an unknown value is raised after everything known is checked."""
        config = self.complete_config(config)
        if not self.required_setting or config[self.required_setting]:
            yield from chain_known(self._violations_of(resource, path, config) for resource in self.select(path))

    def _violations_of(self, resource: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[Violation]:
        type_name = resource.resource_type.rsplit(":", 1)[-1]
        for problem in self.check(resource, path, config):
            yield Violation(f"{type_name} {resource.name}: {problem} {self.remediation}", resource.urn)

    def build_policy(self, recorded: RecordedInputs) -> Policy:
        """The rule as a policy of a `PolicyPack`."""
        properties = {
            name: {**setting.schema, "default": setting.default, "description": setting.description}
            for name, setting in self.settings.items()
        }

        def validate(args: Any, report: ReportViolation) -> None:
            _validate(self, recorded, args, report)

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
    rule: Rule, recorded: RecordedInputs, args: ResourceValidationArgs | StackValidationArgs, report: ReportViolation
) -> None:
    config = args.get_config()
    if isinstance(args, StackValidationArgs):
        for violation in rule.violations(recorded.complete_path(args.resources), config):
            if (rule.name, violation.message) not in recorded.reported:
                report(violation.message, violation.urn)
        return
    path = recorded.record(args)
    if os.environ.get("PULUMI_DRY_RUN") == "true":
        return  # a preview creates nothing; the check of the whole stack follows
    with suppress(UnknownValueError):
        for violation in rule.violations(path, config):
            if (rule.name, violation.message) not in recorded.reported:
                recorded.reported.add((rule.name, violation.message))
                report(violation.message, violation.urn)
