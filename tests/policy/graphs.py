"""Stacks for the rules to check: what the program registers, as the engine knows it after an update."""

import copy
from functools import cache

from tests.policy.analyzer import StackResource, in_preview
from tests.recorder import RANDOM_SUFFIX, Graph, aws_outputs
from tests.test_program import stack

SOURCES = [{"region": "eu-west-1", "identities": ["example.com"], "configurationSet": "main"}]


def stack_resources(graph: Graph) -> list[StackResource]:
    """The resources of a recorded graph; without the archive of the code, which no rule reads."""
    return [
        StackResource(
            type=resource.type,
            name=resource.name,
            parent=resource.parent,
            inputs={key: value for key, value in resource.inputs.items() if key != "code"},
            outputs=aws_outputs(resource.type, resource.name, resource.inputs) if resource.custom else {},
            property_dependencies={key: sorted(names) for key, names in resource.property_dependencies.items()},
        )
        for resource in graph.resources
    ]


@cache
def _one_source() -> list[StackResource]:
    return stack_resources(stack("dev", sources=SOURCES))


def one_source() -> list[StackResource]:
    """The dev stack with one identity and one configuration set in one Region; a copy that a test may change."""
    return copy.deepcopy(_one_source())


def without_components() -> list[StackResource]:
    """The same stack as another program may define it: no components, and no dependencies of properties."""
    graph = [resource for resource in one_source() if resource.type.startswith("aws:")]
    for resource in graph:
        resource.property_dependencies, resource.parent = {}, ""
    return graph


@cache
def previewed() -> list[StackResource]:
    """The stack of `one_source` as a preview knows it, to compare with; not to be changed."""
    return in_preview(_one_source(), RANDOM_SUFFIX)
