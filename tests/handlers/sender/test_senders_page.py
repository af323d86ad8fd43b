"""docs/senders.md does what it says: its code runs from top to bottom, as it stands, on moto."""

import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.conf import settings
from django.core import mail
from django.test.utils import override_settings
from django.utils.module_loading import import_string
from moto import mock_aws
from moto.ses.models import ses_backends
from ses_feedback import BlockedError
from ses_feedback.sender.django import _blocklist

PAGE = (Path(__file__).parents[3] / "docs" / "senders.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
REGION = "eu-west-1"


@mock_aws
def test_the_page_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    dynamodb = boto3.client("dynamodb", region_name=REGION)
    (table,) = set(re.findall(r"table/([\w-]+)", PAGE))
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "value", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "value", "AttributeType": "S"}],
    )
    item: Any = {"value": "jane@example.org", "reason": "bounce", "blocked_at": "2026-11-20T10:00:01.000Z"}
    dynamodb.put_item(TableName=table, Item={name: {"S": value} for name, value in item.items()})
    boto3.client("ses", region_name=REGION).verify_email_identity(EmailAddress="shop@shop.example")

    names: dict[str, Any] = {"__name__": "page"}
    for block in BLOCKS:
        exec(compile(block, "docs/senders.md", "exec"), names)  # noqa: S102 - our own page

    assert capsys.readouterr().out.splitlines() == [
        "Jane <jane@example.org> False bounce 2026-11-20 10:00:01+00:00 None None",
        "bob@example.org True None None None None",
        "nobody False None None None it is not of the form name@domain or Name <name@domain>",
        "SendEmail: 1 of 2 recipients may not be mailed (1 blocked); nothing was sent",
        "jane@example.org bounce",
        "SendEmail [('jane@example.org', 'bounce')] ()",
        "Bob <bob@example.org> ['jane@example.org']",
    ]
    sent = [message.destinations["ToAddresses"] for message in ses_backends["123456789012"][REGION].sent_messages]
    assert sent == [["bob@example.org"], ["jane@example.org"]]

    if not settings.configured:
        settings.configure()
    _blocklist.cache_clear()
    refused = mail.EmailMessage("Hi", "Hello", "shop@shop.example", [item["value"]])
    with override_settings(SES_FEEDBACK=names["SES_FEEDBACK"]):
        backend = import_string(names["EMAIL_BACKEND"])(alias="default", host="mail.example")
        with pytest.raises(BlockedError):
            backend.send_messages([refused])


def test_the_page_names_what_there_is() -> None:
    """Links to other pages of this repository, and their sections."""
    docs = Path(__file__).parents[3] / "docs"
    for target in re.findall(r"\]\((?!https:)([^)]+)\)", PAGE + (docs / "address-key.md").read_text("utf-8")):
        path, _, section = target.partition("#")
        assert (docs / path).exists(), target
        if section:
            headings = re.findall(r"^#+ (.*)$", (docs / path).read_text("utf-8"), re.MULTILINE)
            assert section in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}, (
                target
            )
