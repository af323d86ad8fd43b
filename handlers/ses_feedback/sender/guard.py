"""A client of SES that asks the blocked table before each mail.

    ses = guard(boto3.client("sesv2"), Blocklist("arn:…", when_unavailable="block"))

botocore announces each call before it builds the request; there the recipients are read, and there a call can be
stopped or changed. The client is otherwise the same object with the same methods.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, TypeVar, get_args
from weakref import WeakKeyDictionary

from ses_feedback.sender.answer import BlockedError, Stripped
from ses_feedback.sender.blocklist import Blocklist
from ses_feedback.sender.calls import CALLS, Call, Mail

Client = TypeVar("Client")
Mode = Literal["raise", "strip"]

_LEFT_OUT = "ses_feedback.left_out"
_NOT_SENT = "not sent: nobody in this entry may be mailed"
_bypassed: ContextVar[bool] = ContextVar("ses_feedback_bypassed", default=False)
_guards: "WeakKeyDictionary[object, _Guard]" = WeakKeyDictionary()
_lock = threading.Lock()


def guard(
    client: Client,
    blocklist: Blocklist,
    *,
    mode: Mode = "raise",
    on_stripped: Callable[[Stripped], object] | None = None,
    bypass_tag: tuple[str, str] | None = None,
) -> Client:
    """Make a boto3 or botocore client of SES ("ses" or "sesv2") ask before it sends; returns the client.

    Checked are To, Cc and Bcc of SendEmail, SendRawEmail, SendTemplatedEmail, SendBulkTemplatedEmail and SendBulkEmail;
    of raw messages those of the call, or, where it names none, of the header. What the table cannot say is allowed,
    blocked or a TableError, as ``blocklist`` has it.

    mode: "raise" a BlockedError if any recipient is refused, and send nothing; or "strip" these, and send to the rest.
        Of a raw message only the envelope changes, its header (signed, perhaps) does not. Where nobody is left: raise.
    on_stripped: needed with "strip"; told of each call that lost recipients before it is sent; what it raises stops it.
    bypass_tag: name and value of a message tag; a mail that has it is not checked. See also ``bypass``.

    Raises: ValueError when the client is no SES client or guarded already, or the options do not fit each other.
    """
    service = _service(client)
    if mode not in get_args(Mode):
        raise ValueError(f"mode is {mode!r}; it is one of {get_args(Mode)}")
    if (mode == "strip") != (on_stripped is not None):
        raise ValueError("mode 'strip' needs on_stripped, so that nobody is left out unseen, and only that mode has it")
    calls = {name: call for (of, name), call in CALLS.items() if of == service}
    new = _Guard(blocklist, on_stripped, bypass_tag, calls)
    with _lock:
        if client in _guards:
            raise ValueError("this client is guarded already; unguard it first to change how")
        _guards[client] = new
    new.register(client.meta.events, service)  # type: ignore[attr-defined] # every client has it
    return client


def unguard(client: object) -> None:
    """Make the client send unasked again. Raises: ValueError when it is not guarded."""
    service = _service(client)
    with _lock:
        known = _guards.pop(client, None)
    if known is None:
        raise ValueError("this client is not guarded")
    known.unregister(client.meta.events, service)  # type: ignore[attr-defined] # every client has it


@contextmanager
def bypass() -> Iterator[None]:
    """Within this block, in this thread or task, guarded clients send unasked: for mail that must go out."""
    token = _bypassed.set(True)
    try:
        yield
    finally:
        _bypassed.reset(token)


def bypassed() -> bool:
    """Whether this is within a ``bypass`` block."""
    return _bypassed.get()


class _Guard:
    """What one client asks, and how it is told. Knows nothing of the client, so that it does not keep it alive."""

    def __init__(
        self,
        blocklist: Blocklist,
        on_stripped: Callable[[Stripped], object] | None,
        bypass_tag: tuple[str, str] | None,
        calls: Mapping[str, Call],
    ) -> None:
        self._blocklist = blocklist
        self._on_stripped = on_stripped
        self._bypass_tag = bypass_tag
        self._calls = calls

    def register(self, events: Any, service: str) -> None:
        """Last, so that whatever else changes the parameters has done so."""
        for name in self._calls:
            events.register_last(f"before-parameter-build.{service}.{name}", self.before)
            events.register(f"after-call.{service}.{name}", self.after)

    def unregister(self, events: Any, service: str) -> None:
        for name in self._calls:
            events.unregister(f"before-parameter-build.{service}.{name}", self.before)
            events.unregister(f"after-call.{service}.{name}", self.after)

    def before(self, *, params: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
        """Stop the call, or change its parameters. ``params`` belongs to this call, what is in it to the caller."""
        if bypassed():
            return
        call = self._calls[model.name]
        mails = call.mails(params)
        checked = [mail for mail in mails if not self._exempt(mail)]
        asked = list(dict.fromkeys(text for mail in checked for text in mail.texts()))
        answers = self._blocklist.check(asked)
        refused = {answer.address: answer for answer in answers if not answer.allowed}
        if not refused:
            return
        kept = [self._kept(mail, refused) for mail in mails]
        if self._on_stripped is None or not any(kept):
            raise BlockedError(model.name, tuple(refused.values()), len(asked))
        left_out = tuple(position for position, mail in enumerate(kept) if mail is None)
        self._on_stripped(Stripped(model.name, tuple(refused.values()), left_out))
        params.update(call.rewritten(params, kept))
        context[_LEFT_OUT] = left_out

    def after(self, *, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
        """Put a result in the place of each entry that was left out: the n-th is that of the n-th entry, as always."""
        call = self._calls[model.name]
        results = parsed.get(call.results)
        if not isinstance(results, list):
            return
        for position in context.get(_LEFT_OUT, ()):
            results.insert(position, {"Status": call.rejected, "Error": _NOT_SENT})

    def _kept(self, mail: Mail, refused: Mapping[str, object]) -> Mail | None:
        if self._exempt(mail) or not mail.texts():  # SES refuses a mail to nobody in its own words
            return mail
        left = mail.without(refused)
        return left if left.texts() else None

    def _exempt(self, mail: Mail) -> bool:
        return self._bypass_tag is not None and mail.tags.get(self._bypass_tag[0]) == self._bypass_tag[1]


def _service(client: object) -> str:
    meta = getattr(client, "meta", None)
    name = getattr(getattr(meta, "service_model", None), "service_name", type(client).__name__)
    if name not in {of for of, _ in CALLS}:
        raise ValueError(f"this is a client of {name!r}; guard takes one of SES, 'ses' or 'sesv2'")
    return str(name)
