"""Django: an e-mail backend that checks the blocked table, and passes what may be sent to the backend that sends it.

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
_RECIPIENT_LISTS = ("to", "cc", "bcc")
_OPERATION = "send_messages"


class EmailBackend:
    """See ``guard`` for the two modes; all messages of a call are checked together.

    Mode "raise": if any recipient of any message may not be mailed, no message is sent. Mode "strip": a message without
    a recipient left is not sent (``Stripped.unsent_positions`` has its position); if none has one left: BlockedError.
    With ``fail_silently`` neither BlockedError nor TableError is raised; the number of sent messages is then 0.

    Raises: django's ImproperlyConfigured for settings that do not fit.
    """

    def __init__(self, fail_silently: bool = False, **options: Any) -> None:
        """``options`` go to the backend that sends: what the caller gives, or the OPTIONS of the mailer."""
        from django.conf import settings  # noqa: PLC0415 - only where there is Django
        from django.utils.module_loading import import_string  # noqa: PLC0415

        configuration = getattr(settings, "SES_FEEDBACK", {})
        _check(configuration)
        self.fail_silently = fail_silently
        self._on_stripped: Callable[[Stripped], object] | None = None
        if configuration.get("ON_STRIPPED"):
            self._on_stripped = import_string(configuration["ON_STRIPPED"])
        self._bypass_tag = configuration.get("BYPASS_TAG")
        self._blocklist_options = dict(configuration["BLOCKLIST"])
        self.blocklist()  # wrong options are reported here
        if fail_silently:  # Django 6.1 warns about it even if it is False
            options["fail_silently"] = True
        self._inner: Any = import_string(configuration["BACKEND"])(**options)

    def blocklist(self) -> Blocklist:
        """Not an attribute: each message refers to its backend, and messages are copied."""
        return _blocklist(**self._blocklist_options)

    def open(self) -> object:
        """Open a connection of the backend that sends."""
        return self._inner.open()

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def __enter__(self) -> "EmailBackend":
        """Open; close when the block ends."""
        self._inner.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._inner.__exit__(kind, error, trace)

    def send_messages(self, email_messages: Sequence[Any]) -> int:
        """Send the messages that may be sent; returns their number."""
        try:
            messages = self._allowed(list(email_messages or ()))
        except (BlockedError, TableError):
            if self.fail_silently:
                return 0
            raise
        return self._inner.send_messages(messages) or 0 if messages else 0

    def _allowed(self, messages: list[Any]) -> list[Any]:
        exempt = {id(message) for message in messages if bypassed() or self._is_exempt(message)}
        checked = [message for message in messages if id(message) not in exempt]
        recipients = list(dict.fromkeys(str(recipient) for message in checked for recipient in message.recipients()))
        refused = {answer.address: answer for answer in self.blocklist().check(recipients) if not answer.allowed}
        if not refused:
            return messages
        remaining = [message if id(message) in exempt else _without(message, refused) for message in messages]
        if self._on_stripped is None or not any(remaining):
            raise BlockedError(_OPERATION, tuple(refused.values()), len(recipients))
        unsent_positions = tuple(position for position, message in enumerate(remaining) if message is None)
        self._on_stripped(Stripped(_OPERATION, tuple(refused.values()), unsent_positions))
        return [message for message in remaining if message is not None]

    def _is_exempt(self, message: Any) -> bool:
        if self._bypass_tag is None:
            return False
        name, value = self._bypass_tag
        fields = [(str(field), str(content)) for field, content in message.extra_headers.items()]
        return bool(headers.message_tags(fields).get(name) == value)


@functools.cache
def _blocklist(**options: Any) -> Blocklist:
    """One for all backends of a process: Django makes a backend per mail."""
    return Blocklist(**options)


def _check(configuration: Mapping[str, Any]) -> None:
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - only where there is Django

    if unknown := sorted(set(configuration) - set(_KEYS)):
        raise ImproperlyConfigured(f"SES_FEEDBACK has {', '.join(unknown)}; it may have {', '.join(_KEYS)}")
    if not configuration.get("BACKEND") or configuration["BACKEND"] == f"{__name__}.EmailBackend":
        raise ImproperlyConfigured("SES_FEEDBACK['BACKEND'] must name the backend that sends")
    if not {"table", "when_unavailable"} <= set(configuration.get("BLOCKLIST", ())):
        raise ImproperlyConfigured("SES_FEEDBACK['BLOCKLIST'] needs table and when_unavailable (raise, allow or block)")
    mode = configuration.get("MODE", "raise")
    if mode not in ("raise", "strip"):
        raise ImproperlyConfigured(f"SES_FEEDBACK['MODE'] is {mode!r}; it is 'raise' or 'strip'")
    if (mode == "strip") != bool(configuration.get("ON_STRIPPED")):
        raise ImproperlyConfigured("SES_FEEDBACK['MODE'] 'strip' needs ON_STRIPPED, and only that mode has it")


def _without(message: Any, refused: Container[str]) -> Any:
    """A copy to the others, as the caller may use the message again; None if no recipient is left."""
    if not message.recipients():  # Django's backends send no such message
        return message
    remaining = copy.copy(message)
    for name in _RECIPIENT_LISTS:
        setattr(remaining, name, [recipient for recipient in getattr(message, name) if str(recipient) not in refused])
    return remaining if remaining.recipients() else None
