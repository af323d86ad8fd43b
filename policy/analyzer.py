"""Runs the rules over resources with the code that the Pulumi engine calls, without the engine."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel, ReportViolation, StackValidationArgs, StackValidationPolicy
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.pack import NAME, RULES
from policy.path import find
from policy.rule import Rule

_LEVELS = {analyzer_pb2.ADVISORY: EnforcementLevel.ADVISORY, analyzer_pb2.MANDATORY: EnforcementLevel.MANDATORY}


@dataclass(kw_only=True)
class Given:
    """A resource as an engine would know it after an update; everything refers to others by logical name."""

    type: str
    name: str
    properties: dict[str, Any]
    """Inputs and what the provider adds to them."""
    parent: str = ""
    made_from: dict[str, list[str]] = field(default_factory=dict)
    """The resources that each property is made from."""


@dataclass(frozen=True)
class Violation:
    """What one rule says of one resource."""

    rule: str
    level: EnforcementLevel
    message: str
    resource: str
    """Its logical name; empty where the rule could not run, because a value is unknown in a preview."""


def in_preview(resources: Sequence[Given], made_up: str) -> list[Given]:
    """The same resources before they exist: every text that holds what AWS makes up is unknown."""
    unknown = copy.deepcopy(list(resources))
    for resource in unknown:
        resource.properties = {key: _hidden(value, made_up) for key, value in resource.properties.items()}
    return unknown


def _hidden(value: Any, made_up: str) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {key: _hidden(item, made_up) for key, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item, made_up) for item in value]
    return UNKNOWN_STRING_VALUE if isinstance(value, str) and made_up in value else value


def request(resources: Sequence[Given]) -> analyzer_pb2.AnalyzeStackRequest:
    """What the engine sends."""
    urns = {one.name: f"urn:pulumi:test::test::{one.type}::{one.name}" for one in resources}
    sent = analyzer_pb2.AnalyzeStackRequest()
    for one in resources:
        message = sent.resources.add(type=one.type, urn=urns[one.name], name=one.name, parent=urns.get(one.parent, ""))
        message.properties.update(one.properties)
        for key, names in one.made_from.items():
            message.propertyDependencies[key].urns.extend(urns[name] for name in names if name in urns)
    return sent


def analyze(resources: Sequence[Given], config: Mapping[str, Mapping[str, Any]] | None = None) -> list[Violation]:
    """What the rules say of a stack; `config` maps a rule's name to its settings."""
    servicer: Any = _PolicyAnalyzerServicer(
        NAME, "0.0.1", [rule.policy() for rule in RULES], EnforcementLevel.ADVISORY
    )  # Any: the SDK types none of it
    if config:
        servicer.Configure(configuration(config), None)
    return violations(servicer.AnalyzeStack(request(resources), None))


def subjects(rule: Rule, resources: Sequence[Given]) -> int:
    """How many resources a rule looks at."""
    counted: list[int] = []

    def count(args: StackValidationArgs, _: ReportViolation) -> None:
        counted.append(len(rule.subjects(find(args.resources))))

    servicer: Any = _PolicyAnalyzerServicer(
        NAME, "0.0.1", [StackValidationPolicy(rule.name, rule.says, count)], EnforcementLevel.ADVISORY
    )
    servicer.AnalyzeStack(request(resources), None)
    return counted[0]


def configuration(config: Mapping[str, Mapping[str, Any]]) -> analyzer_pb2.ConfigureAnalyzerRequest:
    """The configuration of the pack as the engine sends it: for every rule, with its level."""
    sent = analyzer_pb2.ConfigureAnalyzerRequest()
    for rule in RULES:
        given = dict(config.get(rule.name, {}))
        level = given.pop("enforcementLevel", rule.level.value)
        sent.policyConfig[rule.name].enforcementLevel = analyzer_pb2.EnforcementLevel.Value(level.upper())
        sent.policyConfig[rule.name].properties.update(given)
    return sent


def violations(response: analyzer_pb2.AnalyzeResponse) -> list[Violation]:
    """What the engine is answered."""
    return [
        Violation(one.policyName, _LEVELS[one.enforcementLevel], one.message, one.urn.rsplit("::", 1)[-1])
        for one in response.diagnostics
    ]
