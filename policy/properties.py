"""Reads the properties of resources as the engine hands them to a policy.

In a preview, a value that only AWS can give is unknown: reading it raises `UnknownValueError`, and the rule judges the
resource in the update.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, TypeVar

from pulumi_policy import PolicyProviderResource, PolicyResource, ResourceValidationArgs
from pulumi_policy.proxy import UnknownValueError

T = TypeVar("T")


def describe(resource: PolicyResource | ResourceValidationArgs) -> str:
    """How a message names a resource: by its type and logical name."""
    return f"{resource.resource_type.rsplit(':', 1)[-1]} {resource.name}"


def read_property(resource: PolicyResource | PolicyProviderResource, *keys: str) -> Any:
    """The property under these nested keys, None where it is not set; raises `UnknownValueError`."""
    value: Any = resource.props
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def read_string(resource: PolicyResource | PolicyProviderResource, key: str) -> str:
    """A property as a string; empty where it is unknown or not set."""
    try:
        return str(read_property(resource, key) or "")
    except UnknownValueError:
        return ""


def read_region(resource: PolicyResource) -> str:
    """The Region of a resource: its own or its provider's; empty where it is unknown, and for IAM, which has none."""
    if resource.resource_type.startswith("aws:iam/"):
        return ""
    return read_string(resource, "region") or (read_string(resource.provider, "region") if resource.provider else "")


def read_integer(resource: PolicyResource, key: str, default: int) -> int:
    """A property as an integer, which the engine passes as a float; raises `UnknownValueError`."""
    return int(as_number(read_property(resource, key), default))


def as_number(value: Any, default: float) -> float:
    """A value as a number; the default where it is not set or is no number, which AWS rejects by itself."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return default
    return number if isfinite(number) else default


def is_set(resource: PolicyResource, key: str) -> bool:
    """Whether a property is set, as an unknown one is that depends on another resource; raises `UnknownValueError`."""
    try:
        return bool(read_property(resource, key))
    except UnknownValueError:
        if resource.property_dependencies.get(key):
            return True
        raise


def is_false(resource: PolicyResource, key: str) -> bool:
    """Whether a property is set to false; an unknown one is not."""
    try:
        return read_property(resource, key) is False
    except UnknownValueError:
        return False


def as_list(value: Any) -> list[Any]:
    """A value that may be a list, a single item or None, as in policy documents."""
    if value is None:
        return []
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return [value]


def as_object(value: Any) -> Mapping[str, Any]:
    """A JSON object that may be a string or already parsed; empty where it is neither."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:  # AWS rejects it with an error of its own
            return {}
    return value if isinstance(value, Mapping) else {}


def chain_known(iterables: Iterable[Iterable[T]]) -> Iterator[T]:
    """The items of all iterables; an unknown value ends only its own iterable, and is raised after the last one."""
    unknown: UnknownValueError | None = None
    for iterable in iterables:
        try:
            yield from iterable
        except UnknownValueError as error:
            unknown = unknown or error
    if unknown:
        raise unknown
