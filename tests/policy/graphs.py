"""Stacks for the rules to judge: what the program registers, as the engine knows it after an update."""

import copy
from functools import cache

from tests.policy.analyzer import Given, in_preview
from tests.recorder import MADE_UP, Graph, aws_outputs
from tests.test_program import stack

SOURCES = [{"region": "eu-west-1", "identities": ["example.com"], "configurationSet": "main"}]


def given(graph: Graph) -> list[Given]:
    """The resources of a recorded graph; without the archive, which no rule looks at."""
    return [
        Given(
            type=one.type,
            name=one.name,
            parent=one.parent,
            inputs={key: value for key, value in one.inputs.items() if key != "code"},
            answer=aws_outputs(one.type, one.name, one.inputs) if one.custom else {},
            made_from={key: sorted(names) for key, names in one.property_dependencies.items()},
        )
        for one in graph.resources
    ]


@cache
def _small() -> list[Given]:
    return given(stack("dev", sources=SOURCES))


def small() -> list[Given]:
    """The dev stack with one identity and one configuration set in one Region; a copy to break."""
    return copy.deepcopy(_small())


@cache
def previewed() -> list[Given]:
    """The same as a preview knows it; to compare with."""
    return in_preview(_small(), MADE_UP)
