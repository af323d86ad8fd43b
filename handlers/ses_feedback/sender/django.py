"""Django: an e-mail backend that asks the blocked table, and hands what may be sent to the backend that sends it.

    EMAIL_BACKEND = "ses_feedback.sender.django.EmailBackend"  # from Django 6.1 on: BACKEND of a mailer in MAILERS
    SES_FEEDBACK = {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "BLOCKLIST": {"table": "arn:aws:dynamodb:…", "when_unavailable": "raise"},  # and other inputs of Blocklist
        "MODE": "strip",  # or "raise", which is the default
        "ON_STRIPPED": "shop.mail.on_stripped",  # needed with "strip"
        "BYPASS_TAG": ("priority", "critical"),  # as X-SES-MESSAGE-TAGS of a message; optional
    }

Django is imported when the backend is made: the library does not need it.
"""

import copy
import functools
from collections.abc import Callable, Container, Mapping, Sequence
from types import TracebackType
from typing import Any

from ses_feedback.sender import headers
from ses_feedback.sender.answer import BlockedError, Stripped
from ses_feedback.sender.blocklist import Blocklist
from ses_feedback.sender.guard import bypassed
from ses_feedback.table import TableError

_KEYS = ("BACKEND", "BLOCKLIST", "MODE", "ON_STRIPPED", "BYPASS_TAG")
_LISTS = ("to", "cc", "bcc")
_OPERATION = "send_messages"


class EmailBackend:
    """See ``guard`` for the two modes; one question for all messages of a call.

    Mode "raise": if anybody in any message may not be mailed, none of the messages is sent. Mode "strip": a message
    that has nobody left is left out (``Stripped.left_out`` has its place), and if none has anybody left: BlockedError.
    With ``fail_silently`` no BlockedError and no TableError is raised, and 0 returned.

    Raises: django's ImproperlyConfigured for settings that do not fit.
    """

    def __init__(self, fail_silently: bool = False, **options: Any) -> None:
        """``options`` go to the backend that sends: what the caller gives, or the OPTIONS of the mailer."""
        from django.conf import settings  # noqa: PLC0415 - only where there is Django
        from django.utils.module_loading import import_string  # noqa: PLC0415

        given = getattr(settings, "SES_FEEDBACK", {})
        _check(given)
        self.fail_silently = fail_silently
        self._on_stripped: Callable[[Stripped], object] | None = None
        if given.get("ON_STRIPPED"):
            self._on_stripped = import_string(given["ON_STRIPPED"])
        self._bypass_tag = given.get("BYPASS_TAG")
        self._options = dict(given["BLOCKLIST"])
        self.blocklist()  # what is wrong with it shows here
        if fail_silently:  # Django 6.1 warns of it even where it is False
            options["fail_silently"] = True
        self._inner: Any = import_string(given["BACKEND"])(**options)

    def blocklist(self) -> Blocklist:
        """What it asks. Not an attribute: a backend hangs on each message, and messages are copied."""
        return _blocklist(**self._options)

    def open(self) -> object:
        """Open a connection of the backend that sends."""
        return self._inner.open()

    def close(self) -> None:
        """Close it."""
        self._inner.close()

    def __enter__(self) -> "EmailBackend":
        """Open; close when the block ends."""
        self._inner.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self._inner.__exit__(kind, error, trace)

    def send_messages(self, email_messages: Sequence[Any]) -> int:
        """Send what may be sent; the number of messages that were."""
        try:
            messages = self._allowed(list(email_messages or ()))
        except (BlockedError, TableError):
            if self.fail_silently:
                return 0
            raise
        return self._inner.send_messages(messages) or 0 if messages else 0

    def _allowed(self, messages: list[Any]) -> list[Any]:
        exempt = {id(message) for message in messages if bypassed() or self._exempt(message)}
        checked = [message for message in messages if id(message) not in exempt]
        asked = list(dict.fromkeys(str(text) for message in checked for text in message.recipients()))
        refused = {answer.address: answer for answer in self.blocklist().check(asked) if not answer.allowed}
        if not refused:
            return messages
        kept = [message if id(message) in exempt else _without(message, refused) for message in messages]
        if self._on_stripped is None or not any(kept):
            raise BlockedError(_OPERATION, tuple(refused.values()), len(asked))
        left_out = tuple(position for position, message in enumerate(kept) if message is None)
        self._on_stripped(Stripped(_OPERATION, tuple(refused.values()), left_out))
        return [message for message in kept if message is not None]

    def _exempt(self, message: Any) -> bool:
        if self._bypass_tag is None:
            return False
        name, value = self._bypass_tag
        fields = [(str(key), str(text)) for key, text in message.extra_headers.items()]
        return bool(headers.tags(fields).get(name) == value)


@functools.cache
def _blocklist(**options: Any) -> Blocklist:
    """One for all backends of a process: Django makes a backend per mail."""
    return Blocklist(**options)


def _check(given: Mapping[str, Any]) -> None:
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - only where there is Django

    if unknown := sorted(set(given) - set(_KEYS)):
        raise ImproperlyConfigured(f"SES_FEEDBACK has {', '.join(unknown)}; it may have {', '.join(_KEYS)}")
    if not given.get("BACKEND") or given["BACKEND"] == f"{__name__}.EmailBackend":
        raise ImproperlyConfigured("SES_FEEDBACK['BACKEND'] is to name the backend that sends")
    if not {"table", "when_unavailable"} <= set(given.get("BLOCKLIST", ())):
        raise ImproperlyConfigured("SES_FEEDBACK['BLOCKLIST'] needs table and when_unavailable (raise, allow or block)")
    mode = given.get("MODE", "raise")
    if mode not in ("raise", "strip"):
        raise ImproperlyConfigured(f"SES_FEEDBACK['MODE'] is {mode!r}; it is 'raise' or 'strip'")
    if (mode == "strip") != bool(given.get("ON_STRIPPED")):
        raise ImproperlyConfigured("SES_FEEDBACK['MODE'] 'strip' needs ON_STRIPPED, and only that mode has it")


def _without(message: Any, refused: Container[str]) -> Any:
    """A copy to the others; None if nobody is left. Who made the message may look at it again."""
    if not message.recipients():  # Django's backends send no such message
        return message
    left = copy.copy(message)
    for name in _LISTS:
        setattr(left, name, [text for text in getattr(message, name) if str(text) not in refused])
    return left if left.recipients() else None
