"""Runs the rules over resources with the code that the Pulumi engine calls, without the engine."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from unittest.mock import patch

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel, Policy, StackValidationArgs, StackValidationPolicy

# The SDK has no public way to call a pack without a server process; test_pack.py fails if this class moves.
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.feedback_path import FeedbackPath, find_feedback_path
from policy.pack import NAME, RULES, build_policies

_MESSAGE_TO_DICT = "pulumi_policy.policy.json_format.MessageToDict"
_LEVELS = {analyzer_pb2.ADVISORY: EnforcementLevel.ADVISORY, analyzer_pb2.MANDATORY: EnforcementLevel.MANDATORY}


@dataclass(kw_only=True)
class StackResource:
    """A resource as the engine knows it after an update; it refers to other resources by their logical names."""

    type: str
    name: str
    inputs: dict[str, Any]
    outputs: dict[str, Any] = field(default_factory=dict)
    """What the provider adds to the inputs."""
    parent: str = ""
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    """The resources that each input depends on."""
    provider_region: str = ""
    """The Region of its provider; empty where the engine sends none."""

    def __getitem__(self, key: str) -> Any:
        return {**self.outputs, **self.inputs}[key]


@dataclass(frozen=True)
class Diagnostic:
    """What one rule reports on one resource."""

    rule: str
    level: EnforcementLevel
    message: str
    resource: str
    """Its logical name; empty for the stack itself."""
    stopped_resource: str = ""
    """The resource whose creation the rule stops; empty for a check of the whole stack."""


def in_preview(resources: Sequence[StackResource], random_suffix: str) -> list[StackResource]:
    """The same resources before they exist: every string that contains `random_suffix`, as AWS names do, is unknown."""
    previewed = copy.deepcopy(list(resources))
    for resource in previewed:
        resource.inputs = _replace_unknown(resource.inputs, random_suffix)
        resource.outputs = _replace_unknown(resource.outputs, random_suffix)
    return previewed


def _replace_unknown(value: Any, random_suffix: str) -> Any:
    if isinstance(value, dict):
        return {key: _replace_unknown(item, random_suffix) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace_unknown(item, random_suffix) for item in value]
    return UNKNOWN_STRING_VALUE if isinstance(value, str) and random_suffix in value else value


def build_stack_request(resources: Sequence[StackResource]) -> analyzer_pb2.AnalyzeStackRequest:
    """The request that the engine sends at the end of a preview or an update."""
    by_name = {resource.name: resource for resource in resources}
    urns = {name: _urn(resource, by_name) for name, resource in by_name.items()}
    request = analyzer_pb2.AnalyzeStackRequest()
    for resource in resources:
        message = request.resources.add(
            type=resource.type, urn=urns[resource.name], name=resource.name, parent=urns.get(resource.parent, "")
        )
        message.properties.update({**resource.outputs, **resource.inputs})
        if resource.provider_region:
            message.provider.properties.update({"region": resource.provider_region})
        for key, names in resource.property_dependencies.items():
            message.propertyDependencies[key].urns.extend(urns[name] for name in names if name in urns)
    return request


def _urn(resource: StackResource, by_name: Mapping[str, StackResource]) -> str:
    types, parent = resource.type, by_name.get(resource.parent)
    while parent:
        types, parent = f"{parent.type}${types}", by_name.get(parent.parent)
    return f"urn:pulumi:test::test::{types}::{resource.name}"


def analyze(
    resources: Sequence[StackResource],
    config: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    preview: bool = False,
    rule: str = "",
    shown: list[str] | None = None,
) -> list[Diagnostic]:
    """What the rules report: on each resource before its creation, then on the whole stack.

    `config` holds the settings by name of rule. `rule` limits the run to one rule, since each reads the whole stack.
    `shown` gets the lines of the summary.
    """
    policies = build_policies((lambda _: None) if shown is None else shown.append)
    servicer = _servicer([policy for policy in policies if not rule or policy.name in {rule, "summary"}])
    if config:
        servicer.Configure(build_config_request(config), None)
    stack_request, diagnostics = build_stack_request(resources), []
    with patch.dict("os.environ", {"PULUMI_DRY_RUN": str(preview).lower()}), patch(_MESSAGE_TO_DICT, _as_dict):
        for resource, message in zip(resources, stack_request.resources, strict=True):
            request = analyzer_pb2.AnalyzeRequest(type=message.type, urn=message.urn, name=message.name)
            # By then the provider has generated a name, where the program sets none.
            generated_name = {key: resource.outputs[key] for key in ("name",) if key in resource.outputs}
            if message.HasField("provider"):
                request.provider.CopyFrom(message.provider)
            request.properties.update(generated_name | resource.inputs)
            diagnostics += read_diagnostics(servicer.Analyze(request, None), resource.name)
        return [*diagnostics, *read_diagnostics(servicer.AnalyzeStack(stack_request, None))]


def _as_dict(properties: Struct) -> dict[str, Any]:
    """What MessageToDict makes of the properties, made once: the SDK reads the whole stack anew for each rule."""
    return _read(properties.SerializeToString())


@lru_cache(maxsize=5_000)
def _read(properties: bytes) -> dict[str, Any]:
    return MessageToDict(Struct.FromString(properties))


def _servicer(policies: list[Policy]) -> Any:
    return _PolicyAnalyzerServicer(NAME, "0.0.1", policies, EnforcementLevel.ADVISORY)


def feedback_path(resources: Sequence[StackResource]) -> FeedbackPath:
    """The feedback path of a stack, as the SDK hands its resources to a policy."""
    paths: list[FeedbackPath] = []

    def find(args: StackValidationArgs, _: object) -> None:
        paths.append(find_feedback_path(args.resources))

    _servicer([StackValidationPolicy(NAME, NAME, find)]).AnalyzeStack(build_stack_request(resources), None)
    return paths[0]


def count_selected(resources: Sequence[StackResource]) -> dict[str, int]:
    """The number of resources that each rule checks."""
    path = feedback_path(resources)
    return {rule.name: len(rule.select(path)) for rule in RULES}


def build_config_request(config: Mapping[str, Mapping[str, Any]]) -> analyzer_pb2.ConfigureAnalyzerRequest:
    """The configuration of the pack as the engine sends it: for every rule, with its level."""
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    for rule in RULES:
        settings = dict(config.get(rule.name, {}))
        level = settings.pop("enforcementLevel", rule.level.value)
        request.policyConfig[rule.name].enforcementLevel = analyzer_pb2.EnforcementLevel.Value(level.upper())
        request.policyConfig[rule.name].properties.update(settings)
    return request


def read_diagnostics(response: analyzer_pb2.AnalyzeResponse, stopped_resource: str = "") -> list[Diagnostic]:
    """The diagnostics in a response to the engine."""
    return [
        Diagnostic(
            rule=diagnostic.policyName,
            level=_LEVELS[diagnostic.enforcementLevel],
            message=diagnostic.message,
            resource=diagnostic.urn.rsplit("::", 1)[-1],
            stopped_resource=stopped_resource,
        )
        for diagnostic in response.diagnostics
    ]


def find_violations(
    resources: Sequence[StackResource],
    config: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    preview: bool = False,
) -> set[tuple[str, str]]:
    """(rule, resource) of each violation."""
    diagnostics = analyze(resources, config, preview=preview)
    return {(diagnostic.rule, diagnostic.resource) for diagnostic in diagnostics}
