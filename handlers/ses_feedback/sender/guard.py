"""A client of SES that checks the blocked table before each mail.

    ses = guard(boto3.client("sesv2"), Blocklist("arn:…", when_unavailable="block"))

botocore emits an event before it builds each request: the guard reads the recipients there, and can stop or change
the call. The client is otherwise the same object with the same methods.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, TypeVar, get_args
from weakref import WeakKeyDictionary

from ses_feedback.sender.answer import BlockedError, Stripped
from ses_feedback.sender.blocklist import Blocklist
from ses_feedback.sender.send_operations import SEND_OPERATIONS, Mail, SendOperation

Client = TypeVar("Client")
Mode = Literal["raise", "strip"]

_UNSENT_POSITIONS = "ses_feedback.unsent_positions"
_NOT_SENT = "not sent: no recipient of this entry may be mailed"
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
    """Make a boto3 or botocore client of SES ("ses" or "sesv2") check before it sends; returns the client.

    Checked are To, Cc and Bcc of SendEmail, SendRawEmail, SendTemplatedEmail, SendBulkTemplatedEmail and SendBulkEmail;
    of raw messages those of the call or, if it has none, of the header. If the table cannot be read, the
    blocklist's ``when_unavailable`` decides: allow, block or raise TableError.

    mode: "raise" a BlockedError if any recipient is refused, and send nothing; or "strip" these and send to the others.
        Of a raw message only the envelope changes, not its header, which may be signed. With no recipient left: raise.
    on_stripped: needed with "strip"; called before a call that lost recipients is sent; an exception from it stops it.
    bypass_tag: name and value of a message tag; a mail that has it is not checked. See also ``bypass``.

    Raises: ValueError when the client is not of SES or guarded already, or the options do not fit each other.
    """
    service = _service(client)
    if mode not in get_args(Mode):
        raise ValueError(f"mode is {mode!r}; it is one of {get_args(Mode)}")
    if (mode == "strip") != (on_stripped is not None):
        raise ValueError(
            "mode 'strip' needs on_stripped, so that no recipient is removed unnoticed, and only that mode has it"
        )
    operations = {name: operation for (api, name), operation in SEND_OPERATIONS.items() if api == service}
    client_guard = _Guard(blocklist, on_stripped, bypass_tag, operations)
    with _lock:
        if client in _guards:
            raise ValueError("this client is guarded already; unguard it first to change its options")
        _guards[client] = client_guard
    client_guard.register(client.meta.events, service)  # type: ignore[attr-defined] # every client has it
    return client


def unguard(client: object) -> None:
    """Make the client send unchecked again. Raises: ValueError when it is not guarded."""
    service = _service(client)
    with _lock:
        client_guard = _guards.pop(client, None)
    if client_guard is None:
        raise ValueError("this client is not guarded")
    client_guard.unregister(client.meta.events, service)  # type: ignore[attr-defined] # every client has it


@contextmanager
def bypass() -> Iterator[None]:
    """Within this block, in this thread or task, guarded clients send unchecked: for mail that must be sent."""
    token = _bypassed.set(True)
    try:
        yield
    finally:
        _bypassed.reset(token)


def bypassed() -> bool:
    """Whether this is within a ``bypass`` block."""
    return _bypassed.get()


class _Guard:
    """The guard of one client. It has no reference to the client, so that it does not keep it alive."""

    def __init__(
        self,
        blocklist: Blocklist,
        on_stripped: Callable[[Stripped], object] | None,
        bypass_tag: tuple[str, str] | None,
        operations: Mapping[str, SendOperation],
    ) -> None:
        self._blocklist = blocklist
        self._on_stripped = on_stripped
        self._bypass_tag = bypass_tag
        self._operations = operations

    def register(self, events: Any, service: str) -> None:
        """As the last handler: others may change the parameters before."""
        for name in self._operations:
            events.register_last(f"before-parameter-build.{service}.{name}", self.before)
            events.register(f"after-call.{service}.{name}", self.after)

    def unregister(self, events: Any, service: str) -> None:
        for name in self._operations:
            events.unregister(f"before-parameter-build.{service}.{name}", self.before)
            events.unregister(f"after-call.{service}.{name}", self.after)

    def before(self, *, params: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
        """Stop the call, or change its parameters. ``params`` is a copy for this call, its values are the caller's."""
        if bypassed():
            return
        operation = self._operations[model.name]
        mails = operation.mails(params)
        checked = [mail for mail in mails if not self._is_exempt(mail)]
        recipients = list(dict.fromkeys(recipient for mail in checked for recipient in mail.all_recipients()))
        answers = self._blocklist.check(recipients)
        refused = {answer.address: answer for answer in answers if not answer.allowed}
        if not refused:
            return
        remaining = [self._remaining(mail, refused) for mail in mails]
        if self._on_stripped is None or not any(remaining):
            raise BlockedError(model.name, tuple(refused.values()), len(recipients))
        unsent_positions = tuple(position for position, mail in enumerate(remaining) if mail is None)
        self._on_stripped(Stripped(model.name, tuple(refused.values()), unsent_positions))
        params.update(operation.with_mails(params, remaining))
        context[_UNSENT_POSITIONS] = unsent_positions

    def after(self, *, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
        """Insert a result for each entry that was not sent, so that the n-th result is still that of the n-th entry."""
        operation = self._operations[model.name]
        results = parsed.get(operation.results)
        if not isinstance(results, list):
            return
        for position in context.get(_UNSENT_POSITIONS, ()):
            results.insert(position, {"Status": operation.rejected, "Error": _NOT_SENT})

    def _remaining(self, mail: Mail, refused: Mapping[str, object]) -> Mail | None:
        if self._is_exempt(mail) or not mail.all_recipients():  # SES itself refuses a mail without recipients
            return mail
        remaining = mail.without(refused)
        return remaining if remaining.all_recipients() else None

    def _is_exempt(self, mail: Mail) -> bool:
        return self._bypass_tag is not None and mail.tags.get(self._bypass_tag[0]) == self._bypass_tag[1]


def _service(client: object) -> str:
    meta = getattr(client, "meta", None)
    name = getattr(getattr(meta, "service_model", None), "service_name", type(client).__name__)
    if name not in {service for service, _ in SEND_OPERATIONS}:
        raise ValueError(f"this is a client of {name!r}; guard takes one of SES, 'ses' or 'sesv2'")
    return str(name)
