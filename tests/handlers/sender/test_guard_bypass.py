"""Mail that is sent unchecked: by a message tag, and in a block of code."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from ses_feedback import BlockedError, TableError, bypass, guard

from tests.handlers.sender.outbox import (
    AMY,
    BOB,
    JANE,
    RAW,
    blocked_table,
    blocklist,
    bulk_entry,
    guarded_client,
    make_client,
    send_raw,
    stripping_client,
    v1_bulk_email,
    v1_email,
    v2_bulk_email,
    v2_email,
)

pytestmark = pytest.mark.usefixtures("no_configuration")


CRITICAL = ("priority", "critical")
TAG = {"Name": "priority", "Value": "critical"}
TAGGED = RAW.replace(b"Subject", b"X-SES-MESSAGE-TAGS: kind=alarm, priority=critical\r\nSubject")


@pytest.mark.parametrize(
    ("service", "send"),
    [
        ("ses", lambda client, tags: client.send_email(**v1_email({"ToAddresses": [JANE]}, Tags=tags))),
        ("sesv2", lambda client, tags: client.send_email(**v2_email({"ToAddresses": [JANE]}, EmailTags=tags))),
        ("ses", lambda client, tags: send_raw(client, RAW, [JANE], Tags=tags)),
        ("ses", lambda client, tags: send_raw(client, TAGGED if tags == [TAG] else RAW, [JANE])),
        ("sesv2", lambda client, tags: send_raw(client, TAGGED if tags == [TAG] else RAW)),
        (
            "ses",
            lambda client, tags: client.send_bulk_templated_email(**v1_bulk_email(bulk_entry(JANE), DefaultTags=tags)),
        ),
        ("sesv2", lambda client, tags: client.send_bulk_email(**v2_bulk_email(bulk_entry(JANE, ReplacementTags=tags)))),
    ],
    ids=["v1", "v2", "v1 raw", "v1 header", "v2 header", "v1 bulk", "v2 bulk"],
)
def test_a_mail_with_the_tag_goes_out_unasked(service: str, send: Callable[[Any, Any], None]) -> None:
    client, outbox = guarded_client(service, bypass_tag=CRITICAL)
    send(client, [TAG])
    assert len(outbox.requests) == 1
    with pytest.raises(BlockedError):
        send(client, [{"Name": "priority", "Value": "low"}])
    client, outbox = guarded_client(service)
    with pytest.raises(BlockedError):
        send(client, [TAG])


def test_tags_of_the_call_hide_those_of_the_header_as_they_do_for_ses() -> None:
    client, _ = guarded_client("ses", bypass_tag=CRITICAL)
    with pytest.raises(BlockedError):
        send_raw(client, TAGGED, Tags=[{"Name": "kind", "Value": "news"}])


def test_an_entry_is_exempt_by_its_own_tag_and_not_by_that_of_others() -> None:
    client, outbox, stripped_calls = stripping_client("sesv2", bypass_tag=CRITICAL)
    low = {"Name": "priority", "Value": "low"}
    entries = [
        bulk_entry(JANE, AMY),
        bulk_entry(AMY, ReplacementTags=[low]),
        bulk_entry(AMY, BOB, ReplacementTags=[low]),
    ]
    outbox.response = {"BulkEmailEntryResults": [{"Status": "SUCCESS"}, {"Status": "SUCCESS"}]}
    response = client.send_bulk_email(**v2_bulk_email(*entries, DefaultEmailTags=[TAG]))
    sent = [entry["Destination"]["ToAddresses"] for entry in outbox.only["BulkEmailEntries"]]
    assert sent == [[JANE, AMY], [BOB]]
    assert [result["Status"] for result in response["BulkEmailEntryResults"]] == [
        "SUCCESS",
        "MESSAGE_REJECTED",
        "SUCCESS",
    ]
    assert [answer.address for answer in stripped_calls[0].answers] == [AMY]


def test_what_is_bypassed_is_not_even_asked_about() -> None:
    dynamodb = blocked_table(lambda _: "denied")
    client, outbox = make_client("ses")
    guard(client, blocklist(dynamodb), bypass_tag=CRITICAL)
    with bypass():
        client.send_email(**v1_email({"ToAddresses": [JANE]}))
    client.send_email(**v1_email({"ToAddresses": [JANE]}, Tags=[TAG]))
    assert (len(outbox.requests), dynamodb.calls) == (2, [])
    with pytest.raises(TableError):
        client.send_email(**v1_email({"ToAddresses": [JANE]}))


def test_a_bypass_is_of_its_block_and_thread_only() -> None:
    client, outbox = guarded_client("ses")
    mail = v1_email({"ToAddresses": [JANE]})
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
    client, outbox = guarded_client("ses")

    async def critical(started: asyncio.Event, ended: asyncio.Event) -> None:
        with bypass():
            started.set()
            await ended.wait()
            await asyncio.to_thread(client.send_email, **v1_email({"ToAddresses": [JANE]}))

    async def send_in_both_tasks() -> None:
        started, ended = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(critical(started, ended))
        await started.wait()
        with pytest.raises(BlockedError):
            client.send_email(**v1_email({"ToAddresses": [JANE]}))
        ended.set()
        await task

    asyncio.run(send_in_both_tasks())
    assert len(outbox.requests) == 1
