"""Recipients and tags in the header of a message. Pure.

The standard library's parsers drop an address that they cannot parse. Here every recipient of a field is returned, and
``address_key`` decides whether it is an address.
"""

import re
from collections.abc import Mapping
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import NamedTuple

RECIPIENT_FIELDS = ("To", "Cc", "Bcc")

HeaderFields = list[tuple[str, str]]
"""Name and value of each header field, as written in the message."""


class HeaderRecipient(NamedTuple):
    """One recipient: the address alone, and with its display name as written in the field."""

    address: str
    as_written: str


_HEADER_END = re.compile(rb"(?>\r\n|\r|\n){2}")
_LINE_END = re.compile(r"[\r\n]+")
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_RECIPIENT = re.compile(rf"(?:{_QUOTED}|\((?:[^()\\]|\\.)*\)|<[^<>]*>|[^,;])+")
_NAMED = re.compile(rf"(?:{_QUOTED}|[^\"<>])*<([^<>]+)>\s*(?:\([^()]*\)\s*)?")
_GROUP_NAME = re.compile(rf"\s*(?:{_QUOTED}|[^\"<>@\[\]])*?:")


def parse_header(message: bytes, *, strict: bool = True) -> HeaderFields:
    """The header fields of a MIME message.

    Raises: ValueError, with the parser's reason, when ``strict`` and a line is not a field: the parser then ignores the
    recipients behind it.
    """
    header = message[: end.end()] if (end := _HEADER_END.search(message)) else message
    parsed = BytesHeaderParser(policy=compat32).parsebytes(header)
    if parsed.defects and strict:
        raise ValueError(f"the header of the message cannot be read ({type(parsed.defects[0]).__name__})")
    return [(name, _decoded(value)) for name, value in parsed.raw_items()]


def recipients(fields: HeaderFields) -> list[str]:
    """Each recipient in To, Cc and Bcc once, without display name; the members of groups too."""
    names = {name.lower() for name in RECIPIENT_FIELDS}
    addresses = (
        recipient.address for name, value in fields if name.lower() in names for recipient in field_recipients(value)
    )
    return list(dict.fromkeys(addresses))


def field_recipients(value: str) -> list[HeaderRecipient]:
    """The recipients of a To, Cc or Bcc field; what is not an address is returned as written."""
    written = (_without_group_name(recipient).strip() for recipient in _RECIPIENT.findall(_LINE_END.sub("", value)))
    return [
        HeaderRecipient(named[1].strip() if (named := _NAMED.fullmatch(recipient)) else recipient, recipient)
        for recipient in written
        if recipient
    ]


def _without_group_name(recipient: str) -> str:
    return recipient[name.end() :] if (name := _GROUP_NAME.match(recipient)) else recipient


def message_tags(fields: HeaderFields) -> Mapping[str, str]:
    """The tags in the X-SES-MESSAGE-TAGS header: ``name=value, name=value``."""
    tags = (tag for name, value in fields if name.lower() == "x-ses-message-tags" for tag in value.split(","))
    pairs = (tag.partition("=") for tag in tags)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _decoded(value: object) -> str:
    """compat32 keeps bytes beyond ASCII as surrogates; a domain may be written in UTF-8."""
    return str(value).encode("ascii", "surrogateescape").decode("utf-8", "replace")
