"""Recipients and tags in the header of a message. Pure.

The standard library's parsers drop an address that they cannot read; here every piece of a field comes out, and the one
key function says of each whether it is an address.
"""

import re
from collections.abc import Mapping
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import NamedTuple

RECIPIENT_FIELDS = ("To", "Cc", "Bcc")

Fields = list[tuple[str, str]]
"""Name and text of each header field, as it stands in the message."""


class Piece(NamedTuple):
    """One recipient: the address alone, and with its display name as it stands in the field."""

    address: str
    text: str


_END = re.compile(rb"(?>\r\n|\r|\n){2}")
_LINE_END = re.compile(r"[\r\n]+")
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PIECE = re.compile(rf"(?:{_QUOTED}|\((?:[^()\\]|\\.)*\)|<[^<>]*>|[^,;])+")
_NAMED = re.compile(rf"(?:{_QUOTED}|[^\"<>])*<([^<>]+)>\s*(?:\([^()]*\)\s*)?")
_GROUP_NAME = re.compile(rf"\s*(?:{_QUOTED}|[^\"<>@\[\]])*?:")


def read(message: bytes, *, strict: bool = True) -> Fields:
    """The header fields of a MIME message. Raises: ValueError, with the parser's reason, when ``strict`` and a line is
    no field, behind which a recipient may hide.
    """
    head = message[: end.end()] if (end := _END.search(message)) else message
    parsed = BytesHeaderParser(policy=compat32).parsebytes(head)
    if parsed.defects and strict:
        raise ValueError(f"the header of the message cannot be read ({type(parsed.defects[0]).__name__})")
    return [(name, _decoded(value)) for name, value in parsed.raw_items()]


def recipients(fields: Fields) -> list[str]:
    """Each recipient in To, Cc and Bcc once, without display name; members of groups one by one."""
    wanted = {name.lower() for name in RECIPIENT_FIELDS}
    found = (piece.address for name, value in fields if name.lower() in wanted for piece in pieces(value))
    return list(dict.fromkeys(found))


def pieces(value: str) -> list[Piece]:
    """The recipients of a To, Cc or Bcc field; what is no address comes out as it is."""
    texts = (_without_group(text).strip() for text in _PIECE.findall(_LINE_END.sub("", value)))
    return [Piece(named[1].strip() if (named := _NAMED.fullmatch(text)) else text, text) for text in texts if text]


def _without_group(piece: str) -> str:
    return piece[name.end() :] if (name := _GROUP_NAME.match(piece)) else piece


def tags(fields: Fields) -> Mapping[str, str]:
    """What the X-SES-MESSAGE-TAGS header says: ``name=value, name=value``."""
    texts = (part for name, value in fields if name.lower() == "x-ses-message-tags" for part in value.split(","))
    pairs = (text.partition("=") for text in texts)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _decoded(value: object) -> str:
    """compat32 keeps bytes beyond ASCII as surrogates; a domain may be written in UTF-8."""
    return str(value).encode("ascii", "surrogateescape").decode("utf-8", "replace")
