"""Reads plans, stacks and steps back from the JSON that `Plan.as_json` and `dataclasses.asdict` make of them."""

from collections.abc import Mapping
from typing import Any

from .deployer import Step
from .plan import Plan, PlannedStack, PlannedWave

_TUPLES = ("role_arns", "hub_output_keys", "depends_on")


def parse_plan(document: Mapping[str, Any]) -> Plan:
    """The plan. Raises: KeyError, TypeError or ValueError if it is none."""
    waves, leaving = map(_parse_wave, document["waves"]), map(parse_stack, document["leaving"])
    return Plan(tuple(waves), tuple(leaving))


def parse_stack(document: Mapping[str, Any]) -> PlannedStack:
    """One stack of a plan. Raises: KeyError or TypeError if it is none."""
    return PlannedStack(**{**document, **{key: tuple(document[key]) for key in _TUPLES}})


def parse_step(document: Mapping[str, Any]) -> Step:
    """One step of an update. Raises: KeyError or TypeError if it is none."""
    return Step(**{**document, "properties": tuple(document["properties"])})


def _parse_wave(document: Mapping[str, Any]) -> PlannedWave:
    return PlannedWave(**{**document, "stacks": tuple(parse_stack(stack) for stack in document["stacks"])})
