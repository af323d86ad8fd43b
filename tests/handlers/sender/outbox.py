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
    """The requests that a client sent, and the next answer."""

    requests: list[Any] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=lambda: {"MessageId": "1"})

    def __call__(self, *, params: dict[str, Any], **_: object) -> tuple[Any, dict[str, Any]]:
        body = params["body"]
        self.requests.append(json.loads(body) if isinstance(body, bytes | str) else body)
        return SimpleNamespace(status_code=200), self.answer

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


def table(before: Callable[[str], str | None] = lambda _: None) -> FakeDynamoDB:
    store = Store()
    for address in BLOCKED:
        store.rows("blocked")[(address,)] = {"value": {"S": address}, "reason": {"S": "bounce"}}
    return FakeDynamoDB(store, before)


def blocklist(client: Any = None, **options: Any) -> Blocklist:
    asked: Any = client or table()
    return Blocklist("blocked", asked, **{"when_unavailable": "raise", **options})


def guarded(service: str, **options: Any) -> tuple[Any, Outbox]:
    client, outbox = make_client(service)
    return guard(client, blocklist(), **options), outbox


def stripping(service: str, **options: Any) -> tuple[Any, Outbox, list[Stripped]]:
    told: list[Stripped] = []
    return *guarded(service, mode="strip", on_stripped=told.append, **options), told


def addressed(request: Any, name: str = "Destination") -> list[str]:
    """The recipients of a query request or a JSON one, in order."""
    if name in request:
        return [text for texts in request[name].values() for text in texts]
    return [value for key, value in request.items() if key.startswith(f"{name}.")]


def v1(to: dict[str, list[str]], **more: Any) -> dict[str, Any]:
    return {"Source": "shop@shop.example", "Destination": to, "Message": BODY, **more}


def v2(to: dict[str, list[str]] | None = None, **more: Any) -> dict[str, Any]:
    destination = {} if to is None else {"Destination": to}
    return {"FromEmailAddress": "shop@shop.example", "Content": {"Simple": BODY}, **destination, **more}


def v1_bulk(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "Source": "shop@shop.example",
        "Template": "t",
        "DefaultTemplateData": "{}",
        "Destinations": list(entries),
        **more,
    }


def v2_bulk(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    content = {"Template": {"TemplateName": "t", "TemplateData": "{}"}}
    return {
        "FromEmailAddress": "shop@shop.example",
        "DefaultContent": content,
        "BulkEmailEntries": list(entries),
        **more,
    }


def entry(*to: str, **more: Any) -> dict[str, Any]:
    return {"Destination": {"ToAddresses": list(to)}, **more}


def send_raw(client: Any, data: bytes | str, to: list[str] | None = None, **more: Any) -> None:
    """By whichever of the two the client has."""
    if hasattr(client, "send_raw_email"):
        destinations = {} if to is None else {"Destinations": to}
        client.send_raw_email(RawMessage={"Data": data}, **destinations, **more)
    else:
        client.send_email(
            **v2({"ToAddresses": to} if to is not None else None, Content={"Raw": {"Data": data}}, **more)
        )
