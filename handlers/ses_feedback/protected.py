"""Patterns of protected addresses, which feedback never blocks. Pure."""

from collections.abc import Collection

from ses_feedback.address import NotAnAddressError, address_key

_ANY_LOCAL_PART, _ANY_DOMAIN = "postmaster", "example.org"


def protected_pattern(text: str) -> str:
    """The normalised form of a pattern: an address ``jane@example.org``, a domain ``example.org``, or a local part of
    any domain ``abuse@``; spelled as in the key of an address.

    Raises: NotAnAddressError, with a message that does not repeat the text, when it is none of them.
    """
    if text.endswith("@"):
        return address_key(text + _ANY_DOMAIN).removesuffix(_ANY_DOMAIN)
    if "@" in text:
        return address_key(text)
    domain = address_key(f"{_ANY_LOCAL_PART}@{text}").rpartition("@")[2]
    if "." not in domain:
        raise NotAnAddressError("a domain has a dot; a local part of any domain ends with @", "domain")
    return domain


def is_protected(key: str, patterns: Collection[str]) -> bool:
    """Whether one of the normalised patterns is about the address with this key. A domain is not its subdomains."""
    local, _, domain = key.rpartition("@")
    return any(pattern in patterns for pattern in (key, domain, f"{local}@"))
