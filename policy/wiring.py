"""Reads resources as the engine hands them over: what is known of a property, and which resource it points to.

In a preview a value that only AWS can give is unknown, and asking for it raises `UnknownValueError`; the engine then
says that the rule could not run. Which resources a property is made from is known even then.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

T = TypeVar("T")
_REGION = 3


def known(resource: PolicyResource, *keys: str) -> Any:
    """The property under these keys, None where there is none; raises `UnknownValueError`."""
    value: Any = resource.props
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def attribute(resource: PolicyResource, key: str) -> str:
    """A text that AWS gives, empty where it is not known yet."""
    try:
        return str(known(resource, key) or "")
    except UnknownValueError:
        return ""


def number(resource: PolicyResource, key: str, default: int) -> int:
    """A number, which the engine hands over as a float."""
    value = known(resource, key)
    return default if value is None else int(value)


def items(value: Any) -> list[Any]:
    """A list of what may be one, several or nothing, as policy documents have it."""
    if value is None:
        return []
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return [value]


def document(value: Any) -> Mapping[str, Any]:
    """A JSON object, given as a text or as it is; empty where it is neither."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:  # AWS will say so
            return {}
    return value if isinstance(value, Mapping) else {}


def present(resource: PolicyResource, key: str) -> bool:
    """Whether a property is given; an unknown one is, if it is made from another resource."""
    try:
        return bool(known(resource, key))
    except UnknownValueError:
        if resource.property_dependencies.get(key):
            return True
        raise


def every(parts: Iterable[Iterable[T]]) -> Iterator[T]:
    """All that the parts say; a value that is unknown ends its own part only, and is raised after the last."""
    unknown: UnknownValueError | None = None
    for part in parts:
        try:
            yield from part
        except UnknownValueError as error:
            unknown = unknown or error
    if unknown:
        raise unknown


def linked(resource: PolicyResource, key: str, candidates: Iterable[PolicyResource]) -> list[PolicyResource]:
    """The candidates that a property points to: by its value, and where that is unknown by what it is made from."""
    texts: list[str] = []
    whole = True
    if key in list(resource.props):
        whole = _gather(resource.props, key, texts)
    urns = set() if whole else {made.urn for made in resource.property_dependencies.get(key, [])}
    return [one for one in candidates if one.urn in urns or any(_names(text, resource, one) for text in texts)]


def _gather(container: Any, key: Any, texts: list[str]) -> bool:
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
    waiting: list[Any] = [document(text)] if text.startswith("{") else []
    if not any(waiting):
        yield text
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str):
            yield value


def _names(text: str, asking: PolicyResource, one: PolicyResource) -> bool:
    """Whether a text is the ARN (of a version, too), the URL or the name of a resource."""
    arn, name = attribute(one, "arn"), attribute(one, "name")
    if not text or (arn and text.startswith(f"{arn}:")) or text in {arn, attribute(one, "url")} - {""}:
        return bool(text)
    region = attribute(asking, "region")
    if text.startswith(("arn:", "https:")):
        if arn or not name or name != text.replace("/", ":").rsplit(":", 1)[-1]:
            return False
        region = (text.split("." if text.startswith("https:") else ":", 4) + [""] * 4)[1 if text[0] == "h" else _REGION]
    elif text != name:
        return False
    return len({region, attribute(one, "region")} - {""}) < 2  # noqa: PLR2004 - a name is one of its Region
