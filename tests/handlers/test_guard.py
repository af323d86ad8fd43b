"""The guarded client: what goes out of it, what does not, and what is told of that.

`Outbox` stands for SES and keeps each request as botocore built it. Not proved: that SES takes the recipients of a raw
message from where it is said to, and that it answers so. test_guarded_ses.py sends to moto and the emulator.
"""

import asyncio
import gc
import json
import os
import pickle
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ParamValidationError
from ses_feedback import BlockedError, Blocklist, Stripped, TableError, bypass, guard, unguard

from .fake_dynamodb import FakeDynamoDB, Store

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
    def only(self) -> Any:  # noqa: ANN401 - a request
        (request,) = self.requests
        return request


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


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


def blocklist(client: Any = None, **options: Any) -> Blocklist:  # noqa: ANN401 - a fake; whatever is tried
    asked: Any = client or table()
    return Blocklist("blocked", asked, **{"when_unavailable": "raise", **options})


def guarded(service: str, **options: Any) -> tuple[Any, Outbox]:  # noqa: ANN401 - whatever is tried
    client, outbox = make_client(service)
    return guard(client, blocklist(), **options), outbox


def stripping(service: str, **options: Any) -> tuple[Any, Outbox, list[Stripped]]:  # noqa: ANN401 - whatever is tried
    told: list[Stripped] = []
    return *guarded(service, mode="strip", on_stripped=told.append, **options), told


def addressed(request: Any, name: str = "Destination") -> list[str]:  # noqa: ANN401 - a request
    """The recipients of a query request or a JSON one, in order."""
    if name in request:
        return [text for texts in request[name].values() for text in texts]
    return [value for key, value in request.items() if key.startswith(f"{name}.")]


def v1(to: dict[str, list[str]], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - parameters
    return {"Source": "shop@shop.example", "Destination": to, "Message": BODY, **more}


def v2(to: dict[str, list[str]] | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - parameters
    destination = {} if to is None else {"Destination": to}
    return {"FromEmailAddress": "shop@shop.example", "Content": {"Simple": BODY}, **destination, **more}


def v1_bulk(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - parameters
    return {
        "Source": "shop@shop.example",
        "Template": "t",
        "DefaultTemplateData": "{}",
        "Destinations": list(entries),
        **more,
    }


def v2_bulk(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - parameters
    content = {"Template": {"TemplateName": "t", "TemplateData": "{}"}}
    return {
        "FromEmailAddress": "shop@shop.example",
        "DefaultContent": content,
        "BulkEmailEntries": list(entries),
        **more,
    }


def entry(*to: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - parameters
    return {"Destination": {"ToAddresses": list(to)}, **more}


# Each operation: service, method, its parameters to one recipient.
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
    assert [(one.given, one.reason) for one in caught.value.answers] == [("Jane <JANE@example.org>", "bounce")]
    assert outbox.requests == []
    getattr(client, method)(**parameters(field_name, BOB))
    assert len(outbox.requests) == 1


def test_the_error_has_numbers_and_names_nobody() -> None:
    client, _ = guarded("ses")
    with pytest.raises(BlockedError) as caught:
        client.send_email(**v1({"ToAddresses": [JANE, BOB, "nobody"], "CcAddresses": [AMY]}))
    error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    for text in (str(error), repr(error)):
        assert "SendEmail: 3 of 4 recipients may not be mailed (2 blocked, 1 not an address); nothing was sent" in text
        assert "@" not in text
        assert "nobody" not in text
    assert [answer.given for answer in error.answers] == [JANE, "nobody", AMY]
    assert error.__context__ is None


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
    assert [(one.given, one.reason) for one in stripped.answers] == [(JANE, "bounce"), (AMY, "bounce")]
    assert given == kept, "what the caller handed over is the caller's"


@pytest.mark.parametrize(("service", "make"), [("ses", v1), ("sesv2", v2)])
def test_stripping_raises_where_nobody_is_left(service: str, make: Callable[..., dict[str, Any]]) -> None:
    client, outbox, told = stripping(service)
    with pytest.raises(BlockedError, match="2 of 2"):
        client.send_email(**make({"ToAddresses": [JANE], "BccAddresses": [AMY]}))
    assert (outbox.requests, told) == ([], [])


def test_who_cannot_be_told_stops_the_mail() -> None:
    client, outbox = make_client("ses")
    guard(client, blocklist(), mode="strip", on_stripped=lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        client.send_email(**v1({"ToAddresses": [JANE, BOB]}))
    assert outbox.requests == []


def send_raw(client: Any, data: bytes | str, to: list[str] | None = None, **more: Any) -> None:  # noqa: ANN401
    """By whichever of the two the client has."""
    if hasattr(client, "send_raw_email"):
        destinations = {} if to is None else {"Destinations": to}
        client.send_raw_email(RawMessage={"Data": data}, **destinations, **more)
    else:
        client.send_email(
            **v2({"ToAddresses": to} if to is not None else None, Content={"Raw": {"Data": data}}, **more)
        )


RAW_SERVICES = pytest.mark.parametrize(("service", "name"), [("ses", "Destinations"), ("sesv2", "Destination")])


@RAW_SERVICES
@pytest.mark.parametrize("data", [RAW, RAW.decode(), bytearray(RAW)], ids=["bytes", "text", "bytearray"])
def test_a_raw_message_is_checked_by_its_header(service: str, name: str, data: bytes) -> None:
    client, outbox = guarded(service)
    with pytest.raises(BlockedError, match="1 of 3") as caught:
        send_raw(client, data)
    assert [answer.given for answer in caught.value.answers] == ["Jane@Example.org"]
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
    assert {one.given for one in stripped.answers} == {JANE, AMY}


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


CRITICAL = ("priority", "critical")
TAG = {"Name": "priority", "Value": "critical"}
TAGGED = RAW.replace(b"Subject", b"X-SES-MESSAGE-TAGS: kind=alarm, priority=critical\r\nSubject")


@pytest.mark.parametrize(
    ("service", "send"),
    [
        ("ses", lambda client, tags: client.send_email(**v1({"ToAddresses": [JANE]}, Tags=tags))),
        ("sesv2", lambda client, tags: client.send_email(**v2({"ToAddresses": [JANE]}, EmailTags=tags))),
        ("ses", lambda client, tags: send_raw(client, RAW, [JANE], Tags=tags)),
        ("ses", lambda client, tags: send_raw(client, TAGGED if tags == [TAG] else RAW, [JANE])),
        ("sesv2", lambda client, tags: send_raw(client, TAGGED if tags == [TAG] else RAW)),
        ("ses", lambda client, tags: client.send_bulk_templated_email(**v1_bulk(entry(JANE), DefaultTags=tags))),
        ("sesv2", lambda client, tags: client.send_bulk_email(**v2_bulk(entry(JANE, ReplacementTags=tags)))),
    ],
    ids=["v1", "v2", "v1 raw", "v1 header", "v2 header", "v1 bulk", "v2 bulk"],
)
def test_a_mail_with_the_tag_goes_out_unasked(service: str, send: Callable[[Any, Any], None]) -> None:
    client, outbox = guarded(service, bypass_tag=CRITICAL)
    send(client, [TAG])
    assert len(outbox.requests) == 1
    with pytest.raises(BlockedError):
        send(client, [{"Name": "priority", "Value": "low"}])
    client, outbox = guarded(service)
    with pytest.raises(BlockedError):
        send(client, [TAG])


def test_tags_of_the_call_hide_those_of_the_header_as_they_do_for_ses() -> None:
    client, _ = guarded("ses", bypass_tag=CRITICAL)
    with pytest.raises(BlockedError):
        send_raw(client, TAGGED, Tags=[{"Name": "kind", "Value": "news"}])


def test_an_entry_is_exempt_by_its_own_tag_and_not_by_that_of_others() -> None:
    client, outbox, told = stripping("sesv2", bypass_tag=CRITICAL)
    low = {"Name": "priority", "Value": "low"}
    entries = [entry(JANE), entry(AMY, ReplacementTags=[low]), entry(AMY, BOB, ReplacementTags=[low])]
    outbox.answer = {"BulkEmailEntryResults": [{"Status": "SUCCESS"}, {"Status": "SUCCESS"}]}
    answer = client.send_bulk_email(**v2_bulk(*entries, DefaultEmailTags=[TAG]))
    sent = [each["Destination"]["ToAddresses"] for each in outbox.only["BulkEmailEntries"]]
    assert sent == [[JANE], [BOB]]
    assert [one["Status"] for one in answer["BulkEmailEntryResults"]] == ["SUCCESS", "MESSAGE_REJECTED", "SUCCESS"]
    assert [one.given for one in told[0].answers] == [AMY]


def test_what_is_bypassed_is_not_even_asked_about() -> None:
    dynamodb = table(lambda _: "denied")
    client, outbox = make_client("ses")
    guard(client, blocklist(dynamodb), bypass_tag=CRITICAL)
    with bypass():
        client.send_email(**v1({"ToAddresses": [JANE]}))
    client.send_email(**v1({"ToAddresses": [JANE]}, Tags=[TAG]))
    assert (len(outbox.requests), dynamodb.calls) == (2, [])
    with pytest.raises(TableError):
        client.send_email(**v1({"ToAddresses": [JANE]}))


def test_a_bypass_is_of_its_block_and_thread_only() -> None:
    client, outbox = guarded("ses")
    mail = v1({"ToAddresses": [JANE]})
    errors: list[BaseException] = []

    def other_thread() -> None:
        try:
            client.send_email(**mail)
        except BlockedError as error:
            errors.append(error)

    with bypass():
        thread = threading.Thread(target=other_thread)
        thread.start()
        thread.join()
        with bypass():
            client.send_email(**mail)
        client.send_email(**mail)
    with pytest.raises(BlockedError):
        client.send_email(**mail)
    assert (len(outbox.requests), len(errors)) == (2, 1)


def test_a_bypass_is_of_its_task_only() -> None:
    client, outbox = guarded("ses")

    async def critical(started: asyncio.Event, ended: asyncio.Event) -> None:
        with bypass():
            started.set()
            await ended.wait()
            await asyncio.to_thread(client.send_email, **v1({"ToAddresses": [JANE]}))

    async def both() -> None:
        started, ended = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(critical(started, ended))
        await started.wait()
        with pytest.raises(BlockedError):
            client.send_email(**v1({"ToAddresses": [JANE]}))
        ended.set()
        await task

    asyncio.run(both())
    assert len(outbox.requests) == 1


@pytest.mark.parametrize(("choice", "sent"), [("allow", 1), ("block", 0)])
def test_the_blocklist_decides_what_holds_without_an_answer(choice: str, sent: int) -> None:
    client, outbox = make_client("ses")
    guard(client, blocklist(table(lambda _: "denied"), when_unavailable=choice))
    if choice == "allow":
        client.send_email(**v1({"ToAddresses": [JANE]}))
    else:
        with pytest.raises(BlockedError, match="1 unknown, since the table did not answer") as caught:
            client.send_email(**v1({"ToAddresses": [JANE]}))
        assert caught.value.answers[0].unknown
    assert len(outbox.requests) == sent


def test_unguarded_it_sends_as_before_and_can_be_guarded_anew() -> None:
    client, outbox = guarded("ses")
    with pytest.raises(ValueError, match="guarded already"):
        guard(client, blocklist())
    unguard(client)
    client.send_email(**v1({"ToAddresses": [JANE]}))
    with pytest.raises(ValueError, match="not guarded"):
        unguard(client)
    guard(client, blocklist())
    with pytest.raises(BlockedError):
        client.send_email(**v1({"ToAddresses": [JANE]}))
    assert len(outbox.requests) == 1


def test_other_clients_and_other_operations_are_left_alone() -> None:
    client, _ = guarded("ses")
    other, outbox = make_client("ses")
    other.send_email(**v1({"ToAddresses": [JANE]}))
    assert len(outbox.requests) == 1
    client.verify_email_identity(EmailAddress=JANE)


def test_a_client_of_botocore_alone_is_guarded_too() -> None:
    outbox = Outbox()
    client: Any = botocore.session.get_session().create_client(
        "sesv2", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    client.meta.events.register("before-call.sesv2", outbox)
    guard(client, blocklist())
    with pytest.raises(BlockedError):
        client.send_email(**v2({"ToAddresses": [JANE]}))


def test_a_guard_does_not_keep_its_client_alive() -> None:
    client, _ = guarded("ses")
    gone = weakref.ref(client)
    del client
    gc.collect()
    assert gone() is None


def test_what_another_handler_puts_in_is_checked_too() -> None:
    client, outbox = guarded("ses")

    def redirect(params: dict[str, Any], **_: object) -> dict[str, Any]:
        return {**params, "Destination": {"ToAddresses": [JANE]}}

    client.meta.events.register("provide-client-params.ses.SendEmail", redirect)
    client.meta.events.register(
        "before-parameter-build.ses.SendEmail", lambda params, **_: params["Destination"].update(CcAddresses=[AMY])
    )
    with pytest.raises(BlockedError, match="2 of 2"):
        client.send_email(**v1({"ToAddresses": [BOB]}))
    assert outbox.requests == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "drop"}, "mode is 'drop'; it is one of"),
        ({"mode": "strip"}, "needs on_stripped"),
        ({"on_stripped": print}, "only that mode has it"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    client, _ = make_client("ses")
    with pytest.raises(ValueError, match=message):
        guard(client, blocklist(), **options)


def test_only_a_client_of_ses_can_be_guarded() -> None:
    for wrong, name in ((make_client("sns")[0], "sns"), (object(), "object")):
        with pytest.raises(ValueError, match=f"this is a client of '{name}'; guard takes one of SES"):
            guard(wrong, blocklist())


@pytest.mark.parametrize(
    "to", [JANE, [JANE.encode()], {JANE}, {"ToAddresses": JANE}, {"ToAddresses": [7]}, {"ToAddresses": [[JANE]]}]
)
def test_what_botocore_would_refuse_is_refused(to: Any) -> None:  # noqa: ANN401 - what is wrong
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
