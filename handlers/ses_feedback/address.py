"""The key of an address in the blocked table, for the writer and for every sender that reads it.

Both use one function, because a block only works if both spell an address alike.
"""

import re

_TEXT_LIMIT = 2_048  # a display name and an address; a longer string is no address, and is not searched
_KEY_LIMIT = 320  # 64 + "@" + 255 characters (RFC 5321, 4.5.3.1); DynamoDB allows 2,048 bytes

_COMMENT = r"\s*(?:\([^()]*\)\s*)?"
# Dots anywhere, though RFC 5321 wants each between two other characters: until 2009 NTT docomo gave out a..b@ and a.@,
# still in use (https://www.docomo.ne.jp/service/docomo_mail/rfc_add/, read 2026-11-24). Some write "a..b"@ and "a."@.
_UNQUOTED = r'[^\s"(),:;<>@\[\]\\]+'
_LOCAL = rf'(?:"(?:[^"\\]|\\.)*"|{_UNQUOTED})'
_DOMAIN = r'(?:\[[^\s\[\]<>@]+\]|[^\s"(),:;<>@\[\]\\]+)'
_SPEC = f"{_COMMENT}(?P<local>{_LOCAL})@(?P<domain>{_DOMAIN}){_COMMENT}"
_BARE = re.compile(_SPEC)
_NAMED = re.compile(f"<{_SPEC}>{_COMMENT}$")
# RFC 3464, 2.3.2: a recipient field of a delivery report begins with the type of the address.
_ADDRESS_TYPE = re.compile(r"\s*(?:rfc822|utf-8)\s*;", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_SEPARATORS = frozenset(",;<")
_NEEDS_NO_QUOTES = re.compile(_UNQUOTED)
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")


class NotAnAddressError(ValueError):
    """The string is not a mail address. The message says why and never repeats the string, which may be personal.

    ``kind`` is the reason in a word, for programs: ``empty``, ``too-long``, ``form`` (not name@domain), ``several``
    (addresses), ``local`` or ``domain`` (that part is not possible).
    """

    def __init__(self, message: str, kind: str = "form") -> None:
        super().__init__(message)
        self.kind = kind


def address_key(text: str) -> str:
    """The key of the address in ``text``: ``Jane <Jane+x@Example.ORG.>`` becomes ``jane+x@example.org``.

    Strips a display name, ``rfc822;``, angle brackets, comments and the domain's trailing dot; writes the domain in its
    ASCII form and everything in lower case. Plus-tags stay: no AWS page says that SES folds them. A quoted local part
    loses its quotes when this function takes it without them: ``"a..b"`` and ``a..b`` are one mailbox, because quotes
    are no part of a name (RFC 5321, 4.1.2).

    Raises: NotAnAddressError when ``text`` is not an address, is more than one, or has what SES cannot mail
    (a local part outside ASCII). Nothing is guessed.
    """
    if len(text) > _TEXT_LIMIT:
        raise NotAnAddressError(
            f"it has {len(text)} characters; an address with its name has at most {_TEXT_LIMIT}", "too-long"
        )
    if address_type := _ADDRESS_TYPE.match(text):
        text = text[address_type.end() :]
    text = text.strip()
    if not text:
        raise NotAnAddressError("it is empty", "empty")
    match = _BARE.fullmatch(text) or _match_named(text)
    if match is None:
        raise NotAnAddressError("it is not of the form name@domain or Name <name@domain>")
    key = f"{_local_key(match['local'])}@{_domain_key(match['domain'])}"
    if len(key) > _KEY_LIMIT:
        raise NotAnAddressError(f"the address has {len(key)} characters; at most {_KEY_LIMIT} are possible", "too-long")
    return key


def _match_named(text: str) -> re.Match[str] | None:
    match = _NAMED.search(text)
    if match:
        display_name = _QUOTED.sub("", text[: match.start()])
        # `Doe, Jane <j@x.org>` is one person; `a@x.org, Jane <j@x.org>` is two, and which one is meant is a guess.
        if "@" in display_name and not _SEPARATORS.isdisjoint(display_name):
            raise NotAnAddressError("it holds more than one address", "several")
    return match


def _local_key(local: str) -> str:
    if not (local.isascii() and local.isprintable()):
        raise NotAnAddressError(
            "the part before the @ has a character outside printable ASCII, which SES cannot mail", "local"
        )
    local = local.lower()
    if local.startswith('"'):
        unquoted = re.sub(r"\\(.)", r"\1", local[1:-1])
        if _NEEDS_NO_QUOTES.fullmatch(unquoted):
            return unquoted
        return '"' + re.sub(r'(["\\])', r"\\\1", unquoted) + '"'
    return local


def _domain_key(domain: str) -> str:
    if domain.startswith("["):
        if not (domain.isascii() and domain.isprintable()):
            raise NotAnAddressError("the address literal after the @ has a character outside printable ASCII", "domain")
        return domain.lower()
    ascii_domain = domain.lower() if domain.isascii() else _idna(domain)
    ascii_domain = ascii_domain.removesuffix(".")
    if not all(_LABEL.fullmatch(label) for label in ascii_domain.split(".")):
        raise NotAnAddressError(
            "the domain has an empty part, one of more than 63 characters, or a character no domain has", "domain"
        )
    return ascii_domain


def _idna(domain: str) -> str:
    """The ASCII form by IDNA 2008 with UTS 46 mapping, not transitional.

    Python's own codec is IDNA 2003, which turns ``faß.de`` into ``fass.de``: another domain with another owner. The
    registry, SES (which takes and returns only the ASCII form) and today's browsers say ``xn--fa-hia.de``.
    """
    import idna  # noqa: PLC0415 - rare, and 5 ms of a cold start

    if len(domain) > _KEY_LIMIT:
        raise NotAnAddressError(f"the domain has {len(domain)} characters; at most 253 are possible", "domain")
    try:
        return idna.encode(domain, uts46=True, transitional=False).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        raise NotAnAddressError(
            "the domain has a character that no internationalised domain may have", "domain"
        ) from None
