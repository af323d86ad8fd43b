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

# The SDK has no public way to ask a pack without a server process; a test says so if this one moves.
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.pack import NAME, RULES, policies
from policy.path import find

_MESSAGE_TO_DICT = "pulumi_policy.policy.json_format.MessageToDict"
_LEVELS = {analyzer_pb2.ADVISORY: EnforcementLevel.ADVISORY, analyzer_pb2.MANDATORY: EnforcementLevel.MANDATORY}


@dataclass(kw_only=True)
class Given:
    """A resource as an engine would know it after an update; everything refers to others by logical name."""

    type: str
    name: str
    inputs: dict[str, Any]
    answer: dict[str, Any] = field(default_factory=dict)
    """What the provider adds."""
    parent: str = ""
    made_from: dict[str, list[str]] = field(default_factory=dict)
    """The resources that each input is made from."""

    def __getitem__(self, key: str) -> Any:
        return {**self.answer, **self.inputs}[key]


@dataclass(frozen=True)
class Violation:
    """What one rule says of one resource."""

    rule: str
    level: EnforcementLevel
    message: str
    resource: str
    """Its logical name; empty where the rule could not run, because a value is unknown in a preview."""
    before: str = ""
    """The resource that is not made for it; empty for what only the whole stack shows."""


def in_preview(resources: Sequence[Given], made_up: str) -> list[Given]:
    """The same resources before they exist: every text that holds what AWS makes up is unknown."""
    unknown = copy.deepcopy(list(resources))
    for one in unknown:
        one.inputs, one.answer = _hidden(one.inputs, made_up), _hidden(one.answer, made_up)
    return unknown


def _hidden(value: Any, made_up: str) -> Any:
    if isinstance(value, dict):
        return {key: _hidden(item, made_up) for key, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item, made_up) for item in value]
    return UNKNOWN_STRING_VALUE if isinstance(value, str) and made_up in value else value


def request(resources: Sequence[Given]) -> analyzer_pb2.AnalyzeStackRequest:
    """What the engine sends at the end."""
    named = {one.name: one for one in resources}
    urns = {name: _urn(one, named) for name, one in named.items()}
    sent = analyzer_pb2.AnalyzeStackRequest()
    for one in resources:
        message = sent.resources.add(type=one.type, urn=urns[one.name], name=one.name, parent=urns.get(one.parent, ""))
        message.properties.update({**one.answer, **one.inputs})
        for key, names in one.made_from.items():
            message.propertyDependencies[key].urns.extend(urns[name] for name in names if name in urns)
    return sent


def _urn(one: Given, named: Mapping[str, Given]) -> str:
    types, parent = one.type, named.get(one.parent)
    while parent:
        types, parent = f"{parent.type}${types}", named.get(parent.parent)
    return f"urn:pulumi:test::test::{types}::{one.name}"


def analyze(
    resources: Sequence[Given],
    config: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    preview: bool = False,
    only: str = "",
) -> list[Violation]:
    """What the rules say of a stack, first of each resource as it comes; `config` maps a rule's name to its settings.

    `only` is the name of the one rule to ask: the time goes into reading the stack anew for each.
    """
    servicer = _servicer([one for one in policies() if only in {"", one.name}])
    if config:
        servicer.Configure(configuration(config), None)
    whole, found = request(resources), []
    with patch.dict("os.environ", {"PULUMI_DRY_RUN": str(preview).lower()}), patch(_MESSAGE_TO_DICT, _as_dict):
        for one, message in zip(resources, whole.resources, strict=True):
            asked = analyzer_pb2.AnalyzeRequest(type=message.type, urn=message.urn, name=message.name)
            # The provider has named it by then, where the program does not.
            asked.properties.update({key: one.answer[key] for key in ("name",) if key in one.answer} | one.inputs)
            found += violations(servicer.Analyze(asked, None), one.name)
        return [*found, *violations(servicer.AnalyzeStack(whole, None))]


def _as_dict(properties: Struct) -> dict[str, Any]:
    """What MessageToDict makes of the properties, made once: the SDK reads the whole stack anew for each rule."""
    return _read(properties.SerializeToString())


@lru_cache(maxsize=5_000)
def _read(properties: bytes) -> dict[str, Any]:
    return MessageToDict(Struct.FromString(properties))


def _servicer(given: list[Policy]) -> Any:
    return _PolicyAnalyzerServicer(NAME, "0.0.1", given, EnforcementLevel.ADVISORY)


def subjects(resources: Sequence[Given]) -> dict[str, int]:
    """How many resources each rule looks at."""
    counted: dict[str, int] = {}

    def count(args: StackValidationArgs, _: object) -> None:
        path = find(args.resources)
        counted.update({rule.name: len(rule.subjects(path)) for rule in RULES})

    _servicer([StackValidationPolicy(NAME, NAME, count)]).AnalyzeStack(request(resources), None)
    return counted


def configuration(config: Mapping[str, Mapping[str, Any]]) -> analyzer_pb2.ConfigureAnalyzerRequest:
    """The configuration of the pack as the engine sends it: for every rule, with its level."""
    sent = analyzer_pb2.ConfigureAnalyzerRequest()
    for rule in RULES:
        given = dict(config.get(rule.name, {}))
        level = given.pop("enforcementLevel", rule.level.value)
        sent.policyConfig[rule.name].enforcementLevel = analyzer_pb2.EnforcementLevel.Value(level.upper())
        sent.policyConfig[rule.name].properties.update(given)
    return sent


def violations(response: analyzer_pb2.AnalyzeResponse, before: str = "") -> list[Violation]:
    """What the engine is answered."""
    return [
        Violation(one.policyName, _LEVELS[one.enforcementLevel], one.message, one.urn.rsplit("::", 1)[-1], before)
        for one in response.diagnostics
    ]
