"""Which recipients of each operation a guarded client checks, and what it sends when it strips.

Not proved: that SES reads the recipients of a raw message as described, and that it responds like this.
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
    blocked_table,
    blocklist,
    bulk_entry,
    guarded_client,
    make_client,
    recipients_of,
    send_raw,
    stripping_client,
    v1_bulk_email,
    v1_email,
    v2_bulk_email,
    v2_email,
)

pytestmark = pytest.mark.usefixtures("no_configuration")


TEMPLATE = {"Template": {"TemplateName": "t", "TemplateData": "{}"}}
OPERATIONS: dict[str, tuple[str, str, Callable[[str, str], dict[str, Any]]]] = {
    "v1": ("ses", "send_email", lambda field, to: v1_email({field: [to]})),
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
    "v1 bulk": ("ses", "send_bulk_templated_email", lambda field, to: v1_bulk_email({"Destination": {field: [to]}})),
    "v2": ("sesv2", "send_email", lambda field, to: v2_email({field: [to]})),
    "v2 template": ("sesv2", "send_email", lambda field, to: v2_email({field: [to]}, Content=TEMPLATE)),
    "v2 raw": ("sesv2", "send_email", lambda field, to: v2_email({field: [to]}, Content={"Raw": {"Data": RAW}})),
    "v2 bulk": ("sesv2", "send_bulk_email", lambda field, to: v2_bulk_email({"Destination": {field: [to]}})),
}


@pytest.mark.parametrize("field_name", ["ToAddresses", "CcAddresses", "BccAddresses"])
@pytest.mark.parametrize("kind", OPERATIONS)
def test_every_recipient_of_every_operation_is_checked(kind: str, field_name: str) -> None:
    service, method, parameters = OPERATIONS[kind]
    client, outbox = guarded_client(service)
    with pytest.raises(BlockedError) as caught:
        getattr(client, method)(**parameters(field_name, "Jane <JANE@example.org>"))
    assert [(answer.address, answer.reason) for answer in caught.value.answers] == [
        ("Jane <JANE@example.org>", "bounce")
    ]
    assert outbox.requests == []
    getattr(client, method)(**parameters(field_name, BOB))
    assert len(outbox.requests) == 1


@pytest.mark.parametrize("kind", OPERATIONS)
def test_a_mail_to_whom_it_may_go_is_not_changed(kind: str) -> None:
    service, method, parameters = OPERATIONS[kind]
    plain, before = make_client(service)
    getattr(plain, method)(**parameters("BccAddresses", EVE))
    client, after, stripped_calls = stripping_client(service)
    getattr(client, method)(**parameters("BccAddresses", EVE))
    assert (after.requests, stripped_calls) == (before.requests, [])


@pytest.mark.parametrize(("service", "make"), [("ses", v1_email), ("sesv2", v2_email)])
def test_stripping_sends_to_the_rest_and_tells(service: str, make: Callable[..., dict[str, Any]]) -> None:
    client, outbox, stripped_calls = stripping_client(service)
    parameters = make({"ToAddresses": [JANE, BOB], "CcAddresses": [AMY], "BccAddresses": [EVE]})
    copy = json.loads(json.dumps(parameters))
    client.send_email(**parameters)
    assert recipients_of(outbox.only) == [BOB, EVE]
    (stripped,) = stripped_calls
    assert (stripped.operation, stripped.unsent_positions) == ("SendEmail", ())
    assert [(answer.address, answer.reason) for answer in stripped.answers] == [(JANE, "bounce"), (AMY, "bounce")]
    assert parameters == copy, "the caller's parameters must stay as they are"


@pytest.mark.parametrize(("service", "make"), [("ses", v1_email), ("sesv2", v2_email)])
def test_stripping_raises_where_nobody_is_left(service: str, make: Callable[..., dict[str, Any]]) -> None:
    client, outbox, stripped_calls = stripping_client(service)
    with pytest.raises(BlockedError, match="2 of 2"):
        client.send_email(**make({"ToAddresses": [JANE], "BccAddresses": [AMY]}))
    assert (outbox.requests, stripped_calls) == ([], [])


RAW_SERVICES = pytest.mark.parametrize(("service", "name"), [("ses", "Destinations"), ("sesv2", "Destination")])


@RAW_SERVICES
@pytest.mark.parametrize("data", [RAW, RAW.decode(), bytearray(RAW)], ids=["bytes", "text", "bytearray"])
def test_a_raw_message_is_checked_by_its_header(service: str, name: str, data: bytes) -> None:
    client, outbox = guarded_client(service)
    with pytest.raises(BlockedError, match="1 of 3") as caught:
        send_raw(client, data)
    assert [answer.address for answer in caught.value.answers] == ["Jane@Example.org"]
    assert outbox.requests == []

    client, outbox, _ = stripping_client(service)
    send_raw(client, data)
    plain, before = make_client(service)
    send_raw(plain, data)
    assert recipients_of(outbox.only, name) == [BOB, "eve@example.org"]
    content = {"RawMessage.Data", "Content"}
    assert {name: value for name, value in outbox.only.items() if name in content} == {
        name: value for name, value in before.only.items() if name in content
    }


@RAW_SERVICES
def test_recipients_of_the_call_count_and_not_those_of_the_header(service: str, name: str) -> None:
    client, outbox, stripped_calls = stripping_client(service)
    send_raw(client, RAW, [BOB])
    assert (recipients_of(outbox.only, name), stripped_calls) == ([BOB], [])
    send_raw(client, RAW, [AMY, BOB])
    assert recipients_of(outbox.requests[1], name) == [BOB]
    send_raw(client, RAW, [])
    assert recipients_of(outbox.requests[2], name) == [BOB, "eve@example.org"]


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
    client, outbox = guarded_client(service)
    with pytest.raises(ValueError, match=message):
        send_raw(client, data)
    assert outbox.requests == []
    send_raw(client, data, [BOB])
    assert recipients_of(outbox.only, name) == [BOB]


BULK_OPERATIONS = [
    ("ses", "send_bulk_templated_email", v1_bulk_email, "Destinations", "Status", "MessageRejected", "Success"),
    (
        "sesv2",
        "send_bulk_email",
        v2_bulk_email,
        "BulkEmailEntries",
        "BulkEmailEntryResults",
        "MESSAGE_REJECTED",
        "SUCCESS",
    ),
]


@pytest.mark.parametrize(("service", "method", "make", "name", "results", "rejected", "sent"), BULK_OPERATIONS)
def test_the_nth_result_is_that_of_the_nth_entry(
    service: str, method: str, make: Callable[..., Any], name: str, results: str, rejected: str, sent: str
) -> None:
    client, outbox, stripped_calls = stripping_client(service)
    outbox.response = {results: [{"Status": sent, "MessageId": "b"}, {"Status": sent, "MessageId": "c"}]}
    entries = [bulk_entry(JANE), bulk_entry(BOB, AMY), bulk_entry(AMY, JANE), bulk_entry(EVE), bulk_entry(JANE)]
    response = getattr(client, method)(**make(*entries))
    assert [result.get("MessageId") for result in response[results]] == [None, "b", None, "c", None]
    assert [result["Status"] for result in response[results]] == [rejected, sent, rejected, sent, rejected]
    if service == "sesv2":
        assert [entry["Destination"] for entry in outbox.only[name]] == [
            {"ToAddresses": [BOB]},
            {"ToAddresses": [EVE]},
        ]
    else:
        assert recipients_of(outbox.only, name) == [BOB, EVE]
    (stripped,) = stripped_calls
    assert stripped.unsent_positions == (0, 2, 4)
    assert {answer.address for answer in stripped.answers} == {JANE, AMY}


@pytest.mark.parametrize(("service", "method", "make"), [bulk[:3] for bulk in BULK_OPERATIONS])
def test_a_bulk_call_that_would_reach_nobody_raises(service: str, method: str, make: Callable[..., Any]) -> None:
    client, outbox, _ = stripping_client(service)
    with pytest.raises(BlockedError, match="2 of 2"):
        getattr(client, method)(**make(bulk_entry(JANE), bulk_entry(AMY)))
    assert outbox.requests == []


def test_all_recipients_of_a_call_are_one_question() -> None:
    dynamodb = blocked_table()
    client, _ = make_client("sesv2")
    guard(client, blocklist(dynamodb))
    client.send_bulk_email(**v2_bulk_email(*(bulk_entry(f"person{n % 40}@example.org") for n in range(50))))
    assert (dynamodb.calls, dynamodb.keys) == (["BatchGetItem"], 40)


@pytest.mark.parametrize(
    "to", [JANE, [JANE.encode()], {JANE}, {"ToAddresses": JANE}, {"ToAddresses": [7]}, {"ToAddresses": [[JANE]]}]
)
def test_what_botocore_would_refuse_is_refused(to: Any) -> None:
    """Before it is validated: a client may have parameter_validation=False."""
    client, outbox = guarded_client("ses")
    with pytest.raises(TypeError):
        client.send_email(**v1_email(to))
    assert outbox.requests == []


@pytest.mark.parametrize(("service", "make"), [("ses", v1_email), ("sesv2", v2_email)])
def test_a_misspelt_field_is_not_dropped_unseen(service: str, make: Callable[..., dict[str, Any]]) -> None:
    client, outbox, _ = stripping_client(service)
    with pytest.raises(ParamValidationError, match="CcAdresses"):
        client.send_email(**make({"ToAddresses": [JANE, BOB], "CcAdresses": [EVE]}))
    assert outbox.requests == []
