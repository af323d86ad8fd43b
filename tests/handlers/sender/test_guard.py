"""What a guarded call reports, and what becomes of the client."""

import gc
import pickle
import weakref
from typing import Any

import botocore.session
import pytest
from ses_feedback import BlockedError, guard, unguard

from tests.handlers.sender.outbox import (
    AMY,
    BOB,
    JANE,
    Outbox,
    blocked_table,
    blocklist,
    guarded_client,
    make_client,
    v1_email,
    v2_email,
)

pytestmark = pytest.mark.usefixtures("no_configuration")


def test_the_error_has_numbers_and_names_nobody() -> None:
    client, _ = guarded_client("ses")
    with pytest.raises(BlockedError) as caught:
        client.send_email(**v1_email({"ToAddresses": [JANE, BOB, "nobody"], "CcAddresses": [AMY]}))
    error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    for text in (str(error), repr(error)):
        assert "SendEmail: 3 of 4 recipients may not be mailed (2 blocked, 1 not an address); nothing was sent" in text
        assert "@" not in text
        assert "nobody" not in text
    assert [answer.address for answer in error.answers] == [JANE, "nobody", AMY]
    assert error.__context__ is None


def test_who_cannot_be_told_stops_the_mail() -> None:
    client, outbox = make_client("ses")
    guard(client, blocklist(), mode="strip", on_stripped=lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        client.send_email(**v1_email({"ToAddresses": [JANE, BOB]}))
    assert outbox.requests == []


@pytest.mark.parametrize(("choice", "sent"), [("allow", 1), ("block", 0)])
def test_the_blocklist_decides_what_holds_without_an_answer(choice: str, sent: int) -> None:
    client, outbox = make_client("ses")
    guard(client, blocklist(blocked_table(lambda _: "denied"), when_unavailable=choice))
    if choice == "allow":
        client.send_email(**v1_email({"ToAddresses": [JANE]}))
    else:
        with pytest.raises(BlockedError, match="1 unknown, since the table did not answer") as caught:
            client.send_email(**v1_email({"ToAddresses": [JANE]}))
        assert caught.value.answers[0].unknown
    assert len(outbox.requests) == sent


def test_unguarded_it_sends_as_before_and_can_be_guarded_anew() -> None:
    client, outbox = guarded_client("ses")
    with pytest.raises(ValueError, match="guarded already"):
        guard(client, blocklist())
    unguard(client)
    client.send_email(**v1_email({"ToAddresses": [JANE]}))
    with pytest.raises(ValueError, match="not guarded"):
        unguard(client)
    guard(client, blocklist())
    with pytest.raises(BlockedError):
        client.send_email(**v1_email({"ToAddresses": [JANE]}))
    assert len(outbox.requests) == 1


def test_other_clients_and_other_operations_are_left_alone() -> None:
    client, _ = guarded_client("ses")
    other, outbox = make_client("ses")
    other.send_email(**v1_email({"ToAddresses": [JANE]}))
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
        client.send_email(**v2_email({"ToAddresses": [JANE]}))


def test_a_guard_does_not_keep_its_client_resources() -> None:
    client, _ = guarded_client("ses")
    gone = weakref.ref(client)
    del client
    gc.collect()
    assert gone() is None


def test_what_another_handler_puts_in_is_checked_too() -> None:
    client, outbox = guarded_client("ses")

    def redirect(params: dict[str, Any], **_: object) -> dict[str, Any]:
        return {**params, "Destination": {"ToAddresses": [JANE]}}

    client.meta.events.register("provide-client-params.ses.SendEmail", redirect)
    client.meta.events.register(
        "before-parameter-build.ses.SendEmail", lambda params, **_: params["Destination"].update(CcAddresses=[AMY])
    )
    with pytest.raises(BlockedError, match="2 of 2"):
        client.send_email(**v1_email({"ToAddresses": [BOB]}))
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
