"""Messages of Python's own library, whose recipients are checked. Not proved: how servers read a header."""

import smtplib
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.policy import default
from typing import Any

import pytest
from ses_feedback import BlockedError, Blocklist, check_message

from tests.handlers.fake_dynamodb import FakeDynamoDB, Store

JANE = "jane@example.org"


@pytest.fixture
def blocklist() -> Blocklist:
    store = Store()
    store.rows("blocked")[(JANE,)] = {"value": {"S": JANE}, "reason": {"S": "bounce"}}
    client: Any = FakeDynamoDB(store)
    return Blocklist("blocked", client, when_unavailable="raise")


def make_message(**fields: Any) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "shop@shop.example"
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    message.set_content("Hello")
    return message


def test_each_recipient_has_an_answer_without_its_name(blocklist: Blocklist) -> None:
    message = make_message(
        To=[Address("Jürgen, Jane", "Jane", "Example.org"), Address("Bob", "bob", "example.org")],
        Cc="Amy <amy@example.org>, nobody",
        Bcc="eve@example.org",
        Reply_To=JANE,
    )
    answers = check_message(blocklist, message)
    assert [(answer.address, answer.allowed) for answer in answers] == [
        ("Jane@Example.org", False),
        ("bob@example.org", True),
        ("amy@example.org", True),
        ("nobody", False),
        ("eve@example.org", True),
    ]


def test_stripping_takes_out_who_may_not_be_mailed_and_nobody_else(blocklist: Blocklist) -> None:
    jane = Address("Jürgen, Jane", "Jane", "Example.org")
    message = make_message(To=[jane, Address("Bób, B.", "bob", "example.org")], Cc=JANE, Bcc="Eve <eve@example.org>")
    answers = check_message(blocklist, message, strip=True)
    assert [answer.address for answer in answers if not answer.allowed] == ["Jane@Example.org", JANE]
    assert [str(address) for address in message["To"].addresses] == ['"Bób, B." <bob@example.org>']
    assert (message["Cc"], message["Bcc"]) == (None, "Eve <eve@example.org>")
    assert "jane" not in message.as_string().lower()


def test_a_folded_field_stays_one_field(blocklist: Blocklist) -> None:
    names = [" ".join([letter * 30] * 5) for letter in "BCD"]
    message = make_message(To=", ".join(f"{name} <{name[0].lower()}@example.org>" for name in names) + f", {JANE}")
    check_message(blocklist, message, strip=True)
    assert [address.display_name for address in message["To"].addresses] == names


@pytest.mark.parametrize("policy", [default, None], ids=["new", "compat32"])
def test_a_parsed_message_is_checked_as_it_stands(blocklist: Blocklist, policy: Any) -> None:
    """A header that the library parses in part is sent whole."""
    raw = (
        b"From: a@shop.example\r\nTo: bob@example.org; jane@example.org\r\nCc: =?utf-8?q?J=C3=BC?= <j@b.org>\r\n\r\nHi"
    )
    message: Message = message_from_bytes(raw, policy=policy) if policy else message_from_bytes(raw)
    assert [answer.allowed for answer in check_message(blocklist, message)] == [True, False, True]
    check_message(blocklist, message, strip=True)
    assert message["To"] == "bob@example.org"
    assert b"=?utf-8?q?J=C3=BC?= <j@b.org>" in message.as_bytes()


def test_a_resent_message_goes_to_whom_it_is_resent(blocklist: Blocklist) -> None:
    message = make_message(To=JANE, Resent_Date="Tue, 24 Nov 2026 08:00:00 +0000", Resent_To="bob@example.org")
    assert [answer.address for answer in check_message(blocklist, message)] == ["bob@example.org"]
    message = make_message(To="bob@example.org", Resent_Date="Tue, 24 Nov 2026 08:00:00 +0000", Resent_Cc=JANE)
    assert [answer.allowed for answer in check_message(blocklist, message)] == [False]


def test_it_asks_about_whom_smtplib_mails(blocklist: Blocklist, monkeypatch: pytest.MonkeyPatch) -> None:
    mailed: list[str] = []
    server = smtplib.SMTP()
    monkeypatch.setattr(server, "sendmail", lambda _from, to, *_: mailed.extend(to))
    monkeypatch.setattr(server, "ehlo_or_helo_if_needed", lambda: None)
    resent = {"Resent_Date": "Tue, 24 Nov 2026 08:00:00 +0000", "Resent_From": "a@shop.example"}
    for message in (
        make_message(To="Bob <bob@example.org>, amy@example.org", Cc="eve@example.org", Bcc="x@example.org"),
        make_message(To="bob@example.org", Resent_To="amy@example.org", Resent_Bcc="eve@example.org", **resent),
    ):
        mailed.clear()
        server.send_message(message)
        assert {answer.address for answer in check_message(blocklist, message)} == set(mailed)


def test_a_message_to_nobody_else_is_not_emptied(blocklist: Blocklist) -> None:
    message = make_message(To=JANE, Cc="nobody")
    with pytest.raises(BlockedError, match="2 of 2") as caught:
        check_message(blocklist, message, strip=True)
    assert "@" not in str(caught.value)
    assert message["To"] == JANE


def test_a_message_without_recipients_has_no_answers(blocklist: Blocklist) -> None:
    assert check_message(blocklist, make_message(Subject="Hi"), strip=True) == []
