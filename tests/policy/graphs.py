"""Stacks for the rules to judge: what the program registers, as the engine knows it after an update."""

import copy
from functools import cache

from policy.analyzer import Given
from tests.recorder import Graph, answer
from tests.test_program import stack

SOURCES = [{"region": "eu-west-1", "identities": ["example.com"], "configurationSet": "main"}]


def given(graph: Graph) -> list[Given]:
    """The resources of a recorded graph; without the archive, which no rule looks at."""
    return [
        Given(
            type=one.type,
            name=one.name,
            parent=one.parent,
            properties={key: value for key, value in one.inputs.items() if key != "code"}
            | (answer(one.type, one.name, one.inputs) if one.custom else {}),
            made_from={key: sorted(names) for key, names in one.made_from.items()},
        )
        for one in graph.resources
    ]


@cache
def _small() -> list[Given]:
    return given(stack("dev", sources=SOURCES))


def small() -> list[Given]:
    """The dev stack with one identity and one configuration set in one Region; a copy to break."""
    return copy.deepcopy(_small())
