"""Finds the resources that a property refers to.

In a preview an ARN may be unknown; the resources that a property depends on are known even then.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from policy.arn import Arn
from policy.properties import as_object, read_region, read_string


def referenced_by(resource: PolicyResource, key: str, candidates: Iterable[PolicyResource]) -> list[PolicyResource]:
    """The candidates that a property refers to: by its value, or by its dependencies where a part of it is unknown."""
    strings, is_known = strings_in(resource, key)
    dependencies = [] if is_known else resource.property_dependencies.get(key, [])
    urns = {dependency.urn for dependency in dependencies}
    return [
        candidate
        for candidate in candidates
        if candidate.urn in urns or any(refers_to(string, resource, candidate) for string in strings)
    ]


def strings_in(resource: PolicyResource, key: str) -> tuple[list[str], bool]:
    """The strings in a property, also those in JSON, and whether all of it is known."""
    strings: list[str] = []
    is_known = key not in list(resource.props) or _collect_strings(resource.props, key, strings)
    return strings, is_known


def require_known(resource: PolicyResource, key: str) -> None:
    """Raise `UnknownValueError` where a part of a property is unknown."""
    if not strings_in(resource, key)[1]:
        raise UnknownValueError(UNKNOWN_STRING_VALUE, [key])


def _collect_strings(container: Any, key: Any, strings: list[str]) -> bool:
    """Add the strings under a key to `strings`; whether the whole value is known."""
    try:
        value = container[key]
    except UnknownValueError:
        return False
    if isinstance(value, str):
        strings += _strings_in_json(value)
    elif isinstance(value, Mapping):
        return not [name for name in value if not _collect_strings(value, name, strings)]
    elif isinstance(value, Sequence):
        return not [index for index in range(len(value)) if not _collect_strings(value, index, strings)]
    return True


def _strings_in_json(text: str) -> Iterator[str]:
    """The strings in a JSON object; the text itself where it is none."""
    pending: list[Any] = [as_object(text)] if text.startswith("{") else []
    if not any(pending):
        yield text
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, str):
            yield value


def refers_to(value: str, referrer: PolicyResource, candidate: PolicyResource) -> bool:
    """Whether a string is the candidate's ARN (also of a version of it), URL, key id or name."""
    arn, name = read_string(candidate, "arn"), read_string(candidate, "name")
    if not value:
        return False
    if (arn and value.startswith(f"{arn}:")) or value in (
        arn,
        *(read_string(candidate, key) for key in ("url", "keyId")),
    ):
        return True
    region = read_region(referrer)
    if value.startswith(("arn:", "https:")):
        identity = arn if value.startswith("arn:") else read_string(candidate, "url")
        if identity or not name or name != _name_in(value):
            return False
        region = _region_of(value)
    elif value != name:
        return False
    # A name is unique in its Region only; a Region that is unknown may be the same.
    return len({region, read_region(candidate)} - {""}) < 2  # noqa: PLR2004


def _name_in(arn_or_url: str) -> str:
    """The name of a resource in its ARN or URL; of a function also where the ARN is one of a version or an alias."""
    unqualified = re.sub(r"(:function:[^:]+):[^:]+$", r"\1", arn_or_url)
    return re.split("[:/]", unqualified)[-1]


def _region_of(arn_or_url: str) -> str:
    """The Region in an ARN, or in the URL of a queue such as https://sqs.eu-west-1.amazonaws.com/123456789012/name."""
    if arn_or_url.startswith("https:"):
        return arn_or_url.partition(".")[2].partition(".")[0]
    arn = Arn.parse(arn_or_url)
    return arn.region if arn else ""
