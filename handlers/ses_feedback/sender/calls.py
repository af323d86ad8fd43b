"""Whom a call of SES mails: read from its parameters, and written back without some. Pure."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ses_feedback.sender import headers

FIELDS = ("ToAddresses", "CcAddresses", "BccAddresses")

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail of a call: recipients by field, as they are given, and the message tags that SES will give it."""

    recipients: Mapping[str, Sequence[str]]
    tags: Mapping[str, str]

    def texts(self) -> list[str]:
        """All recipients."""
        return [text for texts in self.recipients.values() for text in texts]

    def without(self, refused: Container[str]) -> "Mail":
        """The same mail to the others."""
        left = {field: [text for text in texts if text not in refused] for field, texts in self.recipients.items()}
        return Mail({field: texts for field, texts in left.items() if texts}, self.tags)


@dataclass(frozen=True, slots=True)
class Call:
    """Where an operation has its recipients. ``entries``: it sends several mails, and answers each in ``results``."""

    recipients: str
    tags: str
    raw: tuple[str, ...] = ()
    """Where it has a MIME message, if it has one."""
    results: str = ""
    rejected: str = ""
    """The status that such an answer has for a mail that was not sent."""

    @property
    def bulk(self) -> bool:
        """Whether it sends several mails."""
        return bool(self.results)

    def mails(self, params: Params) -> list[Mail]:
        """The mails of one call.

        Raises: TypeError, for a parameter of a type that botocore would refuse. ValueError, for a MIME message whose
        recipients cannot be found out.
        """
        if not self.bulk:
            return [self._mail(params)]
        defaults = _tags(params.get(self.tags))
        return [
            Mail(_destination(_mapping(entry, self.recipients).get("Destination")), defaults | _replaced(entry))
            for entry in _list(params.get(self.recipients), self.recipients)
        ]

    def rewritten(self, params: Params, mails: Sequence[Mail | None]) -> Params:
        """The parameters that say so; None: that mail is not sent. Nothing of ``params`` itself is changed."""
        if self.bulk:
            pairs = zip(params[self.recipients], mails, strict=True)
            entries = [{**entry, "Destination": _to(entry.get("Destination"), mail)} for entry, mail in pairs if mail]
            return {self.recipients: entries}
        (mail,) = mails
        if mail is None:
            return {}
        if self.recipients == "Destinations":
            return {self.recipients: mail.texts()}
        return {self.recipients: _to(params.get(self.recipients), mail)}

    def _mail(self, params: Params) -> Mail:
        """SES takes recipients from the header only if the call names none, and so it does with tags.

        Tags: developer guide, "Specify your configuration set when you send email". Recipients: no page of AWS says
        so; reports of tries do (drewblas/aws-ses pull request 53, savvyagents/larasend pull request 2).
        """
        given = params.get(self.recipients)
        if self.recipients == "Destinations":
            given = {"ToAddresses": given}
        recipients, tags = _destination(given), _tags(params.get(self.tags))
        message = self._message(params)
        if message is not None and not (any(recipients.values()) and tags):
            fields = headers.read(message, strict=not any(recipients.values()))
            tags = tags or dict(headers.tags(fields))
            if not any(recipients.values()):
                recipients = {"ToAddresses": headers.recipients(fields)}
                if not recipients["ToAddresses"]:
                    raise ValueError("no recipient in the call, nor in To, Cc or Bcc of the message: nothing is sent")
        return Mail(recipients, tags)

    def _message(self, params: Params) -> bytes | None:
        data: Any = params
        for name in self.raw:
            data = _mapping(data, name).get(name)
            if data is None:
                return None
        if not self.raw:
            return None
        if isinstance(data, str):
            return data.encode()  # as botocore does
        if isinstance(data, bytes | bytearray):
            return bytes(data)
        raise TypeError(f"{self.raw[-1]} of the message is of type {type(data).__name__}; it is bytes or a text")


CALLS = {
    ("ses", "SendEmail"): Call("Destination", "Tags"),
    ("ses", "SendTemplatedEmail"): Call("Destination", "Tags"),
    ("ses", "SendRawEmail"): Call("Destinations", "Tags", raw=("RawMessage", "Data")),
    ("ses", "SendBulkTemplatedEmail"): Call(
        "Destinations", "DefaultTags", results="Status", rejected="MessageRejected"
    ),
    ("sesv2", "SendEmail"): Call("Destination", "EmailTags", raw=("Content", "Raw", "Data")),
    ("sesv2", "SendBulkEmail"): Call(
        "BulkEmailEntries", "DefaultEmailTags", results="BulkEmailEntryResults", rejected="MESSAGE_REJECTED"
    ),
}
"""By service and operation. What else sends (SendBounce, SendCustomVerificationEmail) is no mailing."""


def _destination(value: object) -> dict[str, list[str]]:
    given = _mapping(value, "Destination")
    return {field: _texts(given[field], field) for field in given if field in FIELDS}


def _to(given: Params | None, mail: Mail) -> Params:
    """What else is in a destination stays: it is for botocore to say that it is wrong."""
    return {name: value for name, value in (given or {}).items() if name not in FIELDS} | dict(mail.recipients)


def _replaced(entry: Params) -> dict[str, str]:
    return _tags(entry.get("ReplacementTags"))


def _tags(value: object) -> dict[str, str]:
    pairs = (_mapping(tag, "tag") for tag in _list(value, "tags"))
    return {str(tag.get("Name")): str(tag.get("Value")) for tag in pairs}


def _mapping(value: object, name: str) -> Params:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} is of type {type(value).__name__}; it is a dict")
    return value


def _list(value: object, name: str) -> Sequence[Any]:
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise TypeError(f"{name} is of type {type(value).__name__}; it is a list")
    return value


def _texts(value: object, name: str) -> list[str]:
    for text in (texts := list(_list(value, name))):
        if not isinstance(text, str):
            raise TypeError(f"{name} holds a {type(text).__name__}; it holds texts")
    return texts
