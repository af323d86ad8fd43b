"""A guarded client at work: on moto (both APIs and the table in one), and on the emulator, which knows bulk of both.

Not proved: that AWS delivers to the envelope of a raw message alone. moto always adds the recipients of its header; the
emulator keeps to the call's for SendRawEmail (test_guard.py looks at the request itself).
"""

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.ses.models import ses_backends
from ses_feedback import BlockedError, Blocklist, Stripped, guard

from sandbox import Account
from tests.handlers.conftest import REGION
from tests.tables import create_tables

SENDER, JANE, BOB, EVE = "shop@shop.example", "jane@example.org", "bob@example.org", "eve@example.org"
BODY = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hi"}}}
RAW = f"From: {SENDER}\r\nTo: Jane <{JANE}>, {BOB}\r\nSubject: Hi\r\n\r\nHello\r\n".encode()
TEMPLATE = {"TemplateName": "t", "SubjectPart": "Hi", "TextPart": "Hello"}


def block_jane(client: Any) -> None:
    create_tables(client)
    client.put_item(TableName="blocked", Item={"value": {"S": JANE}, "reason": {"S": "complaint"}})


@pytest.fixture
def moto() -> Iterator[dict[str, Any]]:
    with mock_aws():
        keys = {"region_name": REGION, "aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        clients: dict[str, Any] = {
            name: boto3.client(name, **keys)  # type: ignore[call-overload] # the stubs know only literal names
            for name in ("ses", "sesv2", "dynamodb")
        }
        block_jane(clients["dynamodb"])
        clients["ses"].verify_email_identity(EmailAddress=SENDER)
        clients["ses"].create_template(Template=TEMPLATE)
        yield clients


def sent_by_moto() -> list[Any]:
    backends: Any = ses_backends
    return [message.destinations for message in backends["123456789012"][REGION].sent_messages]


def test_moto_gets_what_may_be_sent_and_nothing_else(moto: dict[str, Any]) -> None:
    stripped_calls: list[Stripped] = []
    blocklist = Blocklist("blocked", moto["dynamodb"], when_unavailable="raise")
    for service in ("ses", "sesv2"):
        guard(moto[service], blocklist, mode="strip", on_stripped=stripped_calls.append)
    destination = {"ToAddresses": [JANE, BOB], "CcAddresses": [EVE]}
    moto["ses"].send_email(Source=SENDER, Destination=destination, Message=BODY)
    moto["ses"].send_templated_email(Source=SENDER, Destination=destination, Template="t", TemplateData="{}")
    moto["sesv2"].send_email(FromEmailAddress=SENDER, Destination=destination, Content={"Simple": BODY})
    remaining = {"ToAddresses": [BOB], "CcAddresses": [EVE]}
    assert [
        {name: recipients for name, recipients in destinations.items() if recipients} for destinations in sent_by_moto()
    ] == [remaining] * 3
    assert [stripped.operation for stripped in stripped_calls] == ["SendEmail", "SendTemplatedEmail", "SendEmail"]


def test_moto_gets_nothing_that_the_guard_refuses(moto: dict[str, Any]) -> None:
    blocklist = Blocklist("blocked", moto["dynamodb"], when_unavailable="raise")
    ses, sesv2 = guard(moto["ses"], blocklist), guard(moto["sesv2"], blocklist)
    sends: list[Callable[[], object]] = [
        lambda: ses.send_email(Source=SENDER, Destination={"BccAddresses": [JANE]}, Message=BODY),
        lambda: ses.send_raw_email(RawMessage={"Data": RAW}),
        lambda: sesv2.send_email(FromEmailAddress=SENDER, Content={"Raw": {"Data": RAW}}),
    ]
    for send in sends:
        with pytest.raises(BlockedError):
            send()
    assert sent_by_moto() == []
    assert ses.send_raw_email(RawMessage={"Data": RAW.replace(b"jane", b"amy")})["MessageId"]
    assert sesv2.send_email(FromEmailAddress=SENDER, Content={"Raw": {"Data": RAW.replace(b"jane", b"amy")}})
    assert len(sent_by_moto()) == 2


def test_moto_answers_bulk_entries_in_their_places(moto: dict[str, Any]) -> None:
    stripped_calls: list[Stripped] = []
    blocklist = Blocklist("blocked", moto["dynamodb"], when_unavailable="raise")
    ses = guard(moto["ses"], blocklist, mode="strip", on_stripped=stripped_calls.append)
    response = ses.send_bulk_templated_email(
        Source=SENDER,
        Template="t",
        DefaultTemplateData="{}",
        Destinations=[{"Destination": {"ToAddresses": [recipient]}} for recipient in (BOB, JANE, EVE)],
    )
    assert ["MessageId" in result for result in response["Status"]] == [True, False, True]
    assert stripped_calls[0].unsent_positions == (1,)


def test_the_emulator_gets_what_may_be_sent_and_nothing_else(account: Account) -> None:
    ses, sesv2, dynamodb = (account.client(name, REGION) for name in ("ses", "sesv2", "dynamodb"))
    block_jane(dynamodb)
    ses.verify_domain_identity(Domain="shop.example")
    ses.create_template(Template=TEMPLATE)
    stripped_calls: list[Stripped] = []
    blocklist = Blocklist("blocked", dynamodb, when_unavailable="raise")
    for client in (ses, sesv2):
        guard(client, blocklist, mode="strip", on_stripped=stripped_calls.append)
    entries = [{"Destination": {"ToAddresses": [recipient]}} for recipient in (JANE, BOB)]
    template = {"TemplateName": "t", "TemplateData": "{}"}

    v1_response = ses.send_bulk_templated_email(
        Source=SENDER, Template="t", DefaultTemplateData="{}", Destinations=entries
    )
    v2_response = sesv2.send_bulk_email(
        FromEmailAddress=SENDER, DefaultContent={"Template": template}, BulkEmailEntries=entries
    )
    sesv2.send_email(
        FromEmailAddress=SENDER,
        Destination={"ToAddresses": [JANE], "CcAddresses": [BOB]},
        Content={"Template": template},
    )
    sesv2.send_email(FromEmailAddress=SENDER, Content={"Raw": {"Data": RAW}})
    assert ["MessageId" in result for result in v1_response["Status"]] == [False, True]
    assert ["MessageId" in result for result in v2_response["BulkEmailEntryResults"]] == [False, True]
    url = f"{account.endpoint}/_ministack/ses/messages?account={account.id}"
    with urllib.request.urlopen(url) as response:  # noqa: S310 - the emulator
        (messages,) = json.load(response)["messages"].values()
    assert [message["To"] + message.get("CC", []) for message in messages] == [[BOB]] * 4
    assert len(stripped_calls) == 4
