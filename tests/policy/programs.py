"""The programs in whose graphs the tests make faults and harmless changes: this one, and one of somebody else.

Each is recorded as it registers its resources in an update and in the preview of a new stack, with the values that are
unknown there. What the engine adds is tested in tests/engine.
"""

import copy
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from tests.policy.analyzer import StackResource
from tests.policy.graphs import SOURCES, stack_resources
from tests.recorder import ACCOUNT, DEFAULT_REGION, Graph, record
from tests.test_program import stack

FOREIGN_PROGRAM = Path(__file__).with_name("foreign_program.py")


@dataclass(frozen=True)
class Program:
    """A program that is right: the rules find nothing in it."""

    name: str
    record: Callable[..., Graph]
    """Runs it, in a preview with `preview=True`."""

    @cached_property
    def _updated(self) -> list[StackResource]:
        return stack_resources(self.record())

    @cached_property
    def _previewed(self) -> dict[str, dict[str, Any]]:
        """The inputs in a preview, by logical name."""
        return {resource.name: resource.inputs for resource in self.record(preview=True).resources}

    def graph(self) -> list[StackResource]:
        """Its stack after an update; a copy that a test may change."""
        return copy.deepcopy(self._updated)

    def preview(self, graph: list[StackResource]) -> list[StackResource]:
        """A changed graph as the preview of a new stack knows it.

        What was unknown before the change still is, unless the change has put a literal there, which it shows by
        removing the property's dependencies. A new string that contains an output of a dependency is.
        """
        recorded = {resource.name: resource for resource in self._updated}
        unknown = {
            resource.name: [value for key, value in resource.outputs.items() if key != "name"] for resource in graph
        }
        previewed = copy.deepcopy(graph)
        for resource in previewed:
            before = recorded.get(resource.name)
            for key, value in resource.inputs.items():
                dependencies = resource.property_dependencies.get(key, [])
                outputs = [output for name in dependencies for output in unknown.get(name, [])]
                if before is None or key not in before.inputs:
                    resource.inputs[key] = _without_outputs(value, outputs)
                elif dependencies or key not in before.property_dependencies:
                    shown = self._previewed[resource.name].get(key)
                    resource.inputs[key] = _shown(value, before.inputs.get(key), shown)
            for key in resource.outputs:  # a name is known: it is generated before the resource is created
                resource.outputs[key] = resource.outputs[key] if key == "name" else UNKNOWN_STRING_VALUE
        return previewed


def _shown(value: Any, before: Any, shown: Any) -> Any:
    """A value in a preview, where `shown` is the preview's of the value `before` the change."""
    if value == before or shown == UNKNOWN_STRING_VALUE:
        return shown
    if isinstance(value, Mapping) and isinstance(before, Mapping) and isinstance(shown, Mapping):
        return {key: _shown(item, before.get(key), shown.get(key)) for key, item in value.items()}
    return value


def _without_outputs(value: Any, outputs: list[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_outputs(item, outputs) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_outputs(item, outputs) for item in value]
    return UNKNOWN_STRING_VALUE if isinstance(value, str) and any(output in value for output in outputs) else value


def _record_own(*, preview: bool = False, **config: Any) -> Graph:
    return stack("dev", sources=SOURCES, preview=preview, **config)


def _record_with_keys(*, preview: bool = False) -> Graph:
    return _record_own(preview=preview, createKmsKeys=True)


def _record_foreign(*, preview: bool = False) -> Graph:
    calls = {
        "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
        "aws:index/getRegion:getRegion": {"region": DEFAULT_REGION},
    }
    return record(lambda: runpy.run_path(str(FOREIGN_PROGRAM), run_name="__main__"), calls=calls, preview=preview)


OWN = Program("own", _record_own)
OWN_WITH_KEYS = Program("own with keys", _record_with_keys)
FOREIGN = Program("foreign", _record_foreign)
PROGRAMS = (OWN, OWN_WITH_KEYS, FOREIGN)
