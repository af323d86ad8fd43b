"""The sources of a stack's configuration: where its feedback comes from."""

import hashlib
import re
from typing import Any

from components import inputs
from components.arn import Arn
from components.inputs import InputError, Rule
from stack.model import Source

_LONGEST_SOURCE_NAME = 36  # With the kind before it and a suffix behind, a function's name fits AWS's 64 characters.
_SOURCE_RULES: dict[str, Rule[Any]] = {
    "name": inputs.pattern(
        rf"[a-z0-9][a-z0-9-]{{0,{_LONGEST_SOURCE_NAME - 1}}}",
        f"up to {_LONGEST_SOURCE_NAME} lower-case letters, digits and -",
    ),
    "region": inputs.region,
    "identities": inputs.each(inputs.identity),
    "configurationSet": inputs.configuration_set,
    "kmsKeyArn": inputs.kms_key_arn,
    "emailForwarding": inputs.boolean,
    "canarySender": inputs.email,
}
_CANARY_LOCAL_PART = "ses-feedback-canary"


def read_sources(name: str, value: object, default_region: str | None) -> list[Source]:
    """Check the value of the key `name`. Raises: ValueError, naming key and value."""
    if not isinstance(value, list) or not value:
        requirement = "a list of at least one {region, identities, configurationSet} is needed"
        raise InputError(name, value, requirement)
    sources = [_source(f"{name}[{index}]", entry, default_region) for index, entry in enumerate(value)]
    _check_unique(name, sources)
    return sources


def _source(name: str, value: object, default_region: str | None) -> Source:
    if not isinstance(value, dict):
        raise InputError(name, value, "a map of region, identities and configurationSet is needed")
    for key, entry in value.items():
        if key not in _SOURCE_RULES:
            raise InputError(f"{name}.{key}", entry, f"there is no such key; there are {', '.join(_SOURCE_RULES)}")
    checked = {
        key: rule(f"{name}.{key}", value[key]) for key, rule in _SOURCE_RULES.items() if value.get(key) is not None
    }
    identities, configuration_set = checked.get("identities", []), checked.get("configurationSet")
    if not identities and not configuration_set:
        raise InputError(name, value, "identities or a configurationSet (or both) is needed")
    region = checked.get("region") or required_default_region(f"{name}.region", default_region)
    kms_key_arn, email_forwarding = checked.get("kmsKeyArn"), checked.get("emailForwarding")
    if kms_key_arn and Arn.of(kms_key_arn).region != region:
        raise InputError(f"{name}.kmsKeyArn", kms_key_arn, f"a key in the source's Region, {region}, is needed")
    if email_forwarding is not None and not identities:
        requirement = "identities are needed, since it is a setting of an identity"
        raise InputError(f"{name}.emailForwarding", email_forwarding, requirement)
    canary_sender = checked.get("canarySender")
    if canary_sender and identities and not _covers(identities, canary_sender):
        requirement = "an address of one of the source's identities is needed: its feedback is what the canary tests"
        raise InputError(f"{name}.canarySender", canary_sender, requirement)
    first_origin = identities[0] if identities else configuration_set
    source_name = checked.get("name") or _short_name(f"{region}-{first_origin}")
    return Source(
        source_name,
        region,
        identities,
        configuration_set,
        kms_key_arn,
        email_forwarding,
        canary_sender or default_canary_sender(identities),
    )


def default_canary_sender(identities: list[str]) -> str | None:
    """The address from which a canary sends if none is given; None if there is no identity.

    Without a domain among the identities it is the first address.
    """
    domain = next((identity for identity in identities if "@" not in identity), None)
    return f"{_CANARY_LOCAL_PART}@{domain}" if domain else next(iter(identities), None)


def _covers(identities: list[str], address: str) -> bool:
    """Whether SES lets one of the identities send as the address: its own, or one of its domain or a subdomain."""
    domain = address.rpartition("@")[2].lower()
    names = [identity.lower() for identity in identities]
    return any(name in (address.lower(), domain) or domain.endswith(f".{name}") for name in names)


def _check_unique(name: str, sources: list[Source]) -> None:
    """Raises: ValueError for a name, an identity or a configuration set that two sources have."""
    owners: dict[tuple[str, str], str] = {}
    for index, source in enumerate(sources):
        owner = f"{name}[{index}]"
        origins = [*source.identities, *([source.configuration_set] if source.configuration_set else [])]
        for scope, value in [("name", source.name), *((source.region, origin) for origin in origins)]:
            if other := owners.get((scope, value)):
                raise InputError(owner, value, f"{other} has it already ({scope}); name it in one source")
            owners[scope, value] = owner


def _short_name(origin: str) -> str:
    """A name for resources, of the first identity only: it must not change when the source gains another one."""
    slug = re.sub(r"[^a-z0-9]+", "-", origin.lower()).strip("-")
    if len(slug) <= _LONGEST_SOURCE_NAME:
        return slug
    digest = hashlib.sha256(origin.encode()).hexdigest()[:6]
    return f"{slug[: _LONGEST_SOURCE_NAME - 7].rstrip('-')}-{digest}"


def required_default_region(name: str, default_region: str | None) -> str:
    """The provider's Region, for the key `name` that has none. Raises: ValueError if the provider has none either."""
    if not default_region:
        raise InputError(name, None, "a Region such as eu-west-1 is needed, here or as aws:region")
    return inputs.region("aws:region", default_region)
