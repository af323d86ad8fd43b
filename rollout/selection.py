"""Narrows a plan to what `--only` and `--until` name: waves, accounts or stacks."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches

from .plan import Plan, PlannedWave

_KINDS = ("wave", "account", "stack")


class SelectionError(ValueError):
    """A name that selects nothing, or two different things."""


def select(plan: Plan, only: Sequence[str] = (), until: str | None = None) -> frozenset[str]:
    """The names of the selected stacks; all without `only` and `until`.

    `only` names waves, accounts and stacks. `until` names one: it is selected, and all waves before it.
    Raises: SelectionError, naming the option, its value, and what would be right.
    """
    if only and until:
        raise SelectionError("--only and --until are given: give one of them")
    if only:
        return frozenset().union(*(_stacks_named(plan, "--only", name) for name in only))
    if until:
        return _select_until(plan, _stacks_named(plan, "--until", until))
    return frozenset(stack.name for stack in plan.stacks)


def narrow(waves: Sequence[PlannedWave], selected: Collection[str]) -> tuple[PlannedWave, ...]:
    """The waves with their selected stacks, without waves that have none."""
    narrowed = (replace(wave, stacks=tuple(stack for stack in wave.stacks if stack.name in selected)) for wave in waves)
    return tuple(wave for wave in narrowed if wave.stacks)


def _select_until(plan: Plan, named: frozenset[str]) -> frozenset[str]:
    last = max(index for index, wave in enumerate(plan.waves) if named & {stack.name for stack in wave.stacks})
    return named | {stack.name for wave in plan.waves[:last] for stack in wave.stacks}


def _stacks_named(plan: Plan, option: str, name: str) -> frozenset[str]:
    """The stacks of the wave, account or stack `name`; `wave:name` is only a wave."""
    kind, colon, bare_name = name.partition(":")
    kinds, wanted = ([kind], bare_name) if colon and kind in _KINDS else (_KINDS, name)
    found = {
        candidate: stacks
        for candidate in kinds
        if (stacks := frozenset(stack for stack, its_name in _names(plan, candidate) if its_name == wanted))
    }
    if not found:
        raise SelectionError(f"{option} is {name!r}: {_advice(plan, kinds, wanted)}")
    if len(set(found.values())) > 1:
        choices = " or ".join(f"{candidate}:{wanted}" for candidate in found)
        raise SelectionError(f"{option} is {name!r}, which is more than one thing: use {choices}")
    return next(iter(found.values()))


def _names(plan: Plan, kind: str) -> Iterator[tuple[str, str]]:
    """Each stack with the name of its wave or account, or its own."""
    for wave in plan.waves:
        for stack in wave.stacks:
            yield stack.name, {"wave": wave.name, "account": stack.account_name, "stack": stack.name}[kind]


def _advice(plan: Plan, kinds: Sequence[str], wanted: str) -> str:
    names = list(dict.fromkeys(name for kind in kinds for _, name in _names(plan, kind)))
    nearest = get_close_matches(wanted, names, cutoff=0)
    return f"there is no {' or '.join(kinds)} of this name; the nearest are {', '.join(nearest)}"
