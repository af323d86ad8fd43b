"""The Django backend in front of Django's in-memory backend, which stands for whatever sends. The table is moto's.

On the Django of uv.lock, which is another for another Python: 6.1 replaced EMAIL_BACKEND by MAILERS.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import django
import pytest
from django.conf import settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.test.utils import override_settings
from moto import mock_aws
from ses_feedback import BlockedError, Stripped, TableError, bypass
from ses_feedback.sender.django import EmailBackend, _blocklist

from tests.handlers.conftest import BLOCKED_ARN, REGION
from tests.tables import create_tables

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
JANE, AMY, BOB, EVE = "jane@example.org", "Amy <amy@example.org>", "bob@example.org", "eve@example.org"
BLOCKLIST = {"table": BLOCKED_ARN, "when_unavailable": "raise"}
stripped_calls: list[Stripped] = []


def on_stripped(stripped: Stripped) -> None:
    stripped_calls.append(stripped)


STRIP = {"MODE": "strip", "ON_STRIPPED": f"{__name__}.on_stripped"}


@pytest.fixture(autouse=True)
def outbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    monkeypatch.setitem(sys.modules, __name__, sys.modules[on_stripped.__module__])
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    if not settings.configured:
        settings.configure()
        django.setup()
    _blocklist.cache_clear()
    stripped_calls.clear()
    mail.outbox = []
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        create_tables(client)
        for address in (JANE, "amy@example.org"):
            client.put_item(TableName="blocked", Item={"value": {"S": address}, "reason": {"S": "bounce"}})
        yield mail.outbox


def configured(**changes: Any) -> Any:
    path = "ses_feedback.sender.django.EmailBackend"
    mailers = {"MAILERS": {"default": {"BACKEND": path}}} if django.VERSION >= (6, 1) else {"EMAIL_BACKEND": path}
    return override_settings(**mailers, SES_FEEDBACK={"BACKEND": LOCMEM, "BLOCKLIST": BLOCKLIST, **changes})


def message(*recipients: str, **options: Any) -> mail.EmailMessage:
    return mail.EmailMessage("Hi", "Hello", "shop@shop.example", list(recipients), **options)


def test_mail_to_whom_it_may_go_is_sent_by_the_backend_behind(outbox: list[Any]) -> None:
    with configured():
        assert mail.send_mail("Hi", "Hello", "shop@shop.example", [BOB, "Eve <eve@example.org>"]) == 1
    assert outbox[0].to == [BOB, "Eve <eve@example.org>"]


@pytest.mark.parametrize("field", ["to", "cc", "bcc"])
def test_nothing_of_a_call_is_sent_if_anybody_may_not_be_mailed(outbox: list[Any], field: str) -> None:
    refused = message()
    setattr(refused, field, ["Jane <JANE@example.org>"])
    messages = [message(BOB), refused]
    with configured(), pytest.raises(BlockedError, match="send_messages: 1 of 2") as caught:
        EmailBackend().send_messages(messages)
    assert [answer.reason for answer in caught.value.answers] == ["bounce"]
    assert outbox == []


def test_stripping_sends_to_the_rest_and_tells_and_leaves_the_message_alone(outbox: list[Any]) -> None:
    messages = [message(AMY), message(JANE, BOB, cc=[AMY], bcc=[EVE]), message(EVE)]
    with configured(**STRIP):
        assert EmailBackend().send_messages(messages) == 2
    assert [(sent.to, sent.cc, sent.bcc) for sent in outbox] == [([BOB], [], [EVE]), ([EVE], [], [])]
    assert "jane" not in outbox[0].message().as_string()
    assert (messages[1].to, messages[1].cc) == ([JANE, BOB], [AMY])
    (stripped,) = stripped_calls
    assert ({answer.address for answer in stripped.answers}, stripped.unsent_positions) == ({AMY, JANE}, (0,))


def test_stripping_raises_where_nobody_at_all_is_left(outbox: list[Any]) -> None:
    with configured(**STRIP), pytest.raises(BlockedError):
        EmailBackend().send_messages([message(AMY), message(JANE)])
    assert (outbox, stripped_calls) == ([], [])


@pytest.mark.filterwarnings("ignore:.*fail_silently")  # by the backend behind, on Django 6.1
def test_failing_silently_is_for_the_caller_to_choose(outbox: list[Any]) -> None:
    with configured():
        assert EmailBackend(fail_silently=True).send_messages([message(JANE)]) == 0
    with configured(BLOCKLIST={**BLOCKLIST, "table": BLOCKED_ARN.replace("/blocked", "/missing")}):
        assert EmailBackend(fail_silently=True).send_messages([message(BOB)]) == 0
        with pytest.raises(TableError):
            message(BOB).send()
    assert outbox == []


def test_a_bypass_by_block_and_by_tag(outbox: list[Any]) -> None:
    tagged = message(JANE, headers={"X-SES-MESSAGE-TAGS": "priority=critical"})
    with configured(BYPASS_TAG=("priority", "critical")):
        with bypass():
            assert message(JANE).send() == 1
        assert tagged.send() == 1
        with pytest.raises(BlockedError):
            EmailBackend().send_messages([tagged, message(AMY)])
    with configured(), pytest.raises(BlockedError):
        EmailBackend().send_messages([tagged])
    assert len(outbox) == 2


def test_one_blocklist_serves_all_backends_of_a_process() -> None:
    with configured():
        first, second = EmailBackend(), EmailBackend()
    assert first is not second
    assert first.blocklist() is second.blocklist()


def test_what_a_caller_gives_reaches_the_backend_behind() -> None:
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    with configured(BACKEND=smtp):
        backend = EmailBackend(fail_silently=True, alias="default", host="mail.example", username="shop")
    assert (backend._inner.fail_silently, backend._inner.username) == (True, "shop")


def test_no_mail_no_question() -> None:
    with configured(BLOCKLIST={**BLOCKLIST, "table": BLOCKED_ARN.replace("/blocked", "/missing")}):
        assert EmailBackend().send_messages([]) == 0
        with EmailBackend() as connection:
            assert connection.send_messages([message()]) == 1  # the backend behind decides what it does with it


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"BACKEND": ""}, "BACKEND"),
        ({"BACKEND": "ses_feedback.sender.django.EmailBackend"}, "the backend that sends"),
        ({"BLOCKLIST": {"table": "blocked"}}, "needs table and when_unavailable"),
        ({"MODE": "drop"}, "'drop'; it is 'raise' or 'strip'"),
        ({"MODE": "strip"}, "needs ON_STRIPPED"),
        ({"ON_STRIPPED": "a.b"}, "only that mode"),
        ({"TABLE": "blocked"}, "SES_FEEDBACK has TABLE"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changes: dict[str, Any], text: str) -> None:
    with configured(**changes), pytest.raises(ImproperlyConfigured, match=text):
        EmailBackend()


def test_the_module_is_imported_without_django() -> None:
    code = "import sys; sys.modules['django'] = None; import ses_feedback.sender.django"
    subprocess.run([sys.executable, "-c", code], check=True)
