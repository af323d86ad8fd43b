"""Reads resources as the engine hands them over: what is known of a property, and which resource it points to.

In a preview a value that only AWS can give is unknown, and asking for it raises `UnknownValueError`; the engine then
says that the rule could not run. Which resources a property is made from is known even then.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError


def known(resource: PolicyResource, *keys: str) -> Any:  # noqa: ANN401 - a property holds anything
    """The property under these keys, None where there is none; raises `UnknownValueError`."""
    value: Any = resource.props
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def number(resource: PolicyResource, key: str, default: int) -> int:
    """A number, which the engine hands over as a float."""
    value = known(resource, key)
    return default if value is None else int(value)


def items(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """A list of what may be one, several or nothing, as policy documents have it."""
    if value is None:
        return []
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return [value]


def present(resource: PolicyResource, key: str) -> bool:
    """Whether a property is given; an unknown one is, if it is made from another resource."""
    try:
        return bool(known(resource, key))
    except UnknownValueError:
        if resource.property_dependencies.get(key):
            return True
        raise


def linked(resource: PolicyResource, key: str, candidates: Iterable[PolicyResource]) -> list[PolicyResource]:
    """The candidates that a property points to: by its value, and where that is unknown by what it is made from."""
    texts: list[str] = []
    whole = True
    if key in list(resource.props):
        whole = _gather(resource.props, key, texts)
    urns = set() if whole else {made.urn for made in resource.property_dependencies.get(key, [])}
    return [one for one in candidates if one.urn in urns or any(_names(text, resource, one) for text in texts)]


def _gather(container: Any, key: Any, texts: list[str]) -> bool:  # noqa: ANN401 - JSON
    """Add the texts under a key to `texts`; whether all of it is known."""
    try:
        value = container[key]
    except UnknownValueError:
        return False
    if isinstance(value, str):
        texts += _inside(value)
    elif isinstance(value, Mapping):
        return not [one for one in value if not _gather(value, one, texts)]
    elif isinstance(value, Sequence):
        return not [index for index in range(len(value)) if not _gather(value, index, texts)]
    return True


def _inside(text: str) -> Iterator[str]:
    """The texts in a JSON text; or the text itself."""
    if not text.startswith("{"):
        yield text
        return
    waiting = [json.loads(text)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str):
            yield value


def attribute(resource: PolicyResource, key: str) -> str:
    """A text that AWS gives, empty where it is not known yet."""
    try:
        return str(known(resource, key) or "")
    except UnknownValueError:
        return ""


def _names(text: str, asking: PolicyResource, one: PolicyResource) -> bool:
    arn, name = attribute(one, "arn"), attribute(one, "name")
    if text in {arn, attribute(one, "url"), attribute(one, "queueUrl")} - {""}:
        return True
    if text.startswith(("arn:", "https:")):
        return not arn and name != "" and name == text.replace("/", ":").rsplit(":", 1)[-1]
    regions = {attribute(asking, "region"), attribute(one, "region")} - {""}
    return text == name != "" and len(regions) < 2  # noqa: PLR2004 - a name alone means a resource of the same Region
