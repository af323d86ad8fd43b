"""Every single mistake in the example file gives one line, and not more for what follows from it.

Each value is deleted, misspelt in its key, doubled, and replaced by one of another type. Accounts with the shape of
another one are left alone. Does not prove that the line is a good one: test_targets does, for the mistakes it names.
"""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollout.plan import build_plan
from rollout.targets import TargetsError

Path_ = tuple[str | int, ...]
EXAMPLE = yaml.safe_load((Path(__file__).parents[2] / "examples" / "rollout" / "targets.yaml").read_text())
SAME_SHAPE = ("shop-test", "shop")  # news-test and news have the same
FREE_TEXT = (("defaults", "tags"), ("organization", "account"), ("organization", "tags"))


def paths(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    if path:
        yield path
    if isinstance(value, dict) and value.get("name") in SAME_SHAPE:
        return
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from paths(value[key], (*path, key))


def parent_and_key(document: Any, path: Path_) -> tuple[Any, Any]:
    *parents, key = path
    for parent in parents:
        document = document[parent]
    return document, key


def misspell(parent: Any, key: Any) -> None:
    if isinstance(parent, dict):
        items = [(f"{name}x" if name == key else name, value) for name, value in parent.items()]
        parent.clear()
        parent.update(items)


def double(parent: Any, key: Any) -> None:
    if isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))


def delete(parent: Any, key: Any) -> None:
    del parent[key]


def replace_by(value: object) -> Callable[[Any, Any], None]:
    def replace(parent: Any, key: Any) -> None:
        parent[key] = value

    return replace


def lines_after(mutate: Callable[[Any, Any], None], path: Path_) -> list[str]:
    document = copy.deepcopy(EXAMPLE)
    mutate(*parent_and_key(document, path))
    if document == EXAMPLE:
        return ["unchanged"]
    try:
        build_plan(yaml.safe_dump(document, sort_keys=False))
    except TargetsError as error:
        return str(error).splitlines()
    return []


@pytest.mark.parametrize(
    ("mutate", "always_wrong"),
    [
        (delete, False),
        (misspell, True),
        (double, True),
        (replace_by("?"), True),
        (replace_by({}), False),
        (replace_by([]), False),
        (replace_by(7), False),
    ],
    ids=["delete", "misspell", "double", "text", "map", "list", "number"],
)
def test_one_mistake_gives_one_line(mutate: Callable[[Any, Any], None], always_wrong: bool) -> None:
    lines_by_path = {path: lines_after(mutate, path) for path in paths(EXAMPLE)}
    assert {path: lines for path, lines in lines_by_path.items() if len(lines) > 1} == {}
    accepted = {path for path, lines in lines_by_path.items() if not lines and path[:2] not in FREE_TEXT}
    assert not always_wrong or not accepted
