"""Guarded clients of SES, and an outbox in the place of SES: it keeps each request as botocore built it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import boto3
from ses_feedback import Blocklist, Stripped, guard

from tests.handlers.fake_dynamodb import FakeDynamoDB, Store

JANE, AMY, BOB, EVE = "jane@example.org", "amy@example.org", "bob@example.org", "Eve <eve@example.org>"
BLOCKED = (JANE, AMY)
RAW = (
    b"From: shop@shop.example\r\nTo: Jane <Jane@Example.org>,\r\n Bob <bob@example.org>\r\n"
    b"Bcc: eve@example.org\r\nSubject: Hi\r\n\r\nTo: nobody@example.org\r\n"
)
BODY = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hi"}}}


@dataclass
class Outbox:
    """The requests that a client sent, and the next response."""

    requests: list[Any] = field(default_factory=list)
    response: dict[str, Any] = field(default_factory=lambda: {"MessageId": "1"})

    def __call__(self, *, params: dict[str, Any], **_: object) -> tuple[Any, dict[str, Any]]:
        body = params["body"]
        self.requests.append(json.loads(body) if isinstance(body, bytes | str) else body)
        return SimpleNamespace(status_code=200), self.response

    @property
    def only(self) -> Any:
        (request,) = self.requests
        return request


def make_client(service: str) -> tuple[Any, Outbox]:
    client = boto3.client(
        service,  # type: ignore[call-overload] # the stubs know only literal names
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    outbox = Outbox()
    client.meta.events.register(f"before-call.{service}", outbox)
    return client, outbox


def blocked_table(before: Callable[[str], str | None] = lambda _: None) -> FakeDynamoDB:
    store = Store()
    for address in BLOCKED:
        store.rows("blocked")[(address,)] = {"value": {"S": address}, "reason": {"S": "bounce"}}
    return FakeDynamoDB(store, before)


def blocklist(client: Any = None, **options: Any) -> Blocklist:
    dynamodb: Any = client or blocked_table()
    return Blocklist("blocked", dynamodb, **{"when_unavailable": "raise", **options})


def guarded_client(service: str, **options: Any) -> tuple[Any, Outbox]:
    client, outbox = make_client(service)
    return guard(client, blocklist(), **options), outbox


def stripping_client(service: str, **options: Any) -> tuple[Any, Outbox, list[Stripped]]:
    stripped_calls: list[Stripped] = []
    return *guarded_client(service, mode="strip", on_stripped=stripped_calls.append, **options), stripped_calls


def recipients_of(request: Any, name: str = "Destination") -> list[str]:
    """The recipients of a query request or a JSON one, in order."""
    if name in request:
        return [recipient for recipients in request[name].values() for recipient in recipients]
    return [value for key, value in request.items() if key.startswith(f"{name}.")]


def v1_email(destination: dict[str, list[str]], **parameters: Any) -> dict[str, Any]:
    return {"Source": "shop@shop.example", "Destination": destination, "Message": BODY, **parameters}


def v2_email(destination: dict[str, list[str]] | None = None, **parameters: Any) -> dict[str, Any]:
    destinations = {} if destination is None else {"Destination": destination}
    return {"FromEmailAddress": "shop@shop.example", "Content": {"Simple": BODY}, **destinations, **parameters}


def v1_bulk_email(*entries: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    return {
        "Source": "shop@shop.example",
        "Template": "t",
        "DefaultTemplateData": "{}",
        "Destinations": list(entries),
        **parameters,
    }


def v2_bulk_email(*entries: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    content = {"Template": {"TemplateName": "t", "TemplateData": "{}"}}
    return {
        "FromEmailAddress": "shop@shop.example",
        "DefaultContent": content,
        "BulkEmailEntries": list(entries),
        **parameters,
    }


def bulk_entry(*recipients: str, **parameters: Any) -> dict[str, Any]:
    return {"Destination": {"ToAddresses": list(recipients)}, **parameters}


def send_raw(client: Any, data: bytes | str, recipients: list[str] | None = None, **parameters: Any) -> None:
    """With the operation that the API version of the client has."""
    if hasattr(client, "send_raw_email"):
        destinations = {} if recipients is None else {"Destinations": recipients}
        client.send_raw_email(RawMessage={"Data": data}, **destinations, **parameters)
    else:
        client.send_email(
            **v2_email(
                {"ToAddresses": recipients} if recipients is not None else None,
                Content={"Raw": {"Data": data}},
                **parameters,
            )
        )
