"""The recipients of a call to SES: read from its parameters, and written back without some. Pure."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ses_feedback.sender import headers

RECIPIENT_LISTS = ("ToAddresses", "CcAddresses", "BccAddresses")

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail of a call: recipients by list, as the caller gives them, and the message tags that SES will give it."""

    recipients: Mapping[str, Sequence[str]]
    tags: Mapping[str, str]

    def all_recipients(self) -> list[str]:
        """To, Cc and Bcc together."""
        return [recipient for recipients in self.recipients.values() for recipient in recipients]

    def without(self, refused: Container[str]) -> "Mail":
        """The same mail to the others."""
        remaining = {
            name: [recipient for recipient in recipients if recipient not in refused]
            for name, recipients in self.recipients.items()
        }
        return Mail({name: recipients for name, recipients in remaining.items() if recipients}, self.tags)


@dataclass(frozen=True, slots=True)
class SendOperation:
    """Which parameters of an operation of SES have the recipients and tags of its mails."""

    recipients: str
    tags: str
    raw: tuple[str, ...] = ()
    """The path to its MIME message, if it can have one."""
    results: str = ""
    """The field of the response with one result per mail, if it sends several."""
    rejected: str = ""
    """The status of such a result for a mail that was not sent."""

    @property
    def bulk(self) -> bool:
        """Whether it sends several mails."""
        return bool(self.results)

    def mails(self, params: Params) -> list[Mail]:
        """The mails of one call.

        Raises: TypeError for a parameter of a type that botocore would refuse. ValueError for a MIME message whose
        recipients cannot be read.
        """
        if not self.bulk:
            return [self._mail(params)]
        defaults = _tags(params.get(self.tags))
        return [
            Mail(
                _recipients_in(_mapping(entry, self.recipients).get("Destination")),
                defaults | _tags(entry.get("ReplacementTags")),
            )
            for entry in _list(params.get(self.recipients), self.recipients)
        ]

    def with_mails(self, params: Params, mails: Sequence[Mail | None]) -> Params:
        """Which parameters to change so that the call sends these mails; None: that one is not sent."""
        if self.bulk:
            pairs = zip(params[self.recipients], mails, strict=True)
            entries = [
                {**entry, "Destination": _destination(entry.get("Destination"), mail)} for entry, mail in pairs if mail
            ]
            return {self.recipients: entries}
        (mail,) = mails
        if mail is None:
            return {}
        if self.recipients == "Destinations":
            return {self.recipients: mail.all_recipients()}
        return {self.recipients: _destination(params.get(self.recipients), mail)}

    def _mail(self, params: Params) -> Mail:
        """SES takes recipients from the header only if the call has none, and tags likewise.

        Tags: developer guide, "Specify your configuration set when you send email". Recipients: no page of AWS says
        so; reports of users do (drewblas/aws-ses pull request 53, savvyagents/larasend pull request 2).
        """
        destination = params.get(self.recipients)
        if self.recipients == "Destinations":
            destination = {"ToAddresses": destination}
        recipients, tags = _recipients_in(destination), _tags(params.get(self.tags))
        message = self._message(params)
        if message is not None and not (any(recipients.values()) and tags):
            fields = headers.parse_header(message, strict=not any(recipients.values()))
            tags = tags or dict(headers.message_tags(fields))
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
        raise TypeError(f"{self.raw[-1]} of the message is of type {type(data).__name__}; it must be bytes or a string")


SEND_OPERATIONS = {
    ("ses", "SendEmail"): SendOperation("Destination", "Tags"),
    ("ses", "SendTemplatedEmail"): SendOperation("Destination", "Tags"),
    ("ses", "SendRawEmail"): SendOperation("Destinations", "Tags", raw=("RawMessage", "Data")),
    ("ses", "SendBulkTemplatedEmail"): SendOperation(
        "Destinations", "DefaultTags", results="Status", rejected="MessageRejected"
    ),
    ("sesv2", "SendEmail"): SendOperation("Destination", "EmailTags", raw=("Content", "Raw", "Data")),
    ("sesv2", "SendBulkEmail"): SendOperation(
        "BulkEmailEntries", "DefaultEmailTags", results="BulkEmailEntryResults", rejected="MESSAGE_REJECTED"
    ),
}
"""By service and operation. Not here: SendBounce and SendCustomVerificationEmail, which are no mailings."""


def _recipients_in(value: object) -> dict[str, list[str]]:
    destination = _mapping(value, "Destination")
    return {name: _strings(destination[name], name) for name in destination if name in RECIPIENT_LISTS}


def _destination(old: Params | None, mail: Mail) -> Params:
    """The destination with the recipients of ``mail``. Unknown parameters stay: botocore reports them."""
    return {name: value for name, value in (old or {}).items() if name not in RECIPIENT_LISTS} | dict(mail.recipients)


def _tags(value: object) -> dict[str, str]:
    pairs = (_mapping(tag, "tag") for tag in _list(value, "tags"))
    return {str(tag.get("Name")): str(tag.get("Value")) for tag in pairs}


def _mapping(value: object, name: str) -> Params:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} is of type {type(value).__name__}; it must be a dict")
    return value


def _list(value: object, name: str) -> Sequence[Any]:
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise TypeError(f"{name} is of type {type(value).__name__}; it must be a list")
    return value


def _strings(value: object, name: str) -> list[str]:
    strings = list(_list(value, name))
    for string in strings:
        if not isinstance(string, str):
            raise TypeError(f"{name} has a {type(string).__name__}; each must be a string")
    return strings
