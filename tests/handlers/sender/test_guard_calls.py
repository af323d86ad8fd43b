"""Whom a guarded client asks about in each operation, and what goes out when it strips.

Not proved: that SES takes the recipients of a raw message from where it is said to, and that it answers so.
test_guarded_ses.py sends to moto and the emulator.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError
from ses_feedback import BlockedError, guard

from tests.handlers.sender.outbox import (
    AMY,
    BOB,
    EVE,
    JANE,
    RAW,
    addressed,
    blocklist,
    entry,
    guarded,
    make_client,
    send_raw,
    stripping,
    table,
    v1,
    v1_bulk,
    v2,
    v2_bulk,
)

pytestmark = pytest.mark.usefixtures("no_configuration")


TEMPLATE = {"Template": {"TemplateName": "t", "TemplateData": "{}"}}
ONE_MAIL: dict[str, tuple[str, str, Callable[[str, str], dict[str, Any]]]] = {
    "v1": ("ses", "send_email", lambda field, to: v1({field: [to]})),
    "v1 template": (
        "ses",
        "send_templated_email",
        lambda field, to: {
            "Source": "shop@shop.example",
            "Destination": {field: [to]},
            "Template": "t",
            "TemplateData": "{}",
        },
    ),
    "v1 bulk": ("ses", "send_bulk_templated_email", lambda field, to: v1_bulk({"Destination": {field: [to]}})),
    "v2": ("sesv2", "send_email", lambda field, to: v2({field: [to]})),
    "v2 template": ("sesv2", "send_email", lambda field, to: v2({field: [to]}, Content=TEMPLATE)),
    "v2 raw": ("sesv2", "send_email", lambda field, to: v2({field: [to]}, Content={"Raw": {"Data": RAW}})),
    "v2 bulk": ("sesv2", "send_bulk_email", lambda field, to: v2_bulk({"Destination": {field: [to]}})),
}


@pytest.mark.parametrize("field_name", ["ToAddresses", "CcAddresses", "BccAddresses"])
@pytest.mark.parametrize("kind", ONE_MAIL)
def test_every_recipient_of_every_operation_is_checked(kind: str, field_name: str) -> None:
    service, method, parameters = ONE_MAIL[kind]
    client, outbox = guarded(service)
    with pytest.raises(BlockedError) as caught:
        getattr(client, method)(**parameters(field_name, "Jane <JANE@example.org>"))
    assert [(one.address, one.reason) for one in caught.value.answers] == [("Jane <JANE@example.org>", "bounce")]
    assert outbox.requests == []
    getattr(client, method)(**parameters(field_name, BOB))
    assert len(outbox.requests) == 1


@pytest.mark.parametrize("kind", ONE_MAIL)
def test_a_mail_to_whom_it_may_go_is_not_changed(kind: str) -> None:
    service, method, parameters = ONE_MAIL[kind]
    plain, before = make_client(service)
    getattr(plain, method)(**parameters("BccAddresses", EVE))
    client, after, told = stripping(service)
    getattr(client, method)(**parameters("BccAddresses", EVE))
    assert (after.requests, told) == (before.requests, [])


@pytest.mark.parametrize(("service", "make"), [("ses", v1), ("sesv2", v2)])
def test_stripping_sends_to_the_rest_and_tells(service: str, make: Callable[..., dict[str, Any]]) -> None:
    client, outbox, told = stripping(service)
    given = make({"ToAddresses": [JANE, BOB], "CcAddresses": [AMY], "BccAddresses": [EVE]})
    kept = json.loads(json.dumps(given))
    client.send_email(**given)
    assert addressed(outbox.only) == [BOB, EVE]
    (stripped,) = told
    assert (stripped.operation, stripped.left_out) == ("SendEmail", ())
    assert [(one.address, one.reason) for one in stripped.answers] == [(JANE, "bounce"), (AMY, "bounce")]
    assert given == kept, "what the caller handed over is the caller's"


@pytest.mark.parametrize(("service", "make"), [("ses", v1), ("sesv2", v2)])
def test_stripping_raises_where_nobody_is_left(service: str, make: Callable[..., dict[str, Any]]) -> None:
    client, outbox, told = stripping(service)
    with pytest.raises(BlockedError, match="2 of 2"):
        client.send_email(**make({"ToAddresses": [JANE], "BccAddresses": [AMY]}))
    assert (outbox.requests, told) == ([], [])


RAW_SERVICES = pytest.mark.parametrize(("service", "name"), [("ses", "Destinations"), ("sesv2", "Destination")])


@RAW_SERVICES
@pytest.mark.parametrize("data", [RAW, RAW.decode(), bytearray(RAW)], ids=["bytes", "text", "bytearray"])
def test_a_raw_message_is_checked_by_its_header(service: str, name: str, data: bytes) -> None:
    client, outbox = guarded(service)
    with pytest.raises(BlockedError, match="1 of 3") as caught:
        send_raw(client, data)
    assert [answer.address for answer in caught.value.answers] == ["Jane@Example.org"]
    assert outbox.requests == []

    client, outbox, _ = stripping(service)
    send_raw(client, data)
    plain, before = make_client(service)
    send_raw(plain, data)
    assert addressed(outbox.only, name) == [BOB, "eve@example.org"]
    content = {"RawMessage.Data", "Content"}
    assert {k: v for k, v in outbox.only.items() if k in content} == {
        k: v for k, v in before.only.items() if k in content
    }


@RAW_SERVICES
def test_recipients_of_the_call_count_and_not_those_of_the_header(service: str, name: str) -> None:
    client, outbox, told = stripping(service)
    send_raw(client, RAW, [BOB])
    assert (addressed(outbox.only, name), told) == ([BOB], [])
    send_raw(client, RAW, [AMY, BOB])
    assert addressed(outbox.requests[1], name) == [BOB]
    send_raw(client, RAW, [])
    assert addressed(outbox.requests[2], name) == [BOB, "eve@example.org"]


@RAW_SERVICES
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"From: a@shop.example\r\nSubject: Hi\r\n\r\nTo: bob@example.org", "no recipient in the call, nor in To"),
        (b"From: a@shop.example\r\nTo: undisclosed-recipients:;\r\n\r\n", "no recipient in the call, nor in To"),
        (b"To: bob@example.org\r\nno field\r\nBcc: jane@example.org\r\n\r\n", "MissingHeaderBodySeparatorDefect"),
        (b"", "no recipient in the call"),
    ],
)
def test_a_message_whose_recipients_cannot_be_found_is_not_sent(
    service: str, name: str, data: bytes, message: str
) -> None:
    client, outbox = guarded(service)
    with pytest.raises(ValueError, match=message):
        send_raw(client, data)
    assert outbox.requests == []
    send_raw(client, data, [BOB])
    assert addressed(outbox.only, name) == [BOB]


RESULTS = [
    ("ses", "send_bulk_templated_email", v1_bulk, "Destinations", "Status", "MessageRejected", "Success"),
    ("sesv2", "send_bulk_email", v2_bulk, "BulkEmailEntries", "BulkEmailEntryResults", "MESSAGE_REJECTED", "SUCCESS"),
]


@pytest.mark.parametrize(("service", "method", "make", "name", "results", "rejected", "sent"), RESULTS)
def test_the_nth_result_is_that_of_the_nth_entry(
    service: str, method: str, make: Callable[..., Any], name: str, results: str, rejected: str, sent: str
) -> None:
    client, outbox, told = stripping(service)
    outbox.answer = {results: [{"Status": sent, "MessageId": "b"}, {"Status": sent, "MessageId": "c"}]}
    entries = [entry(JANE), entry(BOB, AMY), entry(AMY, JANE), entry(EVE), entry(JANE)]
    answer = getattr(client, method)(**make(*entries))
    assert [one.get("MessageId") for one in answer[results]] == [None, "b", None, "c", None]
    assert [one["Status"] for one in answer[results]] == [rejected, sent, rejected, sent, rejected]
    if service == "sesv2":
        assert [each["Destination"] for each in outbox.only[name]] == [
            {"ToAddresses": [BOB]},
            {"ToAddresses": [EVE]},
        ]
    else:
        assert addressed(outbox.only, name) == [BOB, EVE]
    (stripped,) = told
    assert stripped.left_out == (0, 2, 4)
    assert {one.address for one in stripped.answers} == {JANE, AMY}


@pytest.mark.parametrize(("service", "method", "make"), [each[:3] for each in RESULTS])
def test_a_bulk_call_that_would_reach_nobody_raises(service: str, method: str, make: Callable[..., Any]) -> None:
    client, outbox, _ = stripping(service)
    with pytest.raises(BlockedError, match="2 of 2"):
        getattr(client, method)(**make(entry(JANE), entry(AMY)))
    assert outbox.requests == []


def test_all_recipients_of_a_call_are_one_question() -> None:
    dynamodb = table()
    client, _ = make_client("sesv2")
    guard(client, blocklist(dynamodb))
    client.send_bulk_email(**v2_bulk(*(entry(f"person{n % 40}@example.org") for n in range(50))))
    assert (dynamodb.calls, dynamodb.keys) == (["BatchGetItem"], 40)


@pytest.mark.parametrize(
    "to", [JANE, [JANE.encode()], {JANE}, {"ToAddresses": JANE}, {"ToAddresses": [7]}, {"ToAddresses": [[JANE]]}]
)
def test_what_botocore_would_refuse_is_refused(to: Any) -> None:
    """Before it is validated: a client may have parameter_validation=False."""
    client, outbox = guarded("ses")
    with pytest.raises(TypeError):
        client.send_email(**v1(to))
    assert outbox.requests == []


@pytest.mark.parametrize(("service", "make"), [("ses", v1), ("sesv2", v2)])
def test_a_misspelt_field_is_not_dropped_unseen(service: str, make: Callable[..., dict[str, Any]]) -> None:
    client, outbox, _ = stripping(service)
    with pytest.raises(ParamValidationError, match="CcAdresses"):
        client.send_email(**make({"ToAddresses": [JANE, BOB], "CcAdresses": [EVE]}))
    assert outbox.requests == []
